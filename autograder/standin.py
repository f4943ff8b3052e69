"""The drawn stand-in: pictures that take the place of MNIST and Fashion-MNIST where neither can be had.

Digits come from the fonts that matplotlib carries, garments from polygons. Both are drawn once as a bank of templates;
every picture is a template seen through its own random shift, rotation, scale, shear and bend, with its own stroke
weight or cloth and its own noise. The deformations are tuned so that the course's networks learn the stand-in about as
fast, and about as far, as they learn the real sets. Pure functions of a seed; NumPy, and matplotlib for the glyphs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

VERSION = 1  # part of the cache file's name: raise it whenever a change here changes a picture
SIZE = 28
TRAIN, TEST = 60_000, 10_000
CHUNK = 1_000  # pictures deformed at a time: the working arrays then stay in the processor's cache
TEMPLATE_SIZE = 56  # two template cells a pixel

Arrays = dict[str, np.ndarray]
Shape = tuple[np.ndarray, np.ndarray]  # segment starts and ends, each [templates, segments, 2]


def draw_mnist(seed: int = 0) -> Arrays:
    """Draw the stand-in for MNIST.

    Returns x_train uint8 [60000, 28, 28], y_train uint8 [60000], x_test uint8 [10000, 28, 28], y_test uint8 [10000].
    Classes are about as frequent as in MNIST. The same seed gives the same bytes.
    """
    rng = np.random.default_rng([seed, 0])
    labels = rng.choice(10, TRAIN + TEST, p=DIGIT_FREQUENCIES).astype(np.uint8)
    images = _draw(rng, labels, _digit_bank(rng), DIGIT_WARP, _ink)
    return _split(images, labels)


def draw_fashion_mnist(seed: int = 0) -> Arrays:
    """Draw the stand-in for Fashion-MNIST.

    Returns arrays named, shaped and typed as `draw_mnist` does. Classes are exactly equally frequent in both halves,
    as in Fashion-MNIST. The same seed gives the same bytes.
    """
    rng = np.random.default_rng([seed, 1])
    labels = np.concatenate([rng.permutation(np.arange(n, dtype=np.uint8) % 10) for n in (TRAIN, TEST)])
    images = _draw(rng, labels, _garment_bank(rng), GARMENT_WARP, _cloth)
    return _split(images, labels)


def _split(images: np.ndarray, labels: np.ndarray) -> Arrays:
    return {
        "x_train": images[:TRAIN],
        "y_train": labels[:TRAIN],
        "x_test": images[TRAIN:],
        "y_test": labels[TRAIN:],
    }


# -- deforming: one engine for digits and garments ---------------------------------------------------------------------


@dataclass(frozen=True)
class Warp:
    """Standard deviations of a random deformation; lengths in units of half a picture (14 pixels), angles in radians."""

    shift: float
    rotation: float
    scale: float  # of the logarithm, each axis by itself
    shear: float
    bend: float
    zoom: float = 1.0  # mean scale


Finish = Callable[[np.random.Generator, np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _draw(rng: np.random.Generator, labels: np.ndarray, bank: np.ndarray, warp: Warp, finish: Finish) -> np.ndarray:
    """One uint8 picture for each label: a template of its class, deformed by `warp`, made grey by `finish`."""
    images = np.empty((len(labels), SIZE, SIZE), np.uint8)
    for start in range(0, len(labels), CHUNK):
        chunk = labels[start : start + CHUNK]
        x, y = _deformed_grid(rng, len(chunk), warp)
        template = rng.integers(bank.shape[1], size=len(chunk))
        grey = finish(rng, chunk, _look_up(bank, chunk, template, x, y), x, y)
        images[start : start + CHUNK] = np.clip(grey * 255 + 0.5, 0, 255)
    return images


def _deformed_grid(rng: np.random.Generator, n: int, warp: Warp) -> tuple[np.ndarray, np.ndarray]:
    """Where in its template each pixel of n pictures looks: x and y, each float32 [n, 28, 28], template in -1..1."""

    def normal(deviation: float, *shape: int) -> np.ndarray:
        return rng.standard_normal((n, *shape), np.float32) * np.float32(deviation)

    pixel = ((np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE) * 2 - 1
    px, py = pixel[None, None, :] - normal(warp.shift, 1, 1), pixel[None, :, None] - normal(warp.shift, 1, 1)
    angle, shear = normal(warp.rotation, 1, 1), normal(warp.shear, 1, 1)
    widen, heighten = (np.exp(-normal(warp.scale, 1, 1)) / np.float32(warp.zoom) for _ in range(2))
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


# -- geometry ----------------------------------------------------------------------------------------------------------


@cache
def _template_grid() -> tuple[np.ndarray, np.ndarray]:
    cells = ((np.arange(TEMPLATE_SIZE, dtype=np.float32) + 0.5) / TEMPLATE_SIZE) * 2 - 1
    return cells[None, None, :], cells[None, :, None]


def _ring(vertices: np.ndarray) -> Shape:
    """The closed outline through vertices [templates, n, 2]."""
    return vertices, np.roll(vertices, -1, axis=1)


def _path(vertices: np.ndarray) -> Shape:
    """The open line through vertices [templates, n, 2]."""
    return vertices[:, :-1], vertices[:, 1:]


def _distance(shape: Shape) -> np.ndarray:
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


def _segments(shape: Shape):
    """Each segment's start and direction, as float32 columns that broadcast over [templates, s, s]."""
    starts, ends = (np.asarray(points, np.float32)[..., None, None] for points in shape)
    for a, b in zip(np.moveaxis(starts, 1, 0), np.moveaxis(ends, 1, 0), strict=True):
        yield (a[:, 0], a[:, 1]), (b[:, 0] - a[:, 0], b[:, 1] - a[:, 1])


def _depth(shape: Shape) -> np.ndarray:
    """Signed distance to the outline, positive inside, float32 [templates, s, s]."""
    distance = _distance(shape)
    return np.where(_inside(shape), distance, -distance)


# -- digits ------------------------------------------------------------------------------------------------------------

DIGIT_FREQUENCIES = np.array([0.099, 0.113, 0.099, 0.102, 0.097, 0.090, 0.098, 0.105, 0.098, 0.099])
FONTS = (
    "DejaVuSans.ttf DejaVuSans-Oblique.ttf DejaVuSerif.ttf DejaVuSerif-Italic.ttf STIXGeneral.ttf STIXGeneralItalic.ttf "
    "STIXGeneralBol.ttf STIXGeneralBolIta.ttf cmr10.ttf cmss10.ttf cmtt10.ttf cmb10.ttf"
).split()
DIGIT_HEIGHT = 20 / 14  # as in MNIST: the longer side of a digit measures 20 pixels
DIGIT_TEMPLATES = 48  # a class
DIGIT_WARP = Warp(shift=0.06, rotation=0.15, scale=0.12, shear=0.22, bend=0.04)
SLANT = 0.15  # most hands lean to the right


def _digit_bank(rng: np.random.Generator) -> np.ndarray:
    """Signed distances to the outlines of blended glyphs, in pixels, float32 [10, DIGIT_TEMPLATES, s, s].

    Two fonts blended give a form that is in neither, as two hands do. Each template is shifted to depth 0 at the edge
    of a hair line, so that one random stroke weight means the same in a bold face and in a light one.
    """
    glyphs = _glyph_depths()  # [10, fonts, s, s]
    faces = glyphs.shape[1]
    one, other = rng.integers(faces, size=(2, 10, DIGIT_TEMPLATES))
    share = rng.uniform(0, 0.5, (10, DIGIT_TEMPLATES, 1, 1)).astype(np.float32)
    digit = np.arange(10)[:, None]
    return (1 - share) * glyphs[digit, one] + share * glyphs[digit, other]


def _glyph_depths() -> np.ndarray:
    from matplotlib import get_data_path
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    folder = Path(get_data_path()) / "fonts" / "ttf"
    faces = [FontProperties(fname=str(folder / name)) for name in FONTS if (folder / name).exists()]
    return np.stack(
        [
            np.stack([_stroke_depth(TextPath((0, 0), str(digit), size=100, prop=face).to_polygons()) for face in faces])
            for digit in range(10)
        ]
    )


def _stroke_depth(outlines: list[np.ndarray]) -> np.ndarray:
    """Depth of a glyph below the edge of its strokes' centre line, in pixels, float32 [s, s]; at most about 0."""
    points = np.concatenate(outlines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = DIGIT_HEIGHT / (high - low).max() * np.array([1, -1])  # a font's y points up, a picture's down
    rings = [_ring(((ring - (low + high) / 2) * scale)[None]) for ring in outlines]
    starts, ends = (np.concatenate(parts, axis=1) for parts in zip(*rings, strict=True))
    depth = _depth((starts, ends))[0] * (SIZE / 2)
    return depth - np.percentile(depth[depth > 0], 80)


def _ink(rng: np.random.Generator, labels: np.ndarray, depth: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Ink of a random stroke weight: depth in pixels [n, 28, 28] → grey 0..1; paper stays exactly 0."""
    n = len(depth)
    half_width = rng.normal(1.5, 0.45, (n, 1, 1)).astype(np.float32)
    ragged = rng.standard_normal(depth.shape, np.float32) * np.float32(0.12)
    return np.clip((depth + half_width) * np.float32(0.8) + ragged + np.float32(0.3), 0, 1)
