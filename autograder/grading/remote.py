"""What a check cell needs of the student's names, done where they live. Runs in the grader's child; plain data in and out.

A callable, or whatever else has no plain form, stays here; the other side holds a *handle*, its number in a table.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from ..execution.wire import Tagged, WireError, encode
from ..judging import probes
from ..judging.values import materialise, observe

HANDLES = "__autograder_handles__"


def get(namespace: dict, name: str) -> dict:
    """What a name stands for: {"kind": "missing" | "handle" | "value", …}."""
    if name not in namespace:
        return {"kind": "missing"}
    return _out(namespace, namespace[name])


def call(namespace: dict, handle: int, arguments: list, named: dict) -> dict:
    """Call what a handle stands for; whatever it raises goes to the caller.

    With the answer comes what the call has made of lists, dicts and arrays among the positional arguments: "changed", the
    argument's number → its new value.
    """
    function = _table(namespace)[handle]
    given = [_in(namespace, a) for a in arguments]
    mutable = {number: value for number, value in enumerate(given) if isinstance(value, (list, dict, np.ndarray))}
    before = {number: encode(observe(value)) for number, value in mutable.items()}
    answer = _out(namespace, function(*given, **{k: _in(namespace, v) for k, v in named.items()}))
    changed = {}
    for number, value in mutable.items():
        with contextlib.suppress(WireError):  # it holds by now what cannot travel
            if encode(after := observe(value)) != before[number]:
                changed[number] = after
    return {**answer, "changed": changed}


def attribute(namespace: dict, handle: int, name: str) -> dict:
    """An attribute of what a handle stands for."""
    return _out(namespace, getattr(_table(namespace)[handle], name))


def assign(namespace: dict, name: str, value: Any) -> None:
    """Give a name to a value, or back to what a handle stands for."""
    namespace[name] = _in(namespace, value)


def delete(namespace: dict, name: str) -> None:
    """Forget a name."""
    namespace.pop(name, None)


def probe(namespace: dict, handle: int, requests: list[dict]) -> list[dict]:
    """Exercise an answer (see `probes`)."""
    return probes.run(_table(namespace)[handle], requests)


def _table(namespace: dict) -> list:
    return namespace.setdefault(HANDLES, [])


def _in(namespace: dict, value: Any) -> Any:
    """A plain argument as the student's function receives it: arrays stay arrays, tensors become tensors."""
    if isinstance(value, Tagged) and value.tag == "handle":
        return _table(namespace)[value.value]
    if isinstance(value, Tagged):
        return materialise(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_in(namespace, v) for v in value)
    if isinstance(value, dict):
        return {k: _in(namespace, v) for k, v in value.items()}
    return value


def _out(namespace: dict, value: Any) -> dict:
    if type(value).__module__ == "builtins" and isinstance(value, (list, tuple, dict)) or not callable(value):
        plain = observe(value)
        if not (isinstance(plain, Tagged) and plain.tag in ("other", "model", "figure", "graph", "symbolic tensor")):
            return {"kind": "value", "value": plain}
    table = _table(namespace)
    table.append(value)
    return {"kind": "handle", "handle": len(table) - 1, "type": type(value).__name__, "callable": callable(value)}
