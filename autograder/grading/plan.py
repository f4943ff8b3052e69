"""What is to be graded: a chapter's submissions, less those that were graded already."""

from __future__ import annotations

from dataclasses import dataclass

from nbformat import NotebookNode

from ..course.build import generated_release
from ..course.folder import Course, CourseError
from ..course.nbgrader import is_registered
from ..course.notebooks import read_notebook
from .stamp import STAMP, digest_of


@dataclass(frozen=True)
class Plan:
    """One run over a chapter. master: the released notebook. todo: the students to grade now; skipped: how many are done."""

    course: Course
    chapter: str
    master: NotebookNode
    todo: tuple[str, ...]
    skipped: int


def plan(course: Course, chapter: str, students: list[str], *, regrade: bool) -> Plan:
    """Whom of these students to grade: with `regrade` all, else who handed in something new. The gradebook learns of the chapter."""
    master = read_notebook(course.release(chapter))
    register(course, chapter)
    todo = tuple(s for s in students if regrade or not is_graded(course, chapter, s))
    return Plan(course, chapter, master, todo, len(students) - len(todo))


def register(course: Course, chapter: str) -> None:
    """Make sure that the gradebook knows the assignment, as `nbgrader generate_assignment` would."""
    if not is_registered(course, chapter):
        with generated_release(course, chapter, gradebook=course.gradebook):
            pass


def is_graded(course: Course, chapter: str, student: str) -> bool:
    """Was this very submission graded, to the end?"""
    try:
        stamp = read_notebook(course.autograded(student, chapter)).metadata.get(STAMP, {})
        return stamp.get("submission") == digest_of(course.submission(student, chapter))
    except (CourseError, OSError):
        return False
