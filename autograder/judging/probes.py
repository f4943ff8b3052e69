"""How an answer is exercised where the student's code lives: plain data in, plain data out.

A *request* says what to do with an answer, a *record* what came of it; both are plain data (see `values`), so the same
probe serves the student's own kernel, the sandboxed child of the grader, and the reference.

This module runs beside student code and is never trusted with the verdict: it knows no reference and no expected value.
"""

from __future__ import annotations

import dis
import importlib
import inspect
import linecache
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import patches, switches
from .surroundings import TooSlow, by_itself, quiet, random_state, time_limit
from .values import build, materialise, observe

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
patches.keep()  # imported before a notebook's first cell, in a kernel as in the zygote

ADDITIONS = (
    "\n; NodeDef:",
    "\nDetected at node",
    "\nOriginal stack trace",
    "\nStack trace for op",
    ", defined at",
    "If you are looking for numpy-related methods",
)
"""Where in an error's text that begins which says nothing of the student's line."""

MACHINERY = re.compile(r"\{\{function_node [^{}]*\}\} ?|(?<=\]) name: ?\S*(?=\n|$)")
"""What TensorFlow says of its own insides: which kernel on which device, and the name that it gave an op."""


def request(
    inputs: tuple | list,
    *,
    gradient: bool = False,
    probe: str | None = None,
    seed: int | None = None,
    forbid: tuple[str, ...] | list[str] = (),
    seconds: float = 10.0,
) -> dict:
    """One exercise of an answer, as plain data.

    inputs: positional arguments, plain (see `values`). gradient: also the gradient of a fixed weighted sum of the result
    with respect to every float tensor among the inputs. probe: source of a ``def probe(answer, *inputs)`` that is used
    in place of a plain call. seed: seeds TensorFlow's, Keras's, NumPy's and Python's generators first. forbid: dotted
    names that the answer must not reach. seconds: time limit.
    """
    return {
        "inputs": list(inputs),
        "gradient": bool(gradient),
        "probe": probe,
        "seed": seed,
        "forbid": list(forbid),
        "seconds": float(seconds),
    }


def run(answer: Callable, requests: list[dict]) -> list[dict]:
    """Exercise the answer once for every request. After one that ran out of time the rest are not tried."""
    if is_stub(answer):
        return [{"status": "stub"} for _ in requests]
    records: list[dict] = []
    with patches.undone() as theirs:
        changed = patches.told(theirs)
        for asked in requests:
            if records and records[-1]["status"] == "too slow":
                records.append(records[-1])
            else:
                records.append(_run_one(patches.as_made(answer), asked, changed))
    return records


def run_named(namespace: dict, name: str, requests: list[dict]) -> list[dict]:
    """`run` for the answer of that name in a student's namespace; used by the grader's child."""
    if not callable(namespace.get(name)):
        return [{"status": "missing"} for _ in requests]
    return run(namespace[name], requests)


def is_stub(answer: Any) -> bool:
    """True for a function whose body is still empty: a docstring, `...`, `pass`, a bare `return`."""
    function = getattr(answer, "python_function", answer)
    compiled = getattr(function, "__code__", None)
    if compiled is None:
        return False
    seen = [i for i in dis.get_instructions(compiled) if i.opname not in ("RESUME", "NOP", "CACHE", "COPY_FREE_VARS")]
    returned = ("RETURN_VALUE", "RETURN_CONST")
    return (
        len(seen) <= 2
        and seen[-1].opname in returned
        and all(i.opname in (*returned, "LOAD_CONST") for i in seen)
        and seen[0].argval is None
    )


def _run_one(answer: Callable, asked: dict, changed: list[str]) -> dict:
    reached: list[str] = []
    before = switches.state()
    try:
        with quiet(), by_itself(), random_state(asked["seed"]), time_limit(asked["seconds"]):
            record = _exercise(_watched(answer, asked["forbid"], reached), asked)
    except TooSlow:
        record = {"status": "too slow", "seconds": asked["seconds"]}
    except MemoryError:
        record = {"status": "out of memory"}
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever an answer raises is a result, not our failure
        if type(error).__name__ == "ResourceExhaustedError":
            record = {"status": "out of memory"}
        else:
            record = {
                "status": "raised",
                "type": type(error).__name__,
                "message": _message(error),
                "lines": _lines(error),
            }
    if reached:
        record["forbidden"] = sorted(set(reached))
    if thrown := [*changed, *switches.thrown()]:
        record["switches"] = thrown
    if left := switches.left(before):
        record["left"] = left
    return record


def _exercise(answer: Callable, asked: dict) -> dict:
    inputs = [materialise(value) for value in asked["inputs"]]
    before = dict(_mutable(inputs))
    saved = {path: _copy(thing) for path, thing in before.items()}
    lengths = [(path, given, len(given)) for path, given in _lists(inputs)]
    call = build(asked["probe"]) if asked["probe"] else _call
    record: dict[str, Any] = {"status": "ok"}
    if asked["gradient"]:
        import tensorflow as tf

        watched = [
            t for t in tf.nest.flatten(inputs) if isinstance(t, (tf.Tensor, tf.Variable)) and t.dtype.is_floating
        ]
        with tf.GradientTape() as tape:
            tape.watch([t for t in watched if isinstance(t, tf.Tensor)])
            result = call(answer, *inputs)
            total = _weighted_sum(result)
        gradients = [None] * len(watched) if total is None else tape.gradient(total, watched)
        record["gradient"] = observe(gradients)
    else:
        result = call(answer, *inputs)
    record["result"] = observe(result)
    now = dict(_mutable(inputs))
    changed = {path: observe(thing) for path, thing in before.items() if not _same(saved[path], thing)}
    rebound = [path for path, thing in before.items() if now.get(path) is not thing]
    rebound += [path for path, given, length in lengths if len(given) != length]
    record["changed"], record["rebound"] = changed, sorted(rebound)
    return record


def _call(answer: Callable, *inputs: Any) -> Any:
    return answer(*inputs)


def _weighted_sum(result: Any) -> Any:
    """A scalar in which every element of the result counts differently, so that no error cancels in its gradient."""
    import tensorflow as tf

    total = None
    for k, part in enumerate(tf.nest.flatten(result)):
        if isinstance(part, (tf.Tensor, tf.Variable)) and part.dtype.is_floating:
            size = int(tf.size(part))
            weights = np.cos(1.0 + 0.7 * np.arange(size) + k).reshape(part.shape)
            term = tf.reduce_sum(part * tf.constant(weights, part.dtype))
            total = term if total is None else total + tf.cast(term, total.dtype)
    return total


def _mutable(inputs: list) -> Iterator[tuple[str, Any]]:
    """The arrays and variables among the inputs, by their path ("0/2": first argument, third element)."""
    kinds: tuple[type, ...] = (np.ndarray,)
    if "tensorflow" in sys.modules:
        import tensorflow as tf

        kinds += (tf.Variable,)

    def walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
        if isinstance(value, kinds):
            yield path, value
        elif isinstance(value, (list, tuple)):
            for i, part in enumerate(value):
                yield from walk(part, f"{path}/{i}")
        elif isinstance(value, dict):
            for key, part in value.items():
                yield from walk(part, f"{path}/{key}")

    for i, value in enumerate(inputs):
        yield from walk(value, str(i))


def _lists(value: Any, path: str = "") -> Iterator[tuple[str, list]]:
    """The lists among the inputs, by their path; below the outermost, which is ours."""
    for i, part in enumerate(value):
        if isinstance(part, (list, tuple)):
            if isinstance(part, list):
                yield f"{path}{i}", part
            yield from _lists(part, f"{path}{i}/")


def _copy(thing: Any) -> np.ndarray:
    return np.array(thing.numpy() if hasattr(thing, "numpy") else thing)


def _same(saved: np.ndarray, thing: Any) -> bool:
    now = np.asarray(thing.numpy() if hasattr(thing, "numpy") else thing)
    return now.shape == saved.shape and now.dtype == saved.dtype and now.tobytes() == saved.tobytes()


def _message(error: BaseException) -> str:
    """What an error says, without what TensorFlow adds: files inside a graph, and advice that leads elsewhere."""
    text = MACHINERY.sub("", str(error)[:10_000])
    for addition in ADDITIONS:
        text = text.partition(addition)[0]
    lines = text.splitlines()
    if text.startswith(
        "in user code:"
    ):  # of a function that TensorFlow traced: a traceback in text form, then the error
        said = [n for n, line in enumerate(lines) if line[:4].isspace() and line[4:5].strip() and line[4:9] != "File "]
        lines = [lines[said[0]].partition(": ")[2], *lines[said[0] + 1 :]] if said else lines
    return "\n".join(line.strip() for line in lines)[:1000].strip()


def _lines(error: BaseException) -> list[list]:
    """The answer's own lines in a traceback, outermost first: [function, line number, text]. Nothing of ours, no paths."""
    lines = []
    traceback = error.__traceback__
    while traceback:
        frame = traceback.tb_frame
        name = frame.f_code.co_filename
        if not name.startswith((PACKAGE, "<frozen", "<probe>")) and f"{os.sep}site-packages{os.sep}" not in name:
            if f"{os.sep}lib{os.sep}python" not in name and "__autograph_generated" not in name:
                text = linecache.getline(name, traceback.tb_lineno, frame.f_globals).strip()
                lines.append([frame.f_code.co_name, traceback.tb_lineno, text[:200]])
        traceback = traceback.tb_next
    return lines[-5:]


def resolve(dotted: str) -> Any:
    """The object a dotted name of `forbid` means: "tf.nn.softmax", "np.linalg.norm", "scipy.special.softmax".

    Raises ImportError, AttributeError.
    """
    head, *rest = dotted.split(".")
    thing: Any = importlib.import_module({"tf": "tensorflow", "np": "numpy"}.get(head, head))
    for part in rest:
        if not hasattr(thing, part) and inspect.ismodule(thing):
            importlib.import_module(f"{thing.__name__}.{part}")
        thing = getattr(thing, part)
    return thing


def codes_of(function: Any) -> set:
    """The code objects that only this function runs. TensorFlow's wrappers share theirs among all ops: they are no evidence."""
    if isinstance(function, type):
        members = [vars(function).get(name) for name in ("__init__", "__call__", "call")]
        return {m.__code__ for m in members if hasattr(m, "__code__")}
    if "tensorflow" in sys.modules:
        from tensorflow.python.util import tf_decorator

        function = tf_decorator.unwrap(function)[1]
    inner = inspect.unwrap(function)
    inner = getattr(inner, "__func__", inner)
    return {inner.__code__} if hasattr(inner, "__code__") else set()


def _watched(answer: Callable, forbid: list[str], reached: list[str]) -> Callable:
    """The answer, noting which forbidden functions it enters, under whatever name it calls them."""
    if not forbid:
        return answer
    names = {compiled: dotted for dotted in reversed(forbid) for compiled in codes_of(resolve(dotted))}

    def profile(frame: Any, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code in names:
            reached.append(names[frame.f_code])

    def watched(*arguments: Any, **named: Any) -> Any:
        previous = sys.getprofile()
        threading.setprofile(profile)  # of threads that the answer starts
        sys.setprofile(profile)
        try:
            return answer(*arguments, **named)
        finally:
            sys.setprofile(previous)
            threading.setprofile(previous)

    return watched
