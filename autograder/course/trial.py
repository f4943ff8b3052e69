"""`course try`: judge the answers in a notebook or a Python file from the terminal, without a gradebook."""

from __future__ import annotations

import functools
import linecache
from pathlib import Path

from ..judging import probes
from ..judging.exercise import Exercise
from ..judging.judge import explained, judge_with
from ..judging.registry import UnknownExercise, exercises, find
from ..judging.verdict import Verdict
from .cells import graded, is_check, is_lesson
from .folder import CourseError
from .notebooks import read_notebook


def try_file(path: Path, wanted: tuple[str, ...] = (), seed: int = 0) -> list[Verdict]:
    """The verdict of every exercise that the file answers (or of those named). The file's own code runs in this process."""
    try:
        names = [find(name) for name in wanted]
    except UnknownExercise as error:
        raise CourseError(str(error)) from None
    namespace = run_cells(path)
    chosen: list[Exercise] = names or [e for e in exercises().values() if callable(namespace.get(e.name))]
    if not chosen:
        raise CourseError(f"{path} defines no function with the name of an exercise")
    missing = [e.name for e in chosen if not callable(namespace.get(e.name))]
    if missing:
        raise CourseError(f"{path} defines no function called {missing[0]}")
    verdicts = []
    for exercise in chosen:
        ask = functools.partial(probes.run, namespace[exercise.name])
        verdicts.append(explained(exercise, ask, seed, judge_with(exercise, ask, seed)))
    return verdicts


def run_cells(path: Path) -> dict:
    """Run a Python file, or a notebook's cells except lessons and checks; the names they define."""
    from IPython.core.inputtransformer2 import TransformerManager

    if path.suffix == ".ipynb":
        cells = [c for c in read_notebook(path).cells if c.cell_type == "code" and not is_lesson(c) and not is_check(c)]
        sources = [(graded(c).get("grade_id") or c.get("id", "cell"), c.source) for c in cells]
    else:
        try:
            sources = [(path.name, path.read_text(encoding="utf-8"))]
        except FileNotFoundError:
            raise CourseError(f"there is no file {path}") from None
        except (OSError, UnicodeDecodeError):
            raise CourseError(f"{path} cannot be read as Python source") from None
    namespace: dict = {"__name__": "__main__"}
    for name, source in sources:
        try:
            text = TransformerManager().transform_cell(source)
            # under this name a traceback, and `check`, find the lines again
            linecache.cache[f"<{name}>"] = (len(text), None, text.splitlines(keepends=True), f"<{name}>")
            exec(compile(text, f"<{name}>", "exec"), namespace)
        except Exception as error:  # noqa: BLE001  whatever the file raises is its own affair; we only say so
            raise CourseError(f"{path}, {name}: {type(error).__name__}: {error}") from None
    return namespace
