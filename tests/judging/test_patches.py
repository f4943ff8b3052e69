"""What a notebook puts in the place of the libraries' functions: kept apart from us, told, and in force where its answer runs."""

import builtins
import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from autograder.judging import patches, switches
from autograder.judging.judge import judge
from autograder.judging.registry import find

PATCHES = [
    (tf, "reduce_mean", tf.reduce_sum, "tf.reduce_mean = …"),
    (tf.nn, "relu", None, "tf.nn.relu = …"),
    (tf.compat.v1, "Session", object, "tf.compat.v1.Session = …"),
    (np, "float32", np.float64, "np.float32 = …"),
    (np.random, "seed", None, "np.random.seed = …"),
    (keras.losses, "get", len, "keras.losses.get = …"),
    (random, "seed", None, "random.seed = …"),
    (builtins, "sum", lambda *_: 0, "builtins.sum = …"),
    (tf, "Variable", tf.constant, "tf.Variable = …"),
]


def mse_onehot(y, out):
    return tf.reduce_mean((tf.one_hot(y, out.shape[1]) - out) ** 2)


@pytest.mark.parametrize(("module", "name", "value", "told"), PATCHES, ids=[told for *_, told in PATCHES])
def test_a_patch_is_told_and_does_not_reach_the_reference(module, name, value, told):
    patches.keep()
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        assert patches.told(patches.found()) == [told]
        verdict = judge(find("mse_onehot"), mse_onehot)
        assert getattr(module, name) is value, "it is not where the notebook has put it"
        assert verdict.passed is (told != "tf.reduce_mean = …")
        assert verdict.passed or told in verdict.message
        with switches.as_it_comes():
            assert getattr(module, name) is before
    finally:
        setattr(module, name, before)
    assert not patches.found()


def test_an_answer_runs_in_the_state_that_its_notebook_has_made():
    patches.keep()
    before = tf.reduce_mean
    with patches.meanwhile({("tensorflow", "reduce_mean"): tf.reduce_sum}):
        assert tf.reduce_mean is before
        assert patches.as_made(lambda x: float(tf.reduce_mean(x)))([1.0, 2.0]) == 3.0
        assert tf.reduce_mean is before
    assert not patches.found()
    assert patches.as_made(mse_onehot) is mse_onehot


def test_what_was_taken_away_comes_back():
    patches.keep()
    before = tf.cast
    del tf.cast
    try:
        assert patches.told(patches.found()) == ["tf.cast = …"]
        with patches.undone():
            assert tf.cast is before
        assert not hasattr(tf, "cast")
    finally:
        tf.cast = before


def test_switches_put_nothing_in_a_functions_place():
    patches.keep()
    thrown = switches.state()
    try:
        tf.config.run_functions_eagerly(True)
        keras.config.set_floatx("float64")
        assert not patches.found()
    finally:
        switches.restore(thrown)
