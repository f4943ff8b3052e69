"""What the gradebook holds of everybody's submission: points by whoever gave them, when it was handed in, what it cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from nbformat import NotebookNode
from nbgrader.utils import determine_grade

from ..folder import Course
from .book import OneGradebook, open_gradebook, troubles
from .rows import SubmissionRow, comment_rows, grade_rows, submission_rows


@dataclass(frozen=True)
class Score:
    """One graded cell. code: of code, graded automatically. score: a person's, if one gave points, else the check's; extra
    credit included. to_grade: a person has yet to grade it, or to look at it again. auto: the check's own points."""

    notebook: str
    cell: str
    code: bool
    score: float
    maximum: float
    to_grade: bool
    by_hand: bool = False
    comment: str = ""
    auto: float | None = None

    @property
    def unfound(self) -> bool:
        """A check whose answer was not found, and nobody has looked at it yet."""
        return self.code and self.to_grade and self.auto is not None and not self.by_hand


@dataclass(frozen=True)
class Submission:
    """One student's submission of one assignment. seconds_late: a personal extension counted. penalty: as nbgrader noted it."""

    student: str
    handed_in: datetime | None
    seconds_late: float
    penalty: float
    scores: tuple[Score, ...]

    @property
    def unread(self) -> tuple[str, ...]:
        return tuple(s.cell for s in self.scores if s.to_grade)


def submissions(course: Course, assignment: str) -> dict[str, Submission]:
    """Everybody's, by student in alphabetical order; of what is not graded nothing is there. Raises `CourseError`."""
    with open_gradebook(course) as gradebook:
        session = gradebook.db
        said = {(student, notebook, cell): text for student, notebook, cell, text in comment_rows(session, assignment)}
        scores: dict[str, list[Score]] = {}
        for row in grade_rows(session, assignment):
            if row.auto is None and row.manual is None and not row.to_grade:
                continue  # a cell that came after this submission was graded
            scores.setdefault(row.student, []).append(
                Score(
                    row.notebook,
                    row.cell,
                    row.code,
                    row.score,
                    row.maximum,
                    row.to_grade,
                    row.manual is not None,
                    said.get((row.student, row.notebook, row.cell), ""),
                    row.auto,
                )
            )
        return {
            row.student: _submission(row, scores.get(row.student, ())) for row in submission_rows(session, assignment)
        }


def _submission(row: SubmissionRow, scores: Iterable[Score]) -> Submission:
    late = max(0.0, (row.at - row.due).total_seconds()) if row.due and row.at else 0.0
    ordered = tuple(sorted(scores, key=lambda score: (score.notebook, score.cell)))
    return Submission(row.student, row.at.replace(tzinfo=UTC) if row.at else None, late, row.penalty, ordered)


def automatic_score(cell: NotebookNode) -> tuple[float, float]:
    """A graded check cell's points and their maximum, as nbgrader reads them off its outputs."""
    score, top = determine_grade(cell)
    return float(score or 0), float(top)


def keep_as_read(book: OneGradebook, assignment: str, before: Submission) -> None:
    """What a person had read of this very submission is read: nbgrader asks to read it again after every grading."""
    read = {(s.notebook, s.cell) for s in before.scores if s.by_hand and not s.to_grade}
    if not read:
        return
    with troubles(book.db_url), book.transaction() as gradebook:
        for notebook in gradebook.find_submission(assignment, before.student).notebooks:
            for grade in notebook.grades:
                if (notebook.name, grade.cell.name) in read and grade.manual_score is not None:
                    grade.needs_manual_grade = False
        book.commit()
