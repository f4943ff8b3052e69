"""The smallest input on which an answer is wrong: small, drawn by the case, wrong in the same way, the same every time."""

from __future__ import annotations

import inspect
import time

import numpy as np
import pytest
import tensorflow as tf
from common import COURSE

from autograder import exercises
from autograder.judging import judge as judging
from autograder.judging import literal, shrink
from autograder.judging.calls import calls_of
from autograder.judging.exercise import Exercise, draw
from autograder.judging.judge import judge, judge_fresh
from autograder.judging.shrink import Replay, kind_of, measure
from autograder.judging.values import code, made, raw, variable

EXERCISES = exercises(COURSE.root)


@pytest.fixture(autouse=True)
def time_enough(monkeypatch):
    """What is found is the same wherever the time is enough; on a busy machine it may not be."""
    monkeypatch.setattr(judging, "SHRINK_SECONDS", 10.0)


def make(reference) -> Exercise:
    exercise = Exercise(name="f", chapter="tests", points=2.0, minutes=1, reference=reference)
    return exercise


def test_sizes_labels_and_numbers_become_small():
    exercise = make(lambda x, y: tf.reduce_mean(tf.square(x - tf.one_hot(y, x.shape[1]))))

    @exercise.case("a batch")
    def _(rng):
        batch, classes = rng.integers(1, 9), rng.integers(2, 12)
        return rng.normal(size=(batch, classes)).astype("float32"), rng.integers(0, classes, size=batch).astype("int32")

    verdict = judge_fresh(exercise, lambda x, y: tf.reduce_sum(tf.square(x - tf.one_hot(y, x.shape[1]))), 0.3)
    found = verdict.shown
    assert (
        found.example == "f(tf.constant([[0, 0]]), tf.constant([0]))"
        or found.example == "f(tf.constant([[0., 0.]]), tf.constant([0]))"
    )
    assert found.told == "your result is 1, expected 0.5"
    assert "tf.constant" in verdict.to_text() and "whole input" in verdict.to_html()


def test_what_is_found_is_an_input_that_the_case_could_have_drawn():
    exercise = make(lambda y: tf.reduce_sum(y))

    @exercise.case("labels of at least three classes, the last of them among them")
    def _(rng):
        classes = int(rng.integers(3, 8))
        labels = rng.integers(0, classes, size=int(rng.integers(2, 9)))
        labels[int(rng.integers(len(labels)))] = classes - 1
        return (labels.astype("int32"),)

    verdict = judge_fresh(exercise, lambda y: tf.reduce_sum(y) + 1, 0.3)
    assert verdict.shown.example == "f(tf.constant([2, 0]))"


def test_it_fails_in_the_same_way():
    exercise = make(lambda x: x)

    @exercise.case("numbers")
    def _(rng):
        return (rng.normal(size=rng.integers(1, 12)).astype("float32"),)

    def answer(x):  # wrong in one way for long inputs, in another for all
        return x + 1 if len(x) > 4 else tf.cast(x, tf.float64)

    for seed in range(5):
        verdict = judge(exercise, answer, seed)
        told = verdict.shown.message
        again = judge_fresh(exercise, answer, 0.0) if seed == 0 else None
        if again is not None and again.shown.example:
            assert kind_of(again.shown.told) == kind_of(told)


def test_the_same_every_time():
    exercise = EXERCISES["forward_pass.mse_onehot"]
    answer = exercise.mistakes[0].answer
    examples = {judge_fresh(exercise, answer, 0.3).shown.example for _ in range(3)}
    assert len(examples) == 1


@pytest.mark.parametrize("key", EXERCISES)
def test_a_replay_without_edits_is_the_draw(key):
    """For every case of every exercise: what is made simpler is what was drawn."""
    exercise = EXERCISES[key]
    for number, (case, drawn) in enumerate(zip(exercise.cases, draw(exercise, 7), strict=True)):
        again = shrink.draw_case(exercise, case, Replay(shrink.words_of(exercise, number, 7)))
        assert measure(again.inputs) == measure(drawn.inputs)
        assert literal.call("f", again.inputs) == literal.call("f", drawn.inputs)


@pytest.mark.parametrize("key", EXERCISES)
def test_whatever_is_simpler_is_answered_by_the_reference(key):
    """Each call of the generator at its lowest, one after the other: the case must do with it, and the reference, too."""
    from autograder.judging import probes, switches

    exercise = EXERCISES[key]
    if exercise.name == "train_to":
        pytest.skip("its reference trains a network for each")
    for number, case in enumerate(exercise.cases):
        words = shrink.words_of(exercise, number, 0)
        first = Replay(words)
        shrink.draw_case(exercise, case, first)
        for position, call in enumerate(first.calls[:8]):
            edit = next(iter(shrink.edits_for(call)))
            drawn = shrink.draw_case(exercise, case, Replay(words, first.calls, {position: edit}))
            with switches.as_it_comes():
                (record,) = probes.run(exercise.reference, [{**drawn.request, "forbid": []}])
            assert record["status"] == ("raised" if case.raises else "ok"), (case.name, position, record)


def test_a_call_can_be_pasted():
    names = {"tf": tf, "np": np}
    inputs = [
        np.float32([[1.5, -0.1], [np.nan, np.inf]]), np.int64([1, 2]), np.float64(0.1), raw(np.uint8([[0, 255]])),
        variable(np.float32([1])), code("lambda x: x + 1"), made("lambda n: [n] * 2", 3), [1, (2.5,)], {"a": None}, np.zeros((0, 3), "float32"),
    ]  # fmt: skip
    got = eval(literal.call("list_of", inputs), {**names, "list_of": lambda *a: a})  # noqa: S307
    assert [getattr(v, "dtype", type(v)) for v in got[:5]] == [tf.float32, tf.int64, tf.float64, np.uint8, tf.float32]
    np.testing.assert_array_equal(got[0], inputs[0])
    assert (
        got[5](1) == 2
        and got[6] == [3, 3]
        and got[7] == [1, (2.5,)]
        and got[8] == {"a": None}
        and got[9].shape == (0, 3)
    )


@pytest.mark.parametrize("wrapped", [raw, np.asarray, variable])
def test_a_large_array_that_is_nearly_the_same_everywhere_can_be_pasted(wrapped):
    array = np.full((2, 28, 28), 7, "float64")
    array[1, 2, 3], array[0, 1, 1] = np.nan, 0.1
    for value in (array, np.zeros((3, 30), "int64"), np.full((20,), -2, "float32"), np.float32([np.inf] * 40)):
        names = {"tf": tf, "np": np, "list_of": lambda *a: a}
        *before, asked = literal.call("list_of", [1, wrapped(value)]).splitlines()
        exec("\n".join(before), names)
        _, got = eval(asked, names)
        assert got.dtype == value.dtype and isinstance(got, (np.ndarray, tf.Variable, tf.Tensor))
        np.testing.assert_array_equal(got, value)


def test_two_large_arrays_have_names_of_their_own():
    images = np.zeros((2, 28, 28), "uint8")
    images[0, 0, 0] = 1
    names = {"np": np, "list_of": lambda *a: a}
    text = literal.call(
        "list_of", [code("def _(x):\n    return x + 1"), raw(images), raw(images + images), raw(images)]
    )
    *before, asked = text.splitlines()
    exec("\n".join(before), names)
    function, one, other, again = eval(asked, names)
    assert function(2) == 3 and one[0, 0, 0] == 1 and other[0, 0, 0] == 2 and again is one


def test_what_is_too_long_is_not_shown():
    assert literal.call("f", [np.random.default_rng(0).normal(size=(40, 40))]) == ""


def test_of_the_failed_cases_the_smallest_is_shown():
    exercise = make(lambda x: 2 * x)

    @exercise.case("many numbers")
    def _(rng):
        return (rng.normal(size=60).astype("float32"),)

    @exercise.case("two numbers")
    def _(rng):
        return (np.float32([3, 0]),)

    verdict = judge_fresh(exercise, lambda x: x, 0.0)
    assert (verdict.shown.name, verdict.shown.example) == ("two numbers", "f(tf.constant([3., 0.]))")
    lines = verdict.to_text().splitlines()
    assert lines.index("          f(tf.constant([3., 0.]))") > next(
        n for n, t in enumerate(lines) if "two numbers" in t
    )

    def crashes(x):  # in one way for many, in another for few
        raise ValueError("many") if len(x) > 2 else TypeError("few")

    crashed = judge_fresh(exercise, crashes, 0.0)
    assert crashed.outcome == "crashed" and "ValueError" in crashed.message
    assert crashed.shown.name == "many numbers"


def test_what_is_slow_but_once_has_a_smallest_input(monkeypatch):
    monkeypatch.setattr(judging, "SLOW_SECONDS", 0.1)
    waits = [0.2]

    def reference(x):
        time.sleep(waits.pop() if waits else 0)
        return 2 * x

    exercise = make(reference)

    @exercise.case("two numbers")
    def _(rng):
        return (np.float32([3, 0]),)

    assert judge_fresh(exercise, lambda x: x, 0.0).shown.example == "f(tf.constant([3., 0.]))"


@pytest.mark.parametrize("key", ["forward_pass.accuracy", "gradients_and_activations.numeric_grad"])
def test_whoever_makes_a_typical_mistake_sees_its_smallest_input(key):
    """Looked for once for each mistake, and shown only where this answer goes wrong there in the same way."""
    exercise = EXERCISES[key]
    shown = {m.name: judge_fresh(exercise, m.answer, 0.3).shown for m in exercise.mistakes}
    assert sum(bool(case.example) for case in shown.values()) > 0.7 * len(shown), shown
    for case in shown.values():
        assert bool(case.example) == bool(case.told)


def test_where_a_case_makes_several_calls_the_one_that_goes_wrong_is_shown():
    exercise = make(lambda x: 2 * x)

    @exercise.case(
        "a number, and more of them",
        probe="def probe(answer, first, rest):\n    return [answer(first), *map(answer, rest)]",
    )
    def _(rng):
        return np.float32(1), [np.float32([3, 1]), np.float32([4])]

    found = judge_fresh(exercise, lambda x: 2 * x if len(x.shape) == 0 else 2 * x[:1], 0.0).shown
    assert (found.example, found.told) == ("f(tf.constant([3., 1.]))", "your result has shape [1], expected [2]")


def test_a_call_with_what_cannot_be_written_down_is_not_shown():
    exercise = make(lambda graph: 1)

    @exercise.case("a graph", probe="def probe(answer, n):\n    return answer(tf.Graph())")
    def _(rng):
        return (3,)

    assert judge_fresh(exercise, lambda graph: 2, 0.0).shown.example == ""


SOME = [key for key, e in EXERCISES.items() if any(case.probe for case in e.cases) and e.chapter != "fashion_mnist"]


@pytest.mark.parametrize("key", SOME)
def test_calls_are_of_the_form_that_the_task_gives(key):
    exercise = EXERCISES[key]
    form = inspect.signature(exercise.reference)
    for one in draw(exercise, 0):
        for inputs in calls_of(exercise, one):
            form.bind(*inputs)


def test_a_hint_that_is_wrong_on_the_smallest_input_is_taken_back():
    exercise = make(lambda x: tf.reduce_mean(x))

    @exercise.case("numbers whose mean is far from whole, and large")
    def _(rng):
        size = int(rng.integers(1, 9))
        return (rng.uniform(0.2, 0.4, size=size).astype("float32"),)

    @exercise.mistake("You always say 0.")
    def _(x):
        return tf.constant(0.0)

    def zero_for_many(x):
        return tf.constant(0.0) if len(x) > 1 else 3 * x[0]

    seed = next(s for s in range(9) if len(draw(exercise, s)[0].inputs[0]) > 1)
    assert judge(exercise, zero_for_many, seed).mistake == "You always say 0."
    verdict = judge(exercise, zero_for_many, seed)
    assert judging.explained(exercise, lambda r: judging.probes.run(zero_for_many, r), seed, verdict).mistake is None
    always = lambda x: tf.constant(0.0)  # noqa: E731
    kept = judging.explained(exercise, lambda r: judging.probes.run(always, r), seed, judge(exercise, always, seed))
    assert kept.mistake == "You always say 0."


def test_where_no_input_can_be_shown_a_hint_is_tried_on_another_draw():
    exercise = make(lambda graph, n: n)

    @exercise.case("a graph", probe="def probe(answer, n):\n    return answer(tf.Graph(), n)")
    def _(rng):
        return (int(rng.integers(10**6)),)

    @exercise.mistake("You always say −1.")
    def _(graph, n):
        return -1

    (drawn,) = draw(exercise, 0)[0].inputs
    once = judge_fresh(exercise, lambda graph, n: -1 if n == drawn else -2, 0.0)
    always = judge_fresh(exercise, lambda graph, n: -1, 0.0)
    assert (once.mistake, once.shown.example) == (None, "")
    assert (always.mistake, always.shown.example) == ("You always say −1.", "")
