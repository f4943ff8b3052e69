"""A check whose answer was not found in a submission is a person's to look at, and no zero."""

from __future__ import annotations

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from ..cells import TO_LOOK_AT, checks, graded, open_checks, verdict_data

SAID = "To look at: the answer was not found in what was handed in, so that the check says nothing of it."


class ToLookAt(NbGraderPreprocessor):
    """After nbgrader's SaveAutoGrades: formgrader lists what needs a manual grade, until somebody has given one."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        about = resources["nbgrader"]
        if names := nb.metadata.get(TO_LOOK_AT):
            with Gradebook(about["db_url"]) as gradebook:
                for name in names:
                    grade = gradebook.find_grade(name, about["notebook"], about["assignment"], about["student"])
                    if grade.manual_score is None and (grade.auto_score or 0) < grade.max_score:
                        grade.needs_manual_grade = True
                gradebook.db.commit()
            say_so(nb)
        return nb, resources


def say_so(nb: NotebookNode) -> None:
    """Write it where formgrader shows what a check found, in the place of "not attempted". For after scores are read from there."""
    names = open_checks(nb)
    for cell in checks(nb).values():
        if graded(cell)["grade_id"] not in names:
            continue
        told = verdict_data(cell)
        if isinstance(told, dict) and told.get("outcome") == "not attempted":
            for output in cell.outputs:
                output.get("data", {}).pop("text/html", None)
        shown = {"text/plain": SAID, "text/html": f"<div><b>{SAID}</b></div>"}
        cell.outputs.insert(0, new_output("display_data", shown))
