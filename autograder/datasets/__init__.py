"""MNIST and Fashion-MNIST for the lessons: the real sets wherever they can be had, else the drawn stand-in, and never a
silent mix-up.

The search, in this order: `$COURSE_DATA`, the course's own cache, Keras's cache (only read: Keras's loader deletes a file
that it does not know), the download, the stand-in of `standin/`. A set is known by the sha256 of its arrays, so Keras's
`mnist.npz` and one rebuilt from LeCun's files are both right. A file that is found and is not right is an error; it is
left where it is.

Environment: `COURSE_DATA` a folder with `mnist.npz` or `fashion-mnist/*.gz` (Keras's layout too); `COURSE_OFFLINE=1` does
not try the network; `COURSE_STANDIN=1` uses the stand-in whatever there is.
"""

from __future__ import annotations

from . import search
from .catalogue import DATASETS, DIGIT_CLASSES, FASHION_CLASSES, Dataset
from .files import DatasetError
from .search import Split, load

__all__ = [
    "DIGIT_CLASSES",
    "FASHION_CLASSES",
    "DatasetError",
    "class_names",
    "dataset_name",
    "is_standin",
    "load_fashion_mnist",
    "load_mnist",
]


def load_mnist() -> tuple[Split, Split]:
    """Load MNIST, handwritten digits, or its drawn stand-in (which one line then says).

    Returns ((x_train, y_train), (x_test, y_test)) as `keras.datasets.mnist.load_data` does: x_train uint8
    [60000, 28, 28], y_train uint8 [60000], x_test uint8 [10000, 28, 28], y_test uint8 [10000]; pixels 0..255.
    Raises DatasetError if a file that should hold MNIST is damaged or holds something else.
    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998.
    """
    return load(DATASETS["mnist"])


def load_fashion_mnist() -> tuple[Split, Split]:
    """Load Fashion-MNIST, pictures of garments, or its drawn stand-in (which one line then says).

    Returns and raises as `load_mnist` does; `FASHION_CLASSES[label]` is a garment's name.
    Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms", arXiv:1708.07747, 2017.
    """
    return load(DATASETS["fashion_mnist"])


def class_names(name: str) -> tuple[str, ...]:
    """The ten names that the labels 0..9 of "mnist" or "fashion_mnist" stand for."""
    return _known(name).classes


def is_standin(name: str) -> bool:
    """Whether the latest load of "mnist" or "fashion_mnist" in this process gave the drawn stand-in."""
    dataset = _known(name)
    if name not in search.standin_in_use:
        raise DatasetError(f"{dataset.title} has not been loaded yet: call load_{name}() first.")
    return search.standin_in_use[name]


def dataset_name(name: str) -> str:
    """What the latest load of "mnist" or "fashion_mnist" gave, for a figure's title: "MNIST", "MNIST stand-in"."""
    return _known(name).title + (" stand-in" if is_standin(name) else "")


def _known(name: str) -> Dataset:
    if name not in DATASETS:
        raise ValueError(f"There is no data set {name!r}; there are {', '.join(map(repr, DATASETS))}.")
    return DATASETS[name]
