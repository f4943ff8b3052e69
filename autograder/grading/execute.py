"""nbgrader's Execute, with the traps closed that cost honest students points."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute

from ..course.cells import is_check, is_lesson
from ..judging.verdict import MIME
from .inert import inert_outputs

SKIP = "skip-execution"


class GradedExecute(Execute):
    """Runs what a grade depends on: not the lesson cells, and every other cell whatever its tags say.

    nbgrader gives a check cell no point if anything was written to stderr in it, and full points if it was never run
    (which a `skip-execution` tag brings about). Both are put right here.
    """

    def preprocess(self, nb: NotebookNode, resources: dict | None = None, **options: Any) -> tuple[NotebookNode, dict]:
        own_tags = [cell.metadata.get("tags") for cell in nb.cells]
        for cell in nb.cells:
            cell.metadata["tags"] = [SKIP] if is_lesson(cell) else []
        self.skip_cells_with_tag = SKIP
        try:
            nb, resources = super().preprocess(nb, resources, **options)
        finally:
            for cell, tags in zip(nb.cells, own_tags, strict=True):
                cell.metadata.pop("tags", None)
                if tags is not None:
                    cell.metadata["tags"] = tags
        for cell in nb.cells:
            if cell.cell_type == "code" and not is_verdict(cell):
                cell.outputs = [from_dict(output) for output in inert_outputs(cell.outputs)]
            if is_check(cell):
                cell.outputs = [o for o in cell.outputs if not (o.output_type == "stream" and o.name == "stderr")]
                if cell.execution_count is None and not cell.outputs:
                    cell.outputs = [_not_run()]
        return nb, resources


def is_verdict(cell: NotebookNode) -> bool:
    """Does this check cell's output carry a verdict of ours? Every text in it is escaped already."""
    return is_check(cell) and any(MIME in output.get("data", {}) for output in cell.outputs)


def _not_run() -> NotebookNode:
    text = "This check was not run, so it is worth no points."
    return new_output("error", ename="NotRun", evalue=text, traceback=[text])
