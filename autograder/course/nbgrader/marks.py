"""Everybody's marks in an assignment, out of the gradebook and by the class's own settings."""

from __future__ import annotations

from ..folder import Course
from ..marks import Mark, mark
from ..roster import read_roster
from ..settings import SETTINGS, read_settings
from .members import note_class, note_lateness
from .scores import submissions


def marks(course: Course, assignment: str) -> dict[str, Mark]:
    """By student, of all who are graded. Raises `CourseError`."""
    late = read_settings(course).late if (course.root / SETTINGS).is_file() else None
    found = submissions(course, assignment)
    return {
        student: mark(s.scores, s.seconds_late, late, s.penalty, s.handed_in)
        for student, s in found.items()
        if s.scores
    }


def bring_up_to_date(course: Course, chapters: list[str]) -> None:
    """Let the gradebook know what roster.csv, class.toml and submitted/ say today; a course without them is left alone."""
    if not (course.root / SETTINGS).is_file():
        return
    settings = read_settings(course)
    note_class(course, read_roster(course).values(), {chapter: settings.due.get(chapter) for chapter in chapters})
    note_lateness(course, chapters, settings.late)
