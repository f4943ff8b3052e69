"""The grade table: who has how many points in which exercise, read from nbgrader's gradebook."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ..course.cells import checks
from ..course.folder import Course
from ..course.marks import Mark, mark
from ..course.nbgrader.scores import Submission, submissions
from ..course.notebooks import read_notebook
from ..course.roster import Student, read_roster
from ..course.settings import SETTINGS, Late, read_settings
from ..grading.batch import Outcome

NAME = 26
"""Letters of a name that are shown: so that a table is readable at 80 columns."""


@dataclass(frozen=True)
class Row:
    """One student's grades in one chapter. points: exercise → (score, maximum). to_grade: answers that a person must grade.
    written: what people gave for those that they have read; None, if there is none. open: exercises whose answers were not
    found in what was handed in, for a person to look at."""

    student: str
    points: dict[str, tuple[float, float]]
    to_grade: int
    written: float | None = None
    mark: Mark | None = None
    open: frozenset[str] = frozenset()

    @property
    def total(self) -> float:
        return sum(score for score, _ in self.points.values())

    @property
    def maximum(self) -> float:
        return sum(top for _, top in self.points.values())


def read_grades(course: Course, chapter: str) -> list[Row]:
    """The grades of an assignment, a row a student who handed in."""
    several = len(course.notebooks(chapter)) > 1
    late = read_settings(course).late if (course.root / SETTINGS).is_file() else None
    return [_row(found, several, late) for found in submissions(course, chapter).values()]


def _row(found: Submission, several: bool, late: Late | None) -> Row:
    points = {_column(s.notebook, s.cell, several): (s.score, s.maximum) for s in found.scores if s.code}
    read = [s.score for s in found.scores if not s.code and not s.to_grade]
    made = mark(found.scores, found.seconds_late, late, found.penalty, found.handed_in)
    unfound = frozenset(_column(s.notebook, s.cell, several) for s in found.scores if s.unfound)
    return Row(found.student, points, len(found.unread), sum(read) if read else None, made, unfound)


def _column(notebook: str, cell: str, several: bool) -> str:
    """What a check's column is called: an exercise's name, after its notebook's where there are several."""
    name = cell.removesuffix("-check")
    return f"{notebook}/{name}" if several else name


def table(course: Course, chapter: str, rows: list[Row], width: int = 80) -> Table:
    """The rows as a table under a line that says what is in it, and those in the roster who handed in nothing. Exercises go by number where their names need more
    than the width."""
    notebooks, roster = course.notebooks(chapter), read_roster(course)
    names = [
        _column(notebook, name, len(notebooks) > 1)
        for notebook in notebooks
        for name in checks(read_notebook(course.source_folder(chapter) / f"{notebook}.ipynb"))
    ]
    top = max((row.mark.maximum for row in rows if row.mark), default=0)
    wide = sum(max(len(n), 4) + 1 for n in names) + NAME + 24 <= width
    legend = [] if wide else [Text(", ".join(f"{i} {n}" for i, n in enumerate(names, 1)), style="italic")]
    title = Text(f"{chapter}: points, {top:g} in all; ? is for a person to look at", style="italic")
    made = Headed(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    made.lines = (title, *legend)
    made.add_column("student", no_wrap=True, overflow="ellipsis", max_width=NAME)
    for number, name in enumerate(names, 1):
        made.add_column(name if wide else str(number), justify="right", no_wrap=True)
    made.add_column("read", justify="right", no_wrap=True)
    if any(row.mark and row.mark.penalty for row in rows):
        made.add_column("late", justify="right", no_wrap=True)
    made.add_column("total", justify="right", style="bold", no_wrap=True)
    for row in sorted(rows, key=lambda row: alphabetical(row.student, roster)):
        made.add_row(*_cells(row, names, roster, len(made.columns)))
    there = {row.student for row in rows}
    for student in sorted((s for s in roster if s not in there), key=lambda s: alphabetical(s, roster)):
        made.add_row(
            escape(name_of(student, roster)), *["–"] * (len(made.columns) - 2), why_none(course, chapter, student)
        )
    return made


class Headed(Table):
    """A table under lines of text, which are as wide as the console: a title of rich's own is broken where the table ends."""

    lines: tuple[Text, ...] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.lines
        yield from super().__rich_console__(console, options)


def _cells(row: Row, names: list[str], roster: dict[str, Student], columns: int) -> list[str]:
    read = "?" if row.to_grade > len(row.open) else ("" if row.written is None else f"{row.written:g}")
    scores = ["?" if n in row.open else f"{row.points[n][0]:g}" if n in row.points else "–" for n in names]
    penalty = row.mark.penalty if row.mark else 0
    late = [f"−{penalty:g}" if penalty else ""] if columns == len(names) + 4 else []
    total = row.mark.net if row.mark else row.total
    return [escape(name_of(row.student, roster)), *scores, read, *late, f"{round(total, 2):g}"]


def name_of(student: str, roster: dict[str, Student]) -> str:
    """As a list of a class is sorted."""
    return (roster[student].sorted_name or student) if student in roster else student


def alphabetical(student: str, roster: dict[str, Student]) -> str:
    """What names are sorted by: É stands beside E."""
    return unicodedata.normalize("NFKD", name_of(student, roster)).casefold()


def why_none(course: Course, chapter: str, student: str) -> str:
    return "not graded" if course.submitted_folder(student, chapter).is_dir() else "nothing"


def summary(outcome: Outcome) -> str:
    """What a run of `course grade` did, in a line or two."""
    each = f", {outcome.seconds / outcome.graded:.1f} s each" if outcome.graded else ""
    lines = [f"{outcome.graded} graded in {outcome.seconds:.0f} s{each}; {outcome.skipped} were graded before"]
    lines += [f"{count} submission{'s' * (count != 1)}: {stamp}" for stamp, count in sorted(outcome.stamps.items())]
    lines += list(outcome.notes)
    lines += [f"the grader's fault, to be graded again: {fault}" for fault in outcome.faults]
    return "\n".join(lines)
