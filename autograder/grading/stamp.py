"""How a notebook was graded, and which one: noted in it, for us and for whoever reads it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nbformat.v4 import new_markdown_cell

from ..course.folder import Course
from .engine import Graded

STAMP = "graded"
"""In a graded notebook's metadata: how it was graded."""


def stamp(graded: Graded, about: dict) -> None:
    """Note in the notebook how it was graded: in its metadata for us, in a last cell for whoever reads the feedback."""
    notebook = graded.notebook
    said = new_markdown_cell(f"*How this was graded: {graded.stamp}.*", id="how-this-was-graded")
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):  # cells had no ids then
        del said["id"]
    notebook.cells.append(said)
    notebook.metadata[STAMP] = {
        "mode": graded.mode,
        "isolated": graded.isolated,
        "sandbox": graded.sandbox,
        "faults": list(graded.faults),
        "outside": graded.outside,
        "inside": graded.inside,
        "submission": _digest(about),
    }


def _digest(about: dict) -> str | None:
    """Of the submission that nbgrader is grading; it works in the course folder."""
    path = Course(Path.cwd()).root / "submitted" / about["student"] / about["assignment"] / f"{about['notebook']}.ipynb"
    return digest_of(path)


def digest_of(path: Path) -> str | None:
    """sha256 of a submitted notebook: a changed submission is graded again. None where there is no such file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
