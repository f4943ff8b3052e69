"""What kinds of cells a notebook has, as their nbgrader metadata and tags say."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from ..judging.verdict import MIME

if TYPE_CHECKING:
    from nbformat import NotebookNode  # only for reading: see `notebooks` for how it is imported

TO_LOOK_AT, OPEN, BY_HAND = "to_look_at", "to look at", "looked at"
"""In a graded notebook's metadata: the checks whose answers were not found in it, for a person to look at. What every report calls
such a check, before and after somebody has: no outcome of the check's own."""


def tags(cell: NotebookNode) -> list[str]:
    found = cell.metadata.get("tags")
    return list(found) if isinstance(found, list) else []


def graded(cell: NotebookNode) -> dict:
    """The cell's nbgrader metadata, empty if it has none."""
    found = cell.metadata.get("nbgrader")
    return found if isinstance(found, dict) else {}


def is_check(cell: NotebookNode) -> bool:
    """A locked code cell that is worth points."""
    return cell.cell_type == "code" and bool(graded(cell).get("grade")) and not graded(cell).get("solution")


def checks(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The check cells, in order: exercise → cell."""
    return {graded(c)["grade_id"].removesuffix("-check"): c for c in notebook.cells if is_check(c)}


def is_solution(cell: NotebookNode) -> bool:
    return bool(graded(cell).get("solution"))


def is_answer(cell: NotebookNode) -> bool:
    """One that the assignment knows by a name, and that the student may change."""
    return bool(graded(cell)) and not graded(cell).get("locked")


def is_lesson(cell: NotebookNode) -> bool:
    """A cell that only demonstrates: nothing that is graded may depend on it."""
    return "lesson" in tags(cell) and not graded(cell)


def verdict_data(cell: NotebookNode) -> dict | None:
    """The verdict that a check cell's output carries, as data; whether it is whole is not asked. None if there is none."""
    return next((output["data"][MIME] for output in cell.outputs if MIME in output.get("data", {})), None)


def open_checks(notebook: NotebookNode) -> frozenset[str]:
    """The check cells of a graded notebook whose answers were not found in it: their verdicts say nothing of the student's work.

    Whether a person has looked at them since, the gradebook knows.
    """
    listed = notebook.metadata.get(TO_LOOK_AT)
    names = set(map(str, listed)) if isinstance(listed, list) else set()
    return frozenset(graded(cell)["grade_id"] for cell in notebook.cells if _is_open(cell, names))


def _is_open(cell: NotebookNode, names: set[str]) -> bool:
    if not is_check(cell) or graded(cell).get("grade_id") not in names:
        return False
    told = verdict_data(cell)  # of full points nothing is to be looked at, wherever the answer stood
    return not isinstance(told, dict) or told.get("outcome") != "correct"


def strip_marks(source: str) -> str:
    """A solution cell without nbgrader's marks."""
    return re.sub(r"^\s*### (BEGIN|END) SOLUTION\n?", "", source, flags=re.MULTILINE).rstrip()


def checked_name(source: str) -> str | None:
    """The name in a cell that is `check(name)`; None for any other cell."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
    if (
        not isinstance(call, ast.Call)
        or getattr(call.func, "id", "") != "check"
        or call.keywords
        or len(call.args) != 1
    ):
        return None
    return call.args[0].id if isinstance(call.args[0], ast.Name) else None
