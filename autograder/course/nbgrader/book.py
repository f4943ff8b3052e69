"""The gradebook: open once for a whole run, and what is wrong with it as a sentence."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    InvalidEntry,
    Notebook,
    SolutionCell,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import scoped_session

from ..folder import Course, CourseError
from .config import load_config
from .place import DRIVER, file_of, is_postgresql, parsed, same_place, shown
from .rows import make_indexes

GO_ON = "go on with the same command"
DRIVERS = ("psycopg", "psycopg2", "psycopg_binary", "asyncpg", "pg8000")
Rows = dict[tuple[type, str, str, str], dict[str, Any]]


@contextlib.contextmanager
def open_gradebook(course: Course) -> Iterator[Gradebook]:
    """nbgrader's own interface to the course's gradebook. Raises `CourseError` where it cannot be used."""
    config = load_config(course)
    with (
        troubles(config.CourseDirectory.db_url),
        Gradebook(config.CourseDirectory.db_url, config.CourseDirectory.course_id) as gradebook,
    ):
        make_indexes(gradebook.db)
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


def held(error: Exception) -> bool:
    """May the same work a moment later, for somebody else holds the gradebook?"""
    code = _code(error)
    return "locked" in str(error) or code.startswith("40") or code == "55P03"


def cut(error: Exception) -> bool:
    """Is there no way to the gradebook's server? It may be there again a moment later: one that is started anew, say."""
    code = _code(error)
    lost = bool(getattr(error, "connection_invalidated", False)) or code.startswith(("08", "57P")) or code == "53300"
    # who is not let in, or not reached, is told no code
    return lost or (isinstance(error, OperationalError) and not code and "connection" in str(error.orig))


def _code(error: Exception) -> str:
    """PostgreSQL's, for what it says no to; SQLite has none."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


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
    """A gradebook that is open from entering to leaving this, in one thread, with one transaction for what is written together.

    nbgrader opens the gradebook anew for every step, seven times a submission, and commits every grade by itself: most of
    what it spends on a submission that is graded already. Here its own code does the same work on one connection, whose
    statements are compiled once, and submissions are written whole or not at all.
    """

    def __init__(self, db_url: str, course_id: str) -> None:
        self.db_url, self.course_id = db_url, course_id

    def __enter__(self) -> OneGradebook:
        self._book = Gradebook(self.db_url, self.course_id)
        make_indexes(self._book.db)
        self._known: list[str] = []
        self._undone = False
        self._users: list[ModuleType] = []
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Gradebook]:
        """What is written within through nbgrader's `Gradebook` is kept if `commit` is called, and undone if not.

        By nbgrader's own modules, and by steps and plugins of the course's.
        """
        with contextlib.ExitStack() as stack:
            self._rows: Rows = {}
            self._undone = False
            for module in self._who_uses_it():
                stack.enter_context(mock.patch.object(module, "Gradebook", self._lend))
            try:
                yield self._lent()
            finally:
                self._book.db.remove()

    def _who_uses_it(self) -> list[ModuleType]:
        """The modules that have nbgrader's `Gradebook`; looked for again when there are others."""
        if self._known != (names := list(sys.modules)):
            self._known = names
            self._users = [
                module
                for name, module in list(sys.modules.items())
                if name != __name__ and getattr(module, "__dict__", {}).get("Gradebook") is Gradebook
            ]
        return self._users

    def commit(self) -> None:
        """Keep what was written in this transaction. May raise what SQLAlchemy raises, if the gradebook is locked.

        Raises `CourseError` if a step of the course's own has taken back a part of it.
        """
        if self._undone:
            raise CourseError("a step of the configuration has undone what was written to the gradebook (db.rollback)")
        self._book.db.commit()

    def _note_undone(self) -> None:
        self._undone = True

    def _lent(self) -> Gradebook:
        return _Lent(self._book, self._rows, self._note_undone)

    def _lend(self, db_url: str, *arguments: Any) -> Gradebook:
        """In the place of nbgrader's `Gradebook`."""
        return self._lent() if same_place(db_url, self.db_url) else Gradebook(db_url, *arguments)


class _Lent(Gradebook):
    """The open gradebook as one step of nbgrader's uses it: opening and closing it does nothing.

    nbgrader asks for each grade and each comment of a submission by itself, in a query over seven tables; here those of a
    notebook are asked for together. rows: what is known already in this transaction.
    """

    def __init__(self, book: Gradebook, rows: Rows, undone: Callable[[], None]) -> None:
        self.engine, self.course_id, self.authenticator = book.engine, book.course_id, book.authenticator
        self.db = _Session(book.db, undone)
        self._rows = rows

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> Grade:
        found = self._of(Grade, notebook, assignment, student).get(grade_cell)
        return super().find_grade(grade_cell, notebook, assignment, student) if found is None else found

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str) -> Comment:
        found = self._of(Comment, notebook, assignment, student).get(solution_cell)
        return super().find_comment(solution_cell, notebook, assignment, student) if found is None else found

    def _of(self, kind: type, notebook: str, assignment: str, student: str) -> dict[str, Any]:
        """A submitted notebook's grades, or comments, by their cells' names."""
        key = (kind, notebook, assignment, student)
        if key not in self._rows:
            submitted = self.find_submission_notebook(notebook, assignment, student)
            asked = self.db.query(BaseCell.name, kind).join(kind, kind.cell_id == BaseCell.id)
            self._rows[key] = dict(map(tuple, asked.filter(kind.notebook_id == submitted.id)))
        return self._rows[key]

    def close(self) -> None:
        pass


class _Session:
    """A session whose commits wait for the end of the transaction. What was written before a query is sent before it, by the
    session itself. undone: what is to be called when a step takes back what was written so far, which may be others' too."""

    def __init__(self, session: scoped_session, undone: Callable[[], None]) -> None:
        self._session, self._undone = session, undone

    def commit(self) -> None:
        pass

    def rollback(self) -> None:
        self._undone()
        self._session.rollback()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)
