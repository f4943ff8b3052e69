"""What `course collect` says: a line for each student, and what a person should know."""

from __future__ import annotations

from collections import Counter

from rich import box
from rich.markup import escape
from rich.table import Table

from ..course.folder import Course
from ..course.roster import read_roster
from ..course.settings import read_settings
from .plan import Plan

STATES = ("new", "changed", "older", "unchanged", "missing")
SECONDS = {"d": 86400, "h": 3600, "min": 60}


def plan_table(course: Course, plan: Plan) -> Table:
    """Everybody, by what became of them."""
    roster, settings = read_roster(course), read_settings(course)
    made = Table(
        title=escape(plan.chapter), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    made.add_column("student", no_wrap=True, overflow="ellipsis", max_width=22)
    made.add_column("", no_wrap=True)
    made.add_column("handed in", no_wrap=True)
    made.add_column("late", no_wrap=True, justify="right")
    made.add_column("from", no_wrap=True)
    for one in sorted(plan.decisions, key=lambda d: STATES.index(d.state)):
        name = roster[one.student].sorted_name or one.student
        at = settings.local(one.at) if one.at else ("" if one.state == "missing" else "no time")
        made.add_row(escape(name), one.state, at, how_late(one.seconds_late), escape(ending(one.name)))
    return made


def ending(name: str, width: int = 28) -> str:
    """The end of a long name, which tells more than its beginning."""
    return name if len(name) <= width else f"…{name[1 - width :]}"


def how_late(seconds: float) -> str:
    """ "2 d", "5 h", "1 min"; empty, if it is not."""
    if seconds <= 0:
        return ""
    unit = next((name for name, length in SECONDS.items() if seconds >= length), "min")
    return f"{max(1, int(seconds // SECONDS[unit]))} {unit}"


def sentences(plan: Plan, dry_run: bool) -> list[str]:
    """How many of each, and the notes."""
    counts = Counter(decision.state for decision in plan.decisions)
    late = sum(decision.seconds_late > 0 for decision in plan.decisions)
    told = [f"{counts[state]} {state}" for state in STATES if counts[state]] + ([f"{late} late"] if late else [])
    lines = [", ".join(told)]
    untimed = [d for d in plan.decisions if d.state in ("new", "changed") and d.at is None]
    if untimed:
        lines.append(
            f"nothing says when {_many(len(untimed), 'hand-in')} came: they count as in time (see --file-times)"
        )
    for chapter, count in sorted(plan.others.items()):
        lines.append(f"{_many(count, 'notebook')} of {chapter}, left for: course collect {chapter.partition('_')[0]}")
    kept = sum(len(d.keep) + (d.state == "changed") for d in plan.decisions)
    if kept:
        lines.append(f"{_many(kept, 'earlier hand-in')} kept in earlier/")
    return [*lines, *plan.notes, *(["nothing was done, this was --dry-run"] if dry_run else [])]


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
