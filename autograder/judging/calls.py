"""Which calls a case makes of an answer, as plain inputs: what a student can paste into a cell.

A case without a probe makes one, with what it has drawn. A probe calls an answer as it likes, several times, with parts of what
was drawn, or with what came back before. So it is run once more on the reference, and every call is written down.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from . import surroundings, switches
from .exercise import Drawn, Exercise
from .values import Tagged, build, materialise, raw, variable

MOST = 40  # calls: a probe that makes more shows nothing by them


class Unwritable(Exception):
    """An argument that no expression of a few words makes: a session, a folder, a part of a graph."""


class Enough(Exception):
    """As many calls as were asked for."""


def calls_of(exercise: Exercise, drawn: Drawn) -> list[list]:
    """The inputs of each call that a case makes; none if one of them cannot be written down."""
    try:
        return _recorded(exercise, drawn, MOST)
    except (Unwritable, Enough):
        return []


def writable(exercise: Exercise, drawn: Drawn) -> bool:
    """Can the first call that a case makes be written down? If not, no other draw of the case makes one that can."""
    try:
        _recorded(exercise, drawn, 0)
    except Unwritable:
        return False
    except Enough:
        pass
    return True


def _recorded(exercise: Exercise, drawn: Drawn, most: int) -> list[list]:
    """The inputs of each call. Raises Unwritable, or Enough where there are more calls than `most`."""
    probe = drawn.request["probe"]
    if probe is None:
        return [drawn.request["inputs"]]
    tf = sys.modules.get("tensorflow")  # where it is not imported, nothing is an object of its

    calls: list[list] = []
    known: dict[int, tuple[Any, Tagged]] = {}  # what was made for this case, and of what

    def make(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(make(part) for part in value)
        if isinstance(value, dict):
            return {key: make(part) for key, part in value.items()}
        thing = materialise(value)
        if isinstance(value, Tagged) and value.tag in ("code", "made"):
            known[id(thing)] = thing, value
        return thing

    def plain(thing: Any) -> Any:
        if id(thing) in known:
            return known[id(thing)][1]
        if thing is None or type(thing) in (bool, int, float, str):
            return thing
        if isinstance(thing, np.ndarray):
            return raw(np.array(thing))
        if isinstance(thing, np.generic):
            return Tagged("scalar", np.asarray(thing))
        if tf and isinstance(thing, tf.Variable):
            return variable(thing.numpy())
        if tf and isinstance(thing, tf.Tensor) and hasattr(thing, "numpy"):
            return np.asarray(thing.numpy())
        if type(thing) in (list, tuple):
            return type(thing)(plain(part) for part in thing)
        if type(thing) is dict and all(type(key) is str for key in thing):
            return {key: plain(part) for key, part in thing.items()}
        raise Unwritable(type(thing).__name__)

    def recorder(*arguments: Any) -> Any:
        calls.append([plain(argument) for argument in arguments])
        if len(calls) > most:
            raise Enough
        return exercise.reference(*arguments)

    with switches.as_it_comes(), surroundings.quiet():
        build(probe)(recorder, *[make(value) for value in drawn.request["inputs"]])
    return calls
