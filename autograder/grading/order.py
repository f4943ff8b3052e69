"""Put a submitted notebook's cells back in order, so that no damage loses a submission.

nbgrader trusts the metadata that a submission brings: a duplicated id stops it, a deleted check cell keeps an old score, a
changed flag hides a cell from it. The assignment's own notebook knows better.
"""

from __future__ import annotations

import copy

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from ..course.cells import TO_LOOK_AT, graded, is_answer, is_check, is_lesson, tags
from .inert import inert_texts
from .matching import match

NOT_FOUND = (
    "**This cell was not found in what was handed in, and stands here as it was released.** Its points are open: a person will"
    " look at the notebook."
)


def repair(nb: NotebookNode, master: NotebookNode) -> list[str]:
    """Restore, in place, every cell that the assignment's notebook knows; returns what was put right, a sentence each.

    Metadata and tags become the master's, and so does the source of a locked cell. What is missing is put back where it was;
    where that is an answer, the checks of it are listed in the notebook's metadata (`TO_LOOK_AT`).
    """
    known = {graded(c)["grade_id"]: c for c in master.cells if graded(c).get("grade_id")}
    notes: list[str] = []
    chosen = match(nb, master, notes)
    nb.metadata.pop(TO_LOOK_AT, None)
    texts = {c.source for c in master.cells if c.cell_type == "markdown"}
    places = {id(cell): number for number, cell in enumerate(nb.cells, 1)}
    for cell in inert_texts(cell for cell in nb.cells if cell.cell_type != "code" and cell.source not in texts):
        notes.append(
            f"the text in cell {places[id(cell)]} holds HTML or links, and is shown without what acts in a browser"
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
    lost = _insert_missing(nb, known, chosen, notes)
    if open_checks := _checks_of(lost, master):
        nb.metadata[TO_LOOK_AT] = open_checks
    notes += sort_out(nb, master)
    seen: set[str] = set()
    for number, cell in enumerate(nb.cells):
        if nb.get("nbformat_minor", 0) < 5:  # cells had no ids then
            cell.pop("id", None)
        elif not cell.get("id") or cell.id in seen:
            cell.id = f"cell-{number}"
        seen.add(cell.get("id", ""))
    return notes


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


def _insert_missing(
    nb: NotebookNode, known: dict[str, NotebookNode], chosen: dict[str, NotebookNode], notes: list[str]
) -> list[str]:
    """Returns the names of the answers among them."""
    at, lost = 0, []
    for name, master in known.items():
        if name in chosen:
            at = next(i for i, cell in enumerate(nb.cells) if cell is chosen[name]) + 1
            continue
        new = [copy.deepcopy(master)]
        if is_answer(master):
            lost.append(name)
            new.insert(0, new_markdown_cell(NOT_FOUND))
            notes.append(f"the answer {name} was not found; look at the notebook")
        else:
            notes.append(f"the cell {name} was missing")
        nb.cells[at:at] = new
        at += len(new)
    return lost


def _checks_of(answers: list[str], master: NotebookNode) -> list[str]:
    """The names of the checks that follow these answers, up to the next one."""
    found, wanted = [], False
    for cell in master.cells:
        if is_answer(cell):
            wanted = graded(cell)["grade_id"] in answers
        elif is_check(cell) and wanted:
            found.append(graded(cell)["grade_id"])
    return found


def sort_out(nb: NotebookNode, master: NotebookNode) -> list[str]:
    """Tag, in place, the lesson's cells of a submission and no others; says what was changed, a sentence each.

    A cell is the lesson's by its id, or, where a tool has lost the ids, by its source. A copy of one, and what a student has
    tagged so, is the student's own and is run while grading.
    """
    known = {cell.get("id"): cell.source for cell in master.cells if is_lesson(cell)}
    lost = {name: source for name, source in known.items() if name not in {cell.get("id") for cell in nb.cells}}
    notes = []
    for cell in nb.cells:
        if cell.cell_type != "code" or graded(cell):
            continue
        lesson = cell.get("id") in known
        if not lesson and (same := [name for name, source in lost.items() if source.strip() == cell.source.strip()]):
            lesson, _ = True, lost.pop(same[0])
        rest = [tag for tag in tags(cell) if tag != "lesson"]
        if lesson != is_lesson(cell):
            notes.append(
                f"the cell {cell.get('id', '')} {'is' if lesson else 'is not'} one of the lesson's, whatever its tags say"
            )
            cell.metadata["tags"] = [*rest, "lesson"] if lesson else rest
    return notes
