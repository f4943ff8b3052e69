"""Made-up sets, and ways to spoil their files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from autograder.datasets import DatasetError, catalogue, files, load_fashion_mnist, load_mnist

LOAD = {"mnist": load_mnist, "fashion_mnist": load_fashion_mnist}
SHAPES = {"x_train": (60_000, 28, 28), "y_train": (60_000,), "x_test": (10_000, 28, 28), "y_test": (10_000,)}
MARK_REAL, MARK_DRAWN = 1, 9  # the pixel values by which a test tells the made-up sets apart


def made_up(mark: int) -> dict[str, np.ndarray]:
    """Arrays as a data set has them; every pixel is `mark`."""
    images = {key: np.full(shape, mark, np.uint8) for key, shape in SHAPES.items() if len(shape) == 3}
    labels = {key: (np.arange(shape[0]) % 10).astype(np.uint8) for key, shape in SHAPES.items() if len(shape) == 1}
    return images | labels


REAL = made_up(MARK_REAL)
DATASETS = dict(catalogue.DATASETS)  # as the package has them, before a test lies


def tell_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Expect the real sets' digests again, which the fixture of all these tests lies about."""
    for name, dataset in DATASETS.items():
        monkeypatch.setitem(catalogue.DATASETS, name, dataset)


def write_npz(path: Path, **arrays: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)
    return path


def idx(array: np.ndarray) -> bytes:
    """The array in LeCun's idx format, gzipped."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(header + array.tobytes(), compresslevel=1)


def write_idx(folder: Path, **arrays: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for key, array in arrays.items():
        (folder / files.IDX_FILES[key]).write_bytes(idx(array))
    return folder


def mark(loaded) -> int:
    """Which made-up set was loaded; its form is checked on the way."""
    (x_train, y_train), (x_test, y_test) = loaded
    for array, shape in zip((x_train, y_train, x_test, y_test), SHAPES.values(), strict=True):
        assert array.shape == shape and array.dtype == np.uint8 and array.flags.writeable
    return int(x_train[0, 0, 0])


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def refused(load, path: Path) -> str:
    """The error's sentence; the file must have been left as it was, and no stand-in taken."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(DatasetError) as caught:
        load()
    assert before is None or path.read_bytes() == before
    sentence = str(caught.value)
    assert str(path) in sentence and "expected" in sentence and "load again" in sentence and "\n" not in sentence
    return sentence


MEAN_PIXEL = {"mnist": 33.3, "fashion_mnist": 72.9}  # of the real training pictures
ONE_EPOCH = {"mnist": 0.96, "fashion_mnist": 0.842}  # measured: test accuracy on the real sets, as in `one_epoch` below


def one_epoch(x, y, x_test, y_test) -> float:
    """Test accuracy after one epoch of the course's network 784-256-128-10, Adam 1e-3, cross-entropy, batch 128."""
    import tensorflow as tf

    tf.random.set_seed(0)
    sizes = [784, 256, 128, 10]
    params = []
    for units_in, units_out in zip(sizes, sizes[1:], strict=False):
        params.append(tf.Variable(tf.random.truncated_normal([units_in, units_out], stddev=0.1)))
        params.append(tf.Variable(tf.zeros([units_out])))
    optimizer = tf.keras.optimizers.Adam(1e-3)
    optimizer.build(params)

    def forward(images):
        hidden = tf.nn.relu(images @ params[0] + params[1])
        return tf.nn.relu(hidden @ params[2] + params[3]) @ params[4] + params[5]

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, forward(images))
            loss = tf.reduce_mean(losses)
        optimizer.apply_gradients(zip(tape.gradient(loss, params), params, strict=True))

    inputs = tf.constant(x.reshape(-1, 784) / np.float32(255))
    labels = tf.constant(y.astype(np.int32))
    for start in range(0, len(y), 128):
        step(inputs[start : start + 128], labels[start : start + 128])
    logits = forward(tf.constant(x_test.reshape(-1, 784) / np.float32(255)))
    return float(np.mean(np.argmax(logits, axis=1) == y_test))
