"""What each student's graded notebook says, read once for every report: verdicts, how it was graded, what was put right before."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode
from rich.console import Console

from ..course.cells import checks, graded, is_solution, verdict_data
from ..course.folder import Course, CourseError
from ..course.notebooks import read_notebook
from ..course.pool import FEW_TO_READ, each, told
from ..grading.order import repair
from ..grading.stamp import STAMP

MAX_NOTEBOOK = 20 << 20  # bytes of a submission that is looked at for what was changed in it
FEW = 3
CHANGED = ("the locked cell", "is there more than once", "was missing", "had become a")


@dataclass(frozen=True)
class Graded:
    """One student's chapter. verdicts: exercise → as data; None where the check left none. answers: exercise → source. changed:
    what was not as the release has it, a sentence each. trouble: why the notebook could not be read."""

    student: str
    verdicts: dict[str, dict | None] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    trouble: str = ""


def read_class(course: Course, chapter: str, console: Console | None = None) -> list[Graded]:
    """Everybody's, in alphabetical order. console: where a bar shows how far it is. Raises `CourseError` if nobody is graded."""
    paths = sorted((course.root / "autograded").glob(f"*/{chapter}/{chapter}.ipynb"))
    if not paths:
        raise CourseError(f"nothing of {chapter} is graded yet: run course grade {chapter}")
    read = each(functools.partial(_read, course, chapter), paths, len(paths), few=FEW_TO_READ)
    return list(told(read, len(paths), f"{chapter}: reading", console))


def _read(course: Course, chapter: str, path: Path) -> Graded:
    student = path.parent.parent.name
    try:
        notebook = read_notebook(path)
    except CourseError as error:
        return Graded(student, trouble=str(error))
    verdicts = {name: verdict_data(cell) for name, cell in checks(notebook).items()}
    answers = {graded(c)["grade_id"]: c.source for c in notebook.cells if c.cell_type == "code" and is_solution(c)}
    faults = tuple(notebook.metadata.get(STAMP, {}).get("faults", ()))
    return Graded(student, verdicts, answers, faults, changed_cells(course, student, chapter))


def changed_cells(course: Course, student: str, chapter: str) -> tuple[str, ...]:
    """What of a hand-in was not as the release has it, and was put right before it was graded: facts, whatever their reason."""
    path = course.submission(student, chapter)
    try:
        if path.is_symlink() or path.stat().st_size > MAX_NOTEBOOK:
            return ()
        released = course.release(chapter)
        notes = repair(read_notebook(path), _released(released, released.stat().st_mtime_ns))
    except (CourseError, OSError):
        return ()
    changed = [note for note in notes if any(sign in note for sign in CHANGED)]
    missing = [note for note in changed if note.endswith("was missing")]
    if len(missing) > FEW:  # the file has lost its cells on its way
        others = (note for note in changed if note not in missing)
        changed = [f"{len(missing)} graded or locked cells were missing", *others]
    return tuple(changed)


@functools.lru_cache(maxsize=16)
def _released(path: Path, _changed: int) -> NotebookNode:
    """Read once for a class; `repair` changes nothing in it."""
    return read_notebook(path)


def bare_code(source: str, exercise: str, most: int = 30) -> str:
    """A student's function without what may tell whose it is: comments and docstrings. Empty, if it cannot be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            node.body = kept or [ast.Pass()]
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == exercise]
    try:
        lines = ast.unparse(found[-1]).splitlines() if found else []
    except (ValueError, RecursionError):
        return ""
    return "\n".join([*lines[:most], "    ..."] if len(lines) > most else lines)
