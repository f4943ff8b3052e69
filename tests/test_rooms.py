"""The rooms of the package and the arrows between them, as `pyproject.toml` has them: kept, and each of them able to fail."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from common import ROOT

PACKAGE = ROOT / "autograder"
MOST_LINES = 400


def lint(folder: Path) -> subprocess.CompletedProcess:
    """Hold the contracts against the package in a folder."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    env = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120)


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_arrows_are_as_they_should_be():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


WRONG = {
    "a layer of the sandbox that knows the zygote": ("execution/sandbox/policy.py", "from ..zygote import Zygote"),
    "execution that knows judging": ("execution/child.py", "from ..judging import verdict"),
    "judging that knows the course": ("judging/judge.py", "from ..course.folder import Course"),
    "the course that knows grading": ("course/build.py", "from ..grading.engine import Graded"),
    "an exercise that knows the grader": ("chapters/forward_pass.py", "from ..grading import seeds"),
    "a picture that knows an exercise": ("plots/forward_pass.py", "from ..chapters import forward_pass"),
    "a dataset that knows judging": ("datasets/__init__.py", "from ..judging import values"),
    "another address of nbgrader": ("reports/table.py", "from nbgrader.api import Gradebook"),
    "a report that knows the student's desk": ("reports/table.py", "from ..desk import shelf"),
    "a circle of two files": ("judging/compare.py", "def _():\n    from .judge import judge"),
    "a command that is imported": ("grading/batch.py", "from ..cli import main"),
}


@pytest.mark.parametrize("what", WRONG)
def test_one_wrong_import_is_noticed(copy, what):
    file, line = WRONG[what]
    path = copy / "autograder" / file
    path.write_text(path.read_text() + f"\n{line}\n")
    done = lint(copy)
    assert done.returncode != 0 and "BROKEN" in done.stdout, done.stdout + done.stderr


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.partition(".")[0] == "nbgrader"}


def test_preprocessors_are_all_that_nbgrader_asks_of_grading():
    found = {path.name: imports_of(path) for path in (PACKAGE / "grading").glob("*.py")}
    assert {name for name, names in found.items() if names} == {"execute.py", "lessons.py", "outside.py", "repair.py"}
    assert set().union(*found.values()) == {"nbgrader.preprocessors"}


def test_every_room_says_who_lives_there():
    for path in PACKAGE.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path


@pytest.mark.parametrize(
    "path",
    [p for p in PACKAGE.rglob("*.py") if not {"chapters", "plots"} & set(p.relative_to(PACKAGE).parts)],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_a_long_module_says_why_it_is_long(path):
    text = path.read_text()
    if len(text.splitlines()) > MOST_LINES:
        assert "one module" in (ast.get_docstring(ast.parse(text)) or ""), f"{path} has more than {MOST_LINES} lines"
