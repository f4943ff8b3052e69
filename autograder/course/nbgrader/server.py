"""Inside of Jupyter's server: formgrader's autograde and Validate in a process beside it, so that they block no other request.

nbgrader does both in the server's event loop: until a submission is graded, the server answers nobody. Here they are done, one
after the other, by a process that is started when first asked and keeps what it has imported. nbgrader_config.py, which formgrader
reads when the server starts, calls `off_the_loop`. There, too, formgrader's page is given the model answers. Importing this module imports nothing of nbgrader's.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

FORMGRADER = "nbgrader.server_extensions.formgrader.apihandlers"
_pool: ProcessPoolExecutor | None = None


def off_the_loop() -> None:
    """Put our two handlers in the place of nbgrader's; nothing where this process is no server with formgrader in it."""
    if FORMGRADER not in sys.modules:
        return
    from nbgrader.server_extensions.formgrader.apihandlers import AutogradeHandler
    from nbgrader.server_extensions.formgrader.base import BaseHandler, check_notebook_dir, check_xsrf
    from nbgrader.server_extensions.validate_assignment.handlers import ValidateAssignmentHandler
    from tornado import web

    async def autograde_beside(self: Any, assignment_id: str, student_id: str) -> None:
        root = str(self.coursedir.root)
        self.write(json.dumps(await beside(autograde, root, assignment_id, student_id)))

    async def validate_beside(self: Any) -> None:
        try:
            path = self.get_argument("path")
        except web.MissingArgumentError:
            path = self.get_json_body()["path"]
        self.finish(json.dumps(await beside(validate, os.getcwd(), str(self.root_dir), path)))

    def exporter(self: Any) -> Any:
        found = self.settings["nbgrader_exporter"]
        if not getattr(found, "shows_model_answers", False):
            found.shows_model_answers = True
            root = Path(self.coursedir.root)
            found.register_preprocessor(lambda nb, about: (_with_answers(root, nb, about), about), enabled=True)
        return found

    BaseHandler.exporter = property(exporter)
    AutogradeHandler.post = web.authenticated(check_xsrf(check_notebook_dir(autograde_beside)))
    ValidateAssignmentHandler.post = web.authenticated(validate_beside)


def _with_answers(root: Path, notebook: Any, about: Any) -> Any:
    from .model_answers import with_model_answers

    return with_model_answers(root, notebook, about["assignment_id"], about["notebook_id"])


async def beside(work: Callable[..., dict], *told: str) -> dict:
    """Do this in the other process; if that one ends over it, say so, and have a new one for the next."""
    global _pool
    if _pool is None:  # not forked: the server has threads
        _pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    pool = _pool
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, work, *told)
    except BrokenProcessPool:
        if _pool is pool:
            _pool = None
        why = "the process that was at it has ended; try again"
        return {"success": False, "error": why, "log": why, "value": why}


def autograde(root: str, assignment: str, student: str) -> dict:
    """What formgrader's button does, in a process of its own: nbgrader's own autograde, under the course's configuration."""
    from nbgrader.apps import NbGraderAPI

    from ..folder import Course, CourseError
    from .config import load_config

    try:
        config = load_config(Course(Path(root)))
    except CourseError as error:
        return {"success": False, "error": str(error), "log": str(error)}
    os.chdir(root)
    return NbGraderAPI(config=config).autograde(assignment, student)


def validate(cwd: str, root: str, path: str) -> dict:
    """What the button Validate does: nbgrader's own handler's work, with the server's folders."""
    from nbgrader.apps import NbGrader
    from nbgrader.validator import Validator

    top = Path(root).resolve()
    target = (top / path).resolve()
    if not target.is_relative_to(top):
        return {"success": False, "value": "the notebook lies outside of the server's folder"}
    os.chdir(cwd)
    try:
        app = NbGrader()
        app.load_config_file()
        return {"success": True, "value": Validator(config=app.config).validate(str(target))}
    except Exception as error:  # noqa: BLE001  as nbgrader's own: whatever it is, the student reads it in the dialogue
        return {"success": False, "value": f"{type(error).__name__}: {error}"}
