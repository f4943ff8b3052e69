"""`course export`: grades as a table that a learning management system imports, or that a person reads."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

from rich.console import Console

from ..course.cells import graded
from ..course.folder import Course, CourseError
from ..course.marks import Mark
from ..course.nbgrader.marks import bring_up_to_date, marks
from ..course.notebooks import read_notebook
from ..course.pool import with_bar
from ..course.roster import Student, read_roster
from ..course.settings import read_settings
from .overview import newer

FORMATS = {
    "canvas": ("lms_id", {"Student": "sorted_name", "ID": "lms_id", "SIS User ID": "sis_id", "SIS Login ID": "login", "Section": "section"}),
    "moodle": ("email", {"First name": "first_name", "Surname": "last_name", "ID number": "sis_id", "Email address": "email"}),
    "blackboard": ("login", {"Last Name": "last_name", "First Name": "first_name", "Username": "login", "Student ID": "sis_id"}),
    "csv": ("id", {"id": "id", "last_name": "last_name", "first_name": "first_name", "email": "email"}),
}  # fmt: skip
"""Format → by what it knows a student, and its first columns. An LMS takes a column of an unknown name for a new assignment."""


@dataclass
class Export:
    """text: the table. notes: what a person should know before it goes anywhere, a sentence each."""

    text: str
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Column:
    """One of an assignment's columns. of: a mark's value in it."""

    title: str
    maximum: float
    values: dict[str, float]


def export(
    course: Course,
    chapters: list[str],
    form: str,
    *,
    by_exercise: bool = False,
    zero: bool = False,
    console: Console | None = None,
) -> Export:
    """zero: who handed in nothing gets 0 rather than an empty cell. console: shows a bar meanwhile. Raises `CourseError`."""
    made = Export("")
    bring_up_to_date(course, chapters)
    every = {chapter: found for chapter in chapters if (found := marks(course, chapter))}
    if not every:
        raise CourseError(f"nothing of {', '.join(chapters)} is graded yet: run course grade")
    roster = read_roster(course) or {s: Student(s) for found in every.values() for s in found}
    needed, about = FORMATS[form]
    if lacking := [s.id for s in roster.values() if not getattr(s, needed)]:
        more = f" and {len(lacking) - 5} others" if len(lacking) > 5 else ""
        raise CourseError(f"roster.csv has no {needed} of {', '.join(lacking[:5])}{more}, by which {form} knows them")
    columns: list[Column] = []
    for chapter, found in every.items():
        columns += _columns(course, chapter, found, by_exercise)
        made.notes += _notes(course, chapter, found, roster, console)
        if form == "csv":
            columns += _extra(course, chapter, found)
    rows = [[*about, *[_title(column, form) for column in columns]]]
    if form == "canvas":
        rows.append(["    Points Possible", *[""] * (len(about) - 1), *[f"{c.maximum:g}" for c in columns]])
    for student in roster.values():
        who = [getattr(student, attribute) for attribute in about.values()]
        rows.append([*who, *[_cell(column, student.id, zero) for column in columns]])
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    made.text = out.getvalue()
    return made


def _columns(course: Course, chapter: str, found: dict[str, Mark], by_exercise: bool) -> list[Column]:
    tops = _maxima(course, chapter)
    if not by_exercise:
        return [Column(chapter, sum(tops.values()), {s: m.net for s, m in found.items()})]
    made = []
    several = len({notebook for notebook, _ in tops}) > 1
    for (notebook, cell), top in tops.items():
        name = f"{notebook}/{cell}" if several else cell
        values = {s: m.by_cell[notebook, cell] for s, m in found.items() if (notebook, cell) in m.by_cell}
        made.append(Column(f"{chapter}: {name.removesuffix('-check')}", top, values))
    if any(m.penalty for m in found.values()):
        made.append(Column(f"{chapter}: late", 0, {s: -m.penalty or 0.0 for s, m in found.items()}))
    return made


def _extra(course: Course, chapter: str, found: dict[str, Mark]) -> list[Column]:
    """For a person's own table: what the LMSs have no use for."""
    return [
        Column(f"{chapter}: before lateness", 0, {s: m.raw for s, m in found.items()}),
        Column(f"{chapter}: hours late", 0, {s: round(m.seconds_late / 3600, 1) for s, m in found.items()}),
        Column(f"{chapter}: unread", 0, {s: float(len(m.unread)) for s, m in found.items()}),
    ]


def _maxima(course: Course, chapter: str) -> dict[tuple[str, str], float]:
    """Every graded cell of an assignment as its source has it, in order."""
    found = {}
    for name in course.notebooks(chapter):
        for cell in read_notebook(course.source_folder(chapter) / f"{name}.ipynb").cells:
            if graded(cell).get("grade"):
                found[name, graded(cell)["grade_id"]] = float(graded(cell).get("points", 0))
    return found


def _title(column: Column, form: str) -> str:
    return f"{column.title} [Total Pts: {column.maximum:g} Score]" if form == "blackboard" else column.title


def _cell(column: Column, student: str, zero: bool) -> str:
    if student in column.values:
        return f"{round(column.values[student], 2):g}"
    return "0" if zero else ""


def _notes(
    course: Course, chapter: str, found: dict[str, Mark], roster: dict[str, Student], console: Console | None
) -> list[str]:
    def called(students: list[str]) -> str:
        return ", ".join(roster[s].name or s if s in roster else s for s in students)

    there = dict.fromkeys(course.students(chapter))
    again = [s for s in with_bar(there, len(there), chapter, console) if s in found and newer(course, chapter, s)]
    policy = read_settings(course).late.policy
    notes = [
        (
            "unread questions, and answers to look at, left out of the points of",
            [s for s, m in found.items() if m.unread],
        ),
        ("handed in and not graded", [s for s in there if s not in found]),
        ("handed in again, and not graded since", again),
        ("handed in nothing", [s for s in roster if s not in found and s not in there]),
        ("graded and not in roster.csv, left out", [s for s in found if s not in roster]),
        (f"points off for lateness ({policy})", [s for s, m in found.items() if m.penalty]),
    ]
    return [f"{chapter}: {what}: {called(students)}" for what, students in notes if students]
