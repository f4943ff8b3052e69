"""Garments: polygons of ten kinds, in cloth."""

from collections.abc import Callable

import numpy as np

from .drawing import Warp
from .shapes import TEMPLATE_SIZE, distance, path, ring, signed_distance

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
        self._paint(signed_distance(ring(vertices)), tone, on)

    def line(self, vertices: np.ndarray, width: Numbers, tone: Numbers = 1.0, on: Numbers = 1.0) -> None:
        """Paint an open line of the given width."""
        self._paint(_column(width) / 2 - distance(path(vertices)), tone, on)

    def _paint(self, depth: np.ndarray, tone: Numbers, on: Numbers) -> None:
        cover = np.clip(depth * (TEMPLATE_SIZE / 2) + np.float32(0.5), 0, 1) * _column(on)
        self.grey += cover * (_column(tone) - self.grey)


def _column(number: Numbers) -> np.ndarray:
    return np.asarray(number, np.float32).reshape(-1, 1, 1)


def garment_bank(rng: np.random.Generator) -> np.ndarray:
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


def cloth(rng: np.random.Generator, grey: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
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
