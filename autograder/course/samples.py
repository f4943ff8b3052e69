"""A sample class: submissions whose every score and hint is known beforehand."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from ..judging.exercise import Exercise
from ..judging.registry import exercises_of
from ..judging.topics import topic_of
from ..judging.values import source_of
from .cells import checks, graded, is_solution, strip_marks
from .folder import Course
from .notebooks import notebook_text, read_notebook, write_text

FACE = __package__.split(".")[0]
CRASH = "    return undefined_name"
SIZE = 10


@dataclass(frozen=True)
class Expected:
    """What the check of one exercise must give: its points, or the wrong answer whose verdict it must equal; and the hint."""

    points: float
    hint: str | None
    outcome: str


@dataclass(frozen=True)
class Sample:
    """One student's submission of one chapter. solutions: exercise → source of the solution cell, None for untouched."""

    student: str
    what: str
    answers: dict[str, str | None]
    expected: dict[str, Expected]
    written: bool


def chapter_exercises(course: Course, chapter: str) -> dict[str, Exercise]:
    """The exercises of "01_forward_pass" by their short names."""
    return {e.name: e for e in exercises_of(topic_of(chapter), course.root).values()}


def solutions(course: Course, chapter: str) -> dict[str, str]:
    """The solution cells of the source notebook, by exercise."""
    notebook = read_notebook(course.source(chapter))
    return {
        graded(c)["grade_id"]: strip_marks(c.source) for c in notebook.cells if c.cell_type == "code" and is_solution(c)
    }


def sample_class(course: Course, chapter: str, size: int = SIZE) -> list[Sample]:
    """The sample class of a chapter.

    student-01 perfect, 02 untouched, 03 crashing, 04 half finished; from 05 on the k-th makes every exercise's k-th mistake
    (an exercise with fewer mistakes starts again with its first).
    """
    known = chapter_exercises(course, chapter)
    right = solutions(course, chapter)
    correct = {n: Expected(e.points, None, "correct") for n, e in known.items()}
    empty = {n: Expected(0.0, None, "not attempted") for n in known}
    half = list(known)[: len(known) // 2]
    crashing = {n: f"def {e.signature}:\n{CRASH}" for n, e in known.items()}
    students = [
        Sample("student-01", "perfect", dict(right), correct, True),
        Sample("student-02", "untouched", dict.fromkeys(known), empty, False),
        Sample("student-03", "crashing", crashing, {n: judged(e, None) for n, e in known.items()}, False),
        Sample(
            "student-04",
            "half finished",
            {n: right[n] if n in half else None for n in known},
            {n: (correct if n in half else empty)[n] for n in known},
            True,
        ),
    ]
    for k in range(size - len(students)):
        chosen = {n: e.mistakes[k % len(e.mistakes)] for n, e in known.items()}
        students.append(
            Sample(
                f"student-{len(students) + 1:02d}",
                f"mistake {k + 1}",
                {n: mistake_source(known[n], m.answer) for n, m in chosen.items()},
                {n: judged(known[n], m) for n, m in chosen.items()},
                False,
            )
        )
    return students[:size]


def mistake_source(exercise: Exercise, answer: Callable) -> str:
    """A mistake as a student would have typed it: a function of the exercise's name, after the helpers that it uses."""
    own = re.sub(r"^def \w+", f"def {exercise.name}", source_of(answer))
    return "\n\n\n".join([*_helpers(answer, {}).values(), own])


def _helpers(function: Callable, found: dict[str, str]) -> dict[str, str]:
    """The functions and constants of its own module that a function uses, directly or not: name → source."""
    codes = [function.__code__]
    for code in codes:
        codes += [c for c in code.co_consts if hasattr(c, "co_names")]
    for name in [name for code in codes for name in code.co_names]:
        thing = function.__globals__.get(name)
        thing = getattr(thing, "python_function", thing)  # of a tf.function
        if name in found:
            continue
        if inspect.isfunction(thing) and thing.__module__ == function.__module__:
            found[name] = ""  # a helper that calls itself is found once
            _helpers(thing, found)
            found[name] = found.pop(name) or source_of(thing)
        elif inspect.ismodule(thing) and thing.__name__.startswith(f"{FACE}."):
            found[name] = f"from {thing.__name__.rpartition('.')[0]} import {name}"
        elif isinstance(thing, (bool, int, float, str, tuple)):
            found[name] = f"{name} = {thing!r}"
    return found


def judged(exercise: Exercise, mistake) -> Expected:
    """What is to be expected of a mistake (None: of an answer that crashes), judged here and now, at a draw of its own."""
    from ..judging.judge import judge

    if mistake is None:
        verdict = judge(exercise, crash(exercise), seed=1)
        return Expected(verdict.points, verdict.mistake, verdict.outcome)
    verdict = judge(exercise, mistake.answer, seed=1)
    return Expected(verdict.points, mistake.hint, verdict.outcome)


def crash(exercise: Exercise):
    """An answer to this exercise that crashes."""
    names: dict = {}
    exec(f"def {exercise.signature}:\n{CRASH}", names)  # noqa: S102  the text above
    return names[exercise.name]


def write_submission(course: Course, chapter: str, sample: Sample, model_answer: str) -> Path:
    """Fill in the released notebook as this student would and hand it in."""
    notebook = read_notebook(course.release(chapter))
    for cell in notebook.cells:
        name = graded(cell).get("grade_id")
        if cell.cell_type == "code" and is_solution(cell) and sample.answers.get(name) is not None:
            cell.source = sample.answers[name]
        elif name == "written-answer" and sample.written:
            cell.source = model_answer
    path = course.submission(sample.student, chapter)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, notebook_text(notebook))
    return path


def model_answer(course: Course, chapter: str) -> str:
    """The written answer of the source notebook."""
    for cell in read_notebook(course.source(chapter)).cells:
        if graded(cell).get("grade_id") == "written-answer":
            return strip_marks(cell.source)
    return ""


def check_outputs(notebook: nbformat.NotebookNode) -> dict[str, list]:
    """A graded notebook's check cells: exercise → outputs."""
    return {name: cell.outputs for name, cell in checks(notebook).items()}
