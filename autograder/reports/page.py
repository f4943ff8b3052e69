"""`course report --html`: one page on a class for a meeting, with nothing beside it but a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from rich.console import Console

from ..course.folder import Course
from ..course.marks import Mark
from ..course.nbgrader.marks import bring_up_to_date, marks
from ..course.roster import read_roster
from ..course.settings import read_settings
from .pictures import bar, histogram
from .statistics import FEW, Item, Mistake, items, median, mistakes, spread
from .verdicts import Graded, bare_code, read_class

PERSON = ("killed", "too slow", "out of memory", "grader's fault")
"""Outcomes that a person should look at: the answer may be right, and the time or the machine wrong."""


@dataclass(frozen=True)
class Section:
    """A chapter's part of the page. people: what a person should know → of whom."""

    chapter: str
    students: int
    missing: int
    maximum: float
    median: float
    mean: float
    histogram: Markup
    items: list[Item]
    mistakes: list[Mistake]
    people: dict[str, list[str]]


def sections(course: Course, chapters: list[str], console: Console | None = None) -> list[Section]:
    """Read everything. Raises `CourseError`."""
    bring_up_to_date(course, chapters)
    return [_section(course, chapter, console) for chapter in chapters]


def _section(course: Course, chapter: str, console: Console | None) -> Section:
    found, scored, roster = read_class(course, chapter, console), marks(course, chapter), read_roster(course)
    readable = [g for g in found if not g.trouble]
    nets = [mark.net for mark in scored.values()] or [0.0]
    top = max((mark.maximum for mark in scored.values()), default=0.0) or 1.0
    wrong = [
        (name, verdict, bare_code(g.answers.get(name, ""), name))
        for g in readable
        for name, verdict in g.verdicts.items()
        if verdict and verdict["outcome"] in ("wrong", "crashed")
    ]
    names = {s: roster[s].name or s for s in roster}
    graded = {g.student for g in found}
    told = list(who_needs_a_person(found, scored))
    there = set(course.students(chapter))
    told += [(s, "handed in, and is not graded") for s in sorted(there) if s not in graded]
    told += [(name, why) for name, why in course.unfit(chapter).items()]
    people: dict[str, list[str]] = {}
    for student, what in told:
        people.setdefault(what, []).append(names.get(student, student))
    return Section(
        chapter,
        len(found),
        sum(s not in there for s in roster),
        top,
        round(median(nets), 2),
        round(sum(nets) / len(nets), 2),
        Markup(histogram(spread([net / top for net in nets]), top)),
        items([g.verdicts for g in readable]),
        mistakes(wrong),
        people,
    )


def who_needs_a_person(found: Iterable[Graded], scored: dict[str, Mark]) -> Iterable[tuple[str, str]]:
    """(student, what) of everything that no program decides."""
    for g in found:
        if g.trouble:
            yield g.student, g.trouble
        for name, verdict in g.verdicts.items():
            if verdict is None:
                yield g.student, f"{name}: the check left no verdict"
            elif verdict["outcome"] in PERSON:
                again = "; grade it again with --regrade" if verdict["outcome"] == "grader's fault" else ""
                yield g.student, f"{name}: {verdict['outcome']}{again}"
        if g.student in scored and scored[g.student].unread:
            yield g.student, f"to read in formgrader: {', '.join(scored[g.student].unread)}"
        for note in g.changed:
            yield g.student, f"as handed in, {note}; it was graded as the release has it"


def render(course: Course, made: list[Section]) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"bar": lambda share, alt: Markup(bar(share, alt)), "few": FEW}
    name = read_settings(course).name or course.root.name
    return environment.get_template("class.html.j2").render(name=name, sections=made)


def table_text(made: list[Section]) -> str:
    """The numbers for a spreadsheet: a line an exercise, and a line a mistake."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("chapter", "exercise", "students", "correct", "share_of_points", "discrimination", "mistake", "times")
    )
    for section in made:
        for item in section.items:
            told = "" if item.discrimination is None else f"{item.discrimination:.3f}"
            writer.writerow(
                (section.chapter, item.name, item.students, item.correct, f"{item.share:.3f}", told, "", "")
            )
        for m in section.mistakes:
            writer.writerow((section.chapter, m.exercise, "", "", "", "", m.what, m.count))
    return out.getvalue()
