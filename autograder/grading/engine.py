"""Grade one notebook: its cells run in a sandboxed child; what our exercises' checks ask is answered there and judged here.

A cell `check(name)` of an exercise of ours is judged outside of the child. Every other check cell, of asserts or whatever else
another course has, is a cell among cells: it runs in the child, once, in order, and its outputs count as nbgrader counts them.

`grade_notebook` is a function of its arguments: the same notebook and seeds give the same grades, wherever it is called. The
graders call it in a judge (`judges`), a process for each notebook that is graded at a time.
"""

from __future__ import annotations

import ast
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_output

from ..course.cells import checked_name, graded, is_check, is_lesson
from ..execution import Child, ChildError
from ..judging.exercise import Exercise
from ..judging.judge import answer_sheet, explained, judge_with
from ..judging.registry import UnknownExercise, find
from ..judging.verdict import MIME, Verdict
from .answers import Clock, ask
from .inert import inert_outputs
from .written import fetch, listing

NOTEBOOK_SECONDS = 900.0
MAX_OUTPUT = 16 << 20  # bytes of all outputs of a notebook, as JSON


@dataclass(frozen=True)
class Graded:
    """A graded notebook, how it was graded, and what a person should look at.

    mode: "judged outside" or "judged in the kernel". isolated: was the student's code in a sandbox? faults: check cells
    whose verdict is the grader's fault, to be graded again. outside, inside: how many checks were judged outside of the
    student's process, and how many ran in it. left_out: how many of the files that it wrote exceed the bounds. seconds: that
    running and judging it took; 0, if nobody has measured it.
    """

    notebook: NotebookNode
    mode: str
    isolated: bool
    sandbox: str = ""
    faults: tuple[str, ...] = field(default=())
    outside: int = 0
    inside: int = 0
    left_out: int = 0
    seconds: float = 0.0

    @property
    def stamp(self) -> str:
        return stamp_of([self])


OUTSIDE = "judged outside"


def stamp_of(notebooks: list[Graded]) -> str:
    """How the notebooks of a submission were graded, in a few words."""
    outside, inside = (sum(getattr(graded, where) for graded in notebooks) for where in ("outside", "inside"))
    how = f"{outside} check{'s' * (outside != 1)} judged outside"
    if inside:
        how += f" and {inside} run in the child"
    others = sorted({graded.mode for graded in notebooks} - {OUTSIDE})
    if others:
        how = " and ".join([how, *others] if outside or inside else others)
    return f"{how}, {'isolated' if all(graded.isolated for graded in notebooks) else 'not isolated'}"


def grade_notebook(
    notebook: NotebookNode,
    child: Child,
    seed: Callable[[str], int],
    seconds: float = NOTEBOOK_SECONDS,
    work: tuple[str, Path] | None = None,
) -> Graded:
    """Run and judge a sanitized notebook; it is changed in place.

    child: a fresh one. seed: of an exercise's full name. seconds: for all cells and checks; then the child is ended. work: the
    child's folder, as the child sees it, and an empty one for what it writes there. Not for two threads at once: the
    reference's standard streams are redirected.
    """
    started = time.monotonic()
    checked = checked_exercises(notebook)
    for exercise in checked.values():
        with contextlib.suppress(Exception):  # whatever is wrong here is told when the check is made
            answer_sheet(exercise, seed(exercise.key))  # before any student's code runs that could be in its way
    clock = Clock(child, seconds)
    before = listing(child, clock, work[0]) if work else {}
    verdicts: dict[int, Verdict] = {}
    gone, room, inside = "", MAX_OUTPUT, 0
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if number in checked:
            exercise = checked[number]
            asked = partial(ask, child, clock, exercise.name)
            verdicts[number] = judge_with(exercise, asked, seed(exercise.key))
        elif is_lesson(cell):
            continue
        else:
            inside += is_check(cell)
            gone = gone or _run(cell, child, clock)
            if gone:
                cell.outputs = [_error("ChildGone", gone)]
            room -= len(json.dumps(cell.outputs))
            if room < 0:
                text = f"the outputs of this notebook take more than {MAX_OUTPUT >> 20} MiB"
                cell.outputs = [_error("OutputLimit", text)]
    left_out = fetch(child, clock, work[0], before, work[1]) if work and child.alive else 0
    for number, verdict in verdicts.items():
        exercise = checked[number]
        if child.alive:  # only now: what an answer does with an input that is not asked for may end it
            asked = partial(ask, child, clock, exercise.name)
            verdict = explained(exercise, asked, seed(exercise.key), verdict)
        notebook.cells[number].outputs = [_result(verdict)]
        verdicts[number] = verdict
    faults = [graded(notebook.cells[n])["grade_id"] for n, v in verdicts.items() if v.outcome == "grader's fault"]
    report, took = child.report, round(time.monotonic() - started, 2)
    return Graded(notebook, OUTSIDE, report.isolated, str(report), tuple(faults), len(checked), inside, left_out, took)


def checked_exercises(notebook: NotebookNode) -> dict[int, Exercise]:
    """Which check cells are judged outside: the cell's number → the exercise of ours that it checks.

    They are those that hold `check(name)` and nothing else, in a notebook that imports our `check`.
    """
    if not any(
        _imports_check(cell.source) for cell in notebook.cells if cell.cell_type == "code" and not is_check(cell)
    ):
        return {}
    found = {}
    for number, cell in enumerate(notebook.cells):
        name = checked_name(cell.source) if is_check(cell) else None
        if name is not None:
            with contextlib.suppress(UnknownExercise):
                found[number] = find(name)
    return found


def _imports_check(source: str) -> bool:
    if "autograder" not in source:
        return False
    try:
        imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(node.module == "autograder" and any(alias.name == "check" for alias in node.names) for node in imports)


def _run(cell: NotebookNode, child: Child, clock: Clock) -> str:
    """Run a cell in the child and write its outputs; returns why there is no child any more, if there is none."""
    try:
        result = child.run(cell.source, clock.left(child.limits.wall_seconds))
    except ChildError as error:
        return str(error)
    # what a check writes to stderr is no mistake, but nbgrader would take all its points for it
    shown = [o for o in result.outputs if not (is_check(cell) and o.get("name") == "stderr")]
    cell.outputs, cell.execution_count = [from_dict(o) for o in inert_outputs(shown)], result.execution_count
    return ""


def _result(verdict: Verdict) -> NotebookNode:
    """A verdict as the cell's result; its text is the bare score, which nbgrader reads as partial credit."""
    data = {"text/plain": f"{verdict.points:g}", "text/html": verdict.to_html(), MIME: verdict.to_dict()}
    return new_output("execute_result", data, execution_count=None)


def _error(name: str, text: str) -> NotebookNode:
    return new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])
