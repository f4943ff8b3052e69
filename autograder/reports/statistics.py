"""Numbers on a class, pure: how scores are spread, how hard each exercise is, how well it tells the strong from the weak, which
mistakes are made how often."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..course.cells import BY_HAND, OPEN

FEW = 5
"""With fewer students no discrimination is told: it would be noise."""
BINS = 10
FAULT = "grader's fault"


@dataclass(frozen=True)
class Item:
    """An exercise over a class. share: mean of points by maximum, 0 to 1. discrimination: correlation of its points with those of
    all other exercises together, −1 to 1; None where there are few students or everybody has the same."""

    name: str
    students: int
    correct: int
    share: float
    discrimination: float | None
    outcomes: dict[str, int]


@dataclass(frozen=True)
class Example:
    """One failing answer, nobody's by name. call: the smallest input on which it goes wrong, empty if none is small enough to be
    typed; then about says what the input was like. told: what is wrong there."""

    code: str
    call: str
    told: str
    about: str = ""


@dataclass
class Mistake:
    """What several answers have in common. known: it is one of the chapter's typical mistakes, whose hint `what` is; else a case
    that they fail."""

    exercise: str
    what: str
    known: bool
    count: int = 0
    examples: list[Example] = field(default_factory=list)


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Pearson's; None where one of them does not vary."""
    n = len(xs)
    mean_x, mean_y = sum(xs) / n, sum(ys) / n
    var_x, var_y = sum((x - mean_x) ** 2 for x in xs), sum((y - mean_y) ** 2 for y in ys)
    if var_x < 1e-12 or var_y < 1e-12:
        return None
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / math.sqrt(var_x * var_y)


def items(verdicts: Sequence[dict[str, dict | None]]) -> list[Item]:
    """verdicts: a student's each, exercise → verdict as data. What no check could judge counts in no number."""
    names = dict.fromkeys(name for told in verdicts for name in told)
    totals = [sum(v["points"] for v in told.values() if v) for told in verdicts]
    made = []
    for name in names:
        told = [(v[name], total) for v, total in zip(verdicts, totals) if v.get(name)]
        outcomes = Counter(v["outcome"] for v, _ in told if v["outcome"] != FAULT)
        told = [(v, total) for v, total in told if v["outcome"] not in (FAULT, OPEN, BY_HAND)]
        points = [v["points"] for v, _ in told]
        top = sum(v["max_points"] for v, _ in told)
        rest = [total - v["points"] for v, total in told]
        found = correlation(points, rest) if len(told) >= FEW else None
        share = sum(points) / top if top else 0.0
        made.append(Item(name, len(told), outcomes["correct"], share, found, dict(outcomes.most_common())))
    return made


def spread(shares: Sequence[float]) -> list[int]:
    """How many scores lie in each tenth from 0 to 1; a full score in the last."""
    counts = [0] * BINS
    for share in shares:
        counts[min(BINS - 1, max(0, int(share * BINS + 1e-9)))] += 1
    return counts


def median(numbers: Sequence[float]) -> float:
    ordered = sorted(numbers)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def mistakes(told: Sequence[tuple[str, dict, str]], most_examples: int = 2) -> list[Mistake]:
    """The map of misconceptions, the most frequent first. told: (exercise, verdict as data, the answer's bare code) of answers
    that are wrong; of several alike one is shown."""
    found: dict[tuple[str, str], Mistake] = {}
    for exercise, verdict, code in told:
        meant = what_of(verdict)
        if meant is None:
            continue
        mistake = found.setdefault((exercise, meant[0]), Mistake(exercise, *meant))
        mistake.count += 1
        mistake.examples.append(_example(verdict, code))
    for mistake in found.values():
        mistake.examples = _fewest(mistake.examples, most_examples)
    return sorted(found.values(), key=lambda m: (-m.count, m.exercise, not m.known))


def what_of(verdict: dict) -> tuple[str, bool] | None:
    """What an answer gets wrong: a typical mistake's hint and True, else the first case that it fails and False; None, if it is
    not wrong, or nothing says how."""
    if verdict["outcome"] not in ("wrong", "crashed"):
        return None
    if verdict["mistake"]:
        return verdict["mistake"], True
    failed = _failed(verdict)
    return (f"fails the case: {failed[0]['name']}", False) if failed else None


def _failed(verdict: dict) -> list[dict]:
    return [case for case in verdict["cases"] if not case["passed"]]


def _example(verdict: dict, code: str) -> Example:
    failed = _failed(verdict)
    if not failed:
        return Example(code, "", verdict.get("message", ""))
    case = next((case for case in failed if case["example"]), failed[0])
    about = "" if case["example"] else case["detail"].partition("\n")[0].removeprefix("input").strip()
    return Example(code, case["example"], case["told"] or case["message"], about)


def _fewest(examples: list[Example], most: int) -> list[Example]:
    """Those whose failing input is the smallest; of several alike one."""
    chosen: list[Example] = []
    for one in sorted(examples, key=lambda e: (not e.call, len(e.call), len(e.code), e.code)):
        if len(chosen) < most and not any(e.code == one.code if one.code else e.call == one.call for e in chosen):
            chosen.append(one)
    return chosen
