"""Plain data that stands for TensorFlow objects: what a case draws, and what an answer's result becomes.

A case draws *inputs* as plain data. Before an answer is called they are *materialised* where the answer lives:

=====================  ==========================================================================
plain                  what the answer receives
=====================  ==========================================================================
NumPy array or scalar   a ``tf.Tensor`` of the same dtype and shape; in a course about NumPy alone, what it is
``raw(array)``         the NumPy array itself (a fresh copy)
``variable(array)``    a fresh ``tf.Variable``
``code(function)``     that function, rebuilt from its source text
``made(function, …)``  what the function returns for these (materialised) arguments, built on the spot
list, tuple, dict      the same, element by element
anything else          itself (int, float, str, bool, None)
=====================  ==========================================================================

What comes back is *observed*: turned into plain data again, so that it can cross to another process and be compared
there. Only data ever crosses; source text goes in one direction, from the grader to the answer.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import inspect
import io
import sys
import textwrap
from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np

from ..execution.wire import Tagged

MAX_ELEMENTS = 2_000  # of a dataset: an endless one must still come back
MAX_TEXT = 2_000


def raw(array: Any) -> Tagged:
    """The NumPy array itself, not a tensor."""
    return Tagged("array", np.asarray(array))


def arrays(value: Any) -> Any:
    """A plain value with all its arrays `raw`, as an answer receives them in a course about NumPy alone."""
    if isinstance(value, np.generic):
        return Tagged("scalar", np.asarray(value))
    if isinstance(value, np.ndarray):
        return raw(value)
    if isinstance(value, Tagged) and value.tag == "made":
        source, arguments = value.value
        return Tagged("made", (source, arrays(arguments)))
    if isinstance(value, (list, tuple)):
        return type(value)(map(arrays, value))
    if isinstance(value, dict):
        return {key: arrays(part) for key, part in value.items()}
    return value


def variable(array: Any) -> Tagged:
    """A fresh ``tf.Variable`` with this value."""
    return Tagged("variable", np.asarray(array))


def code(function: Callable | str) -> Tagged:
    """A function, sent as source text: a ``def`` of a chapter module, or the text of a lambda.

    The text may use ``tf``, ``np`` and ``keras`` and its own arguments, nothing else of its module.
    """
    return Tagged("code", source_of(function))


def made(function: Callable | str, *arguments: Any) -> Tagged:
    """What ``function(*arguments)`` returns, built where the answer lives (a model, an optimizer, a dataset, a graph)."""
    return Tagged("made", (source_of(function), list(arguments)))


def source_of(function: Callable | str, *helpers: Callable) -> str:
    """The source text of a function without its decorators, below it that of others which it calls; a text is passed through."""
    if helpers:
        return "\n\n".join(map(source_of, (function, *helpers)))
    if isinstance(function, str):
        return function
    lines = textwrap.dedent(inspect.getsource(function)).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("def "))
    return "\n".join(lines[start:])


@functools.lru_cache(maxsize=256)
def build(source: str) -> Callable:
    """The function that a source text defines. The text is the grader's own; it is never taken from an answer."""
    function = source.startswith("def ")
    compiled = compile(source, "<probe>", "exec" if function else "eval")
    used = _names_in(compiled)
    names: dict[str, Any] = {"__builtins__": builtins, "np": np}
    names |= {name: importlib.import_module(module) for name, module in LARGE.items() if name in used}
    if function:
        exec(compiled, names)  # noqa: S102
        return names[source[4 : source.index("(")].strip()]
    return eval(compiled, names)  # noqa: S307


LARGE = {"tf": "tensorflow", "keras": "keras"}
"""What a source text may use and is imported only where one does."""


def _names_in(compiled: CodeType) -> set[str]:
    """The names that a code object and those within it look up."""
    inner = [constant for constant in compiled.co_consts if isinstance(constant, CodeType)]
    return set(compiled.co_names).union(*map(_names_in, inner))


def materialise(value: Any) -> Any:
    """Plain data → what the answer receives. Every call makes fresh objects."""
    if isinstance(value, (np.ndarray, np.generic)):
        return _tensorflow().constant(value)
    if isinstance(value, Tagged):
        if value.tag == "array":
            return np.array(value.value)
        if value.tag == "scalar":
            return np.asarray(value.value)[()]
        if value.tag == "tensor":
            return _tensorflow().constant(value.value)
        if value.tag == "variable":
            return _tensorflow().Variable(value.value)
        if value.tag == "code":
            return build(value.value)
        if value.tag == "made":
            source, arguments = value.value
            return build(source)(*[materialise(a) for a in arguments])
        raise ValueError(f"no input is called {value.tag!r}")
    if isinstance(value, (list, tuple)):
        return type(value)(materialise(v) for v in value)
    if isinstance(value, dict):
        return {k: materialise(v) for k, v in value.items()}
    return value


def _tensorflow() -> Any:
    import tensorflow as tf

    return tf


def observe(value: Any, depth: int = 0) -> Any:
    """Any object → plain data: what of it can be compared elsewhere.

    Tensors and variables become ``Tagged("tensor" | "variable", array)``, arrays stay arrays, a dataset becomes the list
    of its elements, a Keras model its layers and parameters, a figure its axes, a graph its serialised GraphDef.
    What has no plain form becomes ``Tagged("other", type name)``.
    """
    if value is None or type(value) in (bool, int, float, str, bytes, complex):
        return value
    if depth > 6:
        return Tagged("other", "too deeply nested")
    if isinstance(value, Tagged):
        return value
    if isinstance(value, np.generic):
        return np.asarray(value)
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "biufcSU" else Tagged("other", f"array of dtype {value.dtype}")
    if "tensorflow" in sys.modules:  # else nothing can be an object of its
        found = _of_tensorflow(value, depth)
        if found is not None:
            return found
    if isinstance(value, (list, tuple)):
        return (
            type(value)(observe(v, depth + 1) for v in value)
            if type(value) in (list, tuple)
            else [observe(v, depth + 1) for v in value]
        )
    if isinstance(value, dict):
        return {str(k): observe(v, depth + 1) for k, v in value.items()}
    if isinstance(value, (int, float)):  # a subclass: its value counts, not what it says of itself
        return int.__int__(value) if isinstance(value, int) else float.__float__(value)
    figure = _figure(value)
    if figure is not None:
        return figure
    return Tagged("other", type(value).__name__)


def _of_tensorflow(value: Any, depth: int) -> Tagged | None:
    """An object of TensorFlow's or Keras's as plain data; None if it is none."""
    import keras
    import tensorflow as tf

    if isinstance(value, tf.IndexedSlices):
        value = tf.convert_to_tensor(value)
    if isinstance(value, tf.Variable) or isinstance(value, keras.Variable):
        return Tagged("variable", _array(value))
    if isinstance(value, tf.Tensor):
        return Tagged("tensor", _array(value)) if hasattr(value, "numpy") else Tagged("symbolic tensor", value.name)
    if isinstance(value, tf.data.Dataset):
        return Tagged("dataset", [observe(e, depth + 1) for e in value.take(MAX_ELEMENTS)])
    if isinstance(value, keras.Model):
        return Tagged("model", _model(value))
    if isinstance(value, tf.Graph):
        return Tagged("graph", value.as_graph_def().SerializeToString())
    return None


def _array(tensor: Any) -> np.ndarray:
    array = np.asarray(tensor.numpy())
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _model(model: Any) -> dict:
    layers = []
    for layer in model.layers:
        activation = getattr(layer, "activation", None)
        layers.append(
            {
                "class": type(layer).__name__,
                "units": getattr(layer, "units", None),
                "activation": getattr(activation, "__name__", None),
                "weights": [list(w.shape) for w in layer.weights],
            }
        )
    return {"class": type(model).__name__, "built": bool(model.built), "layers": layers}


def _figure(value: Any) -> Tagged | None:
    """A matplotlib figure as data: its axes in order, with position, title and the images and lines they hold."""
    if "matplotlib.figure" not in sys.modules or not isinstance(value, sys.modules["matplotlib.figure"].Figure):
        return None
    axes = []
    for ax in value.axes:
        box = ax.get_position()
        axes.append(
            {
                "box": [round(float(v), 4) for v in (box.x0, box.y0, box.x1, box.y1)],
                "title": str(ax.get_title())[:MAX_TEXT],
                "images": [np.asarray(image.get_array()) for image in ax.get_images()],
                "lines": [np.asarray(line.get_xydata(), dtype=float) for line in ax.get_lines()],
            }
        )
    buffer = io.BytesIO()
    value.savefig(buffer, format="png", dpi=50)
    return Tagged(
        "figure", {"axes": axes, "size": [float(v) for v in value.get_size_inches()], "png": buffer.getvalue()}
    )
