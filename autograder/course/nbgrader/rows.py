"""What the gradebook holds of one assignment, read in three queries rather than in one or more for each submission, as nbgrader's
own properties do; and the indexes by which these, and nbgrader's own, find a submission's rows without looking at everybody's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    GradeCell,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from sqlalchemy import Index, Select, case, func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

BATCH = 5000
ASSIGNMENT, NOTEBOOK, CELL = Assignment.__table__, Notebook.__table__, BaseCell.__table__
SUBMITTED, BOOK = SubmittedAssignment.__table__, SubmittedNotebook.__table__
GRADE, COMMENT = Grade.__table__, Comment.__table__
CHECK, TASK = GradeCell.__table__, TaskCell.__table__

INDEXES = [
    Index("course_grade_notebook_id", GRADE.c.notebook_id),
    Index("course_comment_notebook_id", COMMENT.c.notebook_id),
    Index("course_submitted_notebook_assignment_id", BOOK.c.assignment_id),
    Index("course_submitted_assignment_student_id", SUBMITTED.c.student_id),
]
"""Without them nbgrader reads the whole table of grades for each submission. A new gradebook gets them with its tables."""


def make_indexes(session: Session) -> None:
    """Give them to a gradebook that was made without; one that cannot be written does without."""
    with contextlib.suppress(DBAPIError):
        there = {found["name"] for found in inspect(session.connection()).get_indexes(GRADE.name)}
        if INDEXES[0].name not in there:
            for index in INDEXES:
                index.create(session.connection(), checkfirst=True)
            session.commit()
    session.rollback()


class GradeRow(NamedTuple):
    """One graded cell of one student. code: of code. score: as nbgrader counts, a person's before the check's, extra credit included."""

    student: str
    notebook: str
    cell: str
    code: bool
    maximum: float
    auto: float | None
    manual: float | None
    extra: float | None
    to_grade: bool

    @property
    def score(self) -> float:
        given = self.auto if self.manual is None else self.manual
        return 0.0 if given is None else float(given) + float(self.extra or 0)


class SubmissionRow(NamedTuple):
    """One student's. due: personal extension included. penalty: as nbgrader noted it."""

    student: str
    at: datetime | None
    due: datetime | None
    penalty: float


def submission_rows(session: Session, assignment: str) -> list[SubmissionRow]:
    """By student in alphabetical order."""
    query = (
        select(
            SUBMITTED.c.student_id,
            SUBMITTED.c.timestamp,
            ASSIGNMENT.c.duedate,
            SUBMITTED.c.extension,
            func.coalesce(func.sum(BOOK.c.late_submission_penalty), 0.0),
        )
        .select_from(ASSIGNMENT.join(SUBMITTED).outerjoin(BOOK, BOOK.c.assignment_id == SUBMITTED.c.id))
        .where(ASSIGNMENT.c.name == assignment)
        .group_by(SUBMITTED.c.id, ASSIGNMENT.c.id)
    )
    found = [
        SubmissionRow(student, at, due + (extension or timedelta()) if due else None, float(penalty))
        for student, at, due, extension, penalty in session.execute(query)
    ]
    return sorted(found)


def notebook_rows(session: Session, assignment: str) -> Iterator[tuple[str, str, float]]:
    """(student, notebook, late penalty) of every notebook that was handed in."""
    chosen = select(SUBMITTED.c.student_id, NOTEBOOK.c.name, BOOK.c.late_submission_penalty)
    for student, notebook, penalty in _streamed(session, _of(chosen, assignment)):
        yield student, notebook, float(penalty or 0)


def maxima(session: Session, assignment: str) -> dict[str, float]:
    """Notebook → the points that there are in it."""
    query = (
        select(NOTEBOOK.c.name, func.coalesce(func.sum(func.coalesce(CHECK.c.max_score, TASK.c.max_score, 0.0)), 0.0))
        .select_from(
            ASSIGNMENT.join(NOTEBOOK)
            .outerjoin(CELL, CELL.c.notebook_id == NOTEBOOK.c.id)
            .outerjoin(CHECK, CHECK.c.id == CELL.c.id)
            .outerjoin(TASK, TASK.c.id == CELL.c.id)
        )
        .where(ASSIGNMENT.c.name == assignment)
        .group_by(NOTEBOOK.c.name)
    )
    return {name: float(top) for name, top in session.execute(query)}


def grade_rows(session: Session, assignment: str) -> Iterator[GradeRow]:
    """Every grade, in no order."""
    chosen = select(
        SUBMITTED.c.student_id,
        NOTEBOOK.c.name,
        CELL.c.name,
        func.coalesce(CHECK.c.cell_type, TASK.c.cell_type) == "code",
        func.coalesce(CHECK.c.max_score, TASK.c.max_score, 0.0),
        GRADE.c.auto_score,
        GRADE.c.manual_score,
        GRADE.c.extra_credit,
        GRADE.c.needs_manual_grade,
    )
    query = (
        _of(chosen, assignment, GRADE).outerjoin(CHECK, CHECK.c.id == CELL.c.id).outerjoin(TASK, TASK.c.id == CELL.c.id)
    )
    for student, notebook, cell, code, top, auto, manual, extra, to_grade in _streamed(session, query):
        yield GradeRow(student, notebook, cell, bool(code), float(top), auto, manual, extra, bool(to_grade))


def comment_rows(session: Session, assignment: str) -> Iterator[tuple[str, str, str, str]]:
    """(student, notebook, cell, what is said of it) wherever something is: by a person, else by nbgrader."""
    said = case((COMMENT.c.manual_comment.is_not(None), COMMENT.c.manual_comment), else_=COMMENT.c.auto_comment)
    query = _of(select(SUBMITTED.c.student_id, NOTEBOOK.c.name, CELL.c.name, said), assignment, COMMENT)
    yield from _streamed(session, query.where(said.is_not(None), said != ""))


def _of(chosen: Select, assignment: str, rated: Any = None) -> Select:
    """Of all submissions of an assignment; rated: a table of something that belongs to a cell."""
    query = (
        chosen.select_from(SUBMITTED)
        .join(ASSIGNMENT, ASSIGNMENT.c.id == SUBMITTED.c.assignment_id)
        .join(BOOK, BOOK.c.assignment_id == SUBMITTED.c.id)
        .join(NOTEBOOK, NOTEBOOK.c.id == BOOK.c.notebook_id)
        .where(ASSIGNMENT.c.name == assignment)
    )
    if rated is None:
        return query
    return query.join(rated, rated.c.notebook_id == BOOK.c.id).join(CELL, CELL.c.id == rated.c.cell_id)


def _streamed(session: Session, query: Select) -> Iterator[Any]:
    return iter(session.execute(query, execution_options={"yield_per": BATCH}))
