"""In formgrader, beside a written answer: the model answer of the source, and what earns how many points.

It is put into the page that formgrader shows, and into no file: neither autograded/ nor feedback nor a release has it.
"""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from ..cells import graded, is_solution, strip_marks
from ..folder import Course, CourseError
from ..notebooks import read_notebook

TITLE = "Model answer and points, for whoever grades; students do not see it"


def with_model_answers(root: Path, notebook: NotebookNode, assignment: str, name: str) -> NotebookNode:
    """A graded notebook with a cell of ours after each written answer, as far as source/ has a model answer."""
    try:
        source = read_notebook(Course(root).source_folder(assignment) / f"{name}.ipynb")
    except CourseError:
        return notebook
    models = {
        graded(cell)["grade_id"]: strip_marks(cell.source)
        for cell in source.cells
        if cell.cell_type == "markdown" and is_solution(cell) and graded(cell).get("grade")
    }
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if model := models.get(graded(cell).get("grade_id")):
            told = "\n".join(f"> {line}" for line in model.splitlines())
            cells.append(new_markdown_cell(f"> **{TITLE}**\n>\n{told}"))
    notebook.cells = cells
    return notebook
