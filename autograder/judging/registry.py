"""Which exercises there are. A chapter's exercises are there because its module is; nothing lists them.

A course folder may bring its own, `exercises/<topic>.py`: they come to those of this package, `chapters/<topic>.py`, and are
found before them where both have one of a name. Of a course about NumPy alone (`library`) they are all there is.
The chapters' order is that of the folders `source/NN_topic/` (in a student's bundle `release/NN_topic/`). Without a course
folder around, the package's chapters come by name.

root, in all functions: the course folder; by default the one that the working folder lies in.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from . import surroundings
from .exercise import Exercise
from .library import FILE, NUMPY, BrokenExercises, library_of
from .topics import PACKAGED, course_around, has_packaged, modules_of, packaged, topic_of, topics

__all__ = ["BrokenExercises", "UnknownExercise", "exercises", "exercises_of", "find"]


class UnknownExercise(LookupError):
    """No exercise, or no chapter, has this name."""


def exercises_of(topic: str, root: Path | None = None) -> dict[str, Exercise]:
    """The exercises of one chapter by their full names; none if the chapter has no module yet.

    Raises `UnknownExercise`, `BrokenExercises`.
    """
    root = root or course_around()
    paths = modules_of(topic, root)
    if not paths and topic not in topics(root):
        raise UnknownExercise(f"no chapter is called {topic!r}; there are {', '.join(topics(root))}")
    found = [e for path in paths for e in vars(_module(path, root)).values() if isinstance(e, Exercise)]
    return {e.key: e for e in found if e.chapter == topic}


def exercises(root: Path | None = None) -> dict[str, Exercise]:
    """All exercises of a course: "forward_pass.forward" → Exercise, in the order of the chapters."""
    root = root or course_around()
    return {key: found for topic in topics(root) for key, found in exercises_of(topic, root).items()}


def find(name: str, root: Path | None = None) -> Exercise:
    """The exercise of this name, with or without its chapter. Raises `UnknownExercise`."""
    root = root or course_around()
    here = topic_of(Path.cwd().name)  # a notebook lies in the folder of its chapter: no other need be loaded
    ordered = topics(root)
    for topic in dict.fromkeys([here] * (here in ordered) + ordered + (packaged() if has_packaged(root) else [])):
        for key, candidate in exercises_of(topic, root).items():
            if name in (key, candidate.name):
                return candidate
    there = ", ".join(e.name for e in exercises(root).values())
    raise UnknownExercise(f"no exercise is called {name!r}; there are {there}")


def _module(path: Path, root: Path | None) -> ModuleType:
    with surroundings.quiet():  # it is here that a command first imports TensorFlow, which logs to stderr
        if path.parent == PACKAGED:
            return importlib.import_module(f"{__name__.split('.')[0]}.{PACKAGED.name}.{path.stem}")
        return _own_module(path, path.stat().st_mtime_ns, library_of(root) != NUMPY)


@functools.lru_cache(maxsize=64)
def _own_module(path: Path, _changed: int, tensors: bool) -> ModuleType:
    """A module of the course folder, under a name that no other course's has; loaded anew when its file has changed.

    tensors: what its exercises give to an answer (`Exercise.tensors`).
    """
    name = f"exercises_{hashlib.sha256(bytes(path.parent)).hexdigest()[:12]}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # `inspect` finds the source of a function there
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001  it is Python of somebody's own, and may fail in any way
        del sys.modules[name]
        told = " ".join(str(error).split())[:200]
        raise BrokenExercises(f"{path} cannot be imported: {type(error).__name__}: {told}") from None
    for found in vars(module).values():
        if isinstance(found, Exercise):
            found.tensors = tensors
            if not tensors and any(case.gradient for case in found.cases):
                raise BrokenExercises(f"{path}: {found.name} compares gradients, for which {FILE} must say TensorFlow")
    return module
