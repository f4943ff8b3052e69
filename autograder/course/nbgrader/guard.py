"""What nbgrader's Autograde does with a submission's files before it converts anything: only regular files, within bounds.

It reads timestamp.txt and copies whatever else was handed in, through links and from pipes, however much it is.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from nbgrader.converters import base
from nbgrader.converters.base import BaseConverter
from nbgrader.utils import find_all_files, is_ignored

from ..files import handed_in, is_regular, refuse_irregular
from ..folder import CourseError

LONGEST_DATE = 1000  # bytes of a timestamp.txt
_regular_only: ContextVar[bool] = ContextVar("regular_only", default=False)


def guard(converter: BaseConverter) -> None:
    """Let this converter look into a submission, and copy of it, only what counts (`files.handed_in`)."""
    look, copy = converter.init_destination, converter.init_assignment

    def init_destination(assignment: str, student: str) -> bool:
        folder = Path(converter._format_source(assignment, student))
        refuse_irregular(folder, map(Path, converter.notebooks))
        if (why := no_date(folder)) is not None:
            raise CourseError(f"timestamp.txt {why}; nothing of the submission was read")
        return look(assignment, student)

    def init_assignment(assignment: str, student: str) -> None:
        with _regular_files_only():
            copy(assignment, student)

    converter.init_destination, converter.init_assignment = init_destination, init_assignment


def no_date(folder: Path) -> str | None:
    """Why a submission's timestamp.txt, if there is one, is not even to be opened."""
    path = folder / "timestamp.txt"
    if not os.path.lexists(path):
        return None
    if not is_regular(path, folder):
        return "is no file"
    return f"is larger than {LONGEST_DATE} bytes" if path.stat().st_size > LONGEST_DATE else None


@contextlib.contextmanager
def _regular_files_only() -> Iterator[None]:
    token = _regular_only.set(True)
    try:
        yield
    finally:
        _regular_only.reset(token)


def _found(path: str, exclude: list[str] | None = None) -> list[str]:
    """nbgrader's `find_all_files`; within `_regular_files_only` what counts alone."""
    if not _regular_only.get():
        return find_all_files(path, exclude)
    folder = Path(path)
    return [
        str(file)
        for file in handed_in(folder)
        if not any(is_ignored(str(part), exclude) for part in (file, *file.parents) if folder in part.parents)
    ]


base.find_all_files = _found  # for all threads: what each of them wants is in its context
