"""What the tests share: the course folder, copies of it to spoil, and the environment that a bare machine would have."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from autograder.course.cells import graded, is_solution  # noqa: E402  after the log level is set
from autograder.course.folder import Course  # noqa: E402
from autograder.course.notebooks import notebook_text, read_notebook, write_text  # noqa: E402
from autograder.course.samples import solutions  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
COURSE = Course(ROOT)
CHAPTERS = COURSE.chapters()
SEEDS = int(os.environ.get("SEEDS", 2))
"""Draws of each exercise that an answer is judged on. With SEEDS=20 half an hour on its own: run by hand when checks change."""
BY_ITSELF = [
    "breakpoint()",
    "import pdb; pdb.set_trace()",
    "from pdb import set_trace; set_trace()",
    "from IPython.core.debugger import set_trace; set_trace()",
    "import asyncio; asyncio.run(asyncio.sleep(0))",
    "import asyncio; asyncio.get_event_loop().run_until_complete(asyncio.sleep(0))",
]
"""Lines of an answer that ask who is around it: at home and at the grader nobody."""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A copy of the course folder (its first chapter) that a test may spoil."""
    chapter = CHAPTERS[0]
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    for part in ("source", "release"):
        shutil.copytree(ROOT / part / chapter, tmp_path / part / chapter)
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / f"{chapter}.ipynb", tmp_path / "notebooks")
    return Course(tmp_path)


def class_of(folder: Path, chapter: str, students: dict[str, bool]) -> Course:
    """A course folder with one chapter in which these students handed in: True, the solved release; False, it untouched."""
    for part in ("source", "release"):
        shutil.copytree(ROOT / part / chapter, folder / part / chapter)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    course = Course(folder)
    right = solutions(course, chapter)
    for student, solved in students.items():
        notebook = read_notebook(course.release(chapter))
        for cell in notebook.cells:
            if solved and cell.cell_type == "code" and is_solution(cell):
                cell.source = right[graded(cell)["grade_id"]]
        path = course.submission(student, chapter)
        path.parent.mkdir(parents=True)
        write_text(path, notebook_text(notebook))
    return course


def run(*command: str | Path, cwd: Path, timeout: float = 300, **environment: str) -> subprocess.CompletedProcess:
    """Run a command of this environment as a user would, without changing the caller's own environment."""
    scripts = str(Path(sys.executable).parent)
    env = {**os.environ, **environment}
    env["PATH"] = os.pathsep.join([scripts, env.get("PATH", "")])
    words = [str(part) for part in command]
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout)


@functools.cache
def setup_cell(topic: str) -> str:
    """The setup cell of a chapter, which is all that an answer may rely on."""
    cells = read_notebook(COURSE.source(COURSE.chapter_of(topic))).cells
    return next(c.source for c in cells if graded(c).get("grade_id") == "setup")


def right_answers(topic: str) -> dict[str, list]:
    """Right answers written in other ways than the solution: tests/answers/<topic>.py."""
    return _answers(topic).ANSWERS


def wrong_answers(topic: str) -> dict[str, list]:
    """Wrong answers without a hint of their own, from the same place."""
    return getattr(_answers(topic), "WRONG", {})


@functools.cache
def _answers(topic: str) -> ModuleType:
    path = ROOT / "tests" / "answers" / f"{topic}.py"
    spec = importlib.util.spec_from_file_location(f"answers_{topic}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
