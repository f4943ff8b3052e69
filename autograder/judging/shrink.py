"""The smallest input on which an answer goes wrong.

Not the input is cut, but the draw: a generator that remembers what it gave (`Replay`) draws the case again and gives something
simpler in one place, a smaller size, a label nearer to the lowest, rounder numbers. So whatever is found is an input that
the case could have drawn. Simpler is shortlex: fewer numbers first, then fewer digits. A simpler draw is kept if the reference
answers it and the answer fails with the same sentence, its numbers aside.

The idea is Hypothesis' (MacIver and Donaldson, "Test-Case Reduction via Test-Case Generation", ECOOP 2020).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..execution.wire import Tagged
from .exercise import Case, Drawn, Exercise, draw_case, words_of

TRIES = 120  # so that on any machine that keeps the time the same is found
ONE_BY_ONE = 8  # elements: arrays up to this size are made simpler element by element, too

Edit = Callable[[np.ndarray, float, float], np.ndarray]


@dataclass
class Call:
    """One call of the generator: its kind, the range [low, high) of what it may give, and what it gave."""

    kind: str
    low: float
    high: float
    value: np.ndarray


@dataclass
class Found:
    """A failing draw. inputs, finding: what was drawn, and what the answer does wrong with it."""

    drawn: Drawn
    finding: str
    calls: list[Call] = field(default_factory=list)

    @cached_property
    def size(self) -> tuple[int, int, float]:
        """What is to become small: how many numbers, how many digits."""
        return measure(self.drawn.inputs)

    @cached_property
    def odd(self) -> int:
        """How many of the numbers are none."""
        return _odd(self.drawn.inputs)


class Replay(np.random.Generator):
    """A generator that gives what it gave before, with edits: call number → what to do with the value."""

    def __init__(self, words: list[int], before: list[Call] = (), edits: dict[int, Edit] | None = None) -> None:
        super().__init__(np.random.PCG64(np.random.SeedSequence(words)))
        self.before, self.edits, self.calls = before, edits or {}, []

    def _give(self, kind: str, low: float, high: float, fresh: Any) -> Any:
        number, value = len(self.calls), np.asarray(fresh)
        if number < len(self.before) and self.before[number].kind == kind:
            value = _leading(self.before[number].value, value)
        if number in self.edits:
            value = np.asarray(self.edits[number](value, low, high)).astype(value.dtype).reshape(value.shape)
        if kind in ("integers", "floats"):
            inside = (value >= low) & ((value < high) | (low == high))
            value = np.where(inside, value, fresh).astype(value.dtype)
        self.calls.append(Call(kind, low, high, value))
        return _as(fresh, value)

    def integers(self, low, high=None, size=None, dtype=np.int64, endpoint=False):
        fresh = super().integers(low, high, size=size, dtype=dtype, endpoint=endpoint)
        if np.ndim(low) or np.ndim(high):
            return fresh
        low, high = (0, low) if high is None else (low, high)
        return self._give("integers", low, high + bool(endpoint), fresh)

    def uniform(self, low=0.0, high=1.0, size=None):
        fresh = super().uniform(low, high, size)
        return fresh if np.ndim(low) or np.ndim(high) else self._give("floats", low, high, fresh)

    def random(self, size=None, dtype=np.float64, out=None):
        return self._give("floats", 0.0, 1.0, super().random(size, dtype, out))

    def normal(self, loc=0.0, scale=1.0, size=None):
        return self._give("floats", -np.inf, np.inf, super().normal(loc, scale, size))

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        return self._give("floats", -np.inf, np.inf, super().standard_normal(size, dtype, out))

    def permutation(self, x, axis=0):
        fresh = super().permutation(x, axis)
        return self._in_order(fresh, np.arange(x) if np.ndim(x) == 0 else np.asarray(x))

    def choice(self, a, size=None, replace=True, p=None, axis=0, shuffle=True):
        fresh = super().choice(a, size, replace, p, axis, shuffle)
        if p is not None or np.ndim(a) > 1:
            return fresh
        every = np.arange(a) if np.ndim(a) == 0 else np.asarray(a)
        count = int(np.size(fresh))
        first = np.resize(every, count) if not replace else np.full(count, every[0] if len(every) else 0)
        return self._in_order(fresh, np.reshape(first, np.shape(fresh)))

    def shuffle(self, x, axis=0):
        before = np.array(x, copy=True)
        super().shuffle(x, axis)
        shown = self._in_order(np.array(x), before)
        x[:] = list(shown) if isinstance(x, list) else shown

    def _in_order(self, fresh: Any, simple: np.ndarray) -> Any:
        """What has an order: as it comes, or, edited, in its simplest order."""
        number = len(self.calls)
        if number < len(self.before) and self.before[number].kind == "order" and number not in self.edits:
            old = self.before[number].value
            fresh = (
                old
                if old.shape == np.shape(fresh) and sorted(map(str, old.flat)) == sorted(map(str, np.ravel(fresh)))
                else fresh
            )
        value = simple if number in self.edits else np.asarray(fresh)
        self.calls.append(Call("order", 0, 0, value))
        return _as(fresh, value)


def _as(fresh: Any, value: np.ndarray) -> Any:
    """A value of the type that NumPy gives: an array, a NumPy scalar, or a Python number."""
    if isinstance(fresh, np.ndarray):
        return value
    return value[()] if isinstance(fresh, np.generic) else value.item()


def _leading(old: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Of what was given before as much as is wanted now; anew what is more than that."""
    if old.ndim != fresh.ndim or old.dtype != fresh.dtype:
        return fresh
    common = tuple(slice(0, min(a, b)) for a, b in zip(old.shape, fresh.shape))
    value = np.array(fresh)
    value[common] = old[common]
    return value


# -- what is simpler --------------------------------------------------------------------------------------------------------


def measure(value: Any) -> tuple[int, int, float]:
    """(how many numbers, how many digits, how much altogether) there are in inputs; the smaller, the simpler."""
    numbers = list(_numbers(value))
    some = [number for number in numbers if number != 0]
    digits = len("%g" * len(some) % tuple(some))  # all at once: this is asked for every draw that is tried
    return len(numbers), digits, sum(min(abs(number), 1e300) for number in some if number - number == 0)


def _numbers(value: Any) -> Iterator[Any]:
    if isinstance(value, Tagged):
        yield from _numbers(value.value[1] if value.tag == "made" else value.value)
    elif isinstance(value, (np.ndarray, np.generic)):
        yield from np.asarray(value).reshape(-1).tolist() if np.asarray(value).dtype.kind in "biuf" else ()
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _numbers(part)
    elif isinstance(value, dict):
        yield from _numbers(list(value.values()))
    elif isinstance(value, (bool, int, float)):
        yield value


def count_of(value: Any) -> int:
    """How many numbers there are: quicker than to look at each."""
    if isinstance(value, Tagged):
        return count_of(value.value[1] if value.tag == "made" else value.value)
    if isinstance(value, (np.ndarray, np.generic)):
        return value.size if value.dtype.kind in "biuf" else 0
    if isinstance(value, (list, tuple, dict)):
        return sum(map(count_of, value.values() if isinstance(value, dict) else value))
    return int(isinstance(value, (bool, int, float)))


def _odd(value: Any) -> int:
    """How many numbers are none, or infinite: more of them than were drawn are no simpler."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return value.size - int(np.count_nonzero(np.isfinite(value)))
    if isinstance(value, (list, tuple)):
        return sum(map(_odd, value))
    return sum(number - number != 0 for number in _numbers(value))


def _simpler(inputs: Any, best: Found) -> bool:
    """Are these simpler than the best so far, and no more of them odd?"""
    count = count_of(inputs)
    if count > best.size[0] or (count == best.size[0] and measure(inputs) >= best.size):
        return False
    return _odd(inputs) <= best.odd


def edits_for(call: Call) -> Iterator[Edit]:
    """What to try in the place of a value, simplest first."""
    if call.kind == "order":
        yield lambda value, low, high: value
        return
    if call.kind == "integers":
        steps = [0, 1, 2, 3] if call.value.ndim == 0 else [0]
        yield from (lambda value, low, high, step=step: np.full_like(value, low + step) for step in steps)
        yield lambda value, low, high: low + (value - low) % 2
        yield lambda value, low, high: low + (value - low) // 2
        return
    yield lambda value, low, high: np.zeros_like(value)
    yield lambda value, low, high: np.sign(value)
    yield lambda value, low, high: np.round(value)
    yield lambda value, low, high: np.round(value, 1)
    for index in range(call.value.size if 1 < call.value.size <= ONE_BY_ONE else 0):
        yield lambda value, low, high, at=index: _at(value, at, 0.0)
        yield lambda value, low, high, at=index: _at(value, at, 1.0)


def _at(value: np.ndarray, at: int, wanted: float) -> np.ndarray:
    flat = np.array(value).reshape(-1)
    flat[at : at + 1] = wanted
    return flat.reshape(value.shape)


# -- the search -------------------------------------------------------------------------------------------------------------


def kind_of(finding: str) -> str:
    """A finding without its numbers: two inputs go wrong alike if this is equal."""
    return NUMBERS.sub("#", PLACES.sub("", finding))


PLACES = re.compile(r" at \[[\d, ]{0,200}\]| \(\d+ of \d+ differ\)")  # said only where there are several numbers
NUMBERS = re.compile(r"\[[^\]]{0,200}\]|[-+]?\d[\d.e+-]*|\bnan\b|[-+]?\binf\b|True|False")


def smallest(
    exercise: Exercise,
    case: Case,
    number: int,
    seed: int,
    finding: str,
    judge: Callable[[Drawn], str | None],
    seconds: float,
) -> Found | None:
    """The simplest draw of a case that goes wrong as `finding` says; None if even the draw itself does not, once more.

    judge: what an answer does wrong with a draw, None if nothing, or if the reference does not answer it.
    """
    words, wanted, end = words_of(exercise, number, seed), kind_of(finding), time.monotonic() + seconds
    tries = TRIES

    def attempt(before: list[Call], edits: dict[int, Edit]) -> Found | None:
        nonlocal tries
        tries -= 1
        rng = Replay(words, before, edits)
        try:
            with np.errstate(all="ignore"):  # a case may divide by what is never zero, but here
                drawn = draw_case(exercise, case, rng)
        except Exception:  # noqa: BLE001  a case that cannot do with this draw: then it is none
            return None
        if best is not None and not _simpler(drawn.inputs, best):
            return None
        told = judge(drawn)
        return Found(drawn, told, rng.calls) if told is not None and kind_of(told) == wanted else None

    best: Found | None = None
    best = attempt([], {})
    improved = best is not None
    while improved:
        improved = False
        for position in _order(best.calls):
            if position >= len(best.calls):
                break
            for edit in edits_for(best.calls[position]):
                if tries <= 0 or time.monotonic() > end:
                    return best
                if (found := attempt(best.calls, {position: edit})) is not None:
                    best, improved = found, True
                    break
    return best


def _order(calls: list[Call]) -> list[int]:
    """Which call to make simpler first: sizes, then the rest."""
    sizes = [n for n, call in enumerate(calls) if call.kind == "integers" and call.value.ndim == 0]
    return sizes + [n for n in range(len(calls)) if n not in sizes]
