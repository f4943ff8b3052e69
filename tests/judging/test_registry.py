"""Exercises are found, not listed: a chapter is there because its module is, and a course folder may bring its own."""

from __future__ import annotations

import json

import pytest
from common import COURSE, ROOT, run

from autograder import exercises
from autograder.judging.registry import BrokenExercises, UnknownExercise, exercises_of, find
from autograder.judging.topics import course_around, packaged, topic_of, topics

EMPTY = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
OWN = '''"""Exercises of a course of one's own."""
import numpy as np
from autograder.judging.exercise import exercise
from autograder.judging.values import raw


@exercise(points=2, minutes=5)
def double(x):
    """Twice x. [n] float64 → the same."""
    return np.add(x, x)


@double.case("some numbers")
def _(rng):
    return (raw(rng.normal(size=int(rng.integers(1, 5)))),)


@double.mistake("That is the square.")
def _(x):
    return x * x
'''


@pytest.fixture
def school(tmp_path):
    """A course folder with a chapter of its own, and one that has the name of ours."""
    for chapter in ("01_numbers", "02_forward_pass", "10_later"):
        (tmp_path / "source" / chapter).mkdir(parents=True)
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "numbers.py").write_text(OWN)
    return tmp_path


def test_the_chapters_come_in_the_order_of_their_folders(school):
    assert topics(COURSE.root) == [topic_of(chapter) for chapter in COURSE.chapters()]
    assert topics(school) == ["numbers", "forward_pass", "later"]
    assert list(dict.fromkeys(e.chapter for e in exercises(COURSE.root).values())) == topics(COURSE.root)


def test_every_module_is_a_chapter_without_a_line_anywhere_else():
    assert sorted(topics(COURSE.root)) == packaged()
    for path in (ROOT / "autograder").rglob("*.py"):
        if path.parent.name not in ("chapters", "plots"):
            assert "himmelblau" not in path.read_text(), f"{path} names a chapter"


def test_a_course_of_ones_own(school):
    assert list(exercises(school))[0] == "numbers.double"
    assert find("double", school).points == 2
    assert find("accuracy", school).chapter == "forward_pass"
    assert exercises_of("later", school) == {}, "a chapter that has no module yet"
    with pytest.raises(UnknownExercise, match="no exercise is called 'triple'"):
        find("triple", school)
    with pytest.raises(UnknownExercise, match="no chapter is called 'nowhere'"):
        exercises_of("nowhere", school)


def test_ones_own_module_comes_before_the_packages(school):
    (school / "exercises" / "forward_pass.py").write_text(OWN.replace("double", "accuracy"))
    assert find("accuracy", school).points == 2
    assert len(exercises_of("forward_pass", school)) == len(exercises_of("forward_pass", COURSE.root)), (
        "the others stay"
    )


def test_a_module_that_cannot_be_imported_is_told_in_a_sentence(school):
    (school / "exercises" / "numbers.py").write_text("import nothing_of_the_kind")
    with pytest.raises(BrokenExercises, match="numbers.py cannot be imported: ModuleNotFoundError"):
        find("double", school)
    (school / "nbgrader_config.py").write_text("c = get_config()\n")
    (school / "source" / "01_numbers" / "01_numbers.ipynb").write_text(json.dumps(EMPTY))
    for command in (["check"], ["new-exercise", "01_numbers", "triple(x)"]):
        done = run("course", *command, cwd=school)
        assert done.returncode != 0 and "cannot be imported" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_a_module_is_loaded_anew_when_it_has_changed(school):
    assert find("double", school).points == 2
    (school / "exercises" / "numbers.py").write_text(OWN.replace("points=2", "points=3"))
    assert find("double", school).points == 3


def test_two_courses_do_not_mix(school, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "source" / "01_numbers").mkdir(parents=True)
    (other / "exercises").mkdir()
    (other / "exercises" / "numbers.py").write_text(OWN.replace("points=2", "points=5"))
    assert (find("double", school).points, find("double", other).points) == (2, 5)


def test_where_one_stands(school):
    (school / "source" / "01_numbers" / "deep").mkdir()
    assert course_around(school / "source" / "01_numbers" / "deep") == school.resolve()
    code = "from autograder import check\ndef double(x): return 2 * x\nprint(check(double))"
    done = run("python", "-c", code, cwd=school / "source" / "01_numbers")
    assert "✓ double: correct — 2 of 2 points" in done.stdout, done.stderr
