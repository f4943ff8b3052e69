"""An answer's result beside the expected one, as a small SVG out of the numbers that were compared: nothing of it is an answer's text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .compare import rows

YOURS, EXPECTED, INK, PAPER = "#D55E00", "#0072B2", "#374151", "#ffffff"
WIDTH, HEIGHT, MARGIN = 420, 170, 14
MOST = 400  # points of a curve
CELLS = 28  # rows and columns of a grid


def picture(kind: str, got: Any, expected: Any) -> tuple[str, str]:
    """(SVG, alternative text) of two results. kind: "curve" (numbers in order), "path" (points [n, 2]), "grid" (a matrix).

    Two empty strings where there is nothing to draw: an answer of another form, numbers that are none.
    """
    dimensions = {"curve": 1, "path": 2, "grid": 2}[kind]
    mine, theirs = _numbers(got, dimensions), _numbers(expected, dimensions)
    if mine is None or theirs is None or (kind == "path" and not mine.shape[1] == theirs.shape[1] == 2):
        return "", ""
    if kind == "grid":
        return _grids(mine, theirs)
    if kind == "curve":
        mine, theirs = (np.stack([np.arange(len(a)), a], axis=1) for a in (mine, theirs))
    return _lines(mine, theirs, kind)


def _numbers(value: Any, dimensions: int) -> np.ndarray | None:
    """The last array of so many dimensions in a result."""
    array = rows(value)
    if array is None and isinstance(value, (list, tuple)):
        found = [a for part in value if (a := _numbers(part, dimensions)) is not None]
        return found[-1] if found else None
    if array is None or array.ndim != dimensions or array.size == 0 or array.dtype.kind not in "biuf":
        return None
    array = np.asarray(array, float)
    return array if np.isfinite(array).any() else None


def _lines(mine: np.ndarray, theirs: np.ndarray, kind: str) -> tuple[str, str]:
    both = np.concatenate([mine, theirs])
    both = both[np.isfinite(both).all(axis=1)]
    low, high = both.min(axis=0), both.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    room = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN - 16])

    def points(line: np.ndarray) -> str:
        line = line[np.isfinite(line).all(axis=1)]
        line = line[:: max(1, len(line) // MOST)]
        at = (line - low) / span * room
        return " ".join(f"{MARGIN + x:.1f},{HEIGHT - MARGIN - y:.1f}" for x, y in at)

    drawn = [
        f'<polyline points="{points(line)}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>'
        for line, colour, width, dash in (
            (theirs, EXPECTED, 4, ""),
            (mine, YOURS, 2, ' stroke-dasharray="5 3"'),
        )
    ]
    what = "curve" if kind == "curve" else "path"
    alt = (
        f"Your {what} beside the expected one: yours has {len(mine)} points and ends at {mine[-1][-1]:.4g}, "
        f"expected {len(theirs)} that end at {theirs[-1][-1]:.4g}."
    )
    return _svg(drawn), alt


def _grids(mine: np.ndarray, theirs: np.ndarray) -> tuple[str, str]:
    finite = np.concatenate([a[np.isfinite(a)] for a in (mine, theirs)])
    low, high = float(finite.min()), float(finite.max())
    drawn = []
    for number, grid in enumerate((mine, theirs)):
        grid = grid[:: -(-grid.shape[0] // CELLS), :: -(-grid.shape[1] // CELLS)]
        side = min((WIDTH / 2 - 2 * MARGIN) / grid.shape[1], (HEIGHT - 2 * MARGIN - 16) / grid.shape[0])
        for (i, j), value in np.ndenumerate(grid):
            share = (value - low) / (high - low or 1.0)
            shade = (
                "#f3d9cc"
                if not np.isfinite(value)
                else f"rgb({(np.array([0, 114, 178]) + (1 - share) * np.array([255, 141, 77])).clip(0, 255).astype(int).tolist()})".replace(
                    "[", ""
                ).replace("]", "")
            )
            x, y = MARGIN + number * WIDTH / 2 + j * side, MARGIN + 16 + i * side
            drawn.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{side + 0.3:.1f}" height="{side + 0.3:.1f}" fill="{shade}"/>'
            )
    alt = (
        f"Your grid, {mine.shape[0]} by {mine.shape[1]}, beside the expected one, {theirs.shape[0]} by {theirs.shape[1]}; "
        f"dark is high, from {low:.4g} to {high:.4g}."
    )
    return _svg(drawn, halves=True), alt


def _svg(drawn: Iterable[str], halves: bool = False) -> str:
    second = WIDTH / 2 + MARGIN if halves else MARGIN + 70
    key = (
        f'<text x="{MARGIN}" y="14" fill="{INK if halves else YOURS}">yours</text>'
        f'<text x="{second:g}" y="14" fill="{INK if halves else EXPECTED}">expected</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="12" font-weight="bold"><rect width="100%" height="100%" fill="{PAPER}"/>'
        f"{key}{''.join(drawn)}</svg>"
    )
