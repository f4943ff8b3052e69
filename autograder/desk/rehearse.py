"""A saved notebook graded as the teacher's grader will: lesson cells left out, checks judged outside, with other draws than at home."""

from __future__ import annotations

import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from ..course.cells import graded, is_check, tags, verdict_data
from ..course.files import copy_files
from ..course.folder import CourseError
from ..execution import ZygoteError
from ..judging.ledger import COURSE, LISTED

SECONDS = 300  # for a cell, where a Jupyter kernel grades


@dataclass(frozen=True)
class Row:
    """One check. why: the hint, or what is wrong, in a sentence or two. shown: the points that the saved notebook shows; None
    if it shows no verdict."""

    name: str
    outcome: str
    points: float
    of: float
    why: str = ""
    shown: float | None = None

    @property
    def surprising(self) -> bool:
        return self.shown is not None and self.shown != self.points


@dataclass(frozen=True)
class Rehearsal:
    """rows: a check each, in order. engine: was it the grader's own, or a fresh Jupyter kernel?"""

    rows: tuple[Row, ...]
    engine: bool

    @property
    def points(self) -> float:
        return sum(row.points for row in self.rows)

    @property
    def of(self) -> float:
        return sum(row.of for row in self.rows)


def rehearse(notebook: NotebookNode, folder: Path, root: Path) -> Rehearsal:
    """Grade a notebook, which is changed. folder: with the files beside it. root: where its exercises are found from."""
    shown = {name: verdict["points"] for name, verdict in _verdicts(notebook).items() if verdict}
    mark_lessons(notebook)
    with tempfile.TemporaryDirectory(prefix="course-hand-in-") as scratch:
        work = Path(scratch, folder.name)  # a chapter is looked for by the folder's name first
        work.mkdir()
        copy_files(folder, work)
        done = _in_the_engine(notebook, work, root) if hasattr(os, "fork") else None
        made = _in_a_kernel(notebook, work) if done is None else done
    rows = []
    for (name, verdict), cell in zip(_verdicts(made).items(), filter(is_check, made.cells), strict=True):
        if verdict is None:
            rows.append(Row(name, "not checked", 0.0, float(graded(cell)["points"]), _error_in(cell), shown.get(name)))
            continue
        why = verdict.get("mistake") or _first_line(verdict)
        rows.append(Row(name, verdict["outcome"], verdict["points"], verdict["max_points"], why, shown.get(name)))
    return Rehearsal(tuple(rows), done is not None)


def mark_lessons(notebook: NotebookNode) -> None:
    """Tag, in place, the cells that the release lists as the lesson's, and no others."""
    listed = notebook.metadata.get(COURSE, {}).get(LISTED)
    if not isinstance(listed, list):
        return
    for cell in notebook.cells:
        if cell.cell_type == "code" and not graded(cell):
            rest = [tag for tag in tags(cell) if tag != "lesson"]
            cell.metadata["tags"] = [*rest, "lesson"] if cell.get("id") in listed else rest


def _in_the_engine(notebook: NotebookNode, work: Path, root: Path) -> NotebookNode | None:
    """None where no process can be forked for it."""
    from ..grading.judges import Job, JudgeError, Judges, preload_of
    from ..grading.standing import NoJudges, ready

    try:
        with Judges(preload_of(root)) as judges:
            ready(judges)
            with judges.lend() as judge:
                return judge.grade(Job(notebook, str(work), secrets.token_hex(16), "", str(root))).notebook
    except (NoJudges, JudgeError, ZygoteError):
        return None


def _in_a_kernel(notebook: NotebookNode, work: Path) -> NotebookNode:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    from ..grading.execute import GradedExecute

    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    execute = GradedExecute(timeout=SECONDS)
    about = {"student": "", "assignment": work.name, "notebook": work.name}
    try:
        made, _ = execute.preprocess(notebook, {"nbgrader": about, "metadata": {"path": str(work)}})
    except (CellTimeoutError, DeadKernelError) as error:
        told = str(error).splitlines()[0][:200]
        raise CourseError(f"the copy could not be run to its end: {told}") from None
    return made


def _verdicts(notebook: NotebookNode) -> dict[str, dict | None]:
    """Check → the verdict that its output carries as data, as far as it does."""
    found: dict[str, dict | None] = {}
    for cell in filter(is_check, notebook.cells):
        told = verdict_data(cell)
        fits = isinstance(told, dict) and all(type(told.get(k)) in (int, float) for k in ("points", "max_points"))
        found[str(graded(cell).get("grade_id")).removesuffix("-check")] = told if fits else None
    return found


def _first_line(verdict: dict) -> str:
    if verdict["outcome"] in ("correct", "not attempted"):
        return ""
    cases = [case.get("message", "") for case in verdict.get("cases", ()) if not case.get("passed")]
    told = [text for text in (verdict.get("message"), *cases) if text]
    return told[0].splitlines()[0][:300] if told else ""


def _error_in(cell: NotebookNode) -> str:
    return next((f"{o.ename}: {o.evalue}"[:300] for o in cell.outputs if o.output_type == "error"), "")
