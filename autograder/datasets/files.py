"""Reading and verifying: the verified arrays of a set, or one sentence about what is wrong with a file.

A set is known by the sha256 of its arrays, so Keras's `mnist.npz` and one rebuilt from LeCun's files are both right.
"""

from __future__ import annotations

import gzip
import tokenize
import urllib.error
import zipfile
import zlib
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import numpy as np

Arrays = dict[str, np.ndarray]

SHAPES = {"x_train": (60_000, 28, 28), "y_train": (60_000,), "x_test": (10_000, 28, 28), "y_test": (10_000,)}
IDX_FILES = {
    "x_train": "train-images-idx3-ubyte.gz",
    "y_train": "train-labels-idx1-ubyte.gz",
    "x_test": "t10k-images-idx3-ubyte.gz",
    "y_test": "t10k-labels-idx1-ubyte.gz",
}
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


class DatasetError(Exception):
    """A data file is damaged or is not what its name says; the text is one plain sentence."""


def may_read(*paths: Path) -> bool:
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


def parse(sources: dict, title: str) -> Arrays:
    """The arrays in one .npz, or in four idx files in the order of IDX_FILES, from their names and how to open them.

    Whatever a damaged file makes the readers raise becomes one sentence that names the file.
    """
    parsed = {}
    for name, opened in sources.items():
        try:
            with opened("rb") as file:
                parsed[name] = _npz_arrays(file) if str(name).endswith(".npz") else _idx_array(file)
        except DAMAGE as error:
            raise _wrong(name, f"cannot be read ({brief(error)})", f"the whole of {title}") from error
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


def verify(arrays: Arrays, files: dict[str, Path | str], title: str, digests: dict[str, str]) -> None:
    """Raise DatasetError unless the arrays have the set's shapes and dtypes, and bytes of these sha256."""
    for key, shape in SHAPES.items():
        if key not in arrays:
            raise _wrong(files[key], f"has no array {key}", "x_train, y_train, x_test and y_test")
        array = arrays[key]
        if array.shape != shape or array.dtype != np.uint8:
            raise _wrong(files[key], f"holds {key} {array.dtype} {_shown(array.shape)}", f"uint8 {_shown(shape)}")
        if digest(array) != digests[key]:
            raise _wrong(files[key], f"holds another {key} (its sha256 differs)", f"that of {title}")


def digest(array: np.ndarray) -> str:
    return sha256(np.ascontiguousarray(array)).hexdigest()


def _wrong(path: Path | str, problem: str, expected: str) -> DatasetError:
    remedy = "the file was left as it is: put the right one in its place, or move it away, and load again"
    if isinstance(path, str):
        remedy = "nothing of it was kept: try again later, or set COURSE_OFFLINE=1 for the drawn stand-in"
    return DatasetError(f"{path} {problem}, but {expected} was expected; {remedy}.")


def _shown(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def brief(error: Exception) -> str:
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return brief(error.reason)
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.splitlines()[0].rstrip(".")
