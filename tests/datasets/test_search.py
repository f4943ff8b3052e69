"""Where the sets are looked for, and in which order."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sets import LOAD, MARK_DRAWN, MARK_REAL, REAL, mark, write_idx, write_npz

from autograder import datasets
from autograder.datasets import DatasetError, dataset_name, files, is_standin, load_fashion_mnist, load_mnist


@pytest.mark.parametrize("name", LOAD)
@pytest.mark.parametrize("place", ["course data", "course data, Keras's layout", "cache", "keras"])
def test_found_in_each_place_and_nothing_is_said(name, place, tmp_path, monkeypatch, capsys):
    folder = {"cache": tmp_path / "cache", "keras": tmp_path / "keras" / "datasets"}.get(place, tmp_path / "data")
    if place.startswith("course data"):
        monkeypatch.setenv("COURSE_DATA", str(folder))
    folder = folder / "datasets" if "layout" in place else folder
    if name == "mnist":
        write_npz(folder / "mnist.npz", **REAL)
    else:
        write_idx(folder / "fashion-mnist", **REAL)
    assert mark(LOAD[name]()) == MARK_REAL
    assert capsys.readouterr().out == ""
    assert not is_standin(name)
    assert dataset_name(name) == {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}[name]


def test_course_data_comes_first(tmp_path, monkeypatch):
    """A wrong file further down the search is not even opened."""
    write_npz(tmp_path / "data" / "mnist.npz", **REAL)
    write_npz(tmp_path / "cache" / "mnist.npz", x_train=np.zeros(3))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    assert mark(load_mnist()) == MARK_REAL


def test_the_file_may_be_packed_anew(tmp_path):
    """Arrays are compared, not files: another compression, another order of members, Fortran order."""
    turned = {key: np.asfortranarray(REAL[key]) for key in reversed(REAL)}
    (tmp_path / "cache").mkdir()
    np.savez(tmp_path / "cache" / "mnist.npz", **turned)
    assert mark(load_mnist()) == MARK_REAL


@pytest.mark.parametrize("folder_exists", [True, False])
def test_course_data_without_the_set_says_so_in_one_line(folder_exists, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path if folder_exists else tmp_path / "nowhere"))
    write_npz(tmp_path / "cache" / "mnist.npz", **REAL)
    assert mark(load_mnist()) == MARK_REAL
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("COURSE_DATA=") and "MNIST" in line


def test_a_set_with_a_file_missing_says_which(tmp_path, monkeypatch, capsys):
    folder = write_idx(tmp_path / "data" / "fashion-mnist", **REAL)
    (folder / files.IDX_FILES["y_test"]).unlink()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    assert mark(load_fashion_mnist()) == MARK_DRAWN
    first, second = capsys.readouterr().out.splitlines()
    assert str(folder) in first and "t10k-labels-idx1-ubyte.gz" in first
    assert "stand-in" in second


def test_names():
    assert datasets.class_names("mnist") == tuple("0123456789")
    assert datasets.class_names("fashion_mnist") is datasets.FASHION_CLASSES
    assert len(datasets.FASHION_CLASSES) == 10 and datasets.FASHION_CLASSES[9] == "Ankle boot"
    with pytest.raises(ValueError, match="'mnist', 'fashion_mnist'"):
        datasets.class_names("cifar")
    with pytest.raises(DatasetError, match=r"load_mnist\(\)"):
        is_standin("mnist")


def test_importing_the_module_imports_neither_tensorflow_nor_matplotlib():
    code = "import sys, autograder.datasets; print(*{'tensorflow', 'keras', 'matplotlib', 'rich'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
