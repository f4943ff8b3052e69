"""`course check`: what is stale, and what is not as a chapter should be. Reads, and never writes into the course."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ..judging.probes import codes_of, resolve
from .build import BUILT_FROM, digest, generated_release, same_folder
from .cells import graded, is_check, is_lesson, is_solution, tags
from .folder import Course, CourseError
from .notebooks import read_notebook
from .samples import chapter_exercises

MAX_LINES = 15
STUB = "..."


def audit(course: Course, chapter: str) -> Iterator[str]:
    """Every finding about a chapter, one sentence each."""
    try:
        source = read_notebook(course.source(chapter))
    except CourseError as error:
        yield f"{chapter}: {error}"
        return
    for finding in [*_cells(source), *_exercises(course, source, chapter)]:
        yield f"{chapter}: {finding}"
    try:
        yield from (f"{chapter}: {finding}" for finding in _release(course, chapter))
    except CourseError as error:
        yield f"{chapter}: {error}"
    yield from (f"{chapter}: {finding}" for finding in _solved(course, chapter, source))


def _cells(source) -> Iterator[str]:
    seen: set[str] = set()
    for cell in source.cells:
        if cell.id in seen:
            yield f"two cells have the id {cell.id!r}"
        seen.add(cell.id)
        if cell.cell_type != "code":
            continue
        if cell.outputs or cell.execution_count is not None:
            yield f"source/ holds outputs (cell {cell.id}); clear them: jupyter nbconvert --clear-output --inplace"
        if not graded(cell) and not is_lesson(cell):
            yield f"cell {cell.id} is neither tagged lesson nor known to nbgrader"
        if is_lesson(cell) and len(cell.source.splitlines()) > MAX_LINES:
            yield f"cell {cell.id} has more than {MAX_LINES} lines"
        if "nbval-ignore-output" in tags(cell) and "claim(" in cell.source:
            yield f"cell {cell.id} makes a claim, but nbval is told to ignore its output"


def _exercises(course: Course, source, chapter: str) -> Iterator[str]:
    known = chapter_exercises(course, chapter)
    for name, exercise in known.items():
        yield from (f"{name} forbids {dotted}, {why}" for dotted in exercise.forbid if (why := unnoticed(dotted)))
    checks = {c.source.strip(): c for c in source.cells if is_check(c)}
    written = {graded(c)["grade_id"]: c for c in source.cells if c.cell_type == "code" and is_solution(c)}
    if not known:
        yield f"there are no exercises in {_beside(course, course.exercises(chapter))}"
    for name, exercise in known.items():
        cell = checks.pop(f"check({name})", None)
        if cell is None:
            yield f"the exercise {name} has no check cell"
        elif float(graded(cell)["points"]) != exercise.points:
            yield f"{name} is worth {exercise.points:g} points, but its check cell {graded(cell)['points']:g}"
        if name not in written:
            yield f"the exercise {name} has no solution cell with the grade_id {name!r}"
        else:
            yield from _stub(name, written[name].source)
    for text, cell in checks.items():
        yield f"the check cell {cell.id} ({text[:40]!r}) belongs to no exercise"
    for cell in source.cells:
        if graded(cell).get("grade_id") == "written-answer":
            return
    yield "there is no written question (a cell with the grade_id 'written-answer')"


def unnoticed(dotted: str) -> str:
    """Why a call of a forbidden function could not be noticed; empty if it can."""
    try:
        found = codes_of(resolve(dotted))
    except (ImportError, AttributeError):
        return "which is no function that there is"
    return "" if found else "whose calls cannot be noticed, for it is not written in Python"


def _beside(course: Course, path: Path) -> Path:
    """A path as it is called in the course folder, if it lies there."""
    return path.relative_to(course.root) if path.is_relative_to(course.root) else path


def _stub(name: str, text: str) -> Iterator[str]:
    """Would the stub that students get stop "Run All"?"""
    begin, end = "### BEGIN SOLUTION", "### END SOLUTION"
    lines = text.splitlines()
    marks = [i for i, line in enumerate(lines) if line.strip() in (begin, end)]
    if len(marks) != 2:
        yield f"the solution cell of {name} needs one {begin!r} and one {end!r}"
        return
    indent = lines[marks[0]][: len(lines[marks[0]]) - len(lines[marks[0]].lstrip())]
    stub = "\n".join([*lines[: marks[0]], indent + STUB, *lines[marks[1] + 1 :]])
    try:
        body = ast.parse(stub).body
    except SyntaxError:
        yield f'the stub of {name} is not valid Python: it would stop "Run All"'
        return
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    if len(body) != 1 or len(functions) != 1 or functions[0].name != name:
        yield f"the solution cell of {name} should hold the function {name} and nothing else"
    elif any(not _inert(node) for node in functions[0].body):
        yield f'the stub of {name} does something: what stays outside the marks would run in "Run All"'


def _inert(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _release(course: Course, chapter: str) -> Iterator[str]:
    with generated_release(course, chapter) as made:
        if not same_folder(made, course.release(chapter).parent):
            yield "release/ is stale: run course build"


def _solved(course: Course, chapter: str, source) -> Iterator[str]:
    if not course.notebook(chapter).exists():
        yield "notebooks/ has no solved notebook: run course build"
        return
    try:
        solved = read_notebook(course.notebook(chapter))
    except CourseError as error:
        yield str(error)
        return
    same = [(c.id, c.source) for c in solved.cells] == [(c.id, c.source) for c in source.cells]
    if not same or solved.metadata.get("course", {}).get(BUILT_FROM) != digest(course, chapter):
        yield "notebooks/ is stale: run course build"
