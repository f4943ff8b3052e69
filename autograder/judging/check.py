"""`check`: what a student's check cell calls."""

from __future__ import annotations

import dis
import os
from dataclasses import replace
from types import ModuleType
from typing import Any

from .probes import quiet
from .verdict import Verdict

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # how much C++ code logs later on; read while TensorFlow is imported
with quiet():
    # TensorFlow logs to stderr when it is imported and when it looks for a GPU. A notebook imports `check` first, so that
    # a lesson does not open with ten lines about drivers, and nothing of it falls into a check cell later.
    import tensorflow as tf

    tf.config.list_physical_devices()

from .judge import judge  # noqa: E402
from .registry import UnknownExercise, find  # noqa: E402


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
        verdict = judge(exercise, answer)
    if borrowed := borrowed_names(answer):
        text = (
            f"Your function takes {' and '.join(borrowed)} from outside of itself. A lesson's variables are not there "
            "when you are graded: use the arguments, or define what you need in the cell of your answer."
        )
        verdict = replace(verdict, message=f"{verdict.message}\n{text}".strip())
    return verdict


def ready(*answers: Any) -> bool:
    """Are these answers right, so that a lesson can go on with them? If not, a line says which ones it waits for.

    if ready(clip_global, clipped_step):
        pictures.saved_run(...)
    """
    verdicts = [check(answer) for answer in answers]
    if waiting := [verdict.name for verdict in verdicts if not verdict.passed]:
        names = " and ".join(f"`{name}`" for name in waiting)
        print(f"This cell runs on what you write yourself. It waits for {names}: solve, then run it again.")
    return not waiting


def borrowed_names(answer: Any) -> list[str]:
    """The data, not functions or modules, that a function takes from its notebook's variables. Constants in CAPITALS are its own."""
    function = getattr(answer, "python_function", answer)
    if not hasattr(function, "__code__"):
        return []
    codes, names = [function.__code__], []
    for code in codes:
        codes += [c for c in code.co_consts if hasattr(c, "co_names")]
        names += [i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"]
    data = {n: function.__globals__[n] for n in names if n in function.__globals__ and not n.isupper()}
    return sorted(n for n, v in data.items() if not callable(v) and not isinstance(v, ModuleType))
