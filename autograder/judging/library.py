"""What a course is about, as `course.toml` in its folder says: TensorFlow, as without that file, or NumPy alone.

It decides what an answer is given for the arrays that a case draws (tensors, or arrays), whether the package's own chapters
belong to the course, and what is imported beforehand. A course about NumPy never imports TensorFlow, unless a student does.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

FILE = "course.toml"
TENSORFLOW, NUMPY = "tensorflow", "numpy"
LIBRARIES = (TENSORFLOW, NUMPY)


class BrokenExercises(RuntimeError):
    """What a course folder says of its exercises cannot be used; the text is one sentence that says why."""


def told(root: Path | None) -> dict:
    """The content of course.toml; empty where there is no such file. Raises `BrokenExercises`."""
    if root is None:
        return {}
    try:
        return tomllib.loads((root / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        why = " ".join(str(error).split())[:200]
        raise BrokenExercises(f"{root / FILE} cannot be read: {why}") from None


def library_of(root: Path | None) -> str:
    """One of `LIBRARIES`: what the exercises of this course folder are about. Raises `BrokenExercises`."""
    found = told(root).get("library", TENSORFLOW)
    if found not in LIBRARIES:
        raise BrokenExercises(f"{root / FILE}: library is {found!r}; there are {' and '.join(map(repr, LIBRARIES))}")
    return found


def without_tensorflow(root: Path | None) -> bool:
    """Does this course do without TensorFlow, for certain? Of a file that cannot be read nobody knows."""
    try:
        return library_of(root) == NUMPY
    except BrokenExercises:
        return False
