"""Digits: glyphs of several fonts, blended, in ink."""

from pathlib import Path

import numpy as np

from .drawing import SIZE, Warp
from .shapes import distance, path, ring, signed_distance

DIGIT_FREQUENCIES = np.array([0.099, 0.113, 0.099, 0.102, 0.097, 0.090, 0.098, 0.105, 0.098, 0.099])
FONTS = (
    "DejaVuSans.ttf DejaVuSans-Oblique.ttf DejaVuSerif.ttf DejaVuSerif-Italic.ttf STIXGeneral.ttf STIXGeneralItalic.ttf "
    "STIXGeneralBol.ttf STIXGeneralBolIta.ttf cmr10.ttf cmss10.ttf cmtt10.ttf cmb10.ttf"
).split()
DIGIT_HEIGHT = 20 / 14  # as in MNIST: the longer side of a digit measures 20 pixels
DIGIT_TEMPLATES = 48  # a class
MIDDLE = 65  # percentile of the depths in a glyph that counts as the middle of its strokes
ROUND = 1.3  # a written 0 is rounder than a printed one,
PRINTED_ONES = 8  # and most written 1s have neither flag nor foot: all but these templates are a single stroke,
PLAIN_ONE = 0.4  # this many pixels broader on either side
CARELESS = 6  # templates written half like another digit: what even a good network gets wrong
CARELESSNESS = 0.45
MISTAKEN_FOR = (6, 7, 3, 5, 9, 6, 0, 1, 3, 4)  # that other digit, for each of 0..9
DIGIT_WARP = Warp(shift=0.03, rotation=0.1, scale=0.08, shear=0.15, bend=0.04, slant=0.15)


def digit_bank(rng: np.random.Generator) -> np.ndarray:
    """Signed distances to the outlines of blended glyphs, in pixels, float32 [10, DIGIT_TEMPLATES, s, s].

    Two fonts blended give a form that is in neither, as two hands do. A blend with another digit gives a careless one.
    """
    glyphs = _glyph_depths()  # [10, fonts, s, s]
    one, other = rng.integers(glyphs.shape[1], size=(2, 10, DIGIT_TEMPLATES))
    share = rng.uniform(0, 0.5, (10, DIGIT_TEMPLATES, 1, 1)).astype(np.float32)
    digit = np.arange(10)[:, None]
    bank = (1 - share) * glyphs[digit, one] + share * glyphs[digit, other]
    another = glyphs[np.array(MISTAKEN_FOR)[:, None], one[:, :CARELESS]]
    bank[:, :CARELESS] += CARELESSNESS * (another - bank[:, :CARELESS])
    stroke = path(np.array([[[0, -DIGIT_HEIGHT / 2], [0, DIGIT_HEIGHT / 2]]]))
    bank[1, PRINTED_ONES:] = PLAIN_ONE - distance(stroke) * (SIZE / 2)
    return bank


def _glyph_depths() -> np.ndarray:
    """Every digit in every font, float32 [10, fonts, s, s]."""
    from matplotlib import get_data_path
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    folder = Path(get_data_path()) / "fonts" / "ttf"
    faces = [FontProperties(fname=str(folder / name)) for name in FONTS if (folder / name).exists()]
    rows = []
    for digit in range(10):
        outlines = [TextPath((0, 0), str(digit), size=100, prop=face).to_polygons() for face in faces]
        rows.append([_stroke_depth(outline, ROUND if digit == 0 else 1) for outline in outlines])
    return np.array(rows)


def _stroke_depth(outlines: list[np.ndarray], widen: float) -> np.ndarray:
    """How deep each cell lies in a glyph's strokes, in pixels, float32 [s, s]; about 0 on their middle line.

    Counted from the middle, not from the edge, one stroke weight means the same in a bold face and in a light one.
    """
    points = np.concatenate(outlines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = DIGIT_HEIGHT / (high - low).max() * np.array([widen, -1])  # a font's y points up, a picture's down
    rings = [ring(((outline - (low + high) / 2) * scale)[None]) for outline in outlines]
    starts, ends = (np.concatenate(parts, axis=1) for parts in zip(*rings, strict=True))
    depth = signed_distance((starts, ends))[0] * np.float32(SIZE / 2)
    return depth - np.percentile(depth[depth > 0], MIDDLE)


def ink(rng: np.random.Generator, depth: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Ink of a random stroke weight: depth in pixels [n, 28, 28] → grey 0..1; paper stays exactly 0."""
    n = len(depth)
    half_width = rng.normal(1.1, 0.3, (n, 1, 1)).astype(np.float32)
    ragged = rng.standard_normal(depth.shape, np.float32) * np.float32(0.12)
    return np.clip((depth + half_width) * np.float32(0.8) + ragged + np.float32(0.3), 0, 1)
