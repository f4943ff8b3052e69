"""`course regrade`: everybody's submission judged anew, what that changes told before anything is written, and then written.

After an exercise was mended, its points changed, or one was added or taken out. What people gave by hand stays, comments too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode
from rich.console import Console

from ..course.cells import checks, graded, is_check, verdict_data
from ..course.folder import Course, CourseError
from ..course.nbgrader.config import load_config
from ..course.nbgrader.make import masters
from ..course.nbgrader.save import Saving
from ..course.nbgrader.scores import Submission, automatic_score, keep_as_read, submissions
from ..course.nbgrader.sync import synchronize
from ..course.notebooks import read_notebook
from .executor import Done, Executor, Failure
from .narrator import Narrator
from .outside import JudgedOutside
from .plan import Plan
from .stamp import STAMP


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
    """Judged anew and not yet written. To be had from `judged_anew`."""

    def __init__(self, course: Course, plan: Plan, results: list[tuple[str, Done | Failure]]) -> None:
        self.course, self.plan = course, plan
        self.done = {student: result for student, result in results if isinstance(result, Done)}
        self.failures = [result for _, result in results if isinstance(result, Failure)]
        self.known = submissions(course, plan.assignment)
        self._old = {student: self._graded_before(student) for student in self.done}

    def changes(self) -> list[Change]:
        """What would be other than it is, student by student."""
        return [change for student in sorted(self.done) for change in self._changes_of(student)]

    def _changes_of(self, student: str) -> Iterator[Change]:
        before = self.known.get(student)
        again = self.handed_in_again(student)
        there: set[tuple[str, str]] = set()
        for notebook, result in self.done[student].notebooks.items():
            for cell in filter(is_check, result.notebook.cells):
                there.add((notebook, graded(cell)["grade_id"]))
                yield from self._change(student, notebook, cell, before, again)
        for score in before.scores if before else ():
            if score.code and score.auto is not None and (score.notebook, score.cell) not in there:
                name = score.cell.removesuffix("-check")
                yield Change(student, name, score.auto, None, "the exercise is no longer in source/")

    def _change(
        self, student: str, notebook: str, cell: NotebookNode, before: Submission | None, again: bool
    ) -> Iterator[Change]:
        name = graded(cell)["grade_id"]
        old = next((s for s in (before.scores if before else ()) if (s.notebook, s.cell) == (notebook, name)), None)
        now, top = automatic_score(cell)
        was = old.auto if old else None
        if was is not None and abs(was - now) < 1e-9 and abs(old.maximum - top) < 1e-9:
            return
        old_cell = (
            checks(self._old[student][notebook]).get(name.removesuffix("-check"))
            if notebook in self._old[student]
            else None
        )
        why = "handed in again since" if again else why_changed(old_cell, cell)
        if old is None or was is None:
            why = (
                "graded for the first time" if before is None or not before.scores else "the exercise is new in source/"
            )
        elif abs(old.maximum - top) > 1e-9:
            why = f"worth {top:g} instead of {old.maximum:g}" + (f"; {why}" if why and not again else "")
        yield Change(student, name.removesuffix("-check"), was, now, why, old.score if old and old.by_hand else None)

    def handed_in_again(self, student: str) -> bool:
        """Was something else graded before?"""
        for name, result in self.done[student].notebooks.items():
            old = self._old[student].get(name)
            if old is not None:
                return old.metadata.get(STAMP, {}).get("submission") != result.notebook.metadata[STAMP]["submission"]
        return False

    def _graded_before(self, student: str) -> dict[str, NotebookNode]:
        found = {}
        for name in self.done[student].notebooks:
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
            for student, done in self.done.items():
                same = not self.handed_in_again(student)
                notebooks = {name: result.notebook for name, result in done.notebooks.items()}
                saving.save(assignment, student, notebooks, done.place.handed_in, done.place.written)
                if same and student in self.known:
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
        found = []
        with Narrator(console, assignment, len(students)) as narrator:
            for _ in students:  # not to the end: there the files of what was judged are put away
                student, result = next(results)
                found.append((student, result))
                narrator.tell(student, graded=isinstance(result, Done))
        yield Regrading(course, plan, found)


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
    told += [f"the case “{name}” is gone" for name in then]
    if before["outcome"] != now["outcome"] and "wrong" not in (before["outcome"], now["outcome"]):
        told.insert(0, f"{now['outcome']} instead of {before['outcome']}")
    return "; ".join(told) or "its check gives other points"
