"""Which cells are a lesson's: listed in each released notebook, so that a copy, tagged alike, can be told from the original."""

from __future__ import annotations

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from ..course.cells import is_lesson
from ..judging.ledger import COURSE, LISTED


class ListLessons(NbGraderPreprocessor):
    """For `c.GenerateAssignment.preprocessors`."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        nb.metadata.setdefault(COURSE, {})[LISTED] = [cell.id for cell in nb.cells if is_lesson(cell)]
        return nb, resources
