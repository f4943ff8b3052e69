"""What each student's graded notebook says, read once for every report: verdicts, how it was graded, what was put right before."""

from __future__ import annotations

import ast
import contextlib
import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbformat import NotebookNode
from rich.console import Console

from ..course.cells import BY_HAND, OPEN, checks, graded, is_solution, open_checks, verdict_data
from ..course.files import is_regular
from ..course.folder import Course, CourseError
from ..course.notebooks import read_notebook
from ..course.pool import FEW_TO_READ, each, with_bar
from ..grading.reader import Reader
from ..grading.stamp import STAMP

MAX_NOTEBOOK = 20 << 20  # bytes of a submission that is looked at for what was changed in it
NO_VERDICT = {"points": 0.0, "max_points": 0.0, "mistake": None, "cases": []}
FEW = 3
CHANGED = ("the locked cell", "is there more than once", "was missing", "had become a")


@dataclass(frozen=True)
class Graded:
    """One student's chapter. verdicts: exercise → as data; None where the check left none. answers: exercise → source. changed:
    what was not as the release has it, a sentence each. trouble: why the notebook could not be read. seconds: that grading took.
    An exercise whose answer was not found has the outcome `OPEN` or `BY_HAND`."""

    student: str
    verdicts: dict[str, dict | None] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    trouble: str = ""
    seconds: float = 0.0


def read_class(
    course: Course, chapter: str, unread: Mapping[str, Collection[str]], console: Console | None = None
) -> list[Graded]:
    """Everybody's, in alphabetical order. unread: student → cells that a person has yet to look at, by the gradebook. console:
    where a bar shows how far it is.

    Raises `CourseError` if nobody is graded.
    """
    paths = sorted((course.root / "autograded").glob(f"*/{chapter}/{chapter}.ipynb"))
    if not paths:
        raise CourseError(f"nothing of {chapter} is graded yet: run course grade {chapter}")
    read = each(functools.partial(_read, course, chapter), paths, len(paths), few=FEW_TO_READ)
    try:
        return [
            replace(one, verdicts=_looked_at(one.verdicts, unread.get(one.student, ())))
            for one in with_bar(read, len(paths), f"{chapter}: reading", console)
        ]
    finally:
        _reader().close()


def _looked_at(verdicts: dict[str, dict | None], unread: Collection[str]) -> dict[str, dict | None]:
    """Verdicts, in which what a person has looked at is open no longer. unread: cells that nobody has."""
    return {
        name: {**verdict, "outcome": BY_HAND}
        if verdict and verdict["outcome"] == OPEN and f"{name}-check" not in unread
        else verdict
        for name, verdict in verdicts.items()
    }


@functools.cache
def _reader() -> Reader:
    """This process's; it ends with it."""
    return Reader()


def _read(course: Course, chapter: str, path: Path) -> Graded:
    student = path.parent.parent.name
    try:
        notebook = read_notebook(path)
    except CourseError as error:
        return Graded(student, trouble=str(error))
    verdicts = {name: verdict_data(cell) for name, cell in checks(notebook).items()}
    for cell in open_checks(notebook):
        verdicts[cell.removesuffix("-check")] = {**NO_VERDICT, "outcome": OPEN}
    answers = {graded(c)["grade_id"]: c.source for c in notebook.cells if c.cell_type == "code" and is_solution(c)}
    stamp = notebook.metadata.get(STAMP, {})
    faults, seconds = tuple(stamp.get("faults", ())), float(stamp.get("seconds") or 0)
    changed = changed_cells(course.submission(student, chapter), course.release(chapter))
    return Graded(student, verdicts, answers, faults, changed, seconds=seconds)


def first_verdicts(course: Course, chapter: str) -> dict[str, dict[str, dict | None]]:
    """Of those who handed in again after they had been graded: the verdicts on their first hand-in, as `course collect` kept it."""
    found: dict[str, dict[str, dict | None]] = {}
    for path in sorted((course.root / "earlier").glob(f"*/{chapter}/*.graded.ipynb")):
        student = path.parent.parent.name
        if student not in found:
            with contextlib.suppress(CourseError):
                found[student] = {name: verdict_data(cell) for name, cell in checks(read_notebook(path)).items()}
    return found


def changed_cells(path: Path, release: Path) -> tuple[str, ...]:
    """What of a hand-in was not as the release has it, and was put right before it was graded: facts, whatever their reason."""
    notes: list[str] = []
    try:
        if not is_regular(path, path.parents[2]) or path.stat().st_size > MAX_NOTEBOOK:
            return ()
        _reader().read(path, _released(release, release.stat().st_mtime_ns), False, notes)
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
    """Read once for a class."""
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
