"""What a regrade changes, as a table: whose points, in what, from what to what, and why."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from ..course.folder import Course
from ..course.roster import read_roster
from ..grading.regrade import Change
from .table import NAME, alphabetical, name_of


def changes_table(course: Course, chapter: str, changes: Sequence[Change]) -> Table:
    """A line a check that comes out otherwise."""
    roster = read_roster(course)
    made = Table(
        title=f"{escape(chapter)}: what changes",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    made.add_column("student", no_wrap=True, overflow="ellipsis", max_width=NAME)
    made.add_column("exercise", no_wrap=True, overflow="ellipsis", max_width=20)
    made.add_column("was", justify="right", no_wrap=True)
    made.add_column("is", justify="right", no_wrap=True)
    made.add_column("why")
    for one in sorted(changes, key=lambda change: alphabetical(change.student, roster)):
        kept = "" if one.by_hand is None else f" (a person gave {one.by_hand:g}: that stays)"
        was, now = ("–" if points is None else f"{points:g}" for points in (one.was, one.now))
        made.add_row(escape(name_of(one.student, roster)), escape(one.exercise), was, now, escape(one.why + kept))
    return made


def counted(changes: Sequence[Change], judged: int) -> str:
    """How many, in a line."""
    students = {change.student for change in changes}
    up = sum((change.now or 0) > (change.was or 0) for change in changes)
    down = sum((change.now or 0) < (change.was or 0) for change in changes)
    if not changes:
        return f"{judged} judged anew: nothing changes"
    return f"{judged} judged anew: the points of {len(students)} change, {up} up and {down} down"
