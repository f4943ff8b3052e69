"""Runs untrusted cells: a zygote that imported TensorFlow, its sandboxed children, and an inert wire. Knows nothing of grading.

    with Zygote() as zygote, zygote.fork(workdir) as child:
        result = child.run("x = 1 + 1")
        value = child.call("module:function", plain, arguments)

Reading order: `zygote` and `child` (the owner's side), `forkserver` (the zygote's process), `inside` and `shell` (the
child's), the room `sandbox` with its layers, `wire` and `frames` between them all.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "Zygote": "zygote",
    "ZygoteError": "zygote",
    "Trusted": "zygote",
    "child_request": "zygote",
    "DEFAULT_PRELOAD": "zygote",
    "Child": "child",
    "ChildError": "child",
    "CellResult": "child",
    "Usage": "processes",
    "Limits": "sandbox.policy",
    "Policy": "sandbox.policy",
    "Layer": "sandbox.policy",
    "SandboxReport": "sandbox.policy",
    "Tagged": "wire",
    "WireError": "wire",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Loaded when asked for: a student's kernel needs the wire alone."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
