"""Damaged and wrong files: what is refused, and how that is said."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from sets import MARK_DRAWN, REAL, SHAPES, cut, empty, mark, refused, spoil_a_byte, write_idx, write_npz

from autograder.datasets import DatasetError, files, load_fashion_mnist, load_mnist


def web_page(path: Path) -> None:
    path.write_bytes(b"<html>Please log in</html>")


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [cut, spoil_a_byte, empty, web_page, folder_instead])
@pytest.mark.parametrize("place", ["data", "cache", "keras/datasets"])
def test_a_damaged_npz_is_refused_wherever_it_lies(damage, place, tmp_path, monkeypatch, capsys):
    path = write_npz(tmp_path / place / "mnist.npz", **REAL)
    if place == "data":
        monkeypatch.setenv("COURSE_DATA", str(tmp_path / place))
    damage(path)
    refused(load_mnist, path)
    assert "stand-in" not in capsys.readouterr().out


@pytest.mark.parametrize("key", SHAPES)
@pytest.mark.parametrize("damage", [cut, spoil_a_byte, empty, web_page])
def test_a_damaged_gz_is_refused_by_its_own_name(damage, key, tmp_path):
    path = write_idx(tmp_path / "cache" / "fashion-mnist", **REAL) / files.IDX_FILES[key]
    damage(path)
    refused(load_fashion_mnist, path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x_train": REAL["x_train"][:59_999]}, r"x_train uint8 \[59999, 28, 28\]"),
        ({"x_train": REAL["x_train"].reshape(60_000, 784)}, r"x_train uint8 \[60000, 784\]"),
        ({"y_test": REAL["y_test"].astype(np.int64)}, r"y_test int64 \[10000\]"),
        ({"y_train": REAL["y_train"][::-1]}, "another y_train"),
        ({"x_test": None}, "no array x_test"),
    ],
    ids=["one picture short", "flat", "int64 labels", "labels in another order", "no test pictures"],
)
def test_wrong_arrays_are_refused_and_named(change, said, tmp_path):
    arrays = {key: array for key, array in (REAL | change).items() if array is not None}
    path = write_npz(tmp_path / "cache" / "mnist.npz", **arrays)
    with pytest.raises(DatasetError, match=said):
        load_mnist()
    refused(load_mnist, path)


def test_a_wrong_shape_in_a_gz_is_refused(tmp_path):
    folder = write_idx(tmp_path / "cache" / "fashion-mnist", **(REAL | {"x_train": REAL["x_test"]}))
    assert "[10000, 28, 28]" in refused(load_fashion_mnist, folder / files.IDX_FILES["x_train"])


def test_a_gz_whose_header_promises_more_than_it_holds_is_refused(tmp_path):
    folder = write_idx(tmp_path / "cache" / "fashion-mnist", **REAL)
    path = folder / files.IDX_FILES["y_test"]
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))
    assert "9999 values" in refused(load_fashion_mnist, path)


def test_pickled_objects_are_not_loaded(tmp_path):
    path = write_npz(tmp_path / "cache" / "mnist.npz", x_train=np.array([print], object))
    refused(load_mnist, path)


def test_no_spoilt_byte_goes_unnoticed(tmp_path):
    """A flipped byte anywhere either changes nothing that is loaded or is a DatasetError; nothing else is raised."""
    rng = np.random.default_rng(0)
    small = {key: array[:20] for key, array in REAL.items()}
    right = write_npz(tmp_path / "right.npz", **small).read_bytes()
    for position in rng.integers(len(right), size=300):
        content = bytearray(right)
        content[position] ^= int(rng.integers(1, 256))
        (tmp_path / "spoilt.npz").write_bytes(content)
        try:
            arrays = files.parse({tmp_path / "spoilt.npz": (tmp_path / "spoilt.npz").open}, "MNIST")
        except DatasetError:
            continue
        assert all(np.array_equal(arrays[key], small[key]) for key in arrays if key in small)


def test_a_file_that_may_not_be_read_is_passed_over_aloud(tmp_path, monkeypatch, capsys):
    """A sandbox forbids it; that is no damage. (Simulated: root may read whatever a chmod forbids.)"""
    load_mnist()
    write_npz(tmp_path / "cache" / "mnist.npz", **REAL)
    capsys.readouterr()

    def forbidden(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", forbidden)
    assert mark(load_mnist()) == MARK_DRAWN
    said = capsys.readouterr().out.splitlines()
    assert ["may not be read" in line for line in said] == [True, False, True]
    assert "stand-in" in said[1]
