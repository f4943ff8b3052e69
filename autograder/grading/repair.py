"""`Repair`: a submitted notebook's cells are put back in order before nbgrader sees them (`order`)."""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from ..course.cells import TO_LOOK_AT
from ..course.files import remove_copies
from ..course.folder import Course, CourseError
from ..course.notebooks import read_notebook
from .order import repair

PUT_RIGHT = "put right"
"""In nbconvert's resources: what was put right when the notebook was read (`exporter`), a sentence each."""


class Repair(NbGraderPreprocessor):
    """First of the sanitize preprocessors. Where the course has no released notebook it puts nothing in order."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        about = resources["nbgrader"]
        root = Path.cwd()  # nbgrader's converters work in the course folder
        submitted, copy = (root / part / about["student"] / about["assignment"] for part in ("submitted", "autograded"))
        for link in remove_copies(submitted, copy, root / "source" / about["assignment"]):
            self.log.warning("%s: %s is a link, and was left out", about["student"], link.name)
        if PUT_RIGHT in resources:  # where it was read, which is not here
            for note in resources.pop(PUT_RIGHT):
                self.log.warning("%s: %s", about["student"], note)
            return nb, resources
        try:
            master = read_notebook(Course(root).release_of(about["assignment"], about["notebook"]))
        except CourseError:
            nb.metadata.pop(TO_LOOK_AT, None)
            return nb, resources
        for note in repair(nb, master):
            self.log.warning("%s: %s", about["student"], note)
        return nb, resources
