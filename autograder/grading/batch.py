"""`course grade`: many submissions at once, one writer to the gradebook, and nothing lost when it is stopped.

A plan says what is to be graded, an executor judges, nbgrader's own code writes the results one after the other in this
thread alone, a narrator tells.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from rich.console import Console

from ..course.folder import Course, CourseError
from ..course.nbgrader import GradebookLocked, Saving, load_config
from .executor import Failure, LocalExecutor
from .judges import Judges
from .narrator import Narrator
from .outside import JudgedOutside
from .plan import plan
from .standing import ready


@dataclass(frozen=True)
class Outcome:
    """What a run of `grade` did. stamps: how many submissions were graded in which way."""

    graded: int
    skipped: int
    seconds: float
    stamps: dict[str, int]
    faults: tuple[str, ...]
    failures: tuple[Failure, ...]


def grade(
    course: Course,
    chapter: str,
    students: list[str],
    console: Console,
    *,
    judges: Judges,
    jobs: int | None = None,
    regrade: bool = False,
) -> Outcome:
    """Grade these students' submissions of a chapter; what is graded already is left as it is unless `regrade` is set.

    judges: the caller's, who closes them. Where they cannot be had, a loud word, and each notebook gets a Jupyter kernel.
    """
    started = time.monotonic()
    config = load_config(course)
    todo = plan(course, chapter, students, regrade=regrade)
    engine = JudgedOutside(config=config)
    usable = ready(judges, lambda why: _not_isolated(console, why)) if todo.todo and engine.outside else None
    executor = LocalExecutor(engine, usable, jobs or os.cpu_count() or 1)
    stamps: Counter[str] = Counter()
    faults: list[str] = []
    failures: list[Failure] = []
    with (
        _in_folder(course.root),
        Saving(config, executes=JudgedOutside) as saving,
        contextlib.closing(executor.results(todo)) as results,
        Narrator(console, chapter, len(todo.todo)) as narrator,
    ):
        for student, result in results:
            failure = result if isinstance(result, Failure) else _saved(saving, chapter, student, result.notebook)
            if failure is None:
                stamps[result.stamp] += 1
                faults += [f"{student}: {name}" for name in result.faults]
            else:
                failures.append(failure)
            narrator.tell(student, graded=failure is None)
    done = len(todo.todo) - len(failures)
    return Outcome(done, todo.skipped, time.monotonic() - started, dict(stamps), tuple(faults), tuple(failures))


def _saved(saving: Saving, chapter: str, student: str, notebook: NotebookNode) -> Failure | None:
    """Write one graded notebook; why not, if it could not be. A gradebook that somebody holds ends the run."""
    try:
        saving.save(chapter, student, notebook)
    except GradebookLocked:
        raise
    except (CourseError, OSError) as error:
        return Failure(student, str(error))
    return None


def _not_isolated(console: Console, why: str) -> None:
    console.print(f"[bold red]Not isolated:[/bold red] {why}. Each notebook gets a Jupyter kernel.")


@contextlib.contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """nbgrader's converters, and what they call, work in the course folder."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
