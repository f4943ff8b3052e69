"""Graded submissions are written down by nbgrader's own code: gradebook, autograded/, late penalties.

A submission is written whole or not at all: to the gradebook in one transaction, to a folder aside, which then takes the place
of the earlier one. Whatever fails before that leaves what was there. Those that are ready at the same time share a transaction; where
one of them cannot be written, each is written by itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from nbconvert.writers import FilesWriter
from nbformat import NotebookNode
from nbgrader.api import InvalidEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde, base
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, Execute, SaveAutoGrades
from nbgrader.utils import find_all_files, temp_attrs
from sqlalchemy.exc import DataError, DBAPIError
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from ..files import copy_into, is_regular, remove_tree
from ..folder import CourseError
from ..notebooks import one_cell_a_line
from .book import GO_ON, OneGradebook, cut, gradebook_trouble, held, troubles
from .config import quiet
from .guard import no_date
from .look import ToLookAt

LOCKED_TRIES = 3
CUT_SECONDS = 30.0  # so long a gradebook's server may be away
FULL = (errno.ENOSPC, errno.EDQUOT)
BARRED = (errno.EACCES, errno.EPERM, errno.EROFS)


class Stopped(CourseError):
    """Nothing can be written for the time being: there is no use in grading on."""


@dataclass(frozen=True)
class Judged:
    """A submission to be written. handed_in: the folder of what was graded. written: files that its notebooks left."""

    student: str
    notebooks: Mapping[str, NotebookNode]
    handed_in: Path
    written: Path | None = None


class TolerantCourseDirectory(CourseDirectory):
    """A timestamp that is none loses nobody's submission: it counts as handed in without one."""

    def get_existing_timestamp(self, dest_path: str):
        if (why := no_date(Path(dest_path))) is not None:
            self.log.warning("%s: timestamp.txt %s, and is ignored", dest_path, why)
            return None
        try:
            return super().get_existing_timestamp(dest_path)
        except (SystemExit, ValueError, OverflowError, AttributeError):  # nbgrader 0.9.6 calls a `fail` that it lacks
            self.log.warning("%s: timestamp.txt holds no date and is ignored", dest_path)
            return None


class SaveGraded(Autograde):
    """nbgrader's Autograde for a submission that is sanitized, executed and judged already.

    What would be done twice is left out: converting and validating a notebook before and after it is run. What writes
    grades is nbgrader's own: the submission's record, and each configured preprocessor after the one that executes.
    """

    executes: tuple[type, ...]
    handed_in: Path
    aside: Path

    @contextlib.contextmanager
    def saved(self, assignment: str, one: Judged) -> Iterator[None]:
        """Write the submission, but for the commit, which is to be made within: only then is its folder put in place.

        With its notebooks there, it counts as graded. May raise whatever nbgrader's steps raise: then nothing was written.
        """
        student, self.handed_in = one.student, one.handed_in
        self.notebooks = [str(self.handed_in / f"{name}.ipynb") for name in one.notebooks]
        self.writer = FilesWriter(parent=self, config=self.config)
        target = Path(self.coursedir.format_path(self.coursedir.autograded_directory, student, assignment))
        with temp_attrs(self.coursedir, assignment_id=assignment, student_id=student):
            with _aside(target) as self.aside:
                self.run_pre_convert_hook()
                with mock.patch.object(base, "find_all_files", _regular_files):
                    self.init_assignment(assignment, student)
                if one.written is not None:
                    copy_into(one.written, self.aside)
                for name, notebook in one.notebooks.items():
                    self._save_notebook(assignment, student, name, notebook)
                self.set_permissions(assignment, student)
                yield
                _replace(self.aside, target)
            self.run_post_convert_hook()

    def _save_notebook(self, assignment: str, student: str, name: str, notebook: NotebookNode) -> None:
        about = {"student": student, "assignment": assignment, "notebook": name, "db_url": self.coursedir.db_url}
        resources = {"unique_key": name, "output_files_dir": f"{name}_files", "nbgrader": about}
        resources["metadata"] = {"path": str(self.aside)}
        executed = False
        for kind in self.steps():
            if issubclass(kind, self.executes):
                executed = True
            elif executed and kind is not CheckCellMetadata:  # the metadata is the release's own
                step = kind(parent=self)
                if step.enabled:
                    notebook, resources = step.preprocess(notebook, resources)
        self.write_single_notebook(one_cell_a_line(notebook), {**resources, "output_extension": ".ipynb"})

    def steps(self) -> list[type]:
        """The configured preprocessors; those named are imported. `ToLookAt` is one of them, configured or not."""
        steps = [import_item(kind) if isinstance(kind, str) else kind for kind in self.autograde_preprocessors]
        if SaveAutoGrades in steps and ToLookAt not in steps:
            steps.insert(steps.index(SaveAutoGrades) + 1, ToLookAt)
        return steps

    def _format_source(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        return str(self.handed_in)  # what was graded: what lies in submitted/ may have changed since

    def _format_dest(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        return str(self.aside)


def _regular_files(folder: str, *exclude: list[str]) -> list[str]:
    """In the place of nbgrader's function, which lists links, too, and its caller then copies what they point to."""
    return [path for path in find_all_files(folder, *exclude) if is_regular(Path(path), Path(folder))]


@contextlib.contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A fresh folder beside `target`, under a name that nobody lists; afterwards it is gone."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    for left in (fresh, target.with_name(f".{target.name}.old")):  # by a run that was killed
        remove_tree(left)
    fresh.mkdir()
    try:
        yield fresh
    finally:
        remove_tree(fresh)


def _replace(fresh: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old")
    if os.path.lexists(target):
        os.rename(target, old)
    os.rename(fresh, target)
    if old.is_symlink() or old.is_file():
        old.unlink()
    else:
        remove_tree(old)


class Saving:
    """Lets nbgrader write graded submissions. For one thread.

    executes: the preprocessor whose work, as that of nbgrader's `Execute`, is done already when a submission comes here.
    """

    def __init__(self, config: Config, executes: type) -> None:
        self.executes = (executes, Execute)
        self.api = NbGraderAPI(coursedir=TolerantCourseDirectory(config=config), config=config)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Saving:
        coursedir = self.api.coursedir
        with troubles(coursedir.db_url):
            self.book = self._stack.enter_context(OneGradebook(coursedir.db_url, coursedir.course_id))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _app(self) -> SaveGraded:
        app = SaveGraded(coursedir=self.api.coursedir, parent=self.api)
        app.executes = self.executes
        app.steps(), AssignLatePenalties(parent=app)  # what they import may use the gradebook, and is lent ours
        return app

    def excluded(self, students: list[str]) -> set[str]:
        """Those that the configuration leaves out (`c.CourseDirectory.student_id_exclude`)."""
        return set(students) & set(self.api.coursedir.student_id_exclude.split(","))

    def save_all(self, assignment: str, ready: list[Judged]) -> Iterator[tuple[str, CourseError | None]]:
        """Write those that are ready, in one transaction if that goes well; yields (student, why it was not written).

        If it does not, hooks and steps of the course's own have run for some already, and run again. Raises `Stopped`, if it would
        be the same for everybody.
        """
        if len(ready) > 1:
            try:
                self._save(assignment, ready)
            except Exception:  # noqa: BLE001  whose fault it is shows when each is written by itself
                pass
            else:
                yield from ((one.student, None) for one in ready)
                return
        for one in ready:
            try:
                self.save(assignment, one)
            except Stopped:
                raise
            except CourseError as error:
                yield one.student, error
            else:
                yield one.student, None

    def _save(self, assignment: str, submissions: list[Judged]) -> None:
        apps = [self._app() for _ in submissions]
        with quiet(), self.book.transaction(), contextlib.ExitStack() as folders:
            for app, one in zip(apps, submissions, strict=True):
                folders.enter_context(app.saved(assignment, one))
            self.book.commit()

    def save(self, assignment: str, one: Judged) -> None:
        """Write one. Raises `CourseError` if nothing was written; `Stopped`, if it would be the same for everybody."""
        tries, until = 0, time.monotonic() + CUT_SECONDS
        while True:
            tries += 1
            try:
                self._save(assignment, [one])
                return
            except DataError as error:  # PostgreSQL bounds what SQLite takes: this submission's, nobody else's
                raise CourseError(gradebook_trouble(error, self.api.coursedir.db_url)) from None
            except (DBAPIError, InvalidEntry) as error:
                lasts = time.monotonic() < until if cut(error) else tries < LOCKED_TRIES and held(error)
                if not lasts:
                    told = gradebook_trouble(error, self.api.coursedir.db_url)
                    raise Stopped(told if GO_ON in told else f"{told}; see to it, and {GO_ON}") from None
                time.sleep(min(2.0 ** (tries - 1), 4.0))  # the result is too good to lose
            except OSError as error:
                if error.errno in FULL:
                    raise Stopped(f"the disk of {self.api.coursedir.root} is full; make room, and {GO_ON}") from None
                if error.errno in BARRED:
                    raise CourseError(f"{error.filename} cannot be written: {error.strerror}") from None
                raise CourseError(f"its result could not be written: {error}") from None
            except CourseError:
                raise
            except Exception as error:  # noqa: BLE001  a step or a plugin of the course's own may fail in any way
                raise CourseError(f"its grades could not be written: {type(error).__name__}: {error}") from None
