"""Grades, by every road: plain nbgrader and `course grade` give the same scores, and nobody loses a point to stderr."""

from __future__ import annotations

import pytest
from common import CHAPTERS, COURSE, ROOT, run

from autograder.course.cells import graded, is_solution
from autograder.course.folder import Course
from autograder.course.notebooks import notebook_text, read_notebook, write_text
from autograder.course.samples import chapter_exercises, model_answer, sample_class, solutions, write_submission
from autograder.reports.table import read_grades

CHAPTER = CHAPTERS[0]


@pytest.fixture
def school(tmp_path):
    """A course folder with all chapters and an empty class."""
    import shutil

    for name in ("source", "release"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    return Course(tmp_path)


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


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_stock_nbgrader_gives_the_solved_release_full_marks(school, chapter):
    hand_in(school, chapter, "ada")
    for command in (["generate_assignment", "--force"], ["autograde"]):
        done = run("nbgrader", *command, chapter, cwd=school.root)
        assert done.returncode == 0, done.stderr
    assert scores(school, chapter) == {"ada": full(chapter)}


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


def test_stderr_costs_no_point(school):
    hand_in(school, CHAPTER, "ada", noisy)
    done = run("course", "grade", CHAPTER, cwd=school.root)
    assert done.returncode == 0, done.stderr
    assert scores(school, CHAPTER) == {"ada": full(CHAPTER)}


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


def test_what_is_graded_stays_graded(school):
    hand_in(school, CHAPTER, "ada")
    assert run("course", "grade", CHAPTER, cwd=school.root).returncode == 0
    before = school.autograded("ada", CHAPTER).stat().st_mtime_ns
    hand_in(school, CHAPTER, "bob")
    assert run("course", "grade", CHAPTER, cwd=school.root).returncode == 0
    assert school.autograded("ada", CHAPTER).stat().st_mtime_ns == before
    assert set(scores(school, CHAPTER)) == {"ada", "bob"}


def test_a_damaged_submission_does_not_stop_the_others(school):
    hand_in(school, CHAPTER, "ada")
    hand_in(school, CHAPTER, "bob")
    school.submission("ada", CHAPTER).write_text("{ not a notebook")
    done = run("course", "grade", CHAPTER, cwd=school.root)
    assert done.returncode != 0 and "ada" in done.stderr and "Traceback" not in done.stderr
    assert scores(school, CHAPTER)["bob"] == full(CHAPTER)
    assert school.submission("ada", CHAPTER).read_text() == "{ not a notebook"


def test_a_tag_cannot_skip_a_check(school):
    def tag(notebook):
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.metadata["tags"] = ["skip-execution", "lesson"]
            if graded(cell).get("grade_id") == "prepare":
                cell.source = "def prepare(x, y):\n    return x, y"

    hand_in(school, CHAPTER, "ada", tag)
    assert run("course", "grade", CHAPTER, cwd=school.root).returncode == 0
    expected = {**full(CHAPTER), "prepare": 0.0}
    assert scores(school, CHAPTER) == {"ada": expected}


def test_the_sample_class_covers_the_ways_to_fail():
    samples = sample_class(COURSE, CHAPTER)
    assert [s.what for s in samples[:4]] == ["perfect", "untouched", "crashing", "half finished"]
    assert len({s.student for s in samples}) == len(samples) == 10
