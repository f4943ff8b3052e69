"""Deforming templates into pictures: one engine for digits and garments."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SIZE = 28
CHUNK = 1_000  # pictures deformed at a time: the working arrays then stay in the processor's cache


@dataclass(frozen=True)
class Warp:
    """Standard deviations of a random deformation; lengths in units of half a picture (14 pixels), angles in radians."""

    shift: float
    rotation: float
    scale: float  # of the logarithm, each axis by itself
    shear: float
    bend: float
    slant: float = 0.0  # mean shear: handwriting leans to the right


# (rng, values seen in the templates, where each pixel looked: x, y), each [n, 28, 28] → grey 0..1
Finish = Callable[[np.random.Generator, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def draw(rng: np.random.Generator, labels: np.ndarray, bank: np.ndarray, warp: Warp, finish: Finish) -> np.ndarray:
    """One uint8 picture for each label: a template of its class, deformed by `warp`, made grey by `finish`."""
    images = np.empty((len(labels), SIZE, SIZE), np.uint8)
    for start in range(0, len(labels), CHUNK):
        chunk = labels[start : start + CHUNK]
        x, y = _deformed_grid(rng, len(chunk), warp)
        template = rng.integers(bank.shape[1], size=len(chunk))
        grey = finish(rng, _look_up(bank, chunk, template, x, y), x, y)
        images[start : start + CHUNK] = np.clip(grey * 255 + 0.5, 0, 255)
    return images


def _deformed_grid(rng: np.random.Generator, n: int, warp: Warp) -> tuple[np.ndarray, np.ndarray]:
    """Where in its template each pixel of n pictures looks: x and y, each float32 [n, 28, 28], template in -1..1."""

    def normal(deviation: float, *shape: int) -> np.ndarray:
        return rng.standard_normal((n, *shape), np.float32) * np.float32(deviation)

    pixel = ((np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE) * 2 - 1
    px, py = (pixel.reshape(axis) - normal(warp.shift, 1, 1) for axis in ((1, 1, SIZE), (1, SIZE, 1)))
    angle, shear = normal(warp.rotation, 1, 1), normal(warp.shear, 1, 1) + np.float32(warp.slant)
    widen, heighten = (np.exp(normal(warp.scale, 1, 1)) for _ in range(2))
    cos, sin = np.cos(angle), np.sin(angle)
    x = (cos * px + sin * py) * widen
    y = (cos * py - sin * px) * heighten
    x += shear * y
    bend_x, bend_y = _bends(normal(warp.bend, 2, 3, 3), pixel)
    return x + bend_x, y + bend_y


def _bends(coefficients: np.ndarray, pixel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smooth displacements from their lowest cosine terms: [n, 2, 3, 3] → x and y, each [n, 28, 28]."""
    wave = np.cos(np.pi * np.arange(1, 4, dtype=np.float32) * (pixel[:, None] + 1) / 2)  # [28, 3]
    rows = np.einsum("ndij,yi->ndyj", coefficients, wave)
    bends = np.einsum("ndyj,xj->ndyx", rows, wave)
    return bends[:, 0], bends[:, 1]


def _look_up(bank: np.ndarray, label: np.ndarray, template: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bilinear look-up: bank float32 [classes, templates, s, s], x and y [n, 28, 28] in -1..1 → float32 [n, 28, 28]."""
    side = bank.shape[-1]
    column, row = (np.clip((at + 1) * (side / 2) - 0.5, 0, side - 1.001).astype(np.float32) for at in (x, y))
    left, top = column.astype(np.int32), row.astype(np.int32)
    column -= left
    row -= top
    first = (label.astype(np.int32) * bank.shape[1] + template.astype(np.int32)) * (side * side)
    corner = first[:, None, None] + top * side + left
    cells = bank.ravel()
    upper, upper_right = cells[corner], cells[corner + 1]
    lower, lower_right = cells[corner + side], cells[corner + (side + 1)]
    upper += (upper_right - upper) * column
    lower += (lower_right - lower) * column
    return upper + (lower - upper) * row
