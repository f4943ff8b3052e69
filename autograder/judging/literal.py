"""Plain inputs as Python that a student can paste into a cell: `mse_onehot(tf.constant([1]), tf.constant([[1., 0.]]))`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..execution.wire import Tagged

LONGEST = 600  # characters: what is longer is not shown
IMPLIED = ("float32", "int32", "bool")  # dtypes that tf.constant gives by itself
LINES = 8  # of a function that an input is, or is made by
FEW = 16  # elements: of a larger array that is all the same, but for some, only these are told
SOME = 6  # such elements at most


def call(name: str, *calls: list) -> str:
    """The call of a function with these inputs, or one after the other, after what they need: functions, and large arrays.

    Empty where it would be too long.
    """
    needed: dict[str, str] = {}
    lines = [f"{name}({', '.join(literal(value, needed) for value in inputs)})" for inputs in calls]
    text = "\n".join([*needed.values(), *lines])
    return text if len(text) <= LONGEST and all(len(d.splitlines()) <= LINES for d in needed.values()) else ""


def literal(value: Any, needed: dict[str, str]) -> str:
    """One input as an expression. needed: takes up what has to stand before it, functions and arrays, by name."""
    if isinstance(value, Tagged):
        return _tagged(value, needed)
    if isinstance(value, (np.ndarray, np.generic)):
        return _array("tf.constant", np.asarray(value), needed)
    if isinstance(value, list):
        return f"[{', '.join(literal(v, needed) for v in value)}]"
    if isinstance(value, tuple):
        return f"({', '.join(literal(v, needed) for v in value)}{',' * (len(value) == 1)})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k!r}: {literal(v, needed)}' for k, v in value.items())}}}"
    return _number(value) if isinstance(value, float) else repr(value)


def _tagged(value: Tagged, needed: dict[str, str]) -> str:
    if value.tag == "array":
        array = np.asarray(value.value)
        if array.size == 0 and array.ndim > 1:
            return f"np.zeros({list(array.shape)}, {array.dtype.name!r})"
        if filled := _filled(array, needed):
            return filled
        natural = np.asarray(array.tolist()).dtype == array.dtype
        return f"np.array({_nested(array)}{'' if natural else f', {array.dtype.name!r}'})"
    if value.tag == "scalar":
        return f"np.{value.value.dtype.name}({_nested(np.asarray(value.value))})"
    if value.tag in ("tensor", "variable"):
        return _array("tf.Variable" if value.tag == "variable" else "tf.constant", np.asarray(value.value), needed)
    if value.tag == "code":
        return _function(value.value, needed)
    if value.tag == "made":
        source, arguments = value.value
        function = _function(source, needed)
        function = f"({function})" if function.startswith("lambda") else function
        return f"{function}({', '.join(literal(a, needed) for a in arguments)})"
    return f"<{value.tag}>"


def _function(source: str, needed: dict[str, str]) -> str:
    if not source.startswith("def "):
        return source
    name = source[4 : source.index("(")].strip()
    return _named(
        name if name != "_" else "given", lambda shown: source.replace(f"def {name}(", f"def {shown}(", 1), needed
    )


def _named(wanted: str, text: Callable[[str], str], needed: dict[str, str]) -> str:
    """The name under which this text stands in `needed`: the wanted one, or, if that stands for another, with a number."""
    names = [wanted, *(f"{wanted}_{number}" for number in range(2, len(needed) + 2))]
    return next(name for name in names if needed.setdefault(name, text(name)) == text(name))


def _filled(array: np.ndarray, needed: dict[str, str]) -> str:
    """A large array that is the same nearly everywhere, by its shape and the few elements that differ; else nothing."""
    if array.size <= FEW or array.dtype.kind not in "biuf":
        return ""
    values, counts = np.unique(array, return_counts=True)
    if array.size - counts.max() > SOME:
        return ""
    same = values[counts.argmax()]
    value = f", {_nested(same)}" if same else ""
    filled = f"np.{'full' if same else 'zeros'}({array.shape}{value}, {array.dtype.name!r})"
    others = np.argwhere((array != same) & ~((array != array) & (same != same)))  # NaN is the same as NaN here
    if not len(others):
        return filled

    def told(name: str) -> str:
        return "\n".join(
            [f"{name} = {filled}", *(f"{name}{place.tolist()} = {_nested(array[tuple(place)])}" for place in others)]
        )

    return _named("given", told, needed)


def _array(function: str, array: np.ndarray, needed: dict[str, str]) -> str:
    if array.size == 0:
        return f"tf.zeros({list(array.shape)}, tf.{array.dtype.name})"
    if filled := _filled(array, needed):
        return f"{function}({filled})"
    implied = array.dtype.name in IMPLIED
    return f"{function}({_nested(array)}{'' if implied else f', tf.{array.dtype.name}'})"


def _nested(array: np.ndarray) -> str:
    if array.ndim:
        return f"[{', '.join(_nested(part) for part in array)}]"
    return _number(array[()]) if array.dtype.kind == "f" else repr(array.item())


def _number(value: Any) -> str:
    number = float(value)
    if math.isnan(number):
        return "np.nan"
    if math.isinf(number):
        return "np.inf" if number > 0 else "-np.inf"
    text = str(value)  # of a float32 the fewest digits that give it again
    return text[:-1] if text.endswith(".0") and len(text) < 12 else text
