"""`check`: what a student's check cell calls."""

from __future__ import annotations

import ast
import contextlib
import linecache
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .library import without_tensorflow
from .surroundings import quiet
from .topics import course_around
from .verdict import Verdict

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # how much C++ code logs later on; read while TensorFlow is imported
if not without_tensorflow(course_around()):
    with quiet():
        # TensorFlow logs to stderr when it is imported and when it looks for a GPU. A notebook imports `check` first, so
        # that a lesson does not open with ten lines about drivers, and nothing of it falls into a check cell later.
        import tensorflow as tf

        tf.config.list_physical_devices()

from . import ledger, patches  # noqa: E402
from .judge import judge_fresh  # noqa: E402
from .notes import note  # noqa: E402
from .registry import BrokenExercises, UnknownExercise, find  # noqa: E402

SECONDS = 0.25  # for the draws of one check: with all that is around them less than a third of a second
DEEP = 1000  # calls within calls that a check must be able to make
patches.keep()  # now that TensorFlow and Keras are there, too
ledger.keep()


def check(answer: Any) -> Verdict:
    """Check an answer against its exercise, found by the name in the check cell. Raises nothing, so that "Run All" goes on."""
    frame, name = sys._getframe(1), None
    with _untouched():
        try:
            name = _name_in_call(frame) or getattr(answer, "__name__", None)
            verdict = _check(answer, name)
            note(verdict)
        except Exception as error:  # noqa: BLE001  a notebook may break what we stand on, in ways that nobody foresaw
            text = f"{type(error).__name__}: {error}"[:300]
            return Verdict(str(name or "?"), "grader's fault", 0.0, 0.0, message=_impossible(text))
    return verdict


def ready(*answers: Any) -> bool:
    """Are these answers right, so that a lesson can go on with them? If not, a line says which ones it waits for.

    if ready(clip_global, clipped_step):
        pictures.saved_run(...)
    """
    with _untouched():
        names = _names_in_call(sys._getframe(1), "ready")
        if len(names) != len(answers):
            names = [getattr(answer, "__name__", None) for answer in answers]
        verdicts = [_check(answer, name) for answer, name in zip(answers, names, strict=True)]
    if waiting := [verdict.name for verdict in verdicts if not verdict.passed]:
        *others, last = [f"`{name}`" for name in waiting]
        told = f"{', '.join(others)} and {last}" if others else last
        print(f"This cell runs on what you write yourself. It waits for {told}: solve, then run it again.")
    return not waiting


def _check(answer: Any, name: str | None) -> Verdict:
    if not callable(answer) or not isinstance(name, str):
        text = f"check() wants the function you wrote, not {type(answer).__name__}."
        return Verdict("?", "wrong", 0.0, 0.0, message=text)
    kept = ledger.ledger()
    with quiet():
        try:
            exercise = find(name)
        except UnknownExercise as error:
            text = f"{str(error).capitalize()}. Did you rename the function?"
            return Verdict(name, "wrong", 0.0, 0.0, message=text)
        except BrokenExercises as error:
            return Verdict(name, "wrong", 0.0, 0.0, message=f"Nothing can be checked: {error}")
        if kept is not None and (stale := kept.stale(name)):
            return Verdict(exercise.key, "crashed", 0.0, exercise.points, message=stale)
        with kept.as_graded() if kept is not None else contextlib.nullcontext():
            verdict = judge_fresh(exercise, answer, SECONDS)
    if verdict.outcome == "grader's fault":
        return replace(verdict, points=0.0, message=_impossible(verdict.message))
    if kept is None or not ledger.notebook_cells():  # nobody can tell which cells are a lesson's
        if borrowed := ledger.borrowed(answer, getattr(answer, "__globals__", {})):
            text = (
                f"Your function takes {' and '.join(borrowed)} from outside of itself. A lesson's variables are not there "
                "when you are graded: use the arguments, or define what you need in the cell of your answer."
            )
            return replace(verdict, message=f"{verdict.message}\n{text}".strip())
        return verdict
    missing = kept.missing_for(answer, name)
    if missing:
        verdict = replace(verdict, message=f"{verdict.message}\n{_told(name, missing)}".strip())
        if name in missing:  # the answer itself is a lesson's, or is made of what a lesson has made
            verdict = replace(verdict, outcome="crashed", points=0.0, mistake=None, cases=())
    return verdict


def _impossible(why: str) -> str:
    what = "TensorFlow, Keras or NumPy" if "tensorflow" in sys.modules else "NumPy"
    return (
        f"Something in this notebook has changed {what} so that nothing can be judged here. Restart the kernel, and run the "
        f"setup cell and your answer. If this stays, the exercise is at fault, not you: tell your teacher.\n{why}"
    )


@contextlib.contextmanager
def _untouched() -> Iterator[None]:
    """Meanwhile the libraries as they come, and as many calls within calls as a check needs, whatever limit a notebook has set."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, DEEP))
    try:
        with patches.undone():
            yield
    finally:
        with contextlib.suppress(RecursionError):  # we are deeper than the notebook allows
            sys.setrecursionlimit(limit)


def _told(name: str, missing: dict[str, ledger.Origin]) -> str:
    """What to do about names that the grader will not have."""
    lines = []
    for used, origin in missing.items():
        if origin.own:
            lines.append(
                f"`{used}` is made with `{origin.title}`, which a lesson's cell defines. Lesson cells are not run when you are "
                f"graded: there, the cell of `{used}` stops. Copy what you need into it."
            )
        else:
            lines.append(
                f"`{used}` comes from the lesson's cell that begins «{origin.title}». Lesson cells are not run when you are "
                f"graded: copy what you need into the cell of `{name}`."
            )
    return "\n".join(lines)


def _name_in_call(frame: Any) -> str | None:
    """The name between the parentheses of the call `check(name)` that this frame is in; None if it is no plain name."""
    names = _names_in_call(frame, "check")
    return names[0] if len(names) == 1 else None


def _names_in_call(frame: Any, function: str) -> list[str]:
    source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", None)) == function:
            if node.lineno <= frame.f_lineno <= (node.end_lineno or node.lineno):
                plain = [argument.id for argument in node.args if isinstance(argument, ast.Name)]
                return plain if len(plain) == len(node.args) else []
    return []
