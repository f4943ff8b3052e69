"""Nothing that a notebook can import solves an exercise: every function of the pictures and the data is tried as the answer."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import replace

import pytest
from common import COURSE

import autograder.datasets
import autograder.plots
from autograder import exercises, judge, tasks

EXERCISES = exercises(COURSE.root)


def importable():
    """All functions, the private ones too, of what lessons import."""
    modules = [tasks, autograder.plots, autograder.datasets]
    for package in (autograder.plots, autograder.datasets):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            modules.append(importlib.import_module(found.name))
    functions = {}
    for module in modules:
        for name, thing in vars(module).items():
            if inspect.isfunction(thing) and thing.__module__.startswith("autograder."):
                functions[f"{thing.__module__}.{name}"] = thing
    return functions


FUNCTIONS = importable()


def fits(function, exercise):
    try:
        inspect.signature(function).bind(*inspect.signature(exercise.reference).parameters)
    except TypeError:
        return False
    return True


# a tensor in place of an address ends the thread that should have fetched it
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("key", EXERCISES)
def test_no_function_of_ours_is_an_answer(key, tmp_path, monkeypatch):
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    exercise = replace(EXERCISES[key], seconds=2.0)
    for name, function in FUNCTIONS.items():
        if fits(function, exercise):
            verdict = judge(exercise, function)
            assert not verdict.passed, f"{name} is an answer to {key}"
            plt.close("all")


def test_there_is_something_to_try():
    assert len(FUNCTIONS) > 100
