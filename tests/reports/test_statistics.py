"""Numbers on a class, by examples that can be worked out by hand."""

from __future__ import annotations

import pytest

from autograder.reports.change import kinds, turns
from autograder.reports.page import Time, time_of, took
from autograder.reports.pictures import bar, histogram, stacked
from autograder.reports.statistics import correlation, items, median, mistakes, spread
from autograder.reports.verdicts import bare_code


def verdict(points, outcome="wrong", mistake=None, cases=()):
    return {"points": points, "max_points": 4, "outcome": outcome, "mistake": mistake, "cases": list(cases)}


def test_difficulty_and_discrimination():
    strong, weak = [verdict(4, "correct")] * 3, [verdict(0)] * 3
    told = [{"a": a, "b": b, "c": verdict(2)} for a, b in zip(strong + weak, strong + weak)]
    a, _, c = items(told)
    assert (a.students, a.correct, a.share, a.discrimination) == (6, 3, 0.5, pytest.approx(1))
    assert c.discrimination is None  # everybody has the same
    upside_down = [{"a": a, "b": b} for a, b in zip(strong + weak, weak + strong)]
    assert items(upside_down)[0].discrimination == pytest.approx(-1)
    assert items(told[:4])[0].discrimination is None  # too few to tell
    blamed = [*told, {"a": verdict(0, "grader's fault"), "b": None, "c": verdict(2)}]
    assert items(blamed)[0].students == 6


def test_correlation_is_pearson_s():
    assert correlation([1, 2, 3, 4], [2, 1, 4, 3]) == pytest.approx(0.6)
    assert correlation([1, 1], [1, 2]) is None


def test_spread_and_median():
    assert spread([0, 0.1, 0.3, 0.999, 1]) == [1, 1, 0, 1, 0, 0, 0, 0, 0, 2]
    assert (median([3, 1, 2]), median([4, 1, 2, 3])) == (2, 2.5)


def test_the_map_of_misconceptions():
    case = {"name": "one row", "passed": False, "example": "f(1)", "told": "", "message": "too large", "detail": ""}
    told = [("f", verdict(0, mistake="Which axis?", cases=[case]), f"code {n % 3}") for n in range(5)]
    told += [("f", verdict(0, cases=[{**case, "passed": True}, case]), ""), ("g", verdict(0), "")]
    first, second = mistakes(told)
    assert (first.what, first.count, first.known, len(first.examples)) == ("Which axis?", 5, True, 2)
    assert (second.what, second.known, second.examples[0].told) == ("fails the case: one row", False, "too large")


def test_the_examples_are_those_with_the_smallest_failing_input():
    def failing(call):
        detail = "input     uint8 [5]: 1 2\nyours     3"
        return verdict(
            0,
            mistake="m",
            cases=[{"name": "c", "passed": False, "example": call, "told": "t", "message": "", "detail": detail}],
        )

    calls = ["", "f([1, 2, 3])", "f([1])", "f([1, 2])"]
    (mistake,) = mistakes([("f", failing(call), f"code {call}") for call in calls])
    assert (mistake.count, [e.call for e in mistake.examples]) == (4, ["f([1])", "f([1, 2])"])
    first = {"name": "a", "passed": False, "example": "", "told": "", "message": "t", "detail": ""}
    both = verdict(0, mistake="m", cases=[first, *failing("f([1])")["cases"]])
    assert mistakes([("f", both, "code")])[0].examples[0].call == "f([1])"  # of a case that is not the first
    (mistake,) = mistakes([("f", failing(""), "code")])
    assert mistake.examples[0].about == "uint8 [5]: 1 2"


def test_how_mistakes_change_from_the_first_hand_in_to_the_last():
    right, axis, sign = verdict(4, "correct"), verdict(0, mistake="axis"), verdict(0, mistake="sign")
    first, second = turns(
        [
            ({"f": axis}, {"f": right}),
            ({"f": axis}, {"f": axis}),
            ({"f": axis}, {"f": sign}),
            ({"f": right}, {"f": sign}),
            ({"f": None}, {"f": axis}),
        ]
    )
    assert (first.what, first.before, first.right, first.same, first.other, first.new) == ("axis", 3, 1, 1, 1, 0)
    assert (second.what, second.before, second.new) == ("sign", 0, 2)


def test_what_the_answers_of_a_chapter_are():
    told = [{"f": verdict(4, "correct"), "g": verdict(0, mistake="axis")}, {"f": verdict(0, "killed"), "g": None}]
    assert list(kinds(told).values()) == [1, 1, 0, 0, 2]
    assert "0.0" in stacked(kinds([]), "nobody") and stacked({"a": 1, "b": 1}, "").count('width="60.0"') == 2


def test_what_grading_took():
    assert time_of({"Ana": 1, "Bo": 3, "Cleo": 0, "Dia": 8}) == Time(12, 3, 8, "Dia")
    assert time_of({"Ana": 0}) == Time() and (took(0.24), took(41.3), took(185)) == ("0.2 s", "41 s", "3 min 5 s")


def test_an_answer_is_shown_without_what_tells_whose_it_is():
    source = '# by Ana Birch\n\ndef f(x):\n    """Ana did this."""\n    # Ana\n    return x\n\nprint("Ana")\n'
    assert bare_code(source, "f") == "def f(x):\n    return x"
    assert bare_code("def f(:", "f") == ""
    assert bare_code("def f(x):\n    'only this'\n", "f") == "def f(x):\n    pass"
    assert bare_code("x = 1", "f") == ""


def test_pictures_say_in_words_what_they_show():
    assert "3 from 0 to 2, 1 from 18 to 20." in histogram([3, 0, 0, 0, 0, 0, 0, 0, 0, 1], 20)
    assert 'aria-label="a &lt;b&gt;"' in bar(0.5, "a <b>")
