"""What nbgrader makes of a course: a release of a source, feedback of what is graded."""

from __future__ import annotations

import copy
import os
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import capture_log
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from ..folder import Course, CourseError
from .config import database_url, last_line, load_config, quiet


def generate_assignment(course: Course, assignment: str, root: Path) -> None:
    """Make root/release from root/source, with a gradebook of its own in `root`. Raises `CourseError`."""
    config = Config(load_config(course))
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.db_url = database_url(root / "gradebook.db")
    config.GenerateAssignment.permissions = 644
    with quiet():
        outcome = NbGraderAPI(config=config).generate_assignment(assignment, force=True)
    if not outcome["success"]:
        raise CourseError(f"nbgrader could not make the release of {assignment}: {last_line(outcome)}")


def generate_feedback(course: Course, assignment: str) -> None:
    """Write everybody's feedback on an assignment. Raises `CourseError`."""
    with quiet():
        outcome = NbGraderAPI(config=load_config(course)).generate_feedback(assignment)
    if not outcome["success"]:
        raise CourseError(f"no feedback: {last_line(outcome)}")


def masters(config: Config, assignment: str) -> dict[str, NotebookNode]:
    """An assignment's notebooks by name, as its gradebook knows them: without solutions, and with the hidden tests.

    That is what nbgrader's own steps make of the source before they take out what students must not see. Nothing is written.
    Raises `CourseError`.
    """
    coursedir = CourseDirectory(config=config)
    coursedir.assignment_id = assignment
    app = _Masters(coursedir=coursedir, config=config)
    app.kept = {}
    app.nowhere = os.path.join(os.devnull, "nowhere")  # no folder of ours, which a kill would leave behind
    with quiet():
        outcome = capture_log(app)
    if not outcome["success"]:
        raise CourseError(f"nbgrader cannot read source/{assignment}: {last_line(outcome)}")
    return app.kept


class _Masters(GenerateAssignment):
    """nbgrader's GenerateAssignment up to where it saves the cells; there they are kept, and nothing is left behind."""

    kept: dict[str, NotebookNode]
    nowhere: str

    def start(self) -> None:
        steps = [import_item(step) if isinstance(step, str) else step for step in self.preprocessors]
        if SaveCells in steps:
            steps = steps[: steps.index(SaveCells)]
        self.preprocessors = [*steps, self._keep]
        super().start()

    def _keep(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        self.kept[resources["nbgrader"]["notebook"]] = copy.deepcopy(notebook)
        return notebook, resources

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        return True

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        pass

    def write_single_notebook(self, output: str, resources: dict) -> None:
        pass

    def set_permissions(self, assignment_id: str, student_id: str) -> None:
        pass

    def _format_dest(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        return self.nowhere  # of a failure nbgrader removes what is there
