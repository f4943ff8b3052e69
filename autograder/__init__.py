"""TensorFlow from first principles: exercises that grade themselves.

In a notebook: ``from autograder import check, claim, ready``; at its end, ``progress`` and ``hand_in``. In a script: ``exercises()`` and ``judge(exercise, answer, seed)``.
"""

from __future__ import annotations

import os

from .judging.claims import claim
from .judging.verdict import Verdict

__all__ = [
    "Case",
    "Exercise",
    "Mistake",
    "Verdict",
    "check",
    "claim",
    "exercises",
    "hand_in",
    "judge",
    "progress",
    "ready",
]

_LAZY = {
    "Case": "judging.exercise",
    "Exercise": "judging.exercise",
    "Mistake": "judging.exercise",
    "exercises": "judging.registry",
    "judge": "judging.judge",
    "check": "judging.check",
    "ready": "judging.check",
    "progress": "desk.progress",
    "hand_in": "desk.hand_in",
}


def __getattr__(name: str):
    """Load on first use: ``course --help`` need not wait for NumPy, nor a lesson for the chapters."""
    if name in ("check", "ready", "progress", "hand_in") and os.environ.get("AUTOGRADER_CHILD"):
        return _not_here  # in the grader's child: the check cells run elsewhere
    if name in _LAZY:
        from importlib import import_module

        value = getattr(import_module(f".{_LAZY[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _not_here(*answers: object, **options: object) -> None:
    """`check` and what else looks at verdicts in the grader's child, where they do nothing: neither references nor verdicts are to be had there."""
