"""Nothing that a notebook can import solves an exercise: every function of the pictures and the data is tried as the answer."""

from __future__ import annotations

import functools
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
    """All that can be called of what lessons import: functions, the private ones too, classes and their own, what lies in tables."""
    modules = [tasks, autograder.plots, autograder.datasets]
    for package in (autograder.plots, autograder.datasets):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            modules.append(importlib.import_module(found.name))
    functions = {}

    def add(name, thing):
        if isinstance(thing, dict | list | tuple) and len(thing) < 100:
            for key, part in thing.items() if isinstance(thing, dict) else enumerate(thing):
                add(f"{name}[{key!r}]", part)
        elif inspect.isroutine(thing) or inspect.isclass(thing) or isinstance(thing, functools.partial):
            if str(getattr(thing, "__module__", "")).startswith("autograder."):
                functions[f"{thing.__module__}.{getattr(thing, '__qualname__', name)}"] = thing
            if inspect.isclass(thing) and name.startswith("autograder"):
                for part in vars(thing):
                    add(f"{thing.__module__}.{part}", getattr(thing, part))

    for module in modules:
        for name, thing in vars(module).items():
            if not name.startswith("__"):
                add(f"{module.__name__}.{name}", thing)
    return functions


FUNCTIONS = importable()


def fits(function, exercise):
    try:
        inspect.signature(function).bind(*inspect.signature(exercise.reference).parameters)
    except (TypeError, ValueError):  # there are classes without a signature
        return False
    return True


def first_case(exercise):
    """The exercise with its first case only, no mistake to tell and nothing forbidden: what fails this is no answer, five times as fast."""
    return replace(exercise, _cases=[(exercise._cases[0][0], None)], mistakes=[], forbid=())


# a tensor in place of an address ends the thread that should have fetched it
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("key", EXERCISES)
def test_no_function_of_ours_is_an_answer(key, tmp_path, monkeypatch):
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    exercise = replace(EXERCISES[key], seconds=2.0)
    first = first_case(exercise)
    assert judge(replace(first, seconds=20.0), exercise.reference).passed, "what fails here would prove nothing"
    for name, function in FUNCTIONS.items():
        if fits(function, exercise):
            passed = judge(first, function).passed and judge(exercise, function).passed
            assert not passed, f"{name} is an answer to {key}"
            plt.close("all")


def test_there_is_something_to_try():
    assert len(FUNCTIONS) > 100
