"""`course new-exercise`: the frame of an exercise, in the chapter's module and in its source notebook."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

import nbformat

from . import chapters
from .build import write_text
from .exercise import exercises
from .layout import Course, CourseError, graded, notebook_text, read_notebook

MODULE = '''

# -- {name} {rule}


@exercise(points={points:g}, minutes={minutes}, difficulty=1)
def {signature}:
    """What it does, in one line. Arguments and result with shapes and dtypes."""
    raise NotImplementedError("the reference: the same by another road through TensorFlow than the student's")


@{name}.case("an ordinary input")
def _(rng):
    return (rng.normal(size=(4, 3)).astype("float32"),)


@{name}.mistake("A hint that names the misconception and not the solution.")
def _({arguments}):
    return None
'''


def new_exercise(course: Course, chapter: str, signature: str, points: float, minutes: int) -> list[str]:
    """Add the frame of `name(arguments)` to a chapter; returns the files that were changed."""
    match = re.fullmatch(r"\s*([a-z_][a-z0-9_]*)\s*\(([^()]*)\)\s*", signature)
    if not match or keyword.iskeyword(match[1]):
        raise CourseError(f"{signature!r} is not a signature such as 'forward(x, params)'")
    name, arguments = match[1], match[2].strip()
    if any(e.name == name for e in exercises().values()):
        raise CourseError(f"there is an exercise called {name} already; names are unique over all chapters")
    if points <= 0 or (2 * points) % 1:
        raise CourseError("points come in halves and are more than zero")
    notebook = read_notebook(course.source(chapter))
    at = next((i for i, c in enumerate(notebook.cells) if graded(c).get("grade_id") == "written-question"), None)
    at = len(notebook.cells) if at is None else at
    notebook.cells[at:at] = frame(name, arguments, points, minutes)
    module = Path(chapters.__file__).parent / f"{chapter.split('_', 1)[1]}.py"
    text = module.read_text(encoding="utf-8") if module.exists() else "from ..exercise import exercise\n"
    text += MODULE.format(
        name=name,
        rule="-" * max(3, 114 - len(name)),
        signature=f"{name}({arguments})",
        arguments=arguments,
        points=points,
        minutes=minutes,
    )
    write_text(module, text)
    write_text(course.source(chapter), notebook_text(notebook))
    return [str(module), str(course.source(chapter))]


def frame(name: str, arguments: str, points: float, minutes: int) -> list[nbformat.NotebookNode]:
    """Task, solution and check cell of an exercise."""
    task = nbformat.v4.new_markdown_cell(
        f"### Exercise: `{name}`\n\nWhat to write, with shapes and dtypes.\n\n*{points:g} points · about {minutes} minutes · ●○○*"
    )
    solution = nbformat.v4.new_code_cell(
        f'def {name}({arguments}):\n    """What it does, in one line."""\n    ### BEGIN SOLUTION\n    return None\n    ### END SOLUTION'
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
