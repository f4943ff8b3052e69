"""Which cells are a lesson's: listed in each released notebook, so that a copy, tagged alike, can be told from the original."""

from __future__ import annotations

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from ..course.cells import graded, is_lesson, tags
from ..judging.ledger import COURSE, LISTED


class ListLessons(NbGraderPreprocessor):
    """For `c.GenerateAssignment.preprocessors`."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        nb.metadata.setdefault(COURSE, {})[LISTED] = [cell.id for cell in nb.cells if is_lesson(cell)]
        return nb, resources


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
