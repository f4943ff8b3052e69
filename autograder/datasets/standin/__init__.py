"""The drawn stand-in: pictures that take the place of MNIST and Fashion-MNIST where neither can be had.

Digits come from the fonts that matplotlib carries, garments from polygons. Both are drawn once as a bank of templates;
every picture is a template seen through its own random shift, rotation, scale, shear and bend, with its own stroke
weight or cloth and its own noise. The deformations are tuned so that the course's networks learn the stand-in about as
fast, and about as far, as they learn the real sets. Pure functions of a seed; NumPy, and matplotlib for the glyphs.
"""

import numpy as np

from .digits import DIGIT_FREQUENCIES, DIGIT_WARP, digit_bank, ink
from .drawing import draw
from .garments import GARMENT_WARP, cloth, garment_bank

VERSION = 2  # part of the cache file's name: raise it whenever a change here changes a picture
TRAIN, TEST = 60_000, 10_000

Arrays = dict[str, np.ndarray]


def draw_mnist(seed: int = 0) -> Arrays:
    """Draw the stand-in for MNIST.

    Returns x_train uint8 [60000, 28, 28], y_train uint8 [60000], x_test uint8 [10000, 28, 28], y_test uint8 [10000].
    Classes are about as frequent as in MNIST. The same seed gives the same bytes.
    """
    rng = np.random.default_rng([seed, 0])
    labels = rng.choice(10, TRAIN + TEST, p=DIGIT_FREQUENCIES).astype(np.uint8)
    images = draw(rng, labels, digit_bank(rng), DIGIT_WARP, ink)
    return _split(images, labels)


def draw_fashion_mnist(seed: int = 0) -> Arrays:
    """Draw the stand-in for Fashion-MNIST.

    Returns arrays named, shaped and typed as `draw_mnist` does. Classes are exactly equally frequent in both halves,
    as in Fashion-MNIST. The same seed gives the same bytes.
    """
    rng = np.random.default_rng([seed, 1])
    labels = np.concatenate([rng.permutation(np.arange(n) % 10) for n in (TRAIN, TEST)]).astype(np.uint8)
    images = draw(rng, labels, garment_bank(rng), GARMENT_WARP, cloth)
    return _split(images, labels)


def _split(images: np.ndarray, labels: np.ndarray) -> Arrays:
    return {
        "x_train": images[:TRAIN],
        "y_train": labels[:TRAIN],
        "x_test": images[TRAIN:],
        "y_test": labels[TRAIN:],
    }
