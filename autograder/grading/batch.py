"""`course grade`: many submissions at once, one writer to the gradebook, and nothing lost when it is stopped.

A plan says what is to be graded, an executor judges, nbgrader's own code writes the results one after the other in this
thread alone, a narrator tells. What counts is the assignment as source/ has it: the gradebook is brought in step with it first.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console

from ..course.folder import Course
from ..course.nbgrader.book import graded_students, troubles
from ..course.nbgrader.config import load_config
from ..course.nbgrader.make import masters
from ..course.nbgrader.save import Judged, Saving
from ..course.nbgrader.sync import synchronize
from .executor import Done, Executor, Failure, Result
from .narrator import Narrator
from .outside import JudgedOutside
from .plan import plan


@dataclass(frozen=True)
class Outcome:
    """What a run of `grade` did. stamps: how many submissions were graded in which way. notes: what else a person should know."""

    graded: int
    skipped: int
    seconds: float
    stamps: dict[str, int]
    faults: tuple[str, ...]
    failures: tuple[Failure, ...]
    notes: tuple[str, ...] = ()


def grade(
    course: Course,
    assignment: str,
    students: list[str],
    console: Console,
    *,
    executor: Executor,
    regrade: bool = False,
) -> Outcome:
    """Grade these students' submissions; what is graded already is left as it is unless `regrade` is set.

    executor: who judges. Raises `CourseError` where nothing can be judged, and where nothing can be written.
    """
    started = time.monotonic()
    config = load_config(course)
    sources = masters(config, assignment)
    engine = JudgedOutside(config=config)
    stamps: Counter[str] = Counter()
    faults: list[str] = []
    failures: list[Failure] = []
    # nbgrader's converters, and what they call, work in the course folder
    with contextlib.chdir(course.root), Saving(config, executes=JudgedOutside) as saving:
        notes = synchronize(saving.book, assignment, sources, course.root)
        with troubles(saving.book.db_url), saving.book.transaction() as gradebook:
            recorded = graded_students(gradebook, assignment)
        excluded = saving.excluded(students)
        todo = plan(course, assignment, sources, [s for s in students if s not in excluded], recorded, regrade=regrade)
        with (
            contextlib.closing(executor.results(engine, todo)) as results,
            Narrator(console, assignment, len(todo.todo)) as narrator,
        ):
            for ready in results:
                for student, result in _saved(saving, assignment, ready):
                    if isinstance(result, Failure):
                        failures.append(result)
                    else:
                        stamps[result.stamp] += 1
                        faults += [f"{student}: {name}" for name in result.faults]
                        if result.to_look_at:
                            names = ", ".join(result.to_look_at)
                            notes.append(
                                f"{student}: the answers to {names} were not found in the notebook; look at it"
                            )
                    narrator.tell(student, graded=isinstance(result, Done))
    done = len(todo.todo) - len(failures)
    took = time.monotonic() - started
    return Outcome(done, todo.skipped, took, dict(stamps), tuple(faults), tuple(failures), tuple(notes))


def _saved(saving: Saving, assignment: str, ready: list[Result]) -> Iterator[Result]:
    """Write down those that were graded; as they came, or why they could not be written. What is the same for all ends the run."""
    done = {student: result for student, result in ready if isinstance(result, Done)}
    try:
        yield from ((student, result) for student, result in ready if isinstance(result, Failure))
        to_save = [
            Judged(
                student, {name: g.notebook for name, g in one.notebooks.items()}, one.place.handed_in, one.place.written
            )
            for student, one in done.items()
        ]
        for student, error in saving.save_all(assignment, to_save):
            yield student, done[student] if error is None else Failure(student, str(error))
    finally:
        for one in done.values():
            one.place.close()
