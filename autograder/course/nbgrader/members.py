"""The gradebook knows the class: who is in it, by names, and when each chapter is due; formgrader shows the one, lateness needs
the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from nbgrader.api import MissingEntry
from nbgrader.api import Student as Known

from ..folder import Course
from ..roster import Student
from ..settings import Late
from .book import open_gradebook


def note_class(course: Course, students: Iterable[Student], due: Mapping[str, datetime | None]) -> None:
    """Write down names and due dates where the gradebook has others. due: in UTC; None: there is no date.

    Nobody is taken out. Raises `CourseError`.
    """
    with open_gradebook(course) as gradebook:
        # one transaction: nbgrader's own update_or_create_student commits each
        there = {student.id: student for student in gradebook.db.query(Known)}
        for student in students:
            about = {
                "first_name": student.first_name or None,
                "last_name": student.last_name or None,
                "email": student.email or None,
                "lms_user_id": student.lms_id or None,
            }
            known = there.get(student.id)
            if known is None:
                gradebook.db.add(Known(id=student.id, **about))
                continue
            for key, value in about.items():
                if getattr(known, key) != value:
                    setattr(known, key, value)
        gradebook.db.commit()
        for chapter, when in due.items():
            naive = (
                when.replace(tzinfo=None, microsecond=0) if when else None
            )  # nbgrader's dates are UTC, and do not say so
            try:
                changed = gradebook.find_assignment(chapter).duedate != naive
            except MissingEntry:
                changed = True
            if changed:
                gradebook.update_or_create_assignment(chapter, duedate=naive)


def note_lateness(course: Course, chapters: Iterable[str], late: Late) -> None:
    """What lateness costs by the class's policy as it is today, also where nbgrader has noted another penalty when it graded.

    Of who has handed in again, and nobody knows when, the time of the hand-in before that goes out of the gradebook, where
    nbgrader leaves it. Raises `CourseError`.
    """
    with open_gradebook(course) as gradebook:
        for chapter in chapters:
            with contextlib.suppress(MissingEntry):
                for submission in gradebook.assignment_submissions(chapter):
                    folder = course.submitted_folder(submission.student_id, chapter)
                    if submission.timestamp and folder.is_dir() and not (folder / "timestamp.txt").exists():
                        submission.timestamp = None
                    for notebook in submission.notebooks:
                        cost = late.penalty(float(notebook.score or 0), submission.total_seconds_late)
                        if abs((notebook.late_submission_penalty or 0) - cost) > 1e-9:
                            notebook.late_submission_penalty = cost
        gradebook.db.commit()
