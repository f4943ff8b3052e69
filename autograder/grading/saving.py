"""From a judged notebook to nbgrader's records: the gradebook, autograded/, late penalties."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from unittest import mock

from nbformat import NotebookNode
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde, base
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, Execute
from nbgrader.utils import capture_log, find_all_files, temp_attrs
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from ..build import last_line, quiet_nbgrader
from ..layout import CourseError
from .engine import Graded
from .files import is_regular
from .gradebook import OneGradebook
from .outside import JudgedOutside

LOCKED_TRIES = 3


class GradebookLocked(CourseError):
    """Nothing can be written for the time being: there is no use in grading on."""


class TolerantCourseDirectory(CourseDirectory):
    """A timestamp that is none loses nobody's submission: it counts as handed in without one."""

    def get_existing_timestamp(self, dest_path: str):
        try:
            return super().get_existing_timestamp(dest_path)
        except (SystemExit, ValueError, OverflowError, AttributeError):  # nbgrader 0.9.6 calls a `fail` that it lacks
            self.log.warning("%s: timestamp.txt holds no date and is ignored", dest_path)
            return None


class SaveGraded(Autograde):
    """nbgrader's Autograde for a notebook that is sanitized, executed and judged already.

    What would be done twice is left out: converting and validating the notebook before and after it is run. What writes
    grades is nbgrader's own: the submission's record, and each configured preprocessor after the one that executes.
    """

    graded: Graded
    book: OneGradebook | None

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        with mock.patch.object(base, "find_all_files", _regular_files):
            super().init_assignment(assignment_id, student_id)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        resources = self.init_single_notebook_resources(notebook_filename)
        resources["metadata"] = {"path": str(Path(notebook_filename).parent)}
        notebook, executed = self.graded.notebook, False
        for kind in self.autograde_preprocessors:
            kind = import_item(kind) if isinstance(kind, str) else kind
            if issubclass(kind, (JudgedOutside, Execute)):
                executed = True
            elif executed and kind is not CheckCellMetadata:  # the metadata is the release's own
                step = kind(parent=self)
                if step.enabled:
                    notebook, resources = step.preprocess(notebook, resources)
        if self.book is not None:  # before the file: with the file there, the submission counts as graded
            self.book.commit()
        self.write_single_notebook(one_cell_a_line(notebook), {**resources, "output_extension": ".ipynb"})

    @property
    def uses_own_steps_only(self) -> bool:
        """Do all steps come with nbgrader and nbconvert? Others may open the gradebook by themselves."""
        kinds = [kind if isinstance(kind, str) else kind.__module__ for kind in self.autograde_preprocessors]
        return {kind.partition(".")[0] for kind in kinds} <= {"nbgrader", "nbconvert", "autograder"}


def _regular_files(folder: str, *exclude: list[str]) -> list[str]:
    """In the place of nbgrader's function, which lists links, too, and its caller then copies what they point to."""
    return [path for path in find_all_files(folder, *exclude) if is_regular(Path(path), Path(folder))]


class Saving:
    """Lets nbgrader write graded notebooks: gradebook, autograded/, late penalties. For one thread."""

    def __init__(self, config: Config) -> None:
        self.api = NbGraderAPI(coursedir=TolerantCourseDirectory(config=config), config=config)
        self._whole = SaveGraded(coursedir=self.api.coursedir, parent=self.api).uses_own_steps_only
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Saving:
        coursedir = self.api.coursedir
        self._book = (
            self._stack.enter_context(OneGradebook(coursedir.db_url, coursedir.course_id)) if self._whole else None
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def save(self, chapter: str, student: str, graded: Graded) -> None:
        """Write one. Raises `CourseError` if nothing was written."""
        for tries in range(LOCKED_TRIES):
            with (
                quiet_nbgrader(),
                temp_attrs(self.api.coursedir, assignment_id=chapter, student_id=student),
                contextlib.nullcontext() if self._book is None else self._book.transaction(),
            ):
                app = SaveGraded(coursedir=self.api.coursedir, parent=self.api)
                app.force, app.graded, app.book = True, graded, self._book
                outcome = capture_log(app)
            if outcome["success"]:
                return
            said = f"{outcome.get('error')}\n{outcome.get('log')}"
            if "KeyboardInterrupt" in said:  # nbgrader has caught it, with whatever else may happen
                raise KeyboardInterrupt
            if "locked" not in said:
                raise CourseError(last_line(outcome))
            time.sleep(2.0**tries)  # somebody else holds the gradebook for long: the result is too good to lose
        raise GradebookLocked("another program holds the gradebook; end it, and go on with the same command")


def one_cell_a_line(notebook: NotebookNode) -> str:
    """A notebook as JSON, ten times faster to write than indented; it has been validated when it was read."""
    rest = {key: value for key, value in notebook.items() if key != "cells"}
    cells = ",\n".join(json.dumps(cell, ensure_ascii=False) for cell in notebook.cells)
    return f'{{"cells": [\n{cells}\n],\n{json.dumps(rest, ensure_ascii=False)[1:]}\n'
