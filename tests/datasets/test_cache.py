"""The drawn stand-in takes the place of a set, and is kept in the cache."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from sets import MARK_DRAWN, MARK_REAL, REAL, cut, empty, mark, refused, spoil_a_byte, write_npz

from autograder.datasets import catalogue, dataset_name, is_standin, load_mnist


def test_the_stand_in_says_so_in_one_line_each_time(capsys):
    for _ in range(2):  # drawn, then from the cache
        assert mark(load_mnist()) == MARK_DRAWN
        (line,) = capsys.readouterr().out.splitlines()
        assert "stand-in" in line and "MNIST" in line and "COURSE_OFFLINE" in line
        assert is_standin("mnist") and dataset_name("mnist") == "MNIST stand-in"


def test_the_stand_in_is_drawn_once(monkeypatch):
    load_mnist()

    def drawn_again():
        raise AssertionError("drawn although cached")

    monkeypatch.setitem(catalogue.DATASETS, "mnist", replace(catalogue.DATASETS["mnist"], draw=drawn_again))
    assert mark(load_mnist()) == MARK_DRAWN


def test_the_stand_in_can_be_forced(tmp_path, monkeypatch, capsys):
    write_npz(tmp_path / "mnist.npz", **REAL)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_STANDIN", "1")
    assert mark(load_mnist()) == MARK_DRAWN and is_standin("mnist")
    (line,) = capsys.readouterr().out.splitlines()
    assert "COURSE_STANDIN" in line
    monkeypatch.setenv("COURSE_STANDIN", "0")
    assert mark(load_mnist()) == MARK_REAL and not is_standin("mnist")


@pytest.mark.parametrize("damage", [cut, spoil_a_byte, empty])
def test_a_damaged_stand_in_is_refused_too(damage, tmp_path):
    load_mnist()
    (path,) = (tmp_path / "cache").iterdir()
    damage(path)
    assert "stand-in" in refused(load_mnist, path)


def test_another_file_under_the_stand_ins_name_is_refused(tmp_path):
    load_mnist()
    (path,) = (tmp_path / "cache").iterdir()
    write_npz(path, **REAL)
    refused(load_mnist, path)


def test_a_cache_that_cannot_be_written_costs_a_line_and_no_more(tmp_path, capsys):
    (tmp_path / "cache").write_text("a file where the folder should be")
    for _ in range(2):
        assert mark(load_mnist()) == MARK_DRAWN
        said = capsys.readouterr().out.splitlines()
        assert len(said) == 2 and "could not be kept" in said[1]
    assert (tmp_path / "cache").is_file()


def test_a_full_disk_leaves_no_half_file(tmp_path, monkeypatch, capsys):
    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert mark(load_mnist()) == MARK_DRAWN
    assert "No space left on device" in capsys.readouterr().out
    assert list((tmp_path / "cache").iterdir()) == []


def test_processes_that_fill_the_cache_together_do_not_clash(tmp_path):
    code = """
import sys, time, dataclasses, numpy as np
from pathlib import Path
from autograder import datasets
from autograder.datasets import catalogue, files, places
places.cache_folder = lambda: Path(sys.argv[1])
def draw():
    time.sleep(max(0, float(sys.argv[2]) - time.time()))  # all write at the same moment
    return {key: np.full(shape, 9, np.uint8) for key, shape in files.SHAPES.items()}
catalogue.DATASETS["mnist"] = dataclasses.replace(catalogue.DATASETS["mnist"], draw=draw)
(x, _), _ = datasets.load_mnist()
assert (x == 9).all()
"""
    command = [sys.executable, "-c", code, str(tmp_path / "shared"), str(time.time() + 3)]
    environment = os.environ | {"COURSE_STANDIN": "1"}
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert len(out.splitlines()) == 1 and err == ""
    assert [path.suffix for path in (tmp_path / "shared").iterdir()] == [".npz"]
