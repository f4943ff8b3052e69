"""The feedback page as nbgrader asks for it: `nbgrader generate_feedback` and formgrader's button make the same page as `course feedback`.

For `c.GenerateFeedback.exporter_class`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter
from nbformat import NotebookNode

from ..course.nbgrader.cell_marks import marks_of
from .feedback_page import About, page
from .release import release_cells


class FeedbackExporter(Exporter):
    """A graded notebook → its feedback page. It needs what nbgrader tells: whose it is, and where the gradebook lies."""

    def _file_extension_default(self) -> str:
        return ".html"

    output_mimetype = "text/html"

    def from_notebook_node(self, nb: NotebookNode, resources: dict | None = None, **options: Any) -> tuple[str, dict]:
        about = (resources or {})["nbgrader"]
        student, assignment, notebook = (about[key] for key in ("student", "assignment", "notebook"))
        marks = marks_of(about["db_url"], assignment, student, notebook)
        # nbgrader's converters work in the course folder
        made = page(nb, marks, About(student, assignment, notebook, release_cells(Path.cwd(), assignment, notebook)))
        _, resources = super().from_notebook_node(nb, resources, **options)
        return made, resources
