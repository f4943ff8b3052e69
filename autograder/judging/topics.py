"""Which chapters there are, and where their exercises lie. Paths only: no exercise is imported here."""

from __future__ import annotations

import re
from pathlib import Path

from .library import NUMPY, library_of

PACKAGED = Path(__file__).resolve().parents[1] / "chapters"
OWN = "exercises"
"""The folder in a course folder with exercises of its own."""

NUMBERED = re.compile(r"\d+_(\w+)")


def topic_of(chapter: str) -> str:
    """ "01_forward_pass" → "forward_pass", the name of the module with its exercises."""
    numbered = NUMBERED.fullmatch(chapter)
    return numbered[1] if numbered else chapter


def course_around(start: Path | None = None) -> Path | None:
    """The course folder, or the unpacked bundle, that a folder (default: the working folder) lies in."""
    start = (start or Path.cwd()).resolve()
    return next((folder for folder in (start, *start.parents) if _chapters_in(folder)), None)


def topics(root: Path | None) -> list[str]:
    """The topics of a course's chapters in the order of their folders; without a course folder the package's, by name."""
    return [topic_of(name) for name in _chapters_in(root)] if root else packaged()


def packaged() -> list[str]:
    """The topics of the chapters that this package brings, by name."""
    return sorted(path.stem for path in PACKAGED.glob("*.py") if path.stem != "__init__")


def has_packaged(root: Path | None) -> bool:
    """Do the package's exercises, which are about TensorFlow, belong to this course? Raises `BrokenExercises`."""
    return library_of(root) != NUMPY


def modules_of(topic: str, root: Path | None) -> list[Path]:
    """The files with a chapter's exercises, as far as there are any: the package's, then the course's own.

    Raises `BrokenExercises`.
    """
    folders = ([PACKAGED] if has_packaged(root) else []) + ([root / OWN] if root else [])
    return [path for path in (folder / f"{topic}.py" for folder in folders) if topic.isidentifier() and path.is_file()]


def _chapters_in(folder: Path) -> list[str]:
    """The names of the chapters' folders, sorted; none if this is no course folder."""
    for part in ("source", "release"):
        try:
            found = sorted(p.name for p in (folder / part).iterdir() if NUMBERED.fullmatch(p.name) and p.is_dir())
        except OSError:  # no such folder, or not for us to see
            continue
        if found:
            return found
    return []
