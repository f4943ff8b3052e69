"""The gradebook is brought in step with the source: new cells and points come in, with and without submissions there.

nbgrader's own way refuses to, once there is a submission, and every grade is then one of the old cells.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from nbgrader.utils import is_grade, is_locked, is_solution, is_task

from .book import OneGradebook, troubles
from .config import database_url
from .copy import copy_gradebook
from .place import file_of, is_postgresql

KINDS = {"grade": GradeCell, "solution": SolutionCell, "task": TaskCell, "source": SourceCell}
Cells = dict[tuple[str, str, str], dict[str, Any]]  # (notebook, kind, name) → what the gradebook notes of it


def synchronize(book: OneGradebook, assignment: str, masters: dict[str, NotebookNode], root: Path) -> list[str]:
    """Let the gradebook know these notebooks and their cells, and no others; says what was taken out, a sentence each.

    Grades of cells that stay stay. What is taken out with somebody's grades is kept in a copy of the gradebook. root: the course
    folder.
    """
    said: list[str] = []
    with troubles(book.db_url), book.transaction() as gradebook:
        wanted = {key: about for name, master in masters.items() for key, about in _cells(name, master).items()}
        kernels = {name: json.dumps(master.metadata.get("kernelspec", {})) for name, master in masters.items()}
        try:
            found = gradebook.find_assignment(assignment)
        except MissingEntry:
            found = gradebook.add_assignment(assignment)
        there = {notebook.name: notebook for notebook in found.notebooks}
        known = _known(list(there.values()))
        if known == wanted and {name: notebook.kernelspec for name, notebook in there.items()} == kernels:
            return []
        gone = [key for key in known if key not in wanted]
        if found.submissions and [key for key in gone if key[1] in ("grade", "task")]:
            kept = _keep_a_copy(book.db_url, root)
            cells = ", ".join(sorted({name for _, kind, name in gone if kind in ("grade", "task")}))
            said.append(f"{assignment}: no longer in source/, and taken out of the gradebook: {cells}; {kept} has it")
        for key in gone:
            _remove(gradebook, there[key[0]], key)
        gradebook.db.commit()
        for name in there.keys() - kernels.keys():
            gradebook.remove_notebook(name, assignment)
        for name, kernel in kernels.items():
            gradebook.update_or_create_notebook(name, assignment, kernelspec=kernel)
        for (notebook, kind, name), about in wanted.items():
            if known.get((notebook, kind, name)) != about:
                getattr(gradebook, f"update_or_create_{kind}_cell")(name, notebook, assignment, **about)
        gradebook.db.expire_all()
        for submission in gradebook.assignment_submissions(assignment):
            _complete(gradebook, submission)
        gradebook.db.commit()
        book.commit()
    return said


def _cells(notebook: str, master: NotebookNode) -> Cells:
    """What nbgrader's SaveCells would note."""
    cells: Cells = {}
    for cell in master.cells:
        about = cell.metadata.get("nbgrader", {})
        graded = {"max_score": float(about.get("points", 0)), "cell_type": cell.cell_type}
        name = about.get("grade_id")
        if is_grade(cell):
            cells[notebook, "grade", name] = graded
        if is_solution(cell):
            cells[notebook, "solution", name] = {}
        if is_task(cell):
            cells[notebook, "task", name] = graded
        if is_grade(cell) or is_solution(cell) or is_locked(cell) or is_task(cell):
            cells[notebook, "source", name] = {
                "cell_type": cell.cell_type,
                "locked": is_locked(cell),
                "source": cell.source,
                "checksum": about.get("checksum"),
            }
    return cells


def _known(notebooks: list[Notebook]) -> Cells:
    cells: Cells = {}
    for notebook in notebooks:
        for kind, found in (("grade", notebook.grade_cells), ("task", notebook.task_cells)):
            for cell in found:
                cells[notebook.name, kind, cell.name] = {"max_score": cell.max_score, "cell_type": cell.cell_type}
        for cell in notebook.solution_cells:
            cells[notebook.name, "solution", cell.name] = {}
        for cell in notebook.source_cells:
            fields = ("cell_type", "locked", "source", "checksum")
            cells[notebook.name, "source", cell.name] = {field: getattr(cell, field) for field in fields}
    return cells


def _remove(gradebook: Gradebook, notebook: Notebook, key: tuple[str, str, str]) -> None:
    """Take out a cell with what was graded and said of it."""
    _, kind, name = key
    for cell in gradebook.db.query(KINDS[kind]).filter_by(notebook_id=notebook.id, name=name):
        for row in (*getattr(cell, "grades", ()), *getattr(cell, "comments", ())):
            gradebook.db.delete(row)
        gradebook.db.delete(cell)


def _complete(gradebook: Gradebook, submission: SubmittedAssignment) -> None:
    """Of a submission that was there before: a row for every notebook and cell, as nbgrader makes them for a new one."""
    there = {notebook.notebook_id: notebook for notebook in submission.notebooks}
    for notebook in submission.assignment.notebooks:
        submitted = there.get(notebook.id)
        if submitted is None:
            submitted = SubmittedNotebook(notebook_id=notebook.id, assignment_id=submission.id)
            gradebook.db.add(submitted)
            gradebook.db.flush()
        rated = {grade.cell_id for grade in submitted.grades}
        said = {comment.cell_id for comment in submitted.comments}
        for cell in (*notebook.grade_cells, *notebook.task_cells):
            if cell.id not in rated:  # until it is graded it lacks a grade, and is nobody's task
                gradebook.db.add(Grade(cell_id=cell.id, notebook_id=submitted.id, needs_manual_grade=False))
        for cell in (*notebook.solution_cells, *notebook.task_cells):
            if cell.id not in said:
                gradebook.db.add(Comment(cell_id=cell.id, notebook_id=submitted.id))


def _keep_a_copy(db_url: str, root: Path) -> str:
    """A copy of the gradebook, beside it, or in the course folder if it lies on a server; returns its name."""
    path = file_of(db_url) or root / "gradebook.db"
    kept = path.with_name(f"{path.stem}.before-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}")
    if is_postgresql(db_url):
        copy_gradebook(db_url, database_url(kept))
        return kept.name
    with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(kept)) as target:
        source.backup(target)
    return kept.name
