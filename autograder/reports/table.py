"""The grade table: who has how many points in which exercise, read from nbgrader's gradebook."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.markup import escape
from rich.table import Table

from ..course.cells import checks
from ..course.folder import Course
from ..course.nbgrader.book import recorded
from ..course.notebooks import read_notebook
from ..grading.batch import Outcome


@dataclass(frozen=True)
class Row:
    """One student's grades in one chapter. points: exercise → (score, maximum). to_grade: answers that a person must grade.

    open: exercises whose answers were not found, for a person to look at.
    """

    student: str
    points: dict[str, tuple[float, float]]
    to_grade: int
    open: frozenset[str] = frozenset()

    @property
    def total(self) -> float:
        return sum(score for score, _ in self.points.values())

    @property
    def maximum(self) -> float:
        return sum(top for _, top in self.points.values())


def read_grades(course: Course, chapter: str) -> list[Row]:
    """The automatic grades of an assignment, a row a student who handed in."""
    rows = []
    several = len(course.notebooks(chapter)) > 1
    for student, grades in recorded(course, chapter).items():
        points = {_column(g.notebook, g.cell, several): (g.score, g.maximum) for g in grades if g.code}
        to_look_at = frozenset(_column(g.notebook, g.cell, several) for g in grades if g.open)
        rows.append(Row(student, points, len(to_look_at) + sum(g.to_grade for g in grades if not g.code), to_look_at))
    return rows


def _column(notebook: str, cell: str, several: bool) -> str:
    """What a check's column is called: an exercise's name, after its notebook's where there are several."""
    name = cell.removesuffix("-check")
    return f"{notebook}/{name}" if several else name


def table(course: Course, chapter: str, rows: list[Row], width: int = 80) -> Table:
    """The rows as a table. Exercises go by number where their names need more than the width."""
    notebooks = course.notebooks(chapter)
    names = [
        _column(notebook, name, len(notebooks) > 1)
        for notebook in notebooks
        for name in checks(read_notebook(course.source_folder(chapter) / f"{notebook}.ipynb"))
    ]
    wide = sum(len(n) + 3 for n in names) + 46 <= width
    legend = "" if wide else "\n" + ", ".join(f"{i} {n}" for i, n in enumerate(names, 1))
    made = Table(
        title=f"{chapter}: points of the automatic checks{legend}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    made.add_column("student", no_wrap=True)
    for number, name in enumerate(names, 1):
        made.add_column(name if wide else str(number), justify="right", no_wrap=True)
    made.add_column("total", justify="right", style="bold", no_wrap=True)
    made.add_column("to grade by hand", justify="right")
    if any(row.open for row in rows):
        made.caption = "? an answer that was not found in what was handed in: to look at, not zero"
        made.caption_justify = "left"
    for row in rows:
        scores = ["?" if n in row.open else f"{row.points[n][0]:g}" if n in row.points else "–" for n in names]
        total = f"{row.total:g}{' + ?' if row.open else ''} of {row.maximum:g}"
        made.add_row(escape(row.student), *scores, total, str(row.to_grade or ""))
    return made


def summary(outcome: Outcome) -> str:
    """What a run of `course grade` did, in a line or two."""
    each = f", {outcome.seconds / outcome.graded:.1f} s each" if outcome.graded else ""
    lines = [f"{outcome.graded} graded in {outcome.seconds:.0f} s{each}; {outcome.skipped} were graded before"]
    lines += [f"{count} submission{'s' * (count != 1)}: {stamp}" for stamp, count in sorted(outcome.stamps.items())]
    lines += list(outcome.notes)
    lines += [f"the grader's fault, to be graded again: {fault}" for fault in outcome.faults]
    return "\n".join(lines)
