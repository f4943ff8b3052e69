"""Why a check comes out otherwise than it did, as a sentence."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_output

from autograder.grading.regrade import Change, why_changed
from autograder.judging.verdict import MIME
from autograder.reports.changes import counted


def cell(outcome: str = "wrong", **cases: tuple[bool, float]):
    told = [{"name": name, "passed": passed, "max_points": points} for name, (passed, points) in cases.items()]
    data = {MIME: {"outcome": outcome, "cases": told}}
    return new_code_cell("check(f)", outputs=[new_output("execute_result", data, execution_count=None)])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (cell(a=(True, 1)), cell(a=(False, 1)), "now fails “a”"),
        (cell(a=(False, 1), b=(True, 1)), cell(a=(True, 1), b=(True, 1)), "now passes “a”"),
        (cell(a=(True, 1)), cell(a=(True, 2)), "“a” is worth 2 instead of 1"),
        (cell(a=(True, 1)), cell(a=(True, 1), b=(False, 1)), "fails the new case “b”"),
        (cell(a=(True, 1), b=(True, 1)), cell(a=(True, 1)), "the case “b” is gone"),
        (cell(a=(True, 1), **{c: (True, 1) for c in "bcd"}), cell(a=(True, 1)), "3 cases are gone, “b” among them"),
        (cell("crashed"), cell("correct"), "correct instead of crashed"),
        (None, cell("correct"), "its check gives other points"),
        (new_code_cell("assert f"), new_code_cell("assert f"), "its check gives other points"),
    ],
)
def test_why(old, new, told):
    assert why_changed(old, new) == told


def test_in_a_line():
    changes = [Change("a", "f", 1, 2, ""), Change("a", "g", 1, None, ""), Change("b", "f", None, 3, "")]
    assert counted(changes, 7) == "7 judged anew: the points of 2 change, 2 up and 1 down"
    assert counted([], 7) == "7 judged anew: nothing changes"
