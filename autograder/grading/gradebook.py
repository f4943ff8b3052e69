"""One connection to the gradebook for a whole run, and one transaction for each submission.

nbgrader opens the gradebook anew for every step, seven times a submission, and commits every grade by itself: most of what
it spends on a submission that is graded already. Here its own code does the same work on one connection, whose statements
are compiled once, and a submission is written whole or not at all.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock

from nbgrader.api import Gradebook
from sqlalchemy.orm import scoped_session


class OneGradebook:
    """A gradebook that is open from entering to leaving this, in one thread."""

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
