"""What passes at home passes at the grader: `check` in a real kernel decides as if only the setup and the student's cells existed."""

from __future__ import annotations

import os
import time

import pytest
from common import BY_ITSELF, COURSE
from home import Home

CHAPTER = COURSE.chapter_of("forward_pass")
RIGHT = "def accuracy(out, y):\n    return float(np.mean(np.argmax(out, axis=1) == np.asarray(y)))"
WRONG = "def accuracy(out, y):\n    return 2.0"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("home"), CHAPTER)
    yield home
    home.close()


@pytest.fixture
def home(kernel):
    """The notebook as released, its kernel as after a restart and a run of the setup cell."""
    kernel.__dict__["notebook"] = type(kernel.notebook)(kernel.notebook)
    fresh = Home.__new__(Home)
    fresh.__dict__.update(kernel.__dict__)
    import nbformat

    fresh.notebook = nbformat.read(COURSE.release(CHAPTER), 4)
    fresh.save()
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=120)
    fresh.run("setup")
    return fresh


def lesson_cell(home, source, name="a-lessons-cell"):
    """A cell of the lesson, listed as such."""
    home.add(name, source, tags=["lesson"])
    home.notebook.metadata["course"]["lesson_cells"].append(name)
    home.save()
    assert not any(o["type"] == "error" for o in home.run(name))


LESSON = {
    "a function": ("def hits(out, y):\n    return np.argmax(out, axis=1) == np.asarray(y)", "hits(out, y)"),
    "a constant in capitals": ("AXIS = 1", "np.argmax(out, axis=AXIS) == np.asarray(y)"),
    "a class": (
        "class Hits:\n    def __call__(self, out, y):\n        return np.argmax(out, axis=1) == np.asarray(y)",
        "Hits()(out, y)",
    ),
    "an import": ("import statistics as st", "[st.mean([float(v)]) for v in np.argmax(out, axis=1) == np.asarray(y)]"),
    "a variable": ("axis = 1", "np.argmax(out, axis=axis) == np.asarray(y)"),
}


@pytest.mark.parametrize("what", LESSON)
def test_what_a_lesson_defines_is_not_there_when_an_answer_is_judged(home, what):
    lesson, used = LESSON[what]
    lesson_cell(home, lesson)
    home.edit("accuracy", f"def accuracy(out, y):\n    return float(np.mean({used}))")
    home.run("accuracy")
    verdict = home.check("accuracy")
    assert verdict["outcome"] == "crashed" and verdict["points"] == 0
    assert "NameError" in verdict["text"] and "copy what you need into the cell of `accuracy`" in verdict["text"]
    assert lesson.splitlines()[0] in verdict["text"]
    home.add("my-own", lesson)  # the same in a cell of one's own: now it counts
    home.run("my-own")
    assert home.check("accuracy")["outcome"] == "correct"


def test_a_copy_of_a_lessons_cell_is_the_students_own(home):
    lesson_cell(home, LESSON["a function"][0])
    home.edit("accuracy", "def accuracy(out, y):\n    return float(np.mean(hits(out, y)))")
    home.run("accuracy")
    home.add("b7e151628aed2a6a", LESSON["a function"][0], tags=["lesson"])  # a copy has its tags, too
    home.run("b7e151628aed2a6a")
    assert home.check("accuracy")["outcome"] == "correct"


def test_a_lesson_may_use_a_students_name_for_something_else(home):
    home.edit(
        "accuracy", "K = 1\ndef accuracy(out, y):\n    return float(np.mean(np.argmax(out, axis=K) == np.asarray(y)))"
    )
    home.run("accuracy")
    lesson_cell(home, "K = 0")
    assert home.check("accuracy")["outcome"] == "correct"
    assert home.run("probe-k", "print(K)")[0]["text"] == "0\n"  # and is left alone


def test_an_answer_made_of_a_lessons_function_stops_its_cell_at_the_grader(home):
    lesson_cell(home, RIGHT.replace("accuracy", "score"))
    home.edit("accuracy", "accuracy = tf.function(score) if False else score")
    home.run("accuracy")
    verdict = home.check("accuracy")
    assert verdict["points"] == 0 and "there, the cell of `accuracy` stops" in verdict["text"]


@pytest.mark.parametrize(
    "broken", [RIGHT + "\n    return (", "1 / 0\n" + RIGHT, RIGHT.replace("def accuracy", "@missing\ndef accuracy")]
)
def test_an_older_function_does_not_count_when_its_cell_has_failed_since(home, broken):
    home.edit("accuracy", RIGHT)
    home.run("accuracy")
    assert home.check("accuracy")["outcome"] == "correct"
    home.edit("accuracy", broken)
    home.run("accuracy")
    verdict = home.check("accuracy")
    assert verdict["points"] == 0 and "ended with an error when you last ran it" in verdict["text"]
    home.edit("accuracy", RIGHT)
    home.run("accuracy")
    assert home.check("accuracy")["outcome"] == "correct"


def test_a_function_that_was_defined_before_its_cell_failed_counts(home):
    home.edit("accuracy", RIGHT + "\n1 / 0")  # as it does at the grader
    home.run("accuracy")
    assert home.check("accuracy")["outcome"] == "correct"


def test_a_cell_that_was_changed_after_it_ran(home):
    home.edit("accuracy", RIGHT)
    home.run("accuracy")
    home.edit("accuracy", WRONG)
    later = time.time() + 5
    os.utime(home.path, (later, later))
    verdict = home.check("accuracy")
    assert verdict["points"] == 0 and "was changed after you ran it" in verdict["text"]


@pytest.mark.parametrize(
    "answer",
    [
        "accuracy = lambda out, y: float(np.mean(np.argmax(out, axis=1) == np.asarray(y)))",
        RIGHT.replace("accuracy", "my_accuracy") + "\naccuracy = my_accuracy",
        "import functools\n"
        + RIGHT.replace("accuracy(out", "general(scale, out")
        + "\naccuracy = functools.partial(general, 1)",
        "class Accuracy:\n    def __call__(self, out, y):\n        return float(np.mean(np.argmax(out, axis=1) == np.asarray(y)))\naccuracy = Accuracy()",
        "@tf.function\ndef graph(out, y):\n    same = tf.equal(tf.argmax(out, 1), tf.cast(y, tf.int64))\n    return tf.reduce_mean(tf.cast(same, tf.float32))\naccuracy = graph",
    ],
)
def test_the_name_in_the_check_cell_counts(home, answer):
    home.edit("accuracy", answer)
    assert not any(o["type"] == "error" for o in home.run("accuracy"))
    verdict = home.check("accuracy")
    assert verdict["outcome"] == "correct", verdict["text"]


SWITCHES = [
    "tf.compat.v1.disable_eager_execution()",
    "keras.config.set_floatx('float64')",
    "keras.config.set_dtype_policy('mixed_float16')",
    "tf.config.run_functions_eagerly(True)",
    "tf.experimental.numpy.experimental_enable_numpy_behavior()",
    "tf.debugging.enable_check_numerics()",
    "tf.config.experimental.enable_op_determinism()",
    "tf.compat.v1.disable_tensor_equality()",
    "np.seterr(all='raise')",
    "tf.compat.v1.disable_v2_behavior()",
]


@pytest.mark.parametrize("call", SWITCHES)
def test_a_global_switch_gives_no_points_and_takes_none(home, call):
    home.add("switch", "import keras\n" + call)
    home.run("switch")
    home.edit("accuracy", WRONG)
    home.run("accuracy")
    verdict = home.check("accuracy")
    assert verdict["outcome"] != "grader's fault" and verdict["points"] < 3
    assert (
        call.partition("(")[0].rpartition(".")[2].replace("disable_v2_behavior", "disable_eager_execution")
        in verdict["text"]
    )
    home.edit("accuracy", RIGHT)
    home.run("accuracy")
    verdict = home.check("accuracy")
    if "disable" in call and "equality" not in call:  # nothing can be judged: said, with the call
        assert verdict["points"] == 0 and "restart the kernel" in verdict["text"]
    else:
        assert verdict["outcome"] == "correct", verdict["text"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("keras.config.set_floatx('float16')", "set_floatx"),
        ("tf.config.run_functions_eagerly(True)", "run_functions_eagerly"),
        ("tf.experimental.numpy.experimental_enable_numpy_behavior()", "enable_numpy_behavior"),
    ],
)
def test_an_answer_that_throws_a_switch_is_told_each_time_and_throws_it_for_nobody(home, call, told):
    home.add("import", "import keras")
    home.run("import")
    home.edit(
        "accuracy",
        RIGHT + f"\nright = accuracy\ndef accuracy(out, y):\n    result = right(out, y)\n    {call}\n    return result",
    )
    home.run("accuracy")
    for _ in range(2):  # also when it has been thrown before
        verdict = home.check("accuracy")
        assert verdict["outcome"] == "wrong" and told in verdict["text"], verdict["text"]
    home.edit(
        "accuracy",
        RIGHT + "\nright = accuracy\ndef accuracy(out, y):\n    np.seterr(all='ignore')\n    return right(out, y)",
    )
    home.run("accuracy")
    assert home.check("accuracy")["outcome"] == "correct"


def test_a_graph_left_open_is_told_as_that_and_as_no_other_switch(home):
    home.edit("accuracy", RIGHT)
    home.run("accuracy")
    home.add("open", "left = tf.compat.v1.InteractiveSession(graph=tf.Graph())")
    home.run("open")
    told = home.check("accuracy")["text"]
    assert "InteractiveSession" in told and "disable_eager_execution" not in told and "placement" not in told
    home.add("closed", "left.close()")
    home.run("closed")
    assert home.check("accuracy")["outcome"] == "correct"


def test_a_switch_that_a_lesson_throws_is_not_the_students(home):
    lesson_cell(home, "import keras\nkeras.config.set_floatx('float64')\ntf.config.run_functions_eagerly(True)")
    home.edit("accuracy", RIGHT)
    home.run("accuracy")
    assert home.check("accuracy")["outcome"] == "correct"
    assert home.run("probe", "print(keras.config.floatx())")[0]["text"] == "float64\n"


def test_what_a_notebook_puts_in_a_functions_place_is_its_own(home):
    home.edit("accuracy", RIGHT)
    home.run("accuracy")
    for patch in (
        "builtins.sum = lambda *_: 0",
        "tf.Variable = tf.constant",
        "np.random.seed = None",
        "sys.setrecursionlimit(60)",
        "tf.distribute.MirroredStrategy().scope().__enter__()",
    ):
        home.run("patch", f"import builtins, sys, keras\n{patch}")
        verdict = home.check("accuracy")
        assert verdict["outcome"] == "correct", (patch, verdict["text"])
    home.run("patch", "kept = np.argmax\nnp.argmax = np.argmin")
    verdict = home.check("accuracy")
    assert verdict["outcome"] != "correct" and "np.argmax = …" in verdict["text"]
    lesson_cell(home, "np.argmax = np.argmin")
    home.run("patch", "np.argmax = kept")
    assert home.check("accuracy")["outcome"] == "correct"


@pytest.mark.parametrize("line", BY_ITSELF)
def test_an_answer_is_called_as_at_the_grader(home, line):
    home.edit("accuracy", RIGHT.replace("return", f"{line}\n    return"))
    home.run("accuracy")
    assert home.check("accuracy")["outcome"] == "correct"


def test_what_breaks_the_reference_at_home_gives_no_points(home):
    home.add("broken", "import autograder.judging.registry as r\nr.find('accuracy').reference = None")
    home.run("broken")
    home.edit("accuracy", WRONG)
    home.run("accuracy")
    verdict = home.check("accuracy")
    assert verdict["points"] == 0 and "Restart the kernel" in verdict["text"]


def test_an_answer_right_on_one_draw_only_does_not_pass(home):
    home.edit(
        "accuracy",
        RIGHT
        + "\nseen = []\nfirst = accuracy\ndef accuracy(out, y):\n    seen.append(0)\n    return first(out, y) if len(seen) < 7 else 2.0",
    )
    home.run("accuracy")
    assert home.check("accuracy")["outcome"] == "wrong"
