"""The command `course` as a person types it, in this process."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path

from click.testing import CliRunner, Result

from autograder.cli import main


def typed(command: str, cwd: Path) -> Result:
    """Run "course …" as typed in a folder. Whatever it raises that is no plain sentence is raised here, too."""
    with contextlib.chdir(cwd):
        return CliRunner().invoke(main, shlex.split(command), env={"COLUMNS": "80"}, catch_exceptions=False)


def refused(command: str, cwd: Path, told: str) -> None:
    done = typed(command, cwd)
    assert done.exit_code, done.output
    assert told in done.output and "Traceback" not in done.output, done.output
