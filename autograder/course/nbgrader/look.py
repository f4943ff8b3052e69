"""A check whose answer was not found in a submission is a person's to look at, and no zero."""

from __future__ import annotations

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from ..cells import TO_LOOK_AT


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
        return nb, resources
