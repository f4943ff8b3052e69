"""`check`: what a student's check cell calls."""

from __future__ import annotations

from typing import Any

from .probes import quiet
from .verdict import Verdict

with quiet():
    # TensorFlow logs to stderr when it is imported and when it looks for a GPU. A notebook imports `check` first, so that
    # a lesson does not open with ten lines about drivers, and nothing of it falls into a check cell later.
    import tensorflow as tf

    tf.config.list_physical_devices()

from .exercise import UnknownExercise, find  # noqa: E402
from .judging import judge  # noqa: E402


def check(answer: Any) -> Verdict:
    """Check an answer against its exercise, found by the function's name. Raises nothing, so that "Run All" goes on."""
    name = getattr(answer, "__name__", None)
    if not callable(answer) or not isinstance(name, str):
        text = f"check() wants the function you wrote, not {type(answer).__name__}."
        return Verdict("?", "wrong", 0.0, 0.0, message=text)
    with quiet():
        try:
            exercise = find(name)
        except UnknownExercise as error:
            text = f"{str(error).capitalize()}. Did you rename the function?"
            return Verdict(name, "wrong", 0.0, 0.0, message=text)
        return judge(exercise, answer)
