"""`course regrade`: everybody's submission judged anew, what that changes told before anything is written, and then written.

After an exercise was mended, its points changed, or one was added or taken out. What people gave by hand stays, comments too.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode, from_dict
from rich.console import Console

from ..course.cells import checks, graded, is_check, verdict_data
from ..course.folder import Course, CourseError
from ..course.nbgrader.config import load_config
from ..course.nbgrader.make import masters
from ..course.nbgrader.save import Judged, Saving
from ..course.nbgrader.scores import Submission, automatic_score, keep_as_read, submissions
from ..course.nbgrader.sync import synchronize
from ..course.notebooks import one_cell_a_line, read_notebook, write_text
from .executor import Done, Executor, Failure
from .narrator import Narrator
from .outside import JudgedOutside
from .plan import Plan
from .stamp import STAMP
from .workplace import Workplace

GRADED = "graded"
Notebooks = dict[str, NotebookNode]


@dataclass(frozen=True)
class Change:
    """One check of one student. was, now: points; None where there was, or is, no such check. by_hand: a person's points, which
    stay in force."""

    student: str
    exercise: str
    was: float | None
    now: float | None
    why: str
    by_hand: float | None = None


class Regrading:
    """Judged anew and not yet written. To be had from `judged_anew`.

    Of each submission the changes are kept, and what was graded lies in a file beside what it wrote: a class of thousands does
    not fit into memory.
    """

    def __init__(self, course: Course, plan: Plan) -> None:
        self.course, self.plan = course, plan
        self.done: dict[str, Workplace] = {}
        self.failures: list[Failure] = []
        self.known = submissions(course, plan.assignment)
        self._changes: dict[str, list[Change]] = {}
        self._again: set[str] = set()

    def take(self, student: str, result: Done | Failure) -> None:
        """What came of one submission."""
        if isinstance(result, Failure):
            self.failures.append(result)
            return
        notebooks = {name: graded.notebook for name, graded in result.notebooks.items()}
        old = self._graded_before(student, notebooks)
        if handed_in_again(old, notebooks):
            self._again.add(student)
        self._changes[student] = list(self._changes_of(student, old, notebooks))
        self.done[student] = result.place
        folder = result.place.root / GRADED
        folder.mkdir()
        for name, notebook in notebooks.items():
            write_text(folder / f"{name}.ipynb", one_cell_a_line(notebook))

    def changes(self) -> list[Change]:
        """What would be other than it is, student by student."""
        return [change for student in sorted(self._changes) for change in self._changes[student]]

    def _changes_of(self, student: str, old: Notebooks, notebooks: Notebooks) -> Iterator[Change]:
        before = self.known.get(student)
        there: set[tuple[str, str]] = set()
        for name, notebook in notebooks.items():
            for cell in filter(is_check, notebook.cells):
                there.add((name, graded(cell)["grade_id"]))
                yield from self._change(student, name, cell, before, old)
        for score in before.scores if before else ():
            if score.code and score.auto is not None and (score.notebook, score.cell) not in there:
                name = score.cell.removesuffix("-check")
                yield Change(student, name, score.auto, None, "the exercise is no longer in source/")

    def _change(
        self, student: str, notebook: str, cell: NotebookNode, before: Submission | None, earlier: Notebooks
    ) -> Iterator[Change]:
        name = graded(cell)["grade_id"]
        old = next((s for s in (before.scores if before else ()) if (s.notebook, s.cell) == (notebook, name)), None)
        now, top = automatic_score(cell)
        was = old.auto if old else None
        if was is not None and abs(was - now) < 1e-9 and abs(old.maximum - top) < 1e-9:
            return
        again = student in self._again
        old_cell = checks(earlier[notebook]).get(name.removesuffix("-check")) if notebook in earlier else None
        why = "handed in again since" if again else why_changed(old_cell, cell)
        if old is None or was is None:
            why = (
                "graded for the first time" if before is None or not before.scores else "the exercise is new in source/"
            )
        elif abs(old.maximum - top) > 1e-9:
            why = f"worth {top:g} instead of {old.maximum:g}" + (f"; {why}" if why and not again else "")
        yield Change(student, name.removesuffix("-check"), was, now, why, old.score if old and old.by_hand else None)

    def _graded_before(self, student: str, notebooks: Notebooks) -> Notebooks:
        found = {}
        for name in notebooks:
            with contextlib.suppress(CourseError):
                path = self.course.autograded_folder(student, self.plan.assignment) / f"{name}.ipynb"
                found[name] = read_notebook(path)
        return found

    def write(self) -> list[str]:
        """Write it all down; returns what a person should know. Raises `CourseError`."""
        config = load_config(self.course)
        assignment = self.plan.assignment
        with contextlib.chdir(self.course.root), Saving(config, executes=JudgedOutside) as saving:
            notes = synchronize(saving.book, assignment, self.plan.masters, self.course.root)
            for student, place in self.done.items():
                notebooks = {path.stem: read_back(path) for path in sorted((place.root / GRADED).glob("*.ipynb"))}
                saving.save(assignment, Judged(student, notebooks, place.handed_in, place.written))
                if student not in self._again and student in self.known:
                    keep_as_read(saving.book, assignment, self.known[student])
        return notes


@contextlib.contextmanager
def judged_anew(
    course: Course, assignment: str, students: list[str], console: Console, executor: Executor
) -> Iterator[Regrading]:
    """Judge these students' submissions; nothing is written. Raises `CourseError`."""
    config = load_config(course)
    plan = Plan(course, assignment, masters(config, assignment), tuple(students), 0)
    engine = JudgedOutside(config=config)
    with contextlib.chdir(course.root), contextlib.closing(executor.results(engine, plan)) as results:
        made = Regrading(course, plan)
        with Narrator(console, assignment, len(students)) as narrator:
            left = len(students)
            while left > 0:  # not to the end: there the files of what was judged are put away
                for student, result in next(results):
                    made.take(student, result)
                    narrator.tell(student, graded=isinstance(result, Done))
                    left -= 1
        yield made


def handed_in_again(old: Notebooks, new: Notebooks) -> bool:
    """Was something else graded before?"""
    for name, notebook in new.items():
        if name in old:
            return old[name].metadata.get(STAMP, {}).get("submission") != notebook.metadata[STAMP]["submission"]
    return False


def read_back(path: Path) -> NotebookNode:
    """A notebook that we have written."""
    return from_dict(json.loads(path.read_text(encoding="utf-8")))


def why_changed(old: NotebookNode | None, new: NotebookNode) -> str:
    """Which cases of a check come out otherwise, as a sentence."""
    before, now = verdict_data(old) if old is not None else None, verdict_data(new)
    if before is None or now is None:
        return "its check gives other points"
    told = []
    then = {case["name"]: case for case in before["cases"]}
    for case in now["cases"]:
        was = then.pop(case["name"], None)
        state = "passes" if case["passed"] else "fails"
        if was is None:
            told.append(f"{state} the new case “{case['name']}”")
        elif was["passed"] != case["passed"]:
            told.append(f"now {state} “{case['name']}”")
        elif was["max_points"] != case["max_points"]:
            told.append(f"“{case['name']}” is worth {case['max_points']:g} instead of {was['max_points']:g}")
    if len(then) > 2:
        told.append(f"{len(then)} cases are gone, “{next(iter(then))}” among them")
    else:
        told += [f"the case “{name}” is gone" for name in then]
    if before["outcome"] != now["outcome"] and "wrong" not in (before["outcome"], now["outcome"]):
        told.insert(0, f"{now['outcome']} instead of {before['outcome']}")
    return "; ".join(told) or "its check gives other points"
