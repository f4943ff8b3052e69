"""`course report --html`: one page on a class for a meeting, with nothing beside it but a table for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..course.cells import OPEN
from ..course.folder import Course
from ..course.marks import Mark
from ..course.nbgrader.marks import bring_up_to_date, marks
from ..course.roster import read_roster
from ..course.settings import read_settings
from .change import KINDS, Turn, kinds, turns
from .pictures import COLOURS, bar, histogram, stacked
from .statistics import FEW, Item, Mistake, items, median, mistakes, spread
from .verdicts import Graded, bare_code, first_verdicts, read_class

PERSON = ("killed", "too slow", "out of memory", "grader's fault")
"""Outcomes that a person should look at: the answer may be right, and the time or the machine wrong."""


@dataclass(frozen=True)
class Time:
    """What grading took, in seconds: of all that are graded together, the median of one, the longest one and whose that is. All 0
    where nobody has measured it."""

    total: float = 0.0
    median: float = 0.0
    longest: float = 0.0
    whose: str = ""


@dataclass(frozen=True)
class Section:
    """A chapter's part of the page. again: how many handed in again after they had been graded; turns: how their mistakes changed.
    kinds: how many answers are right, typical mistakes, … people: what a person should know → of whom."""

    chapter: str
    students: int
    missing: int
    maximum: float
    median: float
    mean: float
    histogram: Markup
    items: list[Item]
    mistakes: list[Mistake]
    kinds: dict[str, int]
    again: int
    turns: list[Turn]
    time: Time
    people: dict[str, list[str]]


def sections(course: Course, chapters: list[str]) -> list[Section]:
    """Read everything. Raises `CourseError`."""
    bring_up_to_date(course, chapters)
    return [_section(course, chapter) for chapter in chapters]


def _section(course: Course, chapter: str) -> Section:
    scored, roster = marks(course, chapter), read_roster(course)
    found = read_class(course, chapter, {student: mark.unread for student, mark in scored.items()})
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
    told += [(s, "handed in, and is not graded") for s in course.students(chapter) if s not in graded]
    told += [(name, why) for name, why in course.unfit(chapter).items()]
    people: dict[str, list[str]] = {}
    for student, what in told:
        people.setdefault(what, []).append(names.get(student, student))
    before = first_verdicts(course, chapter)
    pairs = [(before[g.student], g.verdicts) for g in readable if g.student in before]
    return Section(
        chapter,
        len(found),
        sum(s not in course.students(chapter) for s in roster),
        top,
        round(median(nets), 2),
        round(sum(nets) / len(nets), 2),
        Markup(histogram(spread([net / top for net in nets]), top)),
        items([g.verdicts for g in readable]),
        mistakes(wrong),
        kinds(g.verdicts for g in readable),
        len(pairs),
        turns(pairs),
        time_of({names.get(g.student, g.student): g.seconds for g in readable}),
        people,
    )


def time_of(seconds: dict[str, float]) -> Time:
    """seconds: by name."""
    measured = {name: took for name, took in seconds.items() if took > 0}
    if not measured:
        return Time()
    slowest = max(measured, key=lambda name: measured[name])
    return Time(sum(measured.values()), median(list(measured.values())), measured[slowest], slowest)


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
            elif verdict["outcome"] == OPEN:
                yield g.student, f"{name}: {OPEN} in formgrader, for its answer was not found in the notebook"
        told = {f"{name}-check" for name, verdict in g.verdicts.items() if verdict and verdict["outcome"] == OPEN}
        if g.student in scored and (unread := [cell for cell in scored[g.student].unread if cell not in told]):
            yield g.student, f"to read in formgrader: {', '.join(unread)}"
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
    environment.globals |= {
        "bar": lambda share, alt: Markup(bar(share, alt)),
        "stacked": lambda counts, alt: Markup(stacked(counts, alt)),
        "colours": dict(zip(KINDS, COLOURS)),
        "few": FEW,
    }
    environment.filters |= {
        "took": took,
        "in_words": lambda counts: ", ".join(f"{n} {kind}" for kind, n in counts.items() if n),
    }
    name = read_settings(course).name or course.root.name
    return environment.get_template("class.html.j2").render(name=name, sections=made)


def took(seconds: float) -> str:
    """ "41 s", "3 min 5 s"; tenths of what is short."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
