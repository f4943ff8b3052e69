"""From the points in the gradebook to a mark: what lateness takes off, what a person has yet to read. No files, no database."""

from __future__ import annotations

from dataclasses import dataclass

from .settings import Late


@dataclass(frozen=True)
class Mark:
    """Of one submission: points before and after what lateness costs. unread: cells that a person has yet to grade, which
    count nothing so far."""

    raw: float
    maximum: float
    penalty: float
    seconds_late: float
    unread: tuple[str, ...] = ()

    @property
    def net(self) -> float:
        return max(0.0, self.raw - self.penalty)


def mark(points: list[tuple[float, float]], seconds_late: float, late: Late, unread: tuple[str, ...] = ()) -> Mark:
    """points: (score, maximum) of each cell that counts."""
    raw = sum(score for score, _ in points)
    return Mark(raw, sum(top for _, top in points), late.penalty(raw, seconds_late), seconds_late, unread)
