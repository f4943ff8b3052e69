"""The grade table: who has how many points in which exercise, read from nbgrader's gradebook."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

from ..build import load_config
from ..layout import Course


@dataclass(frozen=True)
class Row:
    """One student's grades in one chapter. points: exercise → (score, maximum). to_grade: answers that a person must grade."""

    student: str
    points: dict[str, tuple[float, float]]
    to_grade: int

    @property
    def total(self) -> float:
        return sum(score for score, _ in self.points.values())

    @property
    def maximum(self) -> float:
        return sum(top for _, top in self.points.values())


def read_grades(course: Course, chapter: str) -> list[Row]:
    """The automatic grades of a chapter, a row a student who handed in."""
    from nbgrader.api import Gradebook, MissingEntry

    config = load_config(course)
    rows = []
    with Gradebook(config.CourseDirectory.db_url, config.CourseDirectory.course_id) as gradebook:
        try:
            submissions = gradebook.assignment_submissions(chapter)
        except MissingEntry:
            return []
        for submission in sorted(submissions, key=lambda s: s.student_id):
            points, to_grade = {}, 0
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    if grade.cell.cell_type == "code":
                        points[grade.cell.name.removesuffix("-check")] = (
                            float(grade.auto_score or 0),
                            float(grade.max_score),
                        )
                    elif grade.needs_manual_grade:
                        to_grade += 1
            rows.append(Row(submission.student_id, points, to_grade))
    return rows


def table(chapter: str, rows: list[Row], names: list[str]) -> Table:
    """The rows as a table; `names` orders the exercises."""
    made = Table(title=f"{chapter}", title_justify="left")
    made.add_column("student", no_wrap=True)
    for name in names:
        made.add_column(name, justify="right")
    made.add_column("total", justify="right", style="bold")
    made.add_column("of", justify="right")
    made.add_column("to grade by hand", justify="right")
    for row in rows:
        scores = [f"{row.points[n][0]:g}" if n in row.points else "–" for n in names]
        made.add_row(row.student, *scores, f"{row.total:g}", f"{row.maximum:g}", str(row.to_grade or ""))
    return made
