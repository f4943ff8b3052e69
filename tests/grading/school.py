"""A course of plain checks, of any shape: what the tests of other people's courses share."""

from __future__ import annotations

import io
import sqlite3
import tempfile
from functools import cache
from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from rich.console import Console

from autograder.course.folder import Course
from autograder.course.nbgrader.book import open_gradebook
from autograder.course.notebooks import notebook_text
from autograder.grading.batch import grade
from autograder.grading.executor import LocalExecutor

PIPELINE = """c = get_config()
c.CourseDirectory.course_id = "other"
c.Autograde.autograde_preprocessors = [
    "autograder.grading.outside.JudgedOutside",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
"""
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}


def notebook(*cells, kernel: dict | None = PYTHON) -> str:
    made = new_notebook(cells=list(cells))
    if kernel:
        made.metadata["kernelspec"] = kernel
    return notebook_text(made)


def _cell(source: str, name: str, *, points: float | None, solution: bool, locked: bool):
    cell = new_code_cell(source, id=name)
    cell.metadata["nbgrader"] = {
        "grade_id": name, "grade": points is not None, "solution": solution, "locked": locked,
        "task": False, "schema_version": 3, **({} if points is None else {"points": points}),
    }  # fmt: skip
    return cell


def answer(name: str, source: str):
    return _cell(source, name, points=None, solution=True, locked=False)


def check(name: str, source: str, points: float = 2):
    return _cell(source, name, points=points, solution=False, locked=True)


def text(source: str):
    return new_markdown_cell(source)


def new_course(folder: Path, config: str = "") -> Course:
    (folder / "nbgrader_config.py").write_text(PIPELINE + config)
    (folder / "gradebook.db").write_bytes(_empty_gradebook())
    return Course(folder)


@cache
def _empty_gradebook() -> bytes:
    """To be copied: nbgrader takes a second or more to make one."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "nbgrader_config.py").write_text(PIPELINE)
        with open_gradebook(Course(Path(folder))):
            pass
        return (Path(folder) / "gradebook.db").read_bytes()


def put(course: Course, assignment: str, files: dict[str, str], student: str | None = None) -> Path:
    """The files of an assignment in source/, or of what a student has handed in."""
    home = course.source_folder(assignment) if student is None else course.submitted_folder(student, assignment)
    for name, content in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(content)
    return home


def graded(course: Course, assignment: str, judges, *, regrade: bool = False, jobs: int = 1):
    """Grade all who handed in, as the command does."""
    students = course.who_handed_in(assignment, [])
    executor = LocalExecutor(judges, jobs)
    return grade(course, assignment, students, Console(file=io.StringIO()), executor=executor, regrade=regrade)


def scores(course: Course, assignment: str) -> dict[tuple[str, str, str], float]:
    """(student, notebook, cell) → points, as the gradebook has them."""
    query = (
        "select s.student_id, m.name, b.name, g.auto_score from grade g join base_cell b on b.id = g.cell_id "
        "join submitted_notebook n on n.id = g.notebook_id join notebook m on m.id = n.notebook_id "
        "join submitted_assignment s on s.id = n.assignment_id join assignment a on a.id = s.assignment_id where a.name = ?"
    )
    with sqlite3.connect(course.gradebook) as db:
        return {row[:3]: row[3] for row in db.execute(query, (assignment,))}
