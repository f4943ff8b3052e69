"""The search for a set: where its files may lie, then the download, then the drawn stand-in; aloud where it goes on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from . import cache, places
from .catalogue import Dataset
from .download import Unreachable, download
from .files import IDX_FILES, SHAPES, Arrays, may_read, parse, verify

Split = tuple[np.ndarray, np.ndarray]  # images uint8 [n, 28, 28], labels uint8 [n]

standin_in_use: dict[str, bool] = {}  # by name: what the latest load in this process gave


def load(dataset: Dataset) -> tuple[Split, Split]:
    """The real set, or the drawn stand-in, which one line then says."""
    if places.is_set("COURSE_STANDIN"):
        arrays, why = None, "because COURSE_STANDIN is set"
    else:
        arrays, why = _real(dataset)
    standin_in_use[dataset.name] = arrays is None
    if arrays is None:
        print(f"The pictures are not {dataset.title} but a drawn stand-in with the same shapes and classes, {why}.")
        arrays = cache.stand_in(dataset)
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def _real(dataset: Dataset) -> tuple[Arrays, str] | tuple[None, str]:
    """The real set; or None and why there is none."""
    for place in places.where_to_look():
        found = next(filter(None, (_find(folder, dataset) for folder in place)), None)
        if found is None:
            _say_what_lacks(place, dataset)
        elif may_read(*found.values()):
            return _read(found, dataset), ""
    try:
        arrays = download(dataset)
    except Unreachable as reason:
        return None, f"as this machine has no copy and {reason}"
    cache.keep(places.cache_folder() / f"{dataset.stem}.npz", arrays)
    return arrays, ""


def _find(folder: Path, dataset: Dataset) -> dict[str, Path] | None:
    """The files in `folder` that should hold the set, by array; None if there are none, or not all of them."""
    npz = folder / f"{dataset.stem}.npz"
    if os.path.lexists(npz):
        return dict.fromkeys(SHAPES, npz)
    if _missing(folder, dataset):
        return None
    return {key: folder / dataset.stem / name for key, name in IDX_FILES.items()}


def _missing(folder: Path, dataset: Dataset) -> list[str]:
    return [name for name in IDX_FILES.values() if not os.path.lexists(folder / dataset.stem / name)]


def _say_what_lacks(place: list[Path], dataset: Dataset) -> None:
    """One line if a place holds a part of the set, or if it is COURSE_DATA and holds nothing of it."""
    for folder in place:
        missing = _missing(folder, dataset)
        if len(missing) < len(IDX_FILES):
            print(f"{folder / dataset.stem} lacks {' and '.join(missing)}: looking for {dataset.title} elsewhere.")
            return
    if place and place == places.course_data():
        print(f"COURSE_DATA={os.environ['COURSE_DATA']} holds no {dataset.title}: looking for it elsewhere.")


def _read(files: dict[str, Path], dataset: Dataset) -> Arrays:
    """The verified arrays that lie in `files`."""
    arrays = parse({path: path.open for path in files.values()}, dataset.title)
    verify(arrays, files, dataset.title, dataset.digests)
    return arrays
