"""Grades, by every road: plain nbgrader and `course grade` give the same scores, and nobody loses a point to stderr."""

from __future__ import annotations

import shutil
import sys

import pytest
from common import CHAPTERS, COURSE, ROOT, run

from autograder.course.cells import graded, is_solution
from autograder.course.folder import Course
from autograder.course.notebooks import notebook_text, read_notebook, write_text
from autograder.course.samples import chapter_exercises, model_answer, sample_class, solutions, write_submission
from autograder.reports.table import read_grades

CHAPTER = CHAPTERS[0]


def whole_course(folder):
    """A course folder with all chapters and an empty class."""
    for name in ("source", "release"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    return Course(folder)


@pytest.fixture
def school(tmp_path):
    return whole_course(tmp_path)


def hand_in(course, chapter, student, change=None):
    """Hand in the solved release, after a change to its cells."""
    notebook = read_notebook(course.release(chapter))
    right = solutions(course, chapter)
    for cell in notebook.cells:
        if cell.cell_type == "code" and is_solution(cell):
            cell.source = right[graded(cell)["grade_id"]]
        elif graded(cell).get("grade_id") == "written-answer":
            cell.source = model_answer(course, chapter)
    if change:
        change(notebook)
    path = course.submission(student, chapter)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, notebook_text(notebook))


def scores(course, chapter):
    return {row.student: {n: p for n, (p, _) in row.points.items()} for row in read_grades(course, chapter)}


def full(chapter):
    return {name: e.points for name, e in chapter_exercises(COURSE, chapter).items()}


@pytest.fixture(scope="module")
def by_nbgrader(tmp_path_factory):
    """chapter → the scores of its solved release by nbgrader's own code, in one process for all."""
    school = whole_course(tmp_path_factory.mktemp("nbgrader"))
    for chapter in CHAPTERS:
        hand_in(school, chapter, "ada")
    code = (
        "import sys; from nbgrader.apps import NbGraderAPI; from autograder.course.folder import Course\n"
        "from autograder.course.nbgrader.config import load_config; from pathlib import Path\n"
        "api = NbGraderAPI(config=load_config(Course(Path.cwd())))\n"
        "for chapter in sys.argv[1:]:\n"
        "    for done in (api.generate_assignment(chapter, force=True), api.autograde(chapter, 'ada')):\n"
        "        print(chapter, done['success'], done['log'] if not done['success'] else '')\n"
    )
    done = run(sys.executable, "-c", code, *CHAPTERS, cwd=school.root, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout, {chapter: scores(school, chapter) for chapter in CHAPTERS}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_nbgrader_gives_the_solved_release_full_marks(by_nbgrader, chapter):
    said, found = by_nbgrader
    assert said.count(f"{chapter} True") == 2, said
    assert found[chapter] == {"ada": full(chapter)}


def noisy(notebook):
    """Python, NumPy and the C library all write to stderr, before, in and between the checks."""
    setup = next(c for c in notebook.cells if graded(c).get("grade_id") == "prepare")
    setup.source += (
        "\n\nimport os, sys, threading, time, warnings\n"
        "right = prepare\n\n"
        "def prepare(x, y):\n"
        "    warnings.warn('careful')\n"
        "    print('to stderr', file=sys.stderr)\n"
        "    os.write(2, b'from below Python\\n')\n"
        "    np.float32(1) / np.float32(0)\n"
        "    return right(x, y)\n\n"
        "def chatter():\n"
        "    for _ in range(200):\n"
        "        os.write(2, b'from a thread\\n'); time.sleep(.05)\n\n"
        "threading.Thread(target=chatter, daemon=True).start()\n"
    )


def test_both_roads_give_the_same_scores(school):
    samples = sample_class(school, CHAPTER)
    for sample in samples:
        write_submission(school, CHAPTER, sample, model_answer(school, CHAPTER))
    assert run("course", "grade", CHAPTER, cwd=school.root, timeout=900).returncode == 0
    ours = scores(school, CHAPTER)
    done = run("nbgrader", "autograde", CHAPTER, "--force", cwd=school.root, timeout=900)
    assert done.returncode == 0, done.stderr
    assert scores(school, CHAPTER) == ours
    assert ours == {s.student: {n: e.points for n, e in s.expected.items()} for s in samples}
    # and stock nbgrader, which knows nothing of the engine and grades in its own kernels
    (school.root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'tf_first_principles'\n"
        f"c.CourseDirectory.root = {str(school.root)!r}\nc.Execute.skip_cells_with_tag = 'lesson'\n"
    )
    done = run("nbgrader", "autograde", CHAPTER, "--force", cwd=school.root, timeout=900, TF_CPP_MIN_LOG_LEVEL="3")
    assert done.returncode == 0, done.stderr
    assert scores(school, CHAPTER) == ours


def test_validate_agrees(school):
    hand_in(school, CHAPTER, "ada")
    good = run("nbgrader", "validate", school.submission("ada", CHAPTER), cwd=school.root)
    assert "Success" in good.stdout + good.stderr, good.stdout + good.stderr
    bad = run("nbgrader", "validate", school.release(CHAPTER), cwd=school.root)
    assert "Success" not in bad.stdout + bad.stderr


def tag(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata["tags"] = ["skip-execution", "lesson"]
        if graded(cell).get("grade_id") == "prepare":
            cell.source = "def prepare(x, y):\n    return x, y"


@pytest.fixture(scope="module")
def a_class(tmp_path_factory):
    """A course in which one is noisy, one has tagged all cells, and one has handed in no notebook; and what its grading says."""
    course = whole_course(tmp_path_factory.mktemp("class"))
    hand_in(course, CHAPTER, "ada")
    hand_in(course, CHAPTER, "noisy", noisy)
    hand_in(course, CHAPTER, "tagged", tag)
    hand_in(course, CHAPTER, "damaged")
    course.submission("damaged", CHAPTER).write_text("{ not a notebook")
    return course, run("course", "grade", CHAPTER, cwd=course.root)


def test_stderr_costs_no_point(a_class):
    course, _ = a_class
    assert scores(course, CHAPTER)["noisy"] == full(CHAPTER)


def test_a_damaged_submission_does_not_stop_the_others(a_class):
    course, done = a_class
    assert done.returncode != 0 and "damaged" in done.stderr and "Traceback" not in done.stderr
    assert scores(course, CHAPTER)["ada"] == full(CHAPTER) and "damaged" not in scores(course, CHAPTER)
    assert course.submission("damaged", CHAPTER).read_text() == "{ not a notebook"


def test_a_tag_cannot_skip_a_check(a_class):
    course, _ = a_class
    assert scores(course, CHAPTER)["tagged"] == {**full(CHAPTER), "prepare": 0.0}


def test_what_is_graded_stays_graded(a_class):
    course, _ = a_class
    before = course.autograded("ada", CHAPTER).stat().st_mtime_ns
    hand_in(course, CHAPTER, "bob")
    shutil.rmtree(course.submission("damaged", CHAPTER).parent.parent)
    done = run("course", "grade", CHAPTER, cwd=course.root)
    assert done.returncode == 0 and "3 were graded before" in done.stdout, done.stderr
    assert course.autograded("ada", CHAPTER).stat().st_mtime_ns == before
    assert set(scores(course, CHAPTER)) == {"ada", "bob", "noisy", "tagged"}


def test_the_sample_class_covers_the_ways_to_fail():
    samples = sample_class(COURSE, CHAPTER)
    assert [s.what for s in samples[:4]] == ["perfect", "untouched", "crashing", "half finished"]
    assert len({s.student for s in samples}) == len(samples) == 10
