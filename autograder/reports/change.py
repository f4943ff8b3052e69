"""How misconceptions change: from a student's first hand-in to the last, and from chapter to chapter. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .statistics import what_of

Verdicts = Mapping[str, dict | None]

KINDS = ("correct", "a typical mistake", "wrong in another way", "not attempted", "not judged to the end")
"""What an answer is, for a picture of a chapter."""


@dataclass
class Turn:
    """One mistake over those who handed in again. before: how many made it in their first hand-in; of them, in the last one,
    right, same (the same mistake), other. new: how many make it in the last and did not in the first."""

    exercise: str
    what: str
    before: int = 0
    right: int = 0
    same: int = 0
    other: int = 0
    new: int = 0


def turns(pairs: Iterable[tuple[Verdicts, Verdicts]]) -> list[Turn]:
    """pairs: (first, last) hand-in of each student who handed in again, exercise → verdict as data. The most frequent first."""
    found: dict[tuple[str, str], Turn] = {}
    for first, last in pairs:
        for exercise, now in last.items():
            was = first.get(exercise)
            if was is None or now is None:
                continue
            old, new = what_of(was), what_of(now)
            if old:
                turn = found.setdefault((exercise, old[0]), Turn(exercise, old[0]))
                turn.before += 1
                turn.right += now["outcome"] == "correct"
                turn.same += new == old
                turn.other += now["outcome"] != "correct" and new != old
            if new and new != old:
                found.setdefault((exercise, new[0]), Turn(exercise, new[0])).new += 1
    return sorted(found.values(), key=lambda t: (-t.before, -t.new, t.exercise))


def kinds(told: Iterable[Verdicts]) -> dict[str, int]:
    """How many answers of a chapter are of which of `KINDS`, in that order."""
    counts = Counter(kind_of(verdict) for verdicts in told for verdict in verdicts.values())
    return {kind: counts[kind] for kind in KINDS}


def kind_of(verdict: dict | None) -> str:
    outcome = verdict["outcome"] if verdict else ""
    if outcome in ("correct", "not attempted"):
        return outcome
    if outcome in ("wrong", "crashed"):
        return "a typical mistake" if verdict["mistake"] else "wrong in another way"
    return "not judged to the end"
