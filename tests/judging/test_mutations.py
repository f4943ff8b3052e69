"""Prove the checks: for each exercise right answers pass, every mistake fails with its own hint, over 20 draws."""

from __future__ import annotations

import pytest
import tensorflow as tf
from common import COURSE, SEEDS, right_answers, setup_cell, wrong_answers

from autograder import exercises, judge
from autograder.course.samples import mistake_source, solutions
from autograder.judging.probes import codes_of, resolve

EXERCISES = exercises()


def typed(source: str, exercise):
    """The function that a student's cell defines, in a namespace such as the setup cell leaves."""
    names = {"__name__": "__main__"}
    exec(compile(setup_cell(exercise.chapter), "<setup>", "exec"), names)
    exec(compile(source, f"<{exercise.name}>", "exec"), names)
    return names[exercise.name]


@pytest.mark.parametrize("key", EXERCISES)
def test_the_solution_passes(key):
    exercise = EXERCISES[key]
    answer = typed(solutions(COURSE, COURSE.chapter_of(exercise.chapter))[exercise.name], exercise)
    for seed in range(SEEDS):
        verdict = judge(exercise, answer, seed)
        assert verdict.passed and verdict.points == exercise.points, f"seed {seed}\n{verdict.to_text()}"


@pytest.mark.parametrize("key", EXERCISES)
def test_right_answers_written_differently_pass(key):
    exercise = EXERCISES[key]
    answers = right_answers(exercise.chapter)[exercise.name]
    assert len(answers) >= 3
    for answer in answers:
        for seed in range(SEEDS):
            verdict = judge(exercise, answer, seed)
            assert verdict.passed, f"{answer}, seed {seed}\n{verdict.to_text()}"


@pytest.mark.parametrize("key", [k for k, e in EXERCISES.items() if wrong_answers(e.chapter).get(e.name)])
def test_wrong_answers_that_deserve_no_hint_of_their_own_fail(key):
    exercise = EXERCISES[key]
    for answer in wrong_answers(exercise.chapter)[exercise.name]:
        for seed in range(SEEDS):
            assert not judge(exercise, answer, seed).passed, f"survivor: {answer}, seed {seed}"


def test_what_only_looks_like_a_mistake_gets_no_hint():
    exercise = EXERCISES["fashion_mnist.make_dataset"]
    (answer,) = (a for a in wrong_answers(exercise.chapter)[exercise.name] if a.__name__ == "dataset_sorted_by_label")
    for seed in range(SEEDS):
        verdict = judge(exercise, answer, seed)
        assert verdict.mistake is None, f"nothing is shuffled here, seed {seed}: {verdict.mistake}"
        assert verdict.points == 2, f"seed {seed}\n{verdict.to_text()}"


@pytest.mark.parametrize("key", EXERCISES)
def test_every_mistake_fails_with_its_own_hint(key):
    exercise = EXERCISES[key]
    assert len(exercise.mistakes) >= 3
    for mistake in exercise.mistakes:
        answer = typed(mistake_source(exercise, mistake.answer), exercise)
        points = set()
        for seed in range(SEEDS):
            verdict = judge(exercise, answer, seed)
            assert not verdict.passed, f"survivor, seed {seed}: {mistake.hint}"
            assert verdict.mistake == mistake.hint, f"seed {seed}, wanted {mistake.hint!r}\n{verdict.to_text()}"
            points.add(verdict.points)
        assert len(points) == 1 and points.pop() < exercise.points, f"the points depend on the draw: {mistake.hint}"


@pytest.mark.parametrize("key", [k for k, e in EXERCISES.items() if e.forbid])
def test_forbidden_names_exist_and_can_be_seen(key):
    for dotted in EXERCISES[key].forbid:
        assert codes_of(resolve(dotted)), f"a call of {dotted} could not be noticed"


@pytest.mark.parametrize("key", EXERCISES)
def test_the_reference_is_no_answer_where_its_road_is_forbidden(key):
    exercise = EXERCISES[key]
    tf.random.set_seed(3)  # as a notebook does, and an exercise judged before: random operations repeat themselves then
    verdict = judge(exercise, exercise.reference, 3)
    assert all(case.passed for case in verdict.cases), verdict.to_text()
    assert verdict.passed or "not allowed here" in verdict.message


def test_names_are_unique_over_all_chapters():
    names = [exercise.name for exercise in EXERCISES.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("chapter", sorted({e.chapter for e in EXERCISES.values()}))
def test_a_chapter_has_twenty_points(chapter):
    mine = [e for e in EXERCISES.values() if e.chapter == chapter]
    assert sum(e.points for e in mine) == 20
    assert len(mine) >= 5
