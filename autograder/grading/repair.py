"""Put a submitted notebook's cells back in order before nbgrader sees them, so that no damage loses a submission.

nbgrader trusts the metadata that a submission brings: a duplicated id stops it, a deleted check cell keeps an old score, a
changed flag hides a cell from it. The released notebook knows better.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from ..course.cells import graded
from ..course.files import remove_copies
from ..course.folder import CourseError
from ..course.notebooks import read_notebook
from .inert import inert_cell
from .lessons import sort_out


class Repair(NbGraderPreprocessor):
    """First of the sanitize preprocessors. Where the course has no released notebook it does nothing."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        about = resources["nbgrader"]
        root = Path.cwd()  # nbgrader's converters work in the course folder
        submitted, copy = (root / part / about["student"] / about["assignment"] for part in ("submitted", "autograded"))
        for link in remove_copies(submitted, copy, root / "source" / about["assignment"]):
            self.log.warning("%s: %s is a link, and was left out", about["student"], link.name)
        try:
            master = read_notebook(root / "release" / about["assignment"] / f"{about['notebook']}.ipynb")
        except CourseError:
            return nb, resources
        for note in repair(nb, master):
            self.log.warning("%s: %s", about["student"], note)
        return nb, resources


def repair(nb: NotebookNode, master: NotebookNode) -> list[str]:
    """Restore, in place, every cell that the released notebook knows; returns what was put right, a sentence each.

    Metadata and tags become the master's, and so does the source of a locked cell. Of several cells with one id the last
    solution counts (it is the one that Python would use), of locked cells the first. What is missing is put back where it was.
    """
    known = {graded(c)["grade_id"]: c for c in master.cells if graded(c).get("grade_id")}
    notes: list[str] = []
    chosen: dict[str, NotebookNode] = {}
    for cell in nb.cells:
        name = _id_of(cell, known)
        if name is None:
            continue
        if name in chosen:
            notes.append(f"the cell {name} is there more than once")
        if name not in chosen or not graded(known[name]).get("locked"):
            chosen[name] = cell
    texts = {c.source for c in master.cells if c.cell_type == "markdown"}
    for number, cell in enumerate(nb.cells):
        if cell.cell_type != "code" and cell.source not in texts and inert_cell(cell):
            notes.append(
                f"the text in cell {number + 1} holds HTML or links, and is shown without what acts in a browser"
            )
    keep = {id(cell): name for name, cell in chosen.items()}
    for cell in nb.cells:
        name = keep.get(id(cell))
        if name is None:
            cell.metadata.pop("nbgrader", None)
            if cell.get("id") in known:
                cell.id = f"copy-of-{cell.id}"[:64]
        else:
            _restore(cell, known[name], notes)
    _insert_missing(nb, known, chosen, notes)
    notes += sort_out(nb, master)
    seen: set[str] = set()
    for number, cell in enumerate(nb.cells):
        if nb.get("nbformat_minor", 0) >= 5 and (not cell.get("id") or cell.id in seen):
            cell.id = f"cell-{number}"
        seen.add(cell.get("id", ""))
    return notes


def _id_of(cell: NotebookNode, known: dict[str, Any]) -> str | None:
    """The known cell that this is, by nbgrader's id or, where a tool has lost the metadata, by the cell's own."""
    name = graded(cell).get("grade_id")
    if name is None and not graded(cell):
        name = cell.get("id")
    return name if isinstance(name, str) and name in known else None


def _restore(cell: NotebookNode, master: NotebookNode, notes: list[str]) -> None:
    name = graded(master)["grade_id"]
    if cell.cell_type != master.cell_type:
        notes.append(f"the cell {name} had become a {cell.cell_type} cell")
        for field in ("outputs", "execution_count", "attachments"):
            cell.pop(field, None)
        cell.cell_type = master.cell_type
        if master.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    if graded(master).get("locked") and cell.source != master.source:
        notes.append(f"the locked cell {name} had been changed")
        cell.source = master.source
    cell.metadata = copy.deepcopy(master.metadata)


def _insert_missing(nb: NotebookNode, known: dict[str, Any], chosen: dict[str, NotebookNode], notes: list[str]) -> None:
    at = 0
    for name, master in known.items():
        if name in chosen:
            at = next(i for i, cell in enumerate(nb.cells) if cell is chosen[name]) + 1
            continue
        notes.append(f"the cell {name} was missing")
        nb.cells.insert(at, copy.deepcopy(master))
        at += 1
