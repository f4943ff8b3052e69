"""`course feedback`: everybody's page of an assignment, several at a time; made anew when a grade, a comment or the notebook has changed.

A page that is replaced is kept beside the new one, in `earlier/`, under the time at which it was made.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from ..course.cells import graded, is_check, is_solution, strip_marks
from ..course.folder import Course, CourseError
from ..course.nbgrader.cell_marks import NotebookMarks, marks_of_all
from ..course.notebooks import read_notebook, write_text
from ..course.pool import each, with_bar
from .feedback_page import MADE_OF, About, made_of, page
from .release import release_cells

EARLIER = "earlier"
DIGEST = re.compile(rf'<meta name="{MADE_OF}" content="([0-9a-f]{{64}})">')


@dataclass(frozen=True)
class Task:
    """One page to make, as plain data."""

    graded: Path
    target: Path
    marks: NotebookMarks
    about: About
    also: About | None = None
    """A page that was made of this is up to date, too."""


@dataclass(frozen=True)
class Made:
    """written, unchanged: how many pages. failures: student → why there is none."""

    written: int
    unchanged: int
    failures: dict[str, str]


def feedback(
    course: Course,
    assignment: str,
    console: Console,
    *,
    students: tuple[str, ...] = (),
    solutions: bool | None = False,
    jobs: int | None = None,
) -> Made:
    """Write the pages of these students, or of all who are graded. Raises `CourseError` if there is nobody.

    solutions: with the model solutions, or without; None: as a page that is up to date has it, else without.
    """
    marks = marks_of_all(course, assignment)
    if unknown := sorted(set(students) - set(marks)):
        raise CourseError(f"nothing of {', '.join(unknown)} is graded in {assignment}: run course grade {assignment}")
    tasks = list(
        _tasks(course, assignment, {s: marks[s] for s in sorted(marks) if not students or s in students}, solutions)
    )
    if not tasks:
        raise CourseError(f"nothing of {assignment} is graded yet: run course grade {assignment}")
    written, failures = 0, {}
    made = with_bar(each(make, tasks, len(tasks), jobs=jobs), len(tasks), f"{assignment}: feedback", console)
    for task, outcome in zip(tasks, made, strict=True):
        if isinstance(outcome, str):
            failures[task.about.student] = outcome
        else:
            written += outcome
    return Made(written, len(tasks) - written - len(failures), failures)


def _tasks(
    course: Course, assignment: str, marks: dict[str, dict[str, NotebookMarks]], solutions: bool | None
) -> Iterator[Task]:
    for notebook in course.notebooks(assignment):
        release = release_cells(course.root, assignment, notebook)
        models = None if solutions is False else model_answers(course, assignment, notebook)
        for student, found in marks.items():
            path = course.autograded_folder(student, assignment) / f"{notebook}.ipynb"
            if notebook in found and path.is_file():
                target = course.feedback(student, assignment, notebook)
                bare = About(student, assignment, notebook, release)
                about = replace(bare, solutions=models)
                yield Task(path, target, found[notebook], *((about,) if solutions is not None else (bare, about)))


def model_answers(course: Course, assignment: str, notebook: str) -> dict[str, str]:
    """The solution cells of a source notebook by nbgrader's name; those of checked functions by the function's."""
    cells = read_notebook(course.source_folder(assignment) / f"{notebook}.ipynb").cells
    return {str(graded(c).get("grade_id")): strip_marks(c.source) for c in cells if is_solution(c) and not is_check(c)}


def make(task: Task) -> bool | str:
    """Write one page; False if it is there already as it would be made now, a sentence if it cannot be made."""
    try:
        notebook = read_notebook(task.graded)
        before = _digest_in(task.target)
        for about in filter(None, (task.about, task.also)):
            if before is not None and before == made_of(notebook, task.marks, about):
                return False
        made = page(notebook, task.marks, task.about)
        task.target.parent.mkdir(parents=True, exist_ok=True)
        if task.target.is_file():
            _keep(task.target)
        write_text(task.target, made)
    except CourseError as error:
        return str(error)
    except OSError as error:
        return f"{error.filename or 'a file'}: {(error.strerror or str(error)).lower()}"
    return True


def _digest_in(path: Path) -> str | None:
    try:
        found = DIGEST.search(path.read_text(encoding="utf-8", errors="replace")[:4000])
    except OSError:
        return None
    return found[1] if found else None


def _keep(path: Path) -> None:
    """Move a page aside, under the time at which it was written."""
    made = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(path.stat().st_mtime))
    folder = path.parent / EARLIER
    folder.mkdir(exist_ok=True)
    target, number = folder / f"{path.stem}-{made}.html", 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{made}-{number}.html"
    os.replace(path, target)
