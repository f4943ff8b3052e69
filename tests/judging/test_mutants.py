"""The checks see what is changed by machine in a right answer; see `mutants`. Here a sample, with -m slow all of it."""

from __future__ import annotations

import random
import re

import pytest
from common import COURSE
from equivalent import EQUIVALENT
from mutants import LEFT_OUT, equivalent, mutants, solution, sources, survives

from autograder import exercises

EXERCISES = exercises(COURSE.root)
SAMPLE = 3  # mutants an exercise


def holes(exercise, found, names=None):
    return [m.what for m in found if survives(exercise, m.source, names) and not equivalent(exercise, m.what)]


@pytest.mark.parametrize("key", [key for key, e in EXERCISES.items() if e.name not in LEFT_OUT])
def test_a_sample_of_mutants_is_killed(key):
    exercise = EXERCISES[key]
    every = sorted(mutants(solution(exercise)), key=lambda mutant: mutant.source)
    assert len(every) > 10
    assert not holes(exercise, random.Random(key).sample(every, SAMPLE))


@pytest.mark.slow
@pytest.mark.parametrize("key", EXERCISES)
def test_every_mutant_is_killed(key):
    exercise = EXERCISES[key]
    assert not [
        hole for source, names in sources(exercise, answers=True) for hole in holes(exercise, mutants(source), names)
    ]


def test_a_mutant_that_is_right_survives():
    """Else nothing would: whatever cannot be run counts as killed."""
    for exercise in EXERCISES.values():
        if exercise.name not in LEFT_OUT:
            assert survives(exercise, solution(exercise)), exercise.key


def test_every_excuse_is_of_use_and_has_a_reason():
    names = {e.name: e for e in EXERCISES.values()}
    for name, patterns in EQUIVALENT.items():
        for pattern, reason in patterns.items():
            assert len(reason) > 10, f"{name}: {pattern} has no reason"
            if name != "*":
                every = [m.what for source, _ in sources(names[name], answers=True) for m in mutants(source)]
                assert any(re.fullmatch(pattern, what) for what in every), (
                    f"{name}: nothing is called {pattern!r} any more"
                )
