"""The chapters on a student's shelf: what their notebooks say of themselves, and what `check` has noted of each exercise.

A shelf is the folder that holds the chapters' folders: `release/` in a bundle or a clone, and wherever else they were put.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

from ..judging.notes import noted
from ..judging.topics import NUMBERED, topic_of

TITLE = re.compile(r"#\s*\d+\s*·\s*(?P<name>[^:\n]+):\s*(?P<question>[^\n]+)")
MINUTES = re.compile(r"about (\d+) minutes")
MOST_BYTES = 64 << 20  # of a notebook that is read for this
SAVING_SECONDS = 3.0  # a file that was changed longer ago is not being saved any more


@dataclass(frozen=True)
class Exercise:
    """One exercise with what was noted of it last. outcome: empty if it was never checked. minutes: 0 if it does not say."""

    name: str
    of: float
    minutes: int
    points: float = 0.0
    outcome: str = ""

    @property
    def done(self) -> bool:
        return self.outcome == "correct"


@dataclass(frozen=True)
class Chapter:
    """A chapter's notebook. folder: "01_forward_pass". question: the one that its title asks. by_hand: points that a person gives."""

    folder: str
    name: str
    question: str
    exercises: tuple[Exercise, ...]
    by_hand: float = 0.0

    @property
    def number(self) -> str:
        return self.folder.partition("_")[0]

    @property
    def link(self) -> str:
        """From the shelf."""
        return f"{self.folder}/{self.folder}.ipynb"

    @property
    def points(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    @property
    def of(self) -> float:
        return sum(exercise.of for exercise in self.exercises)

    @property
    def minutes(self) -> int:
        """What its exercises take together."""
        return sum(exercise.minutes for exercise in self.exercises)

    @property
    def done(self) -> bool:
        return all(exercise.done for exercise in self.exercises)


def shelf_around(folder: Path) -> tuple[Path, str]:
    """(the shelf that a folder is, or lies in; the chapter whose folder it is, or "")."""
    folder = folder.resolve()
    return (folder.parent, folder.name) if NUMBERED.fullmatch(folder.name) else (folder, "")


def chapters(shelf: Path) -> list[Chapter]:
    """The chapters of a shelf in order; one whose notebook cannot be read is left out."""
    notes = noted(shelf)
    paths = sorted(path for path in shelf.glob("*/*.ipynb") if path.stem == path.parent.name)
    found = (_chapter(path, notes) for path in paths if NUMBERED.fullmatch(path.stem))
    return [chapter for chapter in found if chapter is not None]


def following(shelf: list[Chapter], folder: str) -> Chapter | None:
    """The chapter after this one; None after the last."""
    return next((chapter for chapter in shelf if chapter.folder > folder), None)


def _chapter(path: Path, notes: dict[str, dict]) -> Chapter | None:
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        cells = [(_source(cell), _about(cell)) for cell in _settled(path)["cells"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    title = next((match for text, _ in cells if (match := TITLE.match(text))), None)
    minutes = {
        name.removesuffix("-task"): _minutes(text)
        for text, about in cells
        if (name := str(about.get("grade_id"))).endswith("-task")
    }
    exercises, by_hand, topic = [], 0.0, topic_of(path.stem)
    for _, about in cells:
        points = about.get("points")
        if not about.get("grade") or type(points) not in (int, float):
            continue
        if about.get("solution"):
            by_hand += points
            continue
        name = str(about.get("grade_id")).removesuffix("-check")
        told = notes.get(f"{topic}.{name}", {"points": 0.0, "outcome": ""})
        got = max(0.0, min(float(told["points"]), float(points)))
        exercises.append(Exercise(name, float(points), minutes.get(name, 0), got, told["outcome"]))
    name = title["name"].strip() if title else topic.replace("_", " ")
    question = title["question"].strip() if title else ""
    return Chapter(path.stem, name, question[:1].upper() + question[1:], tuple(exercises), by_hand)


def _settled(path: Path) -> dict:
    """A notebook as JSON; waits for one that is being saved at this moment. Raises `ValueError` for one that is damaged."""
    while (found := whole(path)) is None:
        if time.time() - path.stat().st_mtime > SAVING_SECONDS:
            raise ValueError(f"{path} is no JSON")
        time.sleep(0.05)
    return found


def whole(path: Path) -> dict | None:
    """A notebook as JSON; None while it is being written, or if it is damaged."""
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        return None


def _source(cell: dict) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _about(cell: dict) -> dict:
    """nbgrader's metadata of a cell."""
    found = cell.get("metadata", {}).get("nbgrader")
    return found if isinstance(found, dict) else {}


def _minutes(text: str) -> int:
    found = MINUTES.search(text)
    return int(found[1]) if found else 0
