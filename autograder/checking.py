"""`check`: what a student's check cell calls."""

from __future__ import annotations

from typing import Any

from .exercise import UnknownExercise, find
from .judging import judge
from .probes import quiet
from .verdict import Verdict


def check(answer: Any) -> Verdict:
    """Check an answer against its exercise, found by the function's name. Raises nothing, so that "Run All" goes on."""
    name = getattr(answer, "__name__", None)
    if not callable(answer) or not isinstance(name, str):
        return Verdict(
            "?", "wrong", 0.0, 0.0, message=f"check() wants the function you wrote, not {type(answer).__name__}."
        )
    with quiet():  # the first use of TensorFlow writes to stderr, which would cost the cell its points under nbgrader
        try:
            exercise = find(name)
        except UnknownExercise as error:
            return Verdict(name, "wrong", 0.0, 0.0, message=f"{str(error).capitalize()}. Did you rename the function?")
        return judge(exercise, answer)
