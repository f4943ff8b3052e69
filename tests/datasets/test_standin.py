"""What the stand-in looks like to a learner."""

from __future__ import annotations

import numpy as np
import pytest
from sets import MEAN_PIXEL, ONE_EPOCH, SHAPES, one_epoch

from autograder.datasets import standin

DRAW = {"mnist": standin.draw_mnist, "fashion_mnist": standin.draw_fashion_mnist}


@pytest.fixture(scope="module", params=DRAW)
def drawn(request) -> tuple[str, dict[str, np.ndarray]]:
    return request.param, DRAW[request.param]()


def test_the_drawn_sets_have_the_real_ones_form(drawn):
    name, arrays = drawn
    for key, shape in SHAPES.items():
        assert arrays[key].shape == shape and arrays[key].dtype == np.uint8
    x, y = arrays["x_train"], arrays["y_train"]
    share = np.bincount(y, minlength=10) / len(y)
    assert share.shape == (10,) and share.min() > 0.085 and share.max() < 0.12
    assert abs(x.mean() - MEAN_PIXEL[name]) < 6
    assert x.min() == 0 and x.max() == 255 and 0.45 < (x == 0).mean() < 0.85
    assert len(np.unique(y[:100])) == 10, "the labels are not shuffled"
    assert len(np.unique(x[:2000].reshape(2000, -1), axis=0)) == 2000, "the same picture twice"


def test_fashion_is_exactly_balanced(drawn):
    name, arrays = drawn
    if name == "fashion_mnist":
        assert set(np.bincount(arrays["y_train"])) == {6000} and set(np.bincount(arrays["y_test"])) == {1000}


def test_the_drawn_sets_are_about_as_hard_as_the_real_ones(drawn):
    name, arrays = drawn
    assert abs(one_epoch(*(arrays[key] for key in SHAPES)) - ONE_EPOCH[name]) < 0.07


@pytest.mark.parametrize("name", DRAW)
def test_the_same_seed_draws_the_same_bytes(name, monkeypatch):
    monkeypatch.setattr(standin, "TRAIN", 1_500)
    monkeypatch.setattr(standin, "TEST", 700)
    first, again = DRAW[name](seed=0), DRAW[name](seed=0)
    assert [array.tobytes() for array in first.values()] == [array.tobytes() for array in again.values()]
