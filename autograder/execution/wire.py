"""The inert data that crosses between grader and child, and its encoding.

A message is a 4-byte header length, a JSON header, and the raw bytes of its arrays and byte strings one after another.
Never pickle: decoding builds numbers, text, containers and arrays, and runs nothing. The decoder does not trust the
encoder: every length, dtype, shape and depth is checked before anything of that size is allocated.

Header, where JSON's own ``null, true, false, integer, number, string, list`` stand for themselves:

======================================  ====================================================================
``{"t": "int", "v": "0x…"}``            an integer beyond 64 bits
``{"t": "float", "v": "nan"}``          nan, inf, -inf (JSON has no word for them)
``{"t": "complex", "v": [re, im]}``     complex
``{"t": "bytes", "n": length}``         bytes; the next ``length`` raw bytes
``{"t": "tuple", "v": […]}``            tuple
``{"t": "dict", "v": [[key, value]]}``  dict, in order
``{"t": "array", "d": …, "s": […]}``    array of dtype name ``d`` and shape ``s``; its raw bytes, little-endian, C order
``{"t": "scalar", "d": …}``             NumPy scalar
``{"t": "tag", "n": …, "v": …}``        `Tagged`
======================================  ====================================================================
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_BYTES = 64 << 20
MAX_DEPTH = 32
MAX_HEADER = 16 << 20  # JSON takes up to ~20 times its size once parsed; raw bytes do not
MAX_DIMENSIONS = 32
# Keys that are no strings, a message: only a string's hash is seeded, the others can be made to collide, and tuples are
# slow to compare.
MAX_LOOSE_KEYS, MAX_KEY_LENGTH = 200, 8

_LENGTH = struct.Struct("<I")
_KINDS = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128"
_DTYPES = {name: np.dtype(name) for name in _KINDS.split()}
_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True)
class Tagged:
    """A plain value that stands for something else, e.g. ``Tagged("tensor", array)``."""

    tag: str
    value: object


class WireError(ValueError):
    """A value that cannot be sent, or bytes that are no message."""


def encode(value: Any, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> bytes:
    """Plain data → bytes.

    A subclass of a plain type (an ``int`` with a repr of its own, a named tuple) is sent as the plain value that it
    holds; none of its own methods is called. String arrays become lists of ``str``. Raises `WireError` for anything else
    (objects, functions, object arrays, sets), for more than ``max_bytes``, and for nesting beyond ``max_depth``.
    """
    encoder = _Encoder(max_bytes, max_depth)
    node = encoder.node(value, 0)
    try:
        header = json.dumps(node, separators=(",", ":"), allow_nan=False).encode()
    except RecursionError:
        raise WireError("nested too deeply") from None
    if len(header) > MAX_HEADER:
        raise WireError(f"too many small values: {len(header)} bytes of description, at most {MAX_HEADER}")
    encoder.count(len(header) + _LENGTH.size)
    return b"".join([_LENGTH.pack(len(header)), header, *encoder.blobs])


def decode(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """Bytes → plain data; arrays are fresh and writable. Raises `WireError` for anything that `encode` would not write."""
    if len(data) > max_bytes:
        raise WireError(f"message of {len(data)} bytes, at most {max_bytes}")
    if len(data) < _LENGTH.size:
        raise WireError("message too short")
    (length,) = _LENGTH.unpack_from(data)
    if length > min(MAX_HEADER, len(data) - _LENGTH.size):
        raise WireError("header longer than the message")
    start = _LENGTH.size + length
    try:
        node = json.loads(bytes(data[_LENGTH.size : start]), parse_constant=_no_constant, parse_int=_small_int)
    except (ValueError, RecursionError) as error:
        raise WireError(f"header is not JSON: {type(error).__name__}") from None
    decoder = _Decoder(memoryview(data), start, max_depth)
    value = decoder.value(node, 0)
    if decoder.at != len(data):
        raise WireError(f"{len(data) - decoder.at} bytes too many")
    return value


def _no_constant(name: str) -> Any:
    raise WireError(f"{name} is not JSON")


def _small_int(text: str) -> int:
    if len(text) > 20:  # larger ones travel in hexadecimal: parsing decimal digits takes quadratic time
        raise WireError("integer with too many digits")
    return int(text)


def _dtype(name: Any) -> np.dtype:
    if name == "bfloat16":
        try:
            import ml_dtypes
        except ImportError:
            raise WireError("bfloat16 needs ml_dtypes") from None
        return np.dtype(ml_dtypes.bfloat16)
    if not isinstance(name, str) or name not in _DTYPES:
        raise WireError(f"dtype {str(name)[:40]!r} does not travel")
    return _DTYPES[name]


class _Encoder:
    def __init__(self, max_bytes: int, max_depth: int) -> None:
        self.left, self.max_bytes, self.max_depth = max_bytes, max_bytes, max_depth
        self.loose_keys = 0
        self.blobs: list[bytes] = []

    def count(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise WireError(f"more than {self.max_bytes} bytes")

    def blob(self, raw: bytes) -> None:
        self.blobs.append(raw)

    def node(self, value: Any, depth: int) -> Any:
        if depth > self.max_depth:
            raise WireError(f"nested more than {self.max_depth} deep")
        self.count(1)
        if value is None or value is True or value is False:
            return value
        if isinstance(value, np.ndarray):
            return self.array(value, depth)
        if isinstance(value, np.generic):
            return self.scalar(value)
        if isinstance(value, int):
            number = int.__int__(value)
            return number if -(2**63) <= number < 2**63 else {"t": "int", "v": hex(number)}
        if isinstance(value, float):
            return _float(float.__float__(value))
        if isinstance(value, complex):
            parts = complex.__complex__(value)
            return {"t": "complex", "v": [_float(parts.real), _float(parts.imag)]}
        if isinstance(value, str):
            self.count(str.__len__(value))
            return str.__str__(value)
        if isinstance(value, bytes):
            raw = bytes.__getitem__(value, slice(None))
            self.count(len(raw))
            self.blob(raw)
            return {"t": "bytes", "n": len(raw)}
        if isinstance(value, list):
            return [self.node(v, depth + 1) for v in list.__iter__(value)]
        if isinstance(value, tuple):
            return {"t": "tuple", "v": [self.node(v, depth + 1) for v in tuple.__iter__(value)]}
        if isinstance(value, dict):
            return {"t": "dict", "v": [[self.key(k, depth), self.node(v, depth + 1)] for k, v in dict.items(value)]}
        if type(value) is Tagged:
            if not isinstance(value.tag, str):
                raise WireError("a tag is a string")
            return {"t": "tag", "n": str.__str__(value.tag), "v": self.node(value.value, depth + 1)}
        raise WireError(f"a value of type {type(value).__name__} does not travel")

    def key(self, key: Any, depth: int) -> Any:
        self.loose_keys = _count_key(key, self.loose_keys)
        return self.node(key, depth + 1)

    def array(self, value: np.ndarray, depth: int) -> Any:
        array = value.view(np.ndarray) if type(value) is not np.ndarray else value
        if array.dtype.kind in "US":
            if array.dtype.kind == "S":
                array = np.char.decode(array, "utf-8", "replace")
            self.count(array.nbytes)
            return self.node(array.tolist(), depth)
        dtype = self.travels(array.dtype)
        if array.ndim > MAX_DIMENSIONS:
            raise WireError(f"{array.ndim} dimensions, at most {MAX_DIMENSIONS}")
        self.count(array.nbytes)
        self.blob(array.astype(dtype.newbyteorder("<"), copy=False).tobytes())
        return {"t": "array", "d": dtype.name, "s": list(array.shape)}

    def scalar(self, value: np.generic) -> Any:
        if isinstance(value, np.str_):
            return self.node(str.__str__(value), 0)
        if isinstance(value, np.bytes_):
            return self.node(bytes.__getitem__(value, slice(None)), 0)
        array = np.asarray(value)
        dtype = self.travels(array.dtype)
        self.count(array.nbytes)
        self.blob(array.astype(dtype.newbyteorder("<"), copy=False).tobytes())
        return {"t": "scalar", "d": dtype.name}

    @staticmethod
    def travels(dtype: np.dtype) -> np.dtype:
        native = _dtype(dtype.name)
        if dtype.newbyteorder("=") != native:
            raise WireError(f"dtype {dtype} does not travel")
        return native


def _count_key(key: Any, loose: int) -> int:
    """The number of keys that are no strings, with this one. Raises `WireError` for one too many, and for what is no key."""
    parts = tuple.__iter__(key) if isinstance(key, tuple) and tuple.__len__(key) <= MAX_KEY_LENGTH else (key,)
    for part in parts:
        if part is not None and not isinstance(part, (bool, int, float, complex, str, bytes, np.generic)):
            raise WireError(f"a dict key of type {type(key).__name__} does not travel")
    if isinstance(key, str):
        return loose
    if loose == MAX_LOOSE_KEYS:
        raise WireError(f"more than {MAX_LOOSE_KEYS} dict keys that are no strings")
    return loose + 1


def _float(number: float) -> Any:
    return number if math.isfinite(number) else {"t": "float", "v": repr(number)}


class _Decoder:
    def __init__(self, data: memoryview, start: int, max_depth: int) -> None:
        self.data, self.at, self.max_depth = data, start, max_depth
        self.loose_keys = 0

    def take(self, size: int) -> memoryview:
        if size > len(self.data) - self.at:
            raise WireError("raw bytes missing")
        self.at += size
        return self.data[self.at - size : self.at]

    def value(self, node: Any, depth: int) -> Any:
        if depth > self.max_depth:
            raise WireError(f"nested more than {self.max_depth} deep")
        if node is None or type(node) in (bool, int, float):
            return node
        if type(node) is str:  # half a surrogate pair can be written to no file: a question mark takes its place
            return node if node.isascii() else node.encode("utf-8", "replace").decode()
        if type(node) is list:
            return [self.value(n, depth + 1) for n in node]
        read = getattr(self, f"read_{node['t']}", None) if isinstance(node.get("t"), str) else None
        if read is None:
            raise WireError("unknown kind of value")
        return read(node, depth)

    def read_int(self, node: dict, depth: int) -> int:
        text = _field(node, "v", str)
        try:
            number = int(text, 16)
        except ValueError:
            raise WireError("malformed integer") from None
        return number

    def read_float(self, node: dict, depth: int) -> float:
        text = _field(node, "v", str)
        if text not in _SPECIAL:
            raise WireError("malformed float")
        return _SPECIAL[text]

    def read_complex(self, node: dict, depth: int) -> complex:
        parts = [self.value(n, depth + 1) for n in _field(node, "v", list)]
        if len(parts) != 2 or any(type(p) is not float for p in parts):
            raise WireError("malformed complex number")
        return complex(*parts)

    def read_bytes(self, node: dict, depth: int) -> bytes:
        size = _field(node, "n", int)
        if size < 0:
            raise WireError("negative length")
        return bytes(self.take(size))

    def read_tuple(self, node: dict, depth: int) -> tuple:
        return tuple([self.value(n, depth + 1) for n in _field(node, "v", list)])

    def read_dict(self, node: dict, depth: int) -> dict:
        pairs = _field(node, "v", list)
        result = {}
        for pair in pairs:
            if type(pair) is not list or len(pair) != 2:
                raise WireError("malformed dict")
            key = self.value(pair[0], depth + 1)
            self.loose_keys = _count_key(key, self.loose_keys)
            try:
                result[key] = self.value(pair[1], depth + 1)
            except TypeError:
                raise WireError("a dict key that cannot be hashed") from None
        if len(result) != len(pairs):
            raise WireError("a dict key that occurs twice")
        return result

    def read_array(self, node: dict, depth: int) -> np.ndarray:
        dtype, shape = _dtype(node.get("d")), _field(node, "s", list)
        if len(shape) > MAX_DIMENSIONS or any(type(n) is not int or not 0 <= n < 2**40 for n in shape):
            raise WireError("malformed shape")
        raw = self.take(math.prod(shape) * dtype.itemsize)
        try:
            return _from_raw(raw, dtype).reshape(shape)
        except (
            ValueError,
            OverflowError,
        ):  # an empty array whose other dimensions multiply to more than NumPy can count
            raise WireError("malformed shape") from None

    def read_scalar(self, node: dict, depth: int) -> np.generic:
        dtype = _dtype(node.get("d"))
        return _from_raw(self.take(dtype.itemsize), dtype)[0]

    def read_tag(self, node: dict, depth: int) -> Tagged:
        return Tagged(self.value(_field(node, "n", str), depth), self.value(node.get("v"), depth + 1))


def _field(node: dict, name: str, kind: type) -> Any:
    value = node.get(name)
    if type(value) is not kind:
        raise WireError(f"malformed {node['t']}")
    return value


def _from_raw(raw: memoryview, dtype: np.dtype) -> np.ndarray:
    if dtype == np.bool_:
        return np.frombuffer(raw, np.uint8) != 0  # a forged bool of value 2 would be neither true nor false
    if not len(raw):
        return np.empty(0, dtype)
    return np.frombuffer(raw, dtype.newbyteorder("<")).astype(dtype)
