"""The gradebook: open once for a whole run, and what is wrong with it as a sentence."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from nbgrader.api import (
    Assignment,
    Grade,
    Gradebook,
    GradeCell,
    InvalidEntry,
    Notebook,
    SolutionCell,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import scoped_session

from ..folder import Course, CourseError
from .config import load_config
from .place import DRIVER, file_of, is_postgresql, parsed, same_place, shown

GO_ON = "go on with the same command"
DRIVERS = ("psycopg", "psycopg2", "psycopg_binary", "asyncpg", "pg8000")


@contextlib.contextmanager
def open_gradebook(course: Course) -> Iterator[Gradebook]:
    """nbgrader's own interface to the course's gradebook. Raises `CourseError` where it cannot be used."""
    config = load_config(course)
    with (
        troubles(config.CourseDirectory.db_url),
        Gradebook(config.CourseDirectory.db_url, config.CourseDirectory.course_id) as gradebook,
    ):
        yield gradebook


@contextlib.contextmanager
def troubles(db_url: str) -> Iterator[None]:
    """Whatever the database says no to within is a `CourseError`; so is that there is no such database, or no driver for it."""
    try:
        parsed(db_url)
        yield
    except (DBAPIError, InvalidEntry) as error:
        raise CourseError(gradebook_trouble(error, db_url)) from None
    except ArgumentError:  # no such kind of database
        kind = parsed(db_url).drivername
        raise CourseError(
            f"there is no gradebook in {kind}; it lies in SQLite or, by {DRIVER}://, in PostgreSQL"
        ) from None
    except ImportError as error:
        if (error.name or "") not in DRIVERS and "pq wrapper" not in str(error):
            raise
        raise CourseError(
            f"the gradebook {shown(db_url)} lies in PostgreSQL, for which psycopg is needed, and a URL that begins with"
            f' {DRIVER}://: {Path(sys.executable).name} -m pip install "psycopg[binary]"'
        ) from None


def gradebook_trouble(error: Exception, db_url: str) -> str:
    """What is wrong with the gradebook, as one sentence. error: SQLAlchemy's, or nbgrader's that has its text."""
    where = shown(db_url) if file_of(db_url) else f"the gradebook {shown(db_url)}"
    lines = [line.strip() for line in str(getattr(error, "orig", None) or error).splitlines() if line.strip()]
    said = lines[0] if lines else type(error).__name__
    if is_postgresql(db_url):
        return _servers_trouble(said, where)
    if "readonly" in said or "unable to open" in said:
        return f"{where} cannot be written: it, or the folder that it lies in, belongs to somebody else or is read-only"
    if "full" in said or "disk I/O" in said:
        return f"{where} cannot be written: the disk is full, or fails; make room, and {GO_ON}"
    if "locked" in said:
        return f"another program holds {where}; end it, and {GO_ON}"
    if "not a database" in said or "malformed" in said:
        return f"{where} is no gradebook, or a damaged one ({said})"
    return f"{where} cannot be used: {said}"


def _servers_trouble(said: str, where: str) -> str:
    """What PostgreSQL, or the way there, said."""
    said = re.sub(r"^(connection failed: |connection is bad: |\([\w.]+\) )+", "", said)
    said = re.sub(r"^connection to server .*? failed: (FATAL: +)?", "", said)
    if "no password supplied" in said:
        return f"{where} wants a password: put it into ~/.pgpass or the environment variable PGPASSWORD"
    if "lock timeout" in said:
        return f"another program holds {where}; end it, and {GO_ON}"
    return f"{where} cannot be used: {said}"


def passes(error: Exception) -> bool:
    """May the same work a moment later? Somebody else holds the gradebook, or the way to it was cut."""
    code = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
    cut = bool(getattr(error, "connection_invalidated", False))
    return cut or "locked" in str(error) or code.startswith("40") or code in ("55P03", "57P01", "57P02", "57P03")


def graded_students(gradebook: Gradebook, assignment: str) -> set[str]:
    """Whose submission the gradebook knows with a score for every check, and a score or a person's task for the rest."""
    of_assignment = gradebook.db.query(SolutionCell.notebook_id, SolutionCell.name).join(
        Notebook, Notebook.id == SolutionCell.notebook_id
    )
    answers = set(map(tuple, of_assignment))
    rows = (
        gradebook.db.query(SubmittedAssignment.student_id, GradeCell.notebook_id, GradeCell.name, GradeCell.cell_type)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .join(Notebook, Notebook.assignment_id == Assignment.id)
        .outerjoin(GradeCell, GradeCell.notebook_id == Notebook.id)
        .outerjoin(
            SubmittedNotebook,
            (SubmittedNotebook.notebook_id == Notebook.id)
            & (SubmittedNotebook.assignment_id == SubmittedAssignment.id),
        )
        .outerjoin(Grade, (Grade.notebook_id == SubmittedNotebook.id) & (Grade.cell_id == GradeCell.id))
        .add_columns(Grade.id, Grade.auto_score, Grade.manual_score, Grade.needs_manual_grade)
        .filter(Assignment.name == assignment)
    )
    there, lacking = set(), set()
    for student, notebook, name, kind, grade, auto, manual, by_hand in rows:
        there.add(student)
        if name is None:  # a notebook without graded cells
            continue
        checked = kind == "code" and (notebook, name) not in answers
        if grade is None or (auto is None and manual is None and (checked or not by_hand)):
            lacking.add(student)
    return there - lacking


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
    def transaction(self) -> Iterator[Gradebook]:
        """What is written within through nbgrader's `Gradebook` is kept if `commit` is called, and undone if not.

        By nbgrader's own modules, and by steps and plugins of the course's.
        """
        with contextlib.ExitStack() as stack:
            for module in list(sys.modules.values()):
                if (
                    module is not sys.modules[__name__]
                    and getattr(module, "__dict__", {}).get("Gradebook") is Gradebook
                ):
                    stack.enter_context(mock.patch.object(module, "Gradebook", self._lend))
            try:
                yield _Lent(self._book)
            finally:
                self._book.db.remove()

    def commit(self) -> None:
        """Keep what was written in this transaction. May raise what SQLAlchemy raises, if the gradebook is locked."""
        self._book.db.commit()

    def _lend(self, db_url: str, *arguments: Any) -> Gradebook:
        """In the place of nbgrader's `Gradebook`."""
        return _Lent(self._book) if same_place(db_url, self.db_url) else Gradebook(db_url, *arguments)


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
