"""The numbers of the page for a meeting as a table for a spreadsheet: a line a chapter, an exercise, a mistake."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .change import KINDS

if TYPE_CHECKING:
    from .page import Section

COLUMNS = (
    ("line", "chapter", "exercise", "mistake", "students", "handed_in_nothing", "correct", "share_of_points", "median")
    + ("discrimination", "times", "made_at_first", "right_at_last", "same_at_last", "other_at_last", "new_at_last")
    + tuple(kind.replace(" ", "_") for kind in KINDS[1:])
    + ("seconds", "longest_seconds")
)


def table_text(made: list[Section]) -> str:
    """CSV; what a line has nothing to say of is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for section in made:
        writer.writerows(_lines(section))
    return out.getvalue()


def _lines(section: Section) -> Iterator[dict]:
    kinds = {kind.replace(" ", "_"): count for kind, count in section.kinds.items()}
    yield {
        "line": "chapter",
        "chapter": section.chapter,
        "students": section.students,
        "handed_in_nothing": section.missing,
        "share_of_points": f"{section.mean / section.maximum:.3f}",
        "median": f"{section.median:g}",
        "seconds": f"{section.time.total:.1f}",
        "longest_seconds": f"{section.time.longest:.1f}",
        **kinds,
    }
    for item in section.items:
        yield {
            "line": "exercise",
            "chapter": section.chapter,
            "exercise": item.name,
            "students": item.students,
            "correct": item.correct,
            "share_of_points": f"{item.share:.3f}",
            "discrimination": "" if item.discrimination is None else f"{item.discrimination:.3f}",
        }
    turned = {(t.exercise, t.what): t for t in section.turns}
    counts = {(m.exercise, m.what): m.count for m in section.mistakes}
    for exercise, what in dict.fromkeys([*counts, *turned]):
        line = {"line": "mistake", "chapter": section.chapter, "exercise": exercise, "mistake": what}
        line["times"] = counts.get((exercise, what), 0)
        if turn := turned.get((exercise, what)):
            line |= {"made_at_first": turn.before, "new_at_last": turn.new}
            line |= {f"{how}_at_last": getattr(turn, how) for how in ("right", "same", "other")}
        yield line
