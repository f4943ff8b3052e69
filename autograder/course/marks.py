"""From the points in the gradebook to a mark: what lateness takes off, what a person has yet to read. No files, no database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .settings import Late


class Points(Protocol):
    """One graded cell, as `nbgrader.scores.Score` has it."""

    notebook: str
    cell: str
    score: float
    maximum: float
    to_grade: bool
    by_hand: bool


@dataclass(frozen=True)
class Mark:
    """Of one submission: points before and after what lateness costs. by_cell: (notebook, cell) → points. unread: cells that a
    person has yet to grade; they count nothing so far, but for points that somebody gave to an earlier hand-in."""

    raw: float
    maximum: float
    penalty: float
    seconds_late: float
    handed_in: datetime | None
    by_cell: dict[tuple[str, str], float]
    unread: tuple[str, ...] = ()

    @property
    def net(self) -> float:
        return max(0.0, self.raw - self.penalty)


def mark(
    points: Iterable[Points],
    seconds_late: float,
    late: Late | None,
    noted: float = 0.0,
    handed_in: datetime | None = None,
) -> Mark:
    """late: the class's policy; None, if it has none of its own: then what nbgrader has noted counts."""
    points = list(points)
    read = [p for p in points if p.by_hand or not p.to_grade]
    raw = sum(p.score for p in read)
    penalty = late.penalty(raw, seconds_late) if late else min(raw, noted)
    by_cell = {(p.notebook, p.cell): p.score for p in read}
    unread = tuple(p.cell for p in points if p.to_grade)
    return Mark(raw, sum(p.maximum for p in points), penalty, seconds_late, handed_in, by_cell, unread)
