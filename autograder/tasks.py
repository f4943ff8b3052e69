"""Data that a task hands out itself, for an answer whose signature carries none: `train_to(target, seed)`.

The pictures are swatches of cloth, 8 by 8 pixels, of five weaves. `small_training_set` and `unlabelled_images` draw them
for practice. During a check the grader draws its own swatches, keeps the labels of the unlabelled ones to itself, and
lends the rest to the answer's process (`lent`): there the same two functions hand out the grader's pictures. So nothing
an answer can read or recompute tells it those labels; it has to learn them.

Needs NumPy alone, no file and no network; a call takes a few milliseconds.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

WEAVES = ("rows", "columns", "diagonals down", "diagonals up", "checks")
"""The classes, by label."""

SIZE, PERIOD = 8, 4  # pixels
TRAINING, UNLABELLED = 1_000, 600  # swatches

_LENT: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}


def small_training_set(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labelled swatches: x uint8 [1000, 8, 8], y uint8 [1000] with labels 0..4. The same seed gives the same swatches."""
    if seed in _LENT:
        x, y, _ = _LENT[seed]
        return x.copy(), y.copy()
    return swatches(np.random.default_rng([int(seed), 0]), TRAINING)


def unlabelled_images(seed: int) -> np.ndarray:
    """Other swatches of the same weaves, without their labels: x uint8 [600, 8, 8]."""
    if seed in _LENT:
        return _LENT[seed][2].copy()
    return swatches(np.random.default_rng([int(seed), 1]), UNLABELLED)[0]


@contextlib.contextmanager
def lent(seed: int, x: Any, y: Any, unlabelled: Any) -> Iterator[None]:
    """Meanwhile this seed means these swatches, wherever they come from; used by the check's probe."""
    _LENT[seed] = (np.array(x), np.array(y), np.array(unlabelled))
    try:
        yield
    finally:
        _LENT.pop(seed, None)


def swatches(rng: np.random.Generator, n: int, shares: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Draw n swatches: images uint8 [n, 8, 8], labels uint8 [n].

    shares: how frequent each weave is, by default all equally. Phase, shade and contrast of each swatch are random, so
    the mean picture of every weave is the same grey: a network needs a hidden layer to tell them apart.
    """
    labels = rng.choice(len(WEAVES), size=n, p=shares).astype(np.uint8)
    row, column = np.mgrid[0:SIZE, 0:SIZE]
    phase = rng.uniform(0, 2 * np.pi, size=(2, n, 1, 1))

    def wave(down: int, right: int, which: int = 0) -> np.ndarray:
        return np.sin(2 * np.pi * (down * row + right * column) / PERIOD + phase[which])

    weaves = np.stack([wave(1, 0), wave(0, 1), wave(1, -1), wave(1, 1), wave(1, 0) * wave(0, 1, 1)])
    shade, contrast = rng.uniform(90, 160, size=(n, 1, 1)), rng.uniform(40, 80, size=(n, 1, 1))
    grey = shade + contrast * weaves[labels, np.arange(n)] + rng.normal(0, 16, size=(n, SIZE, SIZE))
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8), labels
