"""`course new-exercise` writes into the course that it was called for, whole or not at all, and never into an installed package."""

from __future__ import annotations

import shutil

import pytest
from common import CHAPTERS, ROOT, run

from autograder.course.cells import graded
from autograder.course.folder import Course, CourseError
from autograder.course.new_exercise import new_exercise, parsed
from autograder.course.notebooks import read_notebook
from autograder.judging.registry import find

CHAPTER = CHAPTERS[0]


def everything(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_it_writes_into_the_course_folder_and_not_into_the_package(course):
    package = everything(ROOT / "autograder" / "chapters")
    changed = new_exercise(course, CHAPTER, "leaky_relu(a, *, slope=0.0)", 2, 5)
    assert all(path.startswith(str(course.root)) for path in changed)
    assert everything(ROOT / "autograder" / "chapters") == package
    cells = {graded(c).get("grade_id"): c for c in read_notebook(course.source(CHAPTER)).cells}
    assert (
        cells["leaky_relu-check"].source == "check(leaky_relu)"
        and cells["leaky_relu-check"].metadata.nbgrader.points == 2
    )
    assert cells["leaky_relu"].source.startswith("def leaky_relu(a, *, slope=0.0):")
    assert find("leaky_relu", course.root).points == 2


def test_in_a_clone_it_writes_into_the_package_of_the_clone(tmp_path):
    clone = tmp_path / "clone"
    for part in ("autograder", f"source/{CHAPTER}"):
        shutil.copytree(ROOT / part, clone / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", clone)
    done = run(
        "python", "-m", "autograder.cli", "new-exercise", CHAPTER, "leaky_relu(a)", cwd=clone, PYTHONPATH=str(clone)
    )
    assert done.returncode == 0, done.stderr
    module = clone / "autograder" / "chapters" / "forward_pass.py"
    assert "def leaky_relu(a):" in module.read_text() and str(module) in done.stdout


REFUSED = {
    "no parentheses": ("relu", "is not a signature"),
    "an expression": ("relu(a) + 1", "is not a signature"),
    "two lines": ("relu(a):\n    import os\ndef other()", "is not a signature"),
    "code behind it": ("relu(a): return 1\n#", "is not a signature"),
    "a keyword": ("lambda(a)", "is not a signature"),
    "an argument twice": ("relu(a, a)", "is not a signature"),
    "no name": ("(a)", "is not a signature"),
    "nothing": ("", "is not a signature"),
    "a name of Python's": ("sum(xs)", "is a name that Python uses itself"),
    "a name that the module imports": ("tf(a)", "uses the name tf already"),
    "a helper of the module": ("_relu_stack(a)", None),
    "an exercise that there is": ("accuracy(out, y)", "there is an exercise called accuracy already"),
    "an exercise of another chapter": ("stable_softmax(z)", None),
    "a cell of the notebook": ("setup()", "has a cell called setup already"),
}


@pytest.mark.parametrize("what", [k for k, (_, told) in REFUSED.items() if told])
def test_what_is_refused_changes_nothing(course, what):
    signature, told = REFUSED[what]
    if what in ("a name that the module imports", "an exercise that there is"):
        (course.root / "exercises").mkdir()
        shutil.copy(ROOT / "autograder" / "chapters" / "forward_pass.py", course.root / "exercises")
        text = (course.root / "exercises" / "forward_pass.py").read_text().replace("from ..", "from autograder.")
        (course.root / "exercises" / "forward_pass.py").write_text(text)
    before = everything(course.root)
    with pytest.raises(CourseError, match=told) as raised:
        new_exercise(course, CHAPTER, signature, 2, 5)
    assert len(str(raised.value).splitlines()) == 1
    assert everything(course.root) == before


@pytest.mark.parametrize(("points", "minutes"), [(0, 5), (-1, 5), (0.3, 5), (2, 0)])
def test_points_come_in_halves_and_minutes_are_some(course, points, minutes):
    before = everything(course.root)
    with pytest.raises(CourseError):
        new_exercise(course, CHAPTER, "relu(a)", points, minutes)
    assert everything(course.root) == before


def test_a_module_that_is_no_python_is_left_alone(course):
    (course.root / "exercises").mkdir()
    (course.root / "exercises" / "later.py").write_text("def (:")
    shutil.copytree(course.source(CHAPTER).parent, course.root / "source" / "10_later")
    (course.root / "source" / "10_later" / f"{CHAPTER}.ipynb").rename(
        course.root / "source" / "10_later" / "10_later.ipynb"
    )
    with pytest.raises(CourseError, match="is not valid Python"):
        new_exercise(Course(course.root), "10_later", "relu(a)", 2, 5)


def test_a_signature():
    assert parsed("forward(x, params)") == ("forward", "x, params")
    assert parsed(" numeric_grad( f, x, h = 1e-5 ) ") == ("numeric_grad", "f, x, h=1e-05")
