"""MNIST and Fashion-MNIST for the lessons: the real sets wherever they can be had, else the drawn stand-in, and never a
silent mix-up.

The search, in this order: `$COURSE_DATA`, the course's own cache, Keras's cache (only read: Keras's loader deletes a file
that it does not know), the download, the stand-in of `standin.py`. A set is known by the sha256 of its arrays, so Keras's
`mnist.npz` and one rebuilt from LeCun's files are both right. A file that is found and is not right is an error; it is
left where it is.

Environment: `COURSE_DATA` a folder with `mnist.npz` or `fashion-mnist/*.gz` (Keras's layout too); `COURSE_OFFLINE=1` does
not try the network; `COURSE_STANDIN=1` uses the stand-in whatever there is.
"""

from __future__ import annotations

import gzip
import http.client
import io
import os
import queue
import ssl
import tempfile
import threading
import tokenize
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import cycle
from pathlib import Path
from typing import BinaryIO

import numpy as np

from . import standin

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

Split = tuple[np.ndarray, np.ndarray]  # images uint8 [n, 28, 28], labels uint8 [n]
Arrays = dict[str, np.ndarray]

DIGIT_CLASSES = tuple("0123456789")
FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

SHAPES = {"x_train": (60_000, 28, 28), "y_train": (60_000,), "x_test": (10_000, 28, 28), "y_test": (10_000,)}
IDX_FILES = {
    "x_train": "train-images-idx3-ubyte.gz",
    "y_train": "train-labels-idx1-ubyte.gz",
    "x_test": "t10k-images-idx3-ubyte.gz",
    "y_test": "t10k-labels-idx1-ubyte.gz",
}
ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
CONNECT_SECONDS = 3.0  # the whole of looking up, connecting and being answered
STALL_SECONDS = 10.0  # without a byte, once a download runs
DAMAGE = (  # what NumPy, zipfile, gzip and zlib raise at a damaged file (found by spoiling bytes)
    OSError,
    EOFError,
    ValueError,
    TypeError,
    RuntimeError,
    MemoryError,
    SyntaxError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
NO_DOWNLOAD = (OSError, http.client.HTTPException, ValueError)  # ValueError: a malformed proxy or header


class DatasetError(Exception):
    """A data file is damaged or is not what its name says; the text is one plain sentence."""


class _Unreachable(Exception):
    """The download cannot be had; the text says why."""


@dataclass(frozen=True)
class _Dataset:
    name: str
    title: str
    stem: str  # of its files: <stem>.npz, <stem>/*.gz
    classes: tuple[str, ...]
    downloads: tuple[str, ...]
    digests: dict[str, str]  # sha256 of each array's bytes
    draw: Callable[[], Arrays]


_DATASETS = {
    dataset.name: dataset
    for dataset in (
        _Dataset(
            name="mnist",
            title="MNIST",
            stem="mnist",
            classes=DIGIT_CLASSES,
            downloads=("mnist.npz",),
            digests={
                "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
                "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
                "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
                "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
            },
            draw=standin.draw_mnist,
        ),
        _Dataset(
            name="fashion_mnist",
            title="Fashion-MNIST",
            stem="fashion-mnist",
            classes=FASHION_CLASSES,
            downloads=tuple(IDX_FILES.values()),
            digests={
                "x_train": "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
                "y_train": "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
                "x_test": "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
                "y_test": "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
            },
            draw=standin.draw_fashion_mnist,
        ),
    )
}

_standin_in_use: dict[str, bool] = {}
_no_network: str | None = None  # why, once one attempt has failed


# -- what a lesson calls -----------------------------------------------------------------------------------------------


def load_mnist() -> tuple[Split, Split]:
    """Load MNIST, handwritten digits, or its drawn stand-in (which one line then says).

    Returns ((x_train, y_train), (x_test, y_test)) as `keras.datasets.mnist.load_data` does: x_train uint8
    [60000, 28, 28], y_train uint8 [60000], x_test uint8 [10000, 28, 28], y_test uint8 [10000]; pixels 0..255.
    Raises DatasetError if a file that should hold MNIST is damaged or holds something else.
    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998.
    """
    return _load(_DATASETS["mnist"])


def load_fashion_mnist() -> tuple[Split, Split]:
    """Load Fashion-MNIST, pictures of garments, or its drawn stand-in (which one line then says).

    Returns and raises as `load_mnist` does; `FASHION_CLASSES[label]` is a garment's name.
    Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms", arXiv:1708.07747, 2017.
    """
    return _load(_DATASETS["fashion_mnist"])


def class_names(name: str) -> tuple[str, ...]:
    """The ten names that the labels 0..9 of "mnist" or "fashion_mnist" stand for."""
    return _known(name).classes


def is_standin(name: str) -> bool:
    """Whether the latest load of "mnist" or "fashion_mnist" in this process gave the drawn stand-in."""
    dataset = _known(name)
    if name not in _standin_in_use:
        raise DatasetError(f"{dataset.title} has not been loaded yet: call load_{name}() first.")
    return _standin_in_use[name]


def dataset_name(name: str) -> str:
    """What the latest load of "mnist" or "fashion_mnist" gave, for a figure's title: "MNIST", "MNIST stand-in"."""
    return _known(name).title + (" stand-in" if is_standin(name) else "")


def _known(name: str) -> _Dataset:
    if name not in _DATASETS:
        raise ValueError(f"There is no data set {name!r}; there are {', '.join(map(repr, _DATASETS))}.")
    return _DATASETS[name]


# -- the search --------------------------------------------------------------------------------------------------------


def _load(dataset: _Dataset) -> tuple[Split, Split]:
    if _is_set("COURSE_STANDIN"):
        arrays, why = None, "because COURSE_STANDIN is set"
    else:
        arrays, why = _real(dataset)
    _standin_in_use[dataset.name] = arrays is None
    if arrays is None:
        print(f"The pictures are not {dataset.title} but a drawn stand-in with the same shapes and classes, {why}.")
        arrays = _stand_in(dataset)
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def _real(dataset: _Dataset) -> tuple[Arrays, str] | tuple[None, str]:
    """The real set; or None and why there is none."""
    for place in _places():
        found = next(filter(None, (_find(folder, dataset) for folder in place)), None)
        if found is None:
            _say_what_lacks(place, dataset)
        elif _may_read(*found.values()):
            return _read(found, dataset), ""
    try:
        arrays = _download(dataset)
    except _Unreachable as reason:
        return None, f"as this machine has no copy and {reason}"
    _keep(cache_folder() / f"{dataset.stem}.npz", arrays)
    return arrays, ""


def cache_folder() -> Path:
    """The course's own cache: where downloads and the drawn stand-in are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("tf-first-principles", appauthor=False) / "datasets"


def _places() -> list[list[Path]]:
    """Where to look, in order; each place is the folders that it may keep its files in."""
    keras_home = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))
    return [_course_data(), [cache_folder()], [keras_home / "datasets"]]


def _course_data() -> list[Path]:
    folder = os.environ.get("COURSE_DATA")
    return [Path(folder).expanduser(), Path(folder).expanduser() / "datasets"] if folder else []


def _find(folder: Path, dataset: _Dataset) -> dict[str, Path] | None:
    """The files in `folder` that should hold the set, by array; None if there are none, or not all of them."""
    npz = folder / f"{dataset.stem}.npz"
    if os.path.lexists(npz):
        return dict.fromkeys(SHAPES, npz)
    if _missing(folder, dataset):
        return None
    return {key: folder / dataset.stem / name for key, name in IDX_FILES.items()}


def _missing(folder: Path, dataset: _Dataset) -> list[str]:
    return [name for name in IDX_FILES.values() if not os.path.lexists(folder / dataset.stem / name)]


def _say_what_lacks(place: list[Path], dataset: _Dataset) -> None:
    """One line if a place holds a part of the set, or if it is COURSE_DATA and holds nothing of it."""
    for folder in place:
        missing = _missing(folder, dataset)
        if len(missing) < len(IDX_FILES):
            print(f"{folder / dataset.stem} lacks {' and '.join(missing)}: looking for {dataset.title} elsewhere.")
            return
    if place and place == _course_data():
        print(f"COURSE_DATA={os.environ['COURSE_DATA']} holds no {dataset.title}: looking for it elsewhere.")


def _may_read(*paths: Path) -> bool:
    """Whether this user may open the files, which a sandbox may forbid; one line says so if not."""
    for path in paths:
        try:
            path.open("rb").close()
        except PermissionError:
            print(f"{path} may not be read by this user: going on without it.")
            return False
        except OSError:
            pass  # not a matter of permission: reading it will say what is wrong
    return True


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0")


# -- reading and judging a file ----------------------------------------------------------------------------------------


def _read(files: dict[str, Path], dataset: _Dataset) -> Arrays:
    """The verified arrays that lie in `files`."""
    arrays = _parse({path: path.open for path in files.values()}, dataset.title)
    _verify(arrays, files, dataset.title, dataset.digests)
    return arrays


def _parse(sources: dict, title: str) -> Arrays:
    """The arrays in one .npz, or in four idx files in the order of IDX_FILES, from their names and how to open them.

    Whatever a damaged file makes the readers raise becomes one sentence that names the file.
    """
    parsed = {}
    for name, opened in sources.items():
        try:
            with opened("rb") as file:
                parsed[name] = _npz_arrays(file) if str(name).endswith(".npz") else _idx_array(file)
        except DAMAGE as error:
            raise _wrong(name, f"cannot be read ({_brief(error)})", f"the whole of {title}") from error
    values = list(parsed.values())
    return values[0] if len(values) == 1 else dict(zip(IDX_FILES, values, strict=True))


def _npz_arrays(file: BinaryIO) -> Arrays:
    if not zipfile.is_zipfile(file):
        raise ValueError("it is no zip archive, or one cut short")
    file.seek(0)
    with np.load(file, allow_pickle=False) as members:
        return {key: members[key] for key in members.files}


def _idx_array(file: BinaryIO) -> np.ndarray:
    """An array in LeCun's idx format, gzipped: two zero bytes, type 8 (uint8), rank, sizes, then the values."""
    content = gzip.decompress(file.read())
    if content[:3] != b"\0\0\x08" or len(content) < 4 + 4 * content[3]:
        raise ValueError("not an idx file of bytes")
    start = 4 + 4 * content[3]
    shape = tuple(np.frombuffer(content[4:start], ">u4").tolist())
    values = np.frombuffer(content, np.uint8, offset=start)
    if len(values) != np.prod(shape, dtype=object):
        raise ValueError(f"{len(values)} values where its header announces {_shown(shape)}")
    return values.reshape(shape).copy()


def _verify(arrays: Arrays, files: dict[str, Path | str], title: str, digests: dict[str, str]) -> None:
    """Raise DatasetError unless the arrays have the set's shapes and dtypes, and bytes of these sha256."""
    for key, shape in SHAPES.items():
        if key not in arrays:
            raise _wrong(files[key], f"has no array {key}", "x_train, y_train, x_test and y_test")
        array = arrays[key]
        if array.shape != shape or array.dtype != np.uint8:
            raise _wrong(files[key], f"holds {key} {array.dtype} {_shown(array.shape)}", f"uint8 {_shown(shape)}")
        if _digest(array) != digests[key]:
            raise _wrong(files[key], f"holds another {key} (its sha256 differs)", f"that of {title}")


def _digest(array: np.ndarray) -> str:
    return sha256(np.ascontiguousarray(array)).hexdigest()


def _wrong(path: Path | str, problem: str, expected: str) -> DatasetError:
    remedy = "the file was left as it is: put the right one in its place, or move it away, and load again"
    if isinstance(path, str):
        remedy = "nothing of it was kept: try again later, or set COURSE_OFFLINE=1 for the drawn stand-in"
    return DatasetError(f"{path} {problem}, but {expected} was expected; {remedy}.")


def _shown(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _brief(error: Exception) -> str:
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return _brief(error.reason)
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.splitlines()[0].rstrip(".")


# -- the cache ---------------------------------------------------------------------------------------------------------


def _stand_in(dataset: _Dataset) -> Arrays:
    """The drawn stand-in from the cache, or drawn now and kept there."""
    path = cache_folder() / f"{dataset.stem}-standin-{standin.VERSION}.npz"
    if os.path.lexists(path) and not _may_read(path):
        return dataset.draw()
    if not os.path.lexists(path):
        arrays = dataset.draw()
        _keep(path, arrays)
        return arrays
    title = f"the drawn stand-in for {dataset.title}"
    arrays = _parse({path: path.open}, title)
    digests = {key: str(arrays.get(f"sha256_{key}")) for key in SHAPES}
    _verify(arrays, dict.fromkeys(SHAPES, path), title, digests)
    return arrays


def _keep(path: Path, arrays: Arrays) -> None:
    """Write the arrays and their digests to the cache, all or nothing; where that fails, one line says so."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.stem, suffix=".part", delete=False) as file:
            temporary = file.name
            np.savez(file, **arrays, **{f"sha256_{key}": np.array(_digest(array)) for key, array in arrays.items()})
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        print(f"The pictures could not be kept in {path.parent} ({_brief(error)}): the next load makes them anew.")
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


# -- the download ------------------------------------------------------------------------------------------------------


def _download(dataset: _Dataset) -> Arrays:
    """Fetch and verify the set. Raises _Unreachable, at once if an earlier attempt of this process failed."""
    global _no_network
    if _is_set("COURSE_OFFLINE"):
        raise _Unreachable("COURSE_OFFLINE is set")
    if _no_network:
        raise _Unreachable(_no_network)
    urls = [ORIGIN + name for name in dataset.downloads]
    try:
        contents = _fetch(urls)
    except NO_DOWNLOAD as error:
        _no_network = f"the download failed ({_brief(error)})"
        raise _Unreachable(_no_network) from error
    arrays = _parse({url: partial(_open_bytes, content) for url, content in contents.items()}, dataset.title)
    _verify(arrays, dict(zip(SHAPES, cycle(urls), strict=False)), dataset.title, dataset.digests)
    return arrays


def _open_bytes(content: bytes, mode: str) -> io.BytesIO:
    return io.BytesIO(content)


def _fetch(urls: list[str]) -> dict[str, bytes]:
    """Each address's content, read under a progress bar. Raises one of NO_DOWNLOAD."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    progress = Progress(*columns, transient=True)
    progress.disable = not (progress.console.is_terminal or progress.console.is_jupyter)
    try:
        return {url: _read_response(url, progress) for url in urls}
    finally:
        progress.stop()


def _read_response(url: str, progress) -> bytes:
    with closing(_open_url(url)) as response:
        progress.start()  # not before there is something to show
        length = int(response.headers.get("Content-Length") or 0) or None
        task = progress.add_task(url.rsplit("/", 1)[-1], total=length)
        content = bytearray()
        while block := response.read(1 << 16):
            content += block
            progress.update(task, completed=len(content))
    if length and len(content) != length:
        raise OSError(f"{len(content)} of {length} bytes arrived")
    return bytes(content)


def _open_url(url: str):
    """The response to a GET, or TimeoutError after CONNECT_SECONDS.

    In a thread, because no timeout of a socket covers the look-up of a name, nor all of a server's addresses together.
    """
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def connect() -> None:
        try:
            context = ssl.create_default_context()
            answers.put(urllib.request.urlopen(url, timeout=STALL_SECONDS, context=context))
        except NO_DOWNLOAD as error:
            answers.put(error)

    threading.Thread(target=connect, daemon=True, name="dataset download").start()
    try:
        answer = answers.get(timeout=CONNECT_SECONDS)
    except queue.Empty:
        raise TimeoutError(f"no answer in {CONNECT_SECONDS:.0f} seconds") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
