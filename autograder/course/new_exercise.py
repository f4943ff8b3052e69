"""`course new-exercise`: the frame of an exercise, in the chapter's module and in its source notebook."""

from __future__ import annotations

import ast
import builtins
from pathlib import Path

import nbformat

from ..judging.registry import exercises
from .cells import graded
from .folder import Course, CourseError
from .notebooks import notebook_text, read_notebook, write_text

MODULE = '''

# -- {name} {rule}


@exercise(points={points:g}, minutes={minutes}, difficulty=1)
def {name}({parameters}):
    """What it does, in one line. Arguments and result with shapes and dtypes."""
    raise NotImplementedError("the reference: the same by another road than the student's")


@{name}.case("an ordinary input")
def _(rng):
    return (rng.normal(size=(int(rng.integers(1, 5)), 3)).astype("float32"),)


@{name}.mistake("A hint that names the misconception and not the solution.")
def _({parameters}):
    return None
'''
IMPORT = "from {package}.judging.exercise import exercise\n"
UNLIKE = "{signature!r} is not a signature such as 'forward(x, params)'"


def new_exercise(course: Course, chapter: str, signature: str, points: float, minutes: int) -> list[str]:
    """Add the frame of `name(arguments)` to a chapter; returns the files that were changed. Nothing is changed if it raises."""
    name, parameters = parsed(signature)
    module = course.exercises(chapter)
    text = _module_text(module)
    if any(e.name == name for e in exercises(course.root).values()):
        raise CourseError(f"there is an exercise called {name} already; names are unique over all chapters")
    if points <= 0 or (2 * points) % 1:
        raise CourseError("points come in halves and are more than zero")
    if minutes <= 0:
        raise CourseError("minutes are more than zero")
    notebook = read_notebook(course.source(chapter))
    if any(name in (graded(c).get("grade_id"), c.get("id")) for c in notebook.cells):
        raise CourseError(f"{course.source(chapter)} has a cell called {name} already")
    if name in names_in(ast.parse(text)):
        raise CourseError(f"{module} uses the name {name} already; choose another")
    text += MODULE.format(
        name=name, rule="-" * max(3, 114 - len(name)), parameters=parameters, points=points, minutes=minutes
    )
    at = next((i for i, c in enumerate(notebook.cells) if graded(c).get("grade_id") == "written-question"), None)
    at = len(notebook.cells) if at is None else at
    notebook.cells[at:at] = frame(name, parameters, points, minutes)
    module.parent.mkdir(exist_ok=True)
    write_text(module, text)
    write_text(course.source(chapter), notebook_text(notebook))
    return [str(module), str(course.source(chapter))]


def parsed(signature: str) -> tuple[str, str]:
    """ "forward(x, params)" → "forward", "x, params". Raises `CourseError` for what is no signature."""
    refused = CourseError(UNLIKE.format(signature=signature))
    try:
        body = ast.parse(f"def {signature.strip()}: ...").body
        compile(ast.Module(body, []), "<signature>", "exec")  # an argument twice is an error of the compiler only
    except (SyntaxError, ValueError):
        raise refused from None
    function = body[0]
    one = len(body) == 1 and isinstance(function, ast.FunctionDef) and "\n" not in signature.strip()
    if not one or function.returns or len(function.body) != 1 or not isinstance(function.body[0], ast.Expr):
        raise refused
    if not isinstance(function.body[0].value, ast.Constant) or function.body[0].value.value is not ...:
        raise refused
    if hasattr(builtins, function.name):
        raise CourseError(f"{function.name} is a name that Python uses itself; choose another")
    return function.name, ast.unparse(function.args)


def _module_text(module: Path) -> str:
    """The module as it is, or its first line. Raises `CourseError` if it is no Python."""
    if not module.exists():
        return IMPORT.format(package=__package__.split(".")[0])
    text = module.read_text(encoding="utf-8")
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise CourseError(f"{module} is not valid Python (line {error.lineno}): mend it first") from None
    return text


def names_in(tree: ast.Module) -> set[str]:
    """Every name that a module binds or uses at its top level or below."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
    return found


def frame(name: str, parameters: str, points: float, minutes: int) -> list[nbformat.NotebookNode]:
    """Task, solution and check cell of an exercise."""
    task = nbformat.v4.new_markdown_cell(
        f"### Exercise: `{name}({parameters})`\n*{points:g} points · about {minutes} minutes · ●○○*\n\n"
        "What to write, with shapes and dtypes."
    )
    solution = nbformat.v4.new_code_cell(
        f'def {name}({parameters}):\n    """What it does, in one line."""\n    ### BEGIN SOLUTION\n    return None\n    ### END SOLUTION'
    )
    check = nbformat.v4.new_code_cell(f"check({name})")
    kinds = (
        (task, f"{name}-task", {"grade": False, "locked": True, "solution": False}),
        (solution, name, {"grade": False, "locked": False, "solution": True}),
        (check, f"{name}-check", {"grade": True, "locked": True, "solution": False, "points": points}),
    )
    for cell, grade_id, fields in kinds:
        cell.id = grade_id
        cell.metadata["nbgrader"] = {
            "cell_type": cell.cell_type,
            "grade_id": grade_id,
            "schema_version": 3,
            "task": False,
            **fields,
        }
    return [cell for cell, _, _ in kinds]
