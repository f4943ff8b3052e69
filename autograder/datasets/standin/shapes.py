"""Distances to outlines and lines, for all templates of a class at once."""

from collections.abc import Iterator
from functools import cache

import numpy as np

TEMPLATE_SIZE = 56  # two template cells a pixel

Shape = tuple[np.ndarray, np.ndarray]  # segment starts and ends, each [templates, segments, 2]


@cache
def _template_grid() -> tuple[np.ndarray, np.ndarray]:
    cells = ((np.arange(TEMPLATE_SIZE, dtype=np.float32) + 0.5) / TEMPLATE_SIZE) * 2 - 1
    return cells[None, None, :], cells[None, :, None]


def ring(vertices: np.ndarray) -> Shape:
    """The closed outline through vertices [templates, n, 2]."""
    return vertices, np.roll(vertices, -1, axis=1)


def path(vertices: np.ndarray) -> Shape:
    """The open line through vertices [templates, n, 2]."""
    return vertices[:, :-1], vertices[:, 1:]


def distance(shape: Shape) -> np.ndarray:
    """Distance to the nearest segment, float32 [templates, s, s]."""
    x, y = _template_grid()
    nearest = np.float32(np.inf)
    for (ax, ay), (dx, dy) in _segments(shape):
        along = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy + np.float32(1e-12)), 0, 1)
        nearest = np.minimum(nearest, (x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2)
    return np.sqrt(nearest)


def _inside(shape: Shape) -> np.ndarray:
    """Even-odd rule: bool [templates, s, s]."""
    x, y = _template_grid()
    odd = np.zeros((len(shape[0]), TEMPLATE_SIZE, TEMPLATE_SIZE), bool)
    for (ax, ay), (dx, dy) in _segments(shape):
        crosses = (ay > y) != (ay + dy > y)
        odd ^= crosses & (x < ax + dx * (y - ay) / np.where(dy == 0, np.float32(1), dy))
    return odd


def _segments(shape: Shape) -> Iterator[tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]]:
    """Each segment's start and direction, as float32 columns that broadcast over [templates, s, s]."""
    starts, ends = (np.asarray(points, np.float32)[..., None, None] for points in shape)
    for a, b in zip(np.moveaxis(starts, 1, 0), np.moveaxis(ends, 1, 0), strict=True):
        yield (a[:, 0], a[:, 1]), (b[:, 0] - a[:, 0], b[:, 1] - a[:, 1])


def signed_distance(shape: Shape) -> np.ndarray:
    """Signed distance to the outline, positive inside, float32 [templates, s, s]."""
    away = distance(shape)
    return np.where(_inside(shape), away, -away)
