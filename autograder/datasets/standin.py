"""The drawn stand-in: pictures that take the place of MNIST and Fashion-MNIST where neither can be had.

Digits come from the fonts that matplotlib carries, garments from polygons. Both are drawn once as a bank of templates;
every picture is a template seen through its own random shift, rotation, scale, shear and bend, with its own stroke
weight or cloth and its own noise. The deformations are tuned so that the course's networks learn the stand-in about as
fast, and about as far, as they learn the real sets. Pure functions of a seed; NumPy, and matplotlib for the glyphs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

VERSION = 2  # part of the cache file's name: raise it whenever a change here changes a picture
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
    labels = np.concatenate([rng.permutation(np.arange(n) % 10) for n in (TRAIN, TEST)]).astype(np.uint8)
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
    slant: float = 0.0  # mean shear: handwriting leans to the right


# (rng, values seen in the templates, where each pixel looked: x, y), each [n, 28, 28] → grey 0..1
Finish = Callable[[np.random.Generator, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _draw(rng: np.random.Generator, labels: np.ndarray, bank: np.ndarray, warp: Warp, finish: Finish) -> np.ndarray:
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


def _segments(shape: Shape) -> Iterator[tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]]:
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
MIDDLE = 65  # percentile of the depths in a glyph that counts as the middle of its strokes
ROUND = 1.3  # a written 0 is rounder than a printed one,
PRINTED_ONES = 8  # and most written 1s have neither flag nor foot: all but these templates are a single stroke,
PLAIN_ONE = 0.4  # this many pixels broader on either side
CARELESS = 6  # templates written half like another digit: what even a good network gets wrong
CARELESSNESS = 0.45
MISTAKEN_FOR = (6, 7, 3, 5, 9, 6, 0, 1, 3, 4)  # that other digit, for each of 0..9
DIGIT_WARP = Warp(shift=0.03, rotation=0.1, scale=0.08, shear=0.15, bend=0.04, slant=0.15)


def _digit_bank(rng: np.random.Generator) -> np.ndarray:
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
    stroke = _path(np.array([[[0, -DIGIT_HEIGHT / 2], [0, DIGIT_HEIGHT / 2]]]))
    bank[1, PRINTED_ONES:] = PLAIN_ONE - _distance(stroke) * (SIZE / 2)
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
    rings = [_ring(((ring - (low + high) / 2) * scale)[None]) for ring in outlines]
    starts, ends = (np.concatenate(parts, axis=1) for parts in zip(*rings, strict=True))
    depth = _depth((starts, ends))[0] * np.float32(SIZE / 2)
    return depth - np.percentile(depth[depth > 0], MIDDLE)


def _ink(rng: np.random.Generator, depth: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Ink of a random stroke weight: depth in pixels [n, 28, 28] → grey 0..1; paper stays exactly 0."""
    n = len(depth)
    half_width = rng.normal(1.1, 0.3, (n, 1, 1)).astype(np.float32)
    ragged = rng.standard_normal(depth.shape, np.float32) * np.float32(0.12)
    return np.clip((depth + half_width) * np.float32(0.8) + ragged + np.float32(0.3), 0, 1)


# -- garments ----------------------------------------------------------------------------------------------------------

GARMENT_TEMPLATES = 120  # a class
GARMENT_WARP = Warp(shift=0.035, rotation=0.04, scale=0.06, shear=0.03, bend=0.025)

Numbers = np.ndarray | float  # one number for all templates, or [templates]
Uniform = Callable[[float, float], np.ndarray]  # (low, high) → [templates]


class Canvas:
    """Templates of one class, painted together: `grey` float32 [templates, s, s], 0 where there is no garment."""

    def __init__(self, templates: int):
        self.grey = np.zeros((templates, TEMPLATE_SIZE, TEMPLATE_SIZE), np.float32)

    def points(self, *pairs: tuple[Numbers, Numbers]) -> np.ndarray:
        """Vertices (x, y), x to the right and y down in -1..1 → [templates, n, 2]."""
        flat = [np.broadcast_to(number, len(self.grey)) for pair in pairs for number in pair]
        return np.stack(flat, axis=1).reshape(len(self.grey), len(pairs), 2)

    def mirrored(self, *pairs: tuple[Numbers, Numbers]) -> np.ndarray:
        """The vertices given, and after them their mirror images in the vertical axis, on the way back."""
        right = self.points(*pairs)
        return np.concatenate([right, right[:, ::-1] * [-1, 1]], axis=1)

    def fill(self, vertices: np.ndarray, tone: Numbers = 1.0, on: Numbers = 1.0) -> None:
        """Paint the inside of a closed outline, on the templates where `on` is true."""
        self._paint(_depth(_ring(vertices)), tone, on)

    def line(self, vertices: np.ndarray, width: Numbers, tone: Numbers = 1.0, on: Numbers = 1.0) -> None:
        """Paint an open line of the given width."""
        self._paint(_column(width) / 2 - _distance(_path(vertices)), tone, on)

    def _paint(self, depth: np.ndarray, tone: Numbers, on: Numbers) -> None:
        cover = np.clip(depth * (TEMPLATE_SIZE / 2) + np.float32(0.5), 0, 1) * _column(on)
        self.grey += cover * (_column(tone) - self.grey)


def _column(number: Numbers) -> np.ndarray:
    return np.asarray(number, np.float32).reshape(-1, 1, 1)


def _garment_bank(rng: np.random.Generator) -> np.ndarray:
    """Grey templates 0..1, float32 [10, GARMENT_TEMPLATES, s, s], in the order of Fashion-MNIST's labels."""
    garments = (_t_shirt, _trouser, _pullover, _dress, _coat, _sandal, _shirt, _sneaker, _bag, _ankle_boot)
    bank = []
    for paint in garments:
        canvas = Canvas(GARMENT_TEMPLATES)
        paint(canvas, lambda low, high: rng.uniform(low, high, GARMENT_TEMPLATES))
        bank.append(canvas.grey)
    return np.stack(bank)


def _torso(c: Canvas, u: Uniform, *, shoulder, chest, waist, hem, length, arm_x, arm_y, cuff, neckline) -> None:
    """What covers a trunk and arms: every number is [templates] or one for all; arms hang from the shoulder."""
    top, neck, armpit = u(-0.97, -0.9), u(0.16, 0.26), u(-0.42, -0.28)
    hand_x, hand_y = shoulder + arm_x, top + 0.14 + arm_y
    body = c.mirrored(
        (0, top + neckline), (neck, top), (shoulder, top + 0.12), (hand_x, hand_y), (hand_x - cuff, hand_y + 0.06),
        (chest, armpit), (waist, 0.2), (hem, length),
    )  # fmt: skip
    c.fill(body)
    seam = u(0.55, 1.0)
    for side in (-1, 1):
        c.line(c.points((side * chest, armpit), (side * (shoulder - 0.03), top + 0.16)), 0.06, seam)
    c.line(c.mirrored((neck, top + 0.02), (0, top + neckline + 0.03)), 0.07, u(0.5, 1.1))


def _print_on_chest(c: Canvas, u: Uniform, chance: float) -> None:
    x, y, w, h = u(-0.08, 0.08), u(-0.35, 0.1), u(0.1, 0.3), u(0.04, 0.25)
    c.fill(c.points((x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)), u(0.2, 1.3), u(0, 1) < chance)


def _buttoned_front(c: Canvas, u: Uniform, strength: Numbers, chance: float) -> None:
    """A closed front from collar to hem, darker by `strength`."""
    c.line(c.points((u(-0.03, 0.03), -0.75), (u(-0.04, 0.04), 0.95)), u(0.05, 0.1), 1 - strength, u(0, 1) < chance)


def _collar(c: Canvas, u: Uniform, chance: float) -> None:
    tone, on, drop = u(0.5, 1.15), u(0, 1) < chance, u(-0.75, -0.55)
    for side in (-1, 1):
        c.fill(c.points((side * 0.24, -0.95), (0, -0.84), (side * 0.14, drop), (side * 0.3, -0.8)), tone, on)


def _t_shirt(c: Canvas, u: Uniform) -> None:
    bare = u(0, 1) < 0.2
    chest = u(0.42, 0.56)
    _torso(
        c, u, shoulder=np.where(bare, u(0.3, 0.4), u(0.44, 0.54)), chest=chest, waist=chest - u(0.0, 0.08),
        hem=chest + u(-0.06, 0.08), length=u(0.85, 0.97), arm_x=np.where(bare, 0.02, u(0.2, 0.34)),
        arm_y=np.where(bare, 0.2, u(0.36, 0.62)), cuff=np.where(bare, 0.02, u(0.14, 0.2)), neckline=u(0.08, 0.4),
    )  # fmt: skip
    _print_on_chest(c, u, 0.4)
    _buttoned_front(c, u, u(0.1, 0.6), 0.1)
    _collar(c, u, 0.15)


def _trouser(c: Canvas, u: Uniform) -> None:
    waist, hip, knee, ankle, leg = u(0.24, 0.36), u(0.32, 0.44), u(0.28, 0.42), u(0.28, 0.46), u(0.15, 0.26)
    crotch, length = u(-0.45, -0.2), u(0.85, 0.97)
    c.fill(
        c.mirrored(
            (waist, -0.96), (hip, crotch - 0.1), (knee, 0.3), (ankle, length), (ankle - leg, length), (0.03, crotch)
        )
    )
    c.line(c.mirrored((waist, -0.9)), 0.08, u(0.5, 1.1))
    c.line(c.points((0, -0.85), (0, crotch)), 0.05, u(0.5, 1.0))


def _pullover(c: Canvas, u: Uniform) -> None:
    chest = u(0.44, 0.56)
    _torso(
        c, u, shoulder=u(0.42, 0.54), chest=chest, waist=chest - u(-0.02, 0.06), hem=chest + u(-0.06, 0.04),
        length=u(0.82, 0.97), arm_x=u(0.34, 0.44), arm_y=u(1.2, 1.65), cuff=u(0.18, 0.26), neckline=u(0.04, 0.3),
    )  # fmt: skip
    _print_on_chest(c, u, 0.2)
    _buttoned_front(c, u, u(0.1, 0.6), 0.15)
    _collar(c, u, 0.25)


def _dress(c: Canvas, u: Uniform) -> None:
    long, bare = u(0, 1) < 0.25, u(0, 1) < 0.45
    waist = u(0.24, 0.46)
    _torso(
        c, u, shoulder=u(0.28, 0.42), chest=waist + u(0.02, 0.08), waist=waist, hem=waist + u(0.02, 0.34),
        length=u(0.9, 0.98), arm_x=np.where(bare, 0.01, u(0.1, 0.24)),
        arm_y=np.where(bare, 0.2, np.where(long, u(0.9, 1.4), u(0.3, 0.6))),
        cuff=np.where(bare, 0.02, u(0.08, 0.14)), neckline=u(0.06, 0.4),
    )  # fmt: skip
    c.line(c.points((-waist, 0.05), (waist, 0.05)), 0.08, u(0.4, 1.1), u(0, 1) < 0.4)


def _coat(c: Canvas, u: Uniform) -> None:
    chest = u(0.44, 0.58)
    _torso(
        c, u, shoulder=u(0.42, 0.54), chest=chest, waist=chest - u(-0.02, 0.08), hem=chest + u(-0.04, 0.1),
        length=u(0.9, 0.98), arm_x=u(0.32, 0.42), arm_y=u(1.3, 1.7), cuff=u(0.18, 0.26), neckline=u(0.04, 0.35),
    )  # fmt: skip
    _buttoned_front(c, u, u(0.2, 0.8), 0.65)
    _collar(c, u, 0.45)


def _shirt(c: Canvas, u: Uniform) -> None:
    short = u(0, 1) < 0.45
    chest = u(0.42, 0.56)
    _torso(
        c, u, shoulder=u(0.42, 0.54), chest=chest, waist=chest - u(0.0, 0.08), hem=chest + u(-0.06, 0.08),
        length=u(0.85, 0.98), arm_x=np.where(short, u(0.2, 0.34), u(0.32, 0.42)),
        arm_y=np.where(short, u(0.4, 0.8), u(1.1, 1.65)), cuff=u(0.16, 0.24), neckline=u(0.06, 0.4),
    )  # fmt: skip
    _buttoned_front(c, u, u(0.1, 0.6), 0.35)
    _collar(c, u, 0.35)
    _print_on_chest(c, u, 0.1)


def _sandal(c: Canvas, u: Uniform) -> None:
    heel, wedge, thick, strap = np.maximum(u(-0.5, 0.75), 0), u(0, 1) < 0.4, u(0.1, 0.22), u(0.08, 0.22)
    ground = u(0.4, 0.75)
    back, tone = ground - heel, u(0.5, 1.0)
    c.fill(c.points((-0.4, ground), (0.3, ground - heel / 2), (0.88, back), (0.88, ground + 0.08)), tone, wedge)
    c.line(c.points((-0.93, ground - 0.06), (-0.35, ground), (0.3, ground - heel * 0.6), (0.86, back)), thick, tone)
    c.line(c.points((0.82, back), (u(0.72, 0.84), ground + 0.05)), u(0.06, 0.25), tone)
    for _ in range(2):
        foot, wide, height = u(-0.85, 0.1), u(0.25, 0.6), u(0.25, 0.55)
        left, right = (ground - heel * np.clip((at + 0.35) / 1.2, 0, 1) for at in (foot, foot + wide))
        arch = (foot + wide * 0.35, left - height), (foot + wide * 0.75, (left + right) / 2 - height)
        c.line(c.points((foot, left), *arch, (foot + wide, right)), strap)
    ankle = back - u(0.3, 0.7)
    c.line(c.points((0.84, back), (0.86, ankle), (0.4, ankle + u(-0.1, 0.1)), (0.15, back)), strap, 1.0, u(0, 1) < 0.7)


def _sneaker(c: Canvas, u: Uniform) -> None:
    ground, tongue, heel = u(0.38, 0.5), u(-0.45, -0.12), u(-0.35, -0.05)
    toe, opening = ground - u(0.18, 0.32), u(0.0, 0.3)
    c.fill(
        c.points(
            (-0.95, ground - 0.04), (-0.93, toe), (-0.6, toe - 0.1), (opening - 0.3, tongue + 0.12), (opening, tongue),
            (opening + 0.3, np.maximum(tongue, heel) + 0.12), (0.82, heel), (0.95, heel + 0.25), (0.94, ground), (-0.8, ground),
        )
    )  # fmt: skip
    c.line(c.points((-0.93, ground - 0.03), (0.93, ground - 0.03)), u(0.06, 0.16), u(0.3, 1.4))
    for _ in range(2):
        x = u(-0.5, 0.5)
        c.line(c.points((x, ground - 0.1), (x + u(-0.2, 0.2), ground - u(0.25, 0.4))), u(0.05, 0.14), u(0.2, 1.2))


def _bag(c: Canvas, u: Uniform) -> None:
    handle, clutch = u(-0.95, -0.6), u(0, 1) < 0.3
    top, bottom = np.where(clutch, u(-0.75, -0.4), u(-0.5, 0.0)), u(0.7, 0.97)
    upper, lower, grip = u(0.6, 0.95), u(0.7, 0.97), u(0.25, 0.6)
    arc = c.mirrored((grip, top + 0.05), (grip * 0.9, handle + 0.15), (grip * 0.5, handle))
    c.line(arc, u(0.06, 0.14), u(0.5, 1.0), ~clutch)
    c.fill(
        c.mirrored((upper - 0.1, top), (upper, top + 0.12), (lower, bottom - 0.15), (lower - 0.12, bottom)),
    )
    flap = top + u(0.15, 0.5)
    c.line(c.points((-upper, flap), (upper, flap)), u(0.05, 0.12), u(0.3, 1.0), u(0, 1) < 0.6)
    c.fill(c.mirrored((0.1, flap - 0.08), (0.1, flap + 0.1)), u(0.2, 1.4), u(0, 1) < 0.4)


def _ankle_boot(c: Canvas, u: Uniform) -> None:
    ground, shaft, heel = u(0.5, 0.92), u(-0.95, -0.1), u(0.0, 0.45)
    instep, front = u(-0.05, 0.3), u(-0.15, 0.15)
    toe, arch = ground - u(0.15, 0.3), ground - heel
    c.fill(
        c.points(
            (-0.93, ground), (-0.93, toe), (-0.6, toe - 0.12), (front - 0.15, instep), (front, shaft), (0.75, shaft + u(-0.05, 0.05)),
            (u(0.7, 0.8), 0.1), (0.88, arch - 0.15), (u(0.7, 0.85), ground), (0.5, ground), (0.45, arch), (-0.2, ground),
        )
    )  # fmt: skip
    c.line(c.points((-0.9, ground - 0.05), (-0.2, ground - 0.05)), u(0.06, 0.12), u(0.3, 1.2))
    c.line(c.points((u(0.2, 0.6), shaft), (u(0.2, 0.5), instep)), u(0.05, 0.14), u(0.4, 1.0), u(0, 1) < 0.5)


def _cloth(rng: np.random.Generator, grey: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Dye, pattern, light and weave: template grey [n, 28, 28] → grey 0..1; the background stays exactly 0."""
    n = len(grey)

    def uniform(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)

    dye = uniform(0, 1) ** np.float32(0.6) * np.float32(0.75) + np.float32(0.25)
    striped = uniform(0, 0.6) * (uniform(0, 1) < 0.3)
    across, along, phase = (uniform(low, high) for low, high in ((-12, 12), (5, 20), (0, 6.3)))
    across *= uniform(0, 1) < 0.4  # stripes run level, unless they run askew
    pattern = 1 + striped * np.sin(across * x + along * y + phase)
    light = 1 + uniform(-0.3, 0.3) * x + uniform(-0.2, 0.2) * y
    weave = 1 + uniform(0, 1) ** 3 * np.float32(0.4) * rng.standard_normal(grey.shape, np.float32)
    return np.clip(grey * dye * pattern * light * weave, 0, 1)
