"""What `check` found last in each exercise, noted in a file beside the chapters' folders, for a student's own eyes.

Nothing is believed of it: grading never reads it, it is not handed in, and whoever deletes it loses only the overview. It is a
line of JSON a check, so that two kernels may note at once; the last line of an exercise counts.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from .topics import NUMBERED, topic_of
from .verdict import Verdict, being_graded

NOTES = ".progress.jsonl"
MOST_BYTES = 1 << 18  # then only the last line of each exercise is kept


def note(verdict: Verdict) -> None:
    """Note a verdict, if this is a chapter's notebook at home. Whatever stands in the way of that, nobody is told."""
    here = _chapter_here()
    if here is None or verdict.exercise.partition(".")[0] != topic_of(here.name):
        return
    path = here.parent / NOTES
    found = {
        "exercise": verdict.exercise,
        "outcome": verdict.outcome,
        "points": verdict.points,
        "of": verdict.max_points,
    }
    try:
        if path.is_symlink():
            return
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")
            size = file.tell()
        if size > MOST_BYTES:
            _shorten(path)
    except (OSError, ValueError):  # a folder that is read-only, a full disk: a check goes on
        return


def noted(home: Path) -> dict[str, dict]:
    """The last note on each exercise, by its full name; home: the folder that holds the chapters' folders."""
    found: dict[str, dict] = {}
    try:
        lines = (home / NOTES).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return found
    for line in lines:
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):  # a line that was cut off
            continue
        if _is_note(told):
            found[told["exercise"]] = told
    return found


def _is_note(told: object) -> bool:
    return (
        isinstance(told, dict)
        and all(isinstance(told.get(key), str) for key in ("exercise", "outcome"))
        and all(type(told.get(key)) in (int, float) for key in ("points", "of"))
    )


def _chapter_here() -> Path | None:
    """The working folder, if it is a chapter's, and neither nbgrader nor our own grader runs the notebook."""
    if being_graded() or os.environ.get("AUTOGRADER_CHILD"):
        return None
    try:
        here = Path.cwd()
        return here if NUMBERED.fullmatch(here.name) and (here / f"{here.name}.ipynb").is_file() else None
    except OSError:  # the folder is gone
        return None


def _shorten(path: Path) -> None:
    text = "".join(json.dumps(told) + "\n" for told in noted(path.parent).values())
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=NOTES, delete=False) as new:
        new.write(text)
    os.replace(new.name, path)
