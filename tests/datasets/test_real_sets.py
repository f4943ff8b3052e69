"""The real sets, where COURSE_DATA names a folder that holds them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from sets import LOAD, MEAN_PIXEL, ONE_EPOCH, cut, one_epoch, refused, tell_the_truth

from autograder.datasets import DatasetError, is_standin, load_fashion_mnist, load_mnist

COURSE_DATA = os.environ.get("COURSE_DATA")  # before a test takes it away
REAL_DATA = Path(COURSE_DATA or ".").expanduser()
ON_DISK = {"mnist": REAL_DATA / "mnist.npz", "fashion_mnist": REAL_DATA / "fashion-mnist"}


@pytest.fixture(params=LOAD)
def real(request, monkeypatch) -> str:
    name = request.param
    if not COURSE_DATA:
        pytest.skip("COURSE_DATA is not set: the real sets are not tested")
    if not ON_DISK[name].exists():
        pytest.skip(f"COURSE_DATA holds no {ON_DISK[name].name}")
    tell_the_truth(monkeypatch)
    return name


def test_the_real_sets_are_accepted(real, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA", str(REAL_DATA))
    (x_train, y_train), (x_test, _) = LOAD[real]()
    assert x_train.shape == (60_000, 28, 28) and x_test.shape == (10_000, 28, 28)
    assert x_train.mean() == pytest.approx(MEAN_PIXEL[real], abs=0.1)
    assert len(np.bincount(y_train)) == 10
    assert not is_standin(real) and capsys.readouterr().out == ""


def test_a_real_file_cut_short_is_refused(real, tmp_path):
    copy = tmp_path / "cache" / ON_DISK[real].name
    copy.parent.mkdir()
    if real == "mnist":
        shutil.copy(ON_DISK[real], copy)
        cut(copy)
        refused(load_mnist, copy)
    else:
        shutil.copytree(ON_DISK[real], copy)
        cut(copy / "train-images-idx3-ubyte.gz")
        refused(load_fashion_mnist, copy / "train-images-idx3-ubyte.gz")


def test_one_real_set_under_the_others_name_is_refused(tmp_path, monkeypatch):
    if not COURSE_DATA or not ON_DISK["fashion_mnist"].exists():
        pytest.skip("COURSE_DATA is not set or holds no fashion-mnist")
    tell_the_truth(monkeypatch)
    shutil.copytree(ON_DISK["fashion_mnist"], tmp_path / "cache" / "mnist")
    with pytest.raises(DatasetError, match="another x_train"):
        load_mnist()


def test_the_reals_are_what_the_stand_in_is_compared_with(real, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(REAL_DATA))
    (x, y), (x_test, y_test) = LOAD[real]()
    assert one_epoch(x, y, x_test, y_test) == pytest.approx(ONE_EPOCH[real], abs=0.03)
