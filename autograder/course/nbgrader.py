"""All that this package has to do with nbgrader's applications, configuration, log and gradebook; nothing else of it does.

The preprocessors in `grading`, which nbgrader's own commands call, are the other way round: there nbgrader speaks to us.
Importing this takes seconds, for nbgrader does; who needs it now and then imports it then.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGrader, NbGraderAPI
from nbgrader.converters import Autograde, base
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, Execute
from nbgrader.utils import capture_log, find_all_files, temp_attrs
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import scoped_session
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from .files import is_regular
from .folder import Course, CourseError
from .notebooks import one_cell_a_line, plain

LOCKED_TRIES = 3

# -- configuration and log ----------------------------------------------------------------------------------------------


def load_config(course: Course) -> Config:
    """The course's nbgrader_config.py, as nbgrader's own commands read it."""
    scripts = str(Path(sys.executable).parent)
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        # nbgrader starts `alembic` by name: it must be found also where the virtual environment is not activated
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    warnings.filterwarnings("ignore", category=SAWarning)  # about nbgrader's use of SQLAlchemy
    app = NbGrader(raise_config_file_errors=True)
    before = os.getcwd()
    os.chdir(course.root)
    try:
        app.load_config_file()
    except Exception as error:  # noqa: BLE001  the file is Python, and may fail in any way
        raise CourseError(f"nbgrader_config.py cannot be read: {type(error).__name__}: {error}") from None
    finally:
        os.chdir(before)
    config = app.config
    config.CourseDirectory.root = str(course.root)
    if "db_url" not in config.CourseDirectory:
        config.CourseDirectory.db_url = database_url(course.gradebook)
    config.NbGrader.logfile = ""
    return config


def database_url(path: Path) -> str:
    """SQLite with a long busy timeout: several processes wait for each other instead of failing."""
    return f"sqlite:///{path}?timeout=60"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """nbgrader logs every step to stderr; its errors come back in its results, which is where we take them from."""
    logger = logging.getLogger("traitlets")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def last_line(outcome: dict) -> str:
    """Why nbgrader failed: the last error that its log tells of, rather than that it failed."""
    said = f"{outcome.get('error') or ''}\n{outcome.get('log') or ''}"
    lines = [plain(line) for line in said.splitlines() if line.strip()]
    errors = [line.strip() for line in lines if re.match(r"\s*[\w.]+(Error|Exception|Interrupt|Failure)\b", line)]
    errors = [line for line in errors if "the above traceback" not in line]
    return (errors or lines or ["no reason given"])[-1].strip()[:300]


# -- what nbgrader makes -------------------------------------------------------------------------------------------------


def generate_assignment(course: Course, chapter: str, root: Path, gradebook: Path) -> None:
    """Make root/release from root/source, and note the assignment in the gradebook. Raises `CourseError`."""
    config = Config(load_config(course))
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.db_url = database_url(gradebook)
    config.GenerateAssignment.permissions = 644
    with quiet():
        outcome = NbGraderAPI(config=config).generate_assignment(chapter, force=True)
    if not outcome["success"]:
        raise CourseError(f"nbgrader could not make the release of {chapter}: {last_line(outcome)}")


def generate_feedback(course: Course, chapter: str) -> None:
    """Write everybody's feedback on a chapter. Raises `CourseError`."""
    with quiet():
        outcome = NbGraderAPI(config=load_config(course)).generate_feedback(chapter)
    if not outcome["success"]:
        raise CourseError(f"no feedback: {last_line(outcome)}")


# -- reading the gradebook ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recorded:
    """One graded cell of a submission. code: of code, graded automatically. to_grade: a person has yet to grade it."""

    cell: str
    code: bool
    score: float
    maximum: float
    to_grade: bool


@contextlib.contextmanager
def open_gradebook(course: Course) -> Iterator[Gradebook]:
    """nbgrader's own interface to the course's gradebook."""
    config = load_config(course)
    with Gradebook(config.CourseDirectory.db_url, config.CourseDirectory.course_id) as gradebook:
        yield gradebook


def is_registered(course: Course, chapter: str) -> bool:
    """Does the gradebook know the assignment and its cells?"""
    with open_gradebook(course) as gradebook:
        try:
            return bool(gradebook.find_assignment(chapter).notebooks)
        except MissingEntry:
            return False


def recorded(course: Course, chapter: str) -> dict[str, list[Recorded]]:
    """The grades of everybody who handed in a chapter, by student in alphabetical order."""
    with open_gradebook(course) as gradebook:
        try:
            submissions = gradebook.assignment_submissions(chapter)
        except MissingEntry:
            return {}
        return {
            submission.student_id: [
                Recorded(
                    grade.cell.name,
                    grade.cell.cell_type == "code",
                    float(grade.auto_score or 0),
                    float(grade.max_score),
                    bool(grade.needs_manual_grade),
                )
                for notebook in submission.notebooks
                for grade in notebook.grades
            ]
            for submission in sorted(submissions, key=lambda s: s.student_id)
        }


# -- writing grades -------------------------------------------------------------------------------------------------------


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

    notebook: NotebookNode
    book: OneGradebook | None
    executes: tuple[type, ...]

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        with mock.patch.object(base, "find_all_files", _regular_files):
            super().init_assignment(assignment_id, student_id)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        resources = self.init_single_notebook_resources(notebook_filename)
        resources["metadata"] = {"path": str(Path(notebook_filename).parent)}
        notebook, executed = self.notebook, False
        for kind in self.autograde_preprocessors:
            kind = import_item(kind) if isinstance(kind, str) else kind
            if issubclass(kind, self.executes):
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
    """Lets nbgrader write graded notebooks: gradebook, autograded/, late penalties. For one thread.

    executes: the preprocessor whose work, as that of nbgrader's `Execute`, is done already when a notebook comes here.
    """

    def __init__(self, config: Config, executes: type) -> None:
        self.executes = (executes, Execute)
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

    def save(self, chapter: str, student: str, notebook: NotebookNode) -> None:
        """Write one. Raises `CourseError` if nothing was written."""
        for tries in range(LOCKED_TRIES):
            with (
                quiet(),
                temp_attrs(self.api.coursedir, assignment_id=chapter, student_id=student),
                contextlib.nullcontext() if self._book is None else self._book.transaction(),
            ):
                app = SaveGraded(coursedir=self.api.coursedir, parent=self.api)
                app.force, app.notebook, app.book, app.executes = True, notebook, self._book, self.executes
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


# -- one connection for a whole run ---------------------------------------------------------------------------------------


class OneGradebook:
    """A gradebook that is open from entering to leaving this, in one thread, with one transaction for each submission.

    nbgrader opens the gradebook anew for every step, seven times a submission, and commits every grade by itself: most of
    what it spends on a submission that is graded already. Here its own code does the same work on one connection, whose
    statements are compiled once, and a submission is written whole or not at all.
    """

    def __init__(self, db_url: str, course_id: str) -> None:
        self.db_url, self.course_id = db_url, course_id

    def __enter__(self) -> OneGradebook:
        self._book = Gradebook(self.db_url, self.course_id)
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """What nbgrader's modules write to the gradebook within is kept if `commit` is called, and undone if not."""
        with contextlib.ExitStack() as stack:
            for module in [m for n, m in sys.modules.items() if n.partition(".")[0] == "nbgrader"]:
                if vars(module).get("Gradebook") is Gradebook:
                    stack.enter_context(mock.patch.object(module, "Gradebook", self._lend))
            try:
                yield
            finally:
                self._book.db.remove()

    def commit(self) -> None:
        """Keep what was written in this transaction. May raise what SQLAlchemy raises, if the gradebook is locked."""
        self._book.db.commit()

    def _lend(self, db_url: str, *arguments: Any) -> Gradebook:
        """In the place of nbgrader's `Gradebook`."""
        return _Lent(self._book) if db_url == self.db_url else Gradebook(db_url, *arguments)


class _Lent(Gradebook):
    """The open gradebook as one step of nbgrader's uses it: opening and closing it does nothing."""

    def __init__(self, book: Gradebook) -> None:
        self.engine, self.course_id, self.authenticator = book.engine, book.course_id, book.authenticator
        self.db = _Session(book.db)

    def close(self) -> None:
        pass


class _Session:
    """A session whose commits wait for the end of the transaction."""

    def __init__(self, session: scoped_session) -> None:
        self._session = session

    def commit(self) -> None:
        self._session.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)
