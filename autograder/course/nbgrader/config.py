"""The course's nbgrader_config.py as nbgrader reads it, and what nbgrader says when something goes wrong."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from nbgrader.apps import NbGrader
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from ..folder import Course, CourseError
from ..notebooks import plain

PATIENCE = {"PGCONNECT_TIMEOUT": "15", "PGOPTIONS": "-c lock_timeout=60s"}
"""Of PostgreSQL's library, in its own words, unless the environment says otherwise: it would wait for ever."""


def load_config(course: Course) -> Config:
    """The course's nbgrader_config.py, as nbgrader's own commands read it."""
    scripts = str(Path(sys.executable).parent)
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        # nbgrader starts `alembic` by name: it must be found also where the virtual environment is not activated
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    if str(course.root) not in sys.path:
        sys.path.insert(
            0, str(course.root)
        )  # as nbgrader does: a plugin may lie beside the configuration that names it
    warnings.filterwarnings("ignore", category=SAWarning)  # about nbgrader's use of SQLAlchemy
    app = NbGrader(raise_config_file_errors=True)
    with contextlib.chdir(course.root):
        try:
            app.load_config_file()
        except Exception as error:  # noqa: BLE001  the file is Python, and may fail in any way
            raise CourseError(f"nbgrader_config.py cannot be read: {type(error).__name__}: {error}") from None
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
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
    """nbgrader logs every step to stderr, and errors with it; they come back in its results, which is where we take them from."""
    loggers = [logging.getLogger(name) for name in ("traitlets", "tornado.application")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def last_line(outcome: dict) -> str:
    """Why nbgrader failed: the last error that its log tells of, rather than that it failed."""
    said = f"{outcome.get('error') or ''}\n{outcome.get('log') or ''}"
    lines = [plain(line) for line in said.splitlines() if line.strip()]
    errors = [line.strip() for line in lines if re.match(r"\s*[\w.]+(Error|Exception|Interrupt|Failure)\b", line)]
    errors = [line for line in errors if "the above traceback" not in line]
    return (errors or lines or ["no reason given"])[-1].strip()[:300]
