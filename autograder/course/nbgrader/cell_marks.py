"""What the gradebook says of one submission, as plain data: points, late penalty, comments, what a person has yet to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbgrader.api import Gradebook

from ..folder import Course
from .book import open_gradebook, troubles
from .rows import comment_rows, grade_rows, maxima, notebook_rows


@dataclass(frozen=True)
class CellMark:
    """Of one cell. to_read: a person has yet to grade it. comment: a person's, or what nbgrader says of an empty answer."""

    score: float = 0.0
    maximum: float = 0.0
    to_read: bool = False
    comment: str = ""


@dataclass(frozen=True)
class NotebookMarks:
    """Of one notebook. cells: by nbgrader's name."""

    score: float
    maximum: float
    late_penalty: float
    cells: dict[str, CellMark]


def marks_of_all(course: Course, assignment: str) -> dict[str, dict[str, NotebookMarks]]:
    """student → notebook → its marks, of everybody in the gradebook. Raises `CourseError`."""
    with open_gradebook(course) as gradebook:
        session = gradebook.db
        comments: dict[tuple[str, str], dict[str, str]] = {}
        for student, notebook, cell, text in comment_rows(session, assignment):
            comments.setdefault((student, notebook), {})[cell] = text
        cells: dict[tuple[str, str], dict[str, CellMark]] = {}
        for row in grade_rows(session, assignment):
            said = comments.get((row.student, row.notebook), {}).get(row.cell, "")
            mark = CellMark(row.score, row.maximum, row.to_grade, said)
            cells.setdefault((row.student, row.notebook), {})[row.cell] = mark
        found: dict[str, dict[str, NotebookMarks]] = {}
        tops = maxima(session, assignment)
        for student, notebook, penalty in notebook_rows(session, assignment):
            rated = cells.get((student, notebook), {})
            said = {c: CellMark(comment=t) for c, t in comments.get((student, notebook), {}).items() if c not in rated}
            score = sum(rated[cell].score for cell in sorted(rated))
            marks = NotebookMarks(score, tops[notebook], penalty, dict(sorted((rated | said).items())))
            found.setdefault(student, {})[notebook] = marks
        return found


def marks_of(db_url: str, assignment: str, student: str, notebook: str) -> NotebookMarks:
    """Of one notebook, for nbgrader's own commands. Raises `CourseError`, nbgrader's `MissingEntry`."""
    with troubles(db_url), Gradebook(db_url) as gradebook:
        return _marks(gradebook.find_submission_notebook(notebook, assignment, student))


def _marks(notebook: Any) -> NotebookMarks:
    comments = {comment.name: comment.comment for comment in notebook.comments if comment.comment}
    cells = {
        grade.name: CellMark(
            float(grade.score or 0),
            float(grade.max_score or 0),
            bool(grade.needs_manual_grade),
            comments.pop(grade.name, ""),
        )
        for grade in notebook.grades
    }
    cells |= {name: CellMark(comment=comment) for name, comment in comments.items()}
    penalty = float(notebook.late_submission_penalty or 0)
    score = sum(cells[name].score for name in sorted(cells))
    return NotebookMarks(score, float(notebook.max_score or 0), penalty, dict(sorted(cells.items())))
