"""The vocabulary: `Exercise`, `Case`, `Mistake`, and the decorators with which a chapter writes them.

    @exercise(points=4, minutes=8, difficulty=2, forbid=["tf.nn.softmax"])
    def stable_softmax(z):
        '''Softmax over the last axis, safe for any finite logits. [batch, classes] float32 → the same shape.'''
        return tf.nn.softmax(z)                       # the reference: another road than the one the student walks

    @stable_softmax.case("ordinary logits", gradient=True)
    def _(rng):
        return (rng.normal(size=(4, 3)).astype("float32"),)

    @stable_softmax.mistake("Your rows do not sum to 1. Over which axis did you add?")
    def _(z):
        return tf.exp(z) / tf.reduce_sum(tf.exp(z))

An exercise carries no solution. Its reference must not look like one, for the package lies open on every student's disk.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import probes
from .values import arrays, source_of


@dataclass(frozen=True)
class Case:
    """One situation an answer must handle.

    draw(rng) → the inputs, plain data (see `values`). points: what it is worth, in half points. gradient: the gradient
    with respect to the float tensors among the inputs must match, too. rtol, atol: tolerance; by default chosen by dtype.
    dtype: the dtype must match exactly. probe: source of a `def probe(answer, *inputs)` run where the answer lives, in
    place of a plain call. accept(result, inputs, expected) → None or a sentence about what is wrong: a property that is
    checked in the grader in place of equality with the reference. seeded: all random generators are seeded beforehand.
    raises: the reference raises here, and so must an answer, with the same type of error.
    """

    name: str
    draw: Callable[[np.random.Generator], tuple]
    points: float
    gradient: bool = False
    rtol: float | None = None
    atol: float | None = None
    dtype: bool = True
    probe: str | None = None
    accept: Callable[[Any, list, Any], str | None] | None = None
    seeded: bool = False
    raises: bool = False


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer and the hint it deserves. The hint names the misconception and never the solution."""

    name: str
    hint: str
    answer: Callable


@dataclass(eq=False)
class Exercise:
    """One function for the student to write.

    reference: the same by another road through TensorFlow. minutes: how long it should take. difficulty: 1 to 3.
    forbid: dotted names that the answer must not call. seconds: time limit for one case. picture: how a result can be
    drawn ("curve", "path", "grid", see `picture`); empty if it is nothing to look at. tensors: an answer receives arrays as
    tensors; in a course about NumPy alone, as they are.
    """

    name: str
    chapter: str
    points: float
    minutes: int
    reference: Callable
    difficulty: int = 1
    forbid: tuple[str, ...] = ()
    seconds: float = 20.0
    picture: str = ""
    tensors: bool = True
    mistakes: list[Mistake] = field(default_factory=list)
    _cases: list[tuple[dict, float | None]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Its name among all exercises: "forward_pass.forward"."""
        return f"{self.chapter}.{self.name}"

    @property
    def signature(self) -> str:
        """As a student writes it: "forward(x, params)"."""
        return f"{self.name}{inspect.signature(self.reference)}"

    @property
    def cases(self) -> list[Case]:
        """Its cases, with their points."""
        shares = share_points(self.points, [points for _, points in self._cases])
        return [Case(points=share, **fields) for (fields, _), share in zip(self._cases, shares, strict=True)]

    def case(
        self, name: str, *, points: float | None = None, probe: Callable | str | None = None, **options: Any
    ) -> Callable:
        """Decorate the draw of a case; cases without points share what the others leave."""

        def add(draw: Callable) -> Callable:
            if any(fields["name"] == name for fields, _ in self._cases):
                raise ValueError(f"{self.key}: two cases are called {name!r}")
            source = None if probe is None else source_of(probe)
            self._cases.append(({"name": name, "draw": draw, "probe": source, **options}, points))
            return draw

        return add

    def mistake(self, hint: str, name: str | None = None) -> Callable:
        """Decorate a wrong answer that deserves this hint."""

        def add(answer: Callable) -> Callable:
            if any(m.hint == hint for m in self.mistakes):
                raise ValueError(f"{self.key}: two mistakes have the hint {hint!r}")
            self.mistakes.append(Mistake(name or f"mistake {len(self.mistakes) + 1}", hint, answer))
            return answer

        return add


def exercise(
    *,
    points: float,
    minutes: int,
    difficulty: int = 1,
    forbid: Sequence[str] = (),
    seconds: float = 20.0,
    picture: str = "",
) -> Callable:
    """Decorate a reference: it becomes the `Exercise` of that name, in the chapter of its module."""

    def make(reference: Callable) -> Exercise:
        chapter = reference.__module__.rsplit(".", 1)[-1]
        name, worth = reference.__name__, float(points)
        return Exercise(name, chapter, worth, minutes, reference, difficulty, tuple(forbid), seconds, picture)

    return make


def share_points(total: float, wanted: Sequence[float | None]) -> list[float]:
    """The points of each case: as wanted, the rest shared in half points, the first of them taking what is left over."""
    rest = total - sum(p for p in wanted if p is not None)
    free = sum(p is None for p in wanted)
    if rest < 0 or (rest and not free):
        raise ValueError(f"the cases' points add up to {total - rest:g}, the exercise has {total:g}")
    halves, extra = divmod(round(2 * rest), free) if free else (0, 0)
    shares = []
    for points in wanted:
        if points is None:
            shares.append((halves + (extra > 0)) / 2)
            extra -= 1
        else:
            shares.append(float(points))
    return shares


@dataclass(frozen=True)
class Drawn:
    """A case with its inputs, as one seed draws them."""

    case: Case
    inputs: list
    request: dict


def draw(exercise: Exercise, seed: int) -> list[Drawn]:
    """Fresh inputs for every case; the same for the same seed, whatever else was drawn before."""
    return [
        draw_case(exercise, case, np.random.default_rng(words_of(exercise, number, seed)))
        for number, case in enumerate(exercise.cases)
    ]


def words_of(exercise: Exercise, number: int, seed: int) -> list[int]:
    """What seeds the generator for the case of this number."""
    return [seed & 0xFFFFFFFF, seed >> 32, number, *exercise.key.encode()]


def draw_case(exercise: Exercise, case: Case, rng: np.random.Generator) -> Drawn:
    """One case with the inputs that this generator draws."""
    inputs = list(case.draw(rng))
    # not by a method that a generator may have of its own: this draw is no part of the case
    seed = int(np.random.Generator.integers(rng, 2**31)) if case.seeded else None
    given = inputs if exercise.tensors else arrays(inputs)
    request = probes.request(
        given, gradient=case.gradient, probe=case.probe, seed=seed, forbid=exercise.forbid, seconds=exercise.seconds
    )
    return Drawn(case, inputs, request)
