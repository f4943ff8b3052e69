"""The judge: what it accepts, what it rejects, and what it says."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from autograder import check, judge
from autograder.judging.compare import difference
from autograder.judging.exercise import Exercise, share_points
from autograder.judging.probes import is_stub, request, run
from autograder.judging.values import Tagged, code, made, materialise, observe, raw, variable


def make(reference=None, **options) -> Exercise:
    """An exercise for the tests: twice its input, unless another reference is given."""
    reference = reference or (lambda x: tf.add(x, x))
    fields = {"points": 4.0, "minutes": 1, **options}
    return Exercise(name="twice", chapter="tests", reference=reference, **fields)


@pytest.fixture
def twice() -> Exercise:
    exercise = make(forbid=("tf.add",))

    @exercise.case("a matrix", points=1)
    def _(rng):
        return (rng.normal(size=(2, 3)).astype("float32"),)

    @exercise.case("with its gradient", gradient=True, points=3)
    def _(rng):
        return (rng.normal(size=(2, 3)).astype("float32"),)

    @exercise.mistake("That is the square.")
    def _(x):
        return x * x

    return exercise


def test_a_right_answer(twice):
    verdict = judge(twice, lambda x: 2 * x)
    assert (verdict.outcome, verdict.points, verdict.passed, verdict.mistake) == ("correct", 4, True, None)


def test_partial_credit(twice):
    verdict = judge(twice, lambda x: tf.constant(2 * x.numpy()))
    assert (verdict.outcome, verdict.points) == ("wrong", 1)
    assert "no gradient" in verdict.cases[1].message


def test_numbers_that_differ_late_are_told_with_all_the_digits_it_takes():
    near = difference(np.array([2.42579111, 1.0]), np.array([2.42579113, 1.0]), rtol=1e-10)
    assert near == "your result is 2.42579111 at [0], expected 2.42579113 (1 of 2 differ)"
    assert "is 0.842434, expected 0.842458" in difference(0.842434, 0.842458)


def test_a_mistake_gets_its_hint(twice):
    assert judge(twice, lambda x: tf.square(x)).mistake == "That is the square."


def test_a_forbidden_call_under_another_name(twice):
    hidden = tf.add
    verdict = judge(twice, lambda x: hidden(x, x))
    assert (verdict.outcome, verdict.points) == ("wrong", 0)
    assert "tf.add" in verdict.message


def test_a_stub_is_not_attempted(twice):
    def answer(x):
        """What to do."""
        ...

    assert judge(twice, answer).outcome == "not attempted"
    assert is_stub(tf.function(answer))
    assert not is_stub(lambda x: x)


def test_a_forgotten_return(twice):
    def answer(x):
        x + x

    verdict = judge(twice, answer)
    assert verdict.outcome == "wrong" and "returned None" in verdict.cases[0].message


def test_a_crash_shows_the_students_own_lines(twice):
    def answer(x):
        return x @ x

    verdict = judge(twice, answer)
    assert (verdict.outcome, verdict.points) == ("crashed", 0)
    assert "return x @ x" in verdict.message and "autograder" not in verdict.message


def test_too_slow():
    exercise = make(seconds=0.3)
    exercise.case("one")(lambda rng: (np.float32(rng.normal()),))

    def answer(x):
        while True:
            pass

    assert judge(exercise, answer).outcome == "too slow"


def test_out_of_memory(twice):
    def answer(x):
        raise MemoryError

    assert judge(twice, answer).outcome == "out of memory"


def test_exit_is_a_crash_and_not_the_end(twice):
    def answer(x):
        raise SystemExit(1)

    assert judge(twice, answer).outcome == "crashed"


def test_a_broken_reference_costs_nobody_a_point():
    exercise = make(reference=lambda x: x.no_such_attribute)
    exercise.case("one")(lambda rng: (np.float32(1),))
    verdict = judge(exercise, lambda x: x)
    assert (verdict.outcome, verdict.points, verdict.passed) == ("grader's fault", 4, False)


def test_the_draw_depends_on_the_seed_alone(twice):
    wrong = lambda x: x  # noqa: E731
    assert judge(twice, wrong, 5) == judge(twice, wrong, 5)
    assert judge(twice, wrong, 5) != judge(twice, wrong, 6)


def test_a_changed_argument_is_noticed():
    exercise = make(reference=lambda x: x + x)
    exercise.case("an array")(lambda rng: (raw(rng.normal(size=3)),))

    def answer(x):
        x += x
        return x

    verdict = judge(exercise, answer)
    assert "changed its argument x" in verdict.cases[0].message


def test_an_in_place_change_is_compared():
    def reference(v):
        v.assign(v * 2)

    exercise = make(reference=reference)
    exercise.case("a variable")(lambda rng: (variable(np.float32(rng.normal())),))
    assert judge(exercise, lambda v: v.assign_add(v) and None).passed
    assert "in place" in judge(exercise, lambda v: (v * 2) and None).cases[0].message


def test_what_an_answer_prints_is_not_seen(twice, capfd):
    def answer(x):
        print("hello")
        tf.print("from C++")
        np.float64(1) / np.float64(0)
        return 2 * x

    assert judge(twice, answer).passed
    assert capfd.readouterr() == ("", "")


def test_check_raises_nothing():
    assert "called" in check(lambda x: x).message.lower()
    assert "function you wrote" in check(3).message


def test_check_warns_of_a_lessons_variables():
    names = {"np": np, "scale": 255.0, "LIMIT": 3}
    exec("def accuracy(out, y):\n    return float(np.mean(np.argmax(out, 1) == y)) * scale / 255 + 0 * LIMIT", names)
    verdict = check(names["accuracy"])
    assert verdict.passed and "takes scale from outside" in verdict.message


def test_the_text_is_a_bare_number_while_nbgrader_runs(twice, monkeypatch):
    verdict = judge(twice, lambda x: tf.constant(2 * x.numpy()))
    assert repr(verdict).startswith("✗ twice")
    for name in ("NBGRADER_EXECUTION", "NBGRADER_VALIDATING"):
        monkeypatch.setenv(name, "1")
        assert repr(verdict) == "1"
        assert verdict._repr_mimebundle_()["text/plain"] == "1"
        monkeypatch.delenv(name)


def test_html_is_escaped(twice):
    def answer(x):
        raise ValueError("<script>alert(1)</script>")

    assert "<script>" not in judge(twice, answer).to_html()


@pytest.mark.parametrize(
    ("got", "expected", "told"),
    [
        (Tagged("tensor", np.float32(0)), np.zeros(5, "float32"), "shape []"),  # broadcasting would let it pass
        (np.zeros((5, 1), "float32"), np.zeros(5, "float32"), "shape [5, 1]"),
        (np.zeros(3), np.zeros(3, "float32"), "dtype float64"),
        (np.array([np.nan, 1]), np.array([2.0, 1]), "has nan at [0]"),  # nan compares false
        (np.array([1, 2]), np.array([1, 3]), "is 2 at [1], expected 3"),
        ([1.0], [1.0, 2.0], "1 elements, expected 2"),
        (None, 1.0, "is None"),
        (1.0, None, "expected None"),
        (True, 1.0, "dtype bool"),
        ({"a": 1}, {"b": 1}, "keys"),
    ],
)
def test_differences(got, expected, told):
    assert told in difference(got, expected)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (Tagged("variable", np.ones(2, "float32")), Tagged("tensor", np.ones(2, "float32"))),
        (np.float32(0.5), 0.5),
        (1, 1.0),
        (np.array([np.nan, np.inf]), np.array([np.nan, np.inf])),
        ((1, None), [1, None]),
        (np.float32(1) + np.float32(3e-5), np.float32(1)),
    ],
)
def test_no_difference(got, expected):
    assert difference(got, expected) is None


def test_points_are_shared_in_halves():
    assert share_points(3, [None, None]) == [1.5, 1.5]
    assert share_points(4, [None, None, None]) == [1.5, 1.5, 1]
    assert share_points(4, [1, None]) == [1, 3]
    with pytest.raises(ValueError):
        share_points(4, [3, 2])


def test_values_go_in_and_come_out():
    assert materialise(code("lambda x: x + 1"))(2) == 3
    assert materialise(made("lambda n: keras.Sequential([keras.layers.Dense(n)])", 4)).layers[0].units == 4
    dataset = observe(tf.data.Dataset.range(5).batch(2))
    assert dataset.tag == "dataset" and [len(e.value) for e in dataset.value] == [2, 2, 1]

    class Liar(float):
        def __repr__(self):
            return "100"

    assert type(observe(Liar(0.5))) is float and observe(object()).tag == "other"


def test_a_record_tells_what_happened():
    (record,) = run(lambda x: x, [request((np.ones(2, "float32"),))])
    assert record["status"] == "ok" and record["changed"] == {} and record["result"].tag == "tensor"


def test_what_tensorflow_says_of_a_traced_function_is_the_error_alone():
    @tf.function
    def traced(x):
        return tf.reshape(x, [7])

    (record,) = run(traced, [request([tf.ones([2, 3])])])
    assert record["status"] == "raised"
    assert "in user code" not in record["message"] and "File" not in record["message"]
    assert record["message"].startswith("Cannot reshape a tensor with 6 elements")


def test_a_check_leaves_the_global_seed_as_it_was():
    tf.random.set_seed(11)
    run(lambda x: x, [request([1], seed=5)])
    assert tf.compat.v1.random.get_seed(None)[0] == 11
    tf.random.set_seed(None)
    run(lambda x: x, [request([1], seed=5)])
    assert tf.compat.v1.random.get_seed(None)[0] is None


@pytest.mark.parametrize("side, missed", [(1, True), (-1, False)])
def test_where_none_may_be_right_no_return_is_missed(side, missed):
    exercise = make(lambda x: x if x > 0 else None)

    @exercise.case("above 0")
    def _(rng):
        return (float(rng.uniform(1, 2)),)

    @exercise.case("on one side or the other")
    def _(rng):
        return (side * float(rng.uniform(1, 2)),)

    told = judge(exercise, lambda x: print(x)).to_text()
    assert "your function returned None" in told and ("Is a `return` missing" in told) is missed


@pytest.mark.parametrize(
    "error, told",
    [
        (lambda: tf.ones([2, 3]) @ tf.ones([2, 3]), "Matrix size-incompatible: In[0]: [2,3], In[1]: [2,3] [Op:MatMul]"),
        (lambda: tf.ones([2, 3]) + tf.ones([2, 4]), "Incompatible shapes: [2,3] vs. [2,4] [Op:AddV2]"),
    ],
)
def test_of_what_tensorflow_says_its_kernels_are_left_out(error, told):
    record = run(lambda x: error(), [request([1])])[0]
    assert record["message"] == told
