"""Compare two observed results: shape, dtype and finiteness first, then values. Pure; plain data in, a sentence out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..execution.wire import Tagged

# By the coarser dtype of the two: relative tolerance, and absolute as a share of the largest finite expected value.
# Two right formulas in float32 differ by rounding, about 1e-6 relative; a float64 detour or a fused op by more.
TOLERANCE = {2: (2e-2, 2e-3), 4: (1e-4, 1e-5), 8: (1e-7, 1e-9)}


def difference(
    got: Any,
    expected: Any,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    dtype: bool = True,
    what: str = "your result",
) -> str | None:
    """None if `got` equals `expected` within tolerance, else a sentence that says where and how they differ.

    Tensors, variables and arrays count as the same kind of thing, and so does the list of an array's rows; a number may also
    come as an array without dimensions.
    `dtype`: dtypes must be equal (a plain Python number has none and may stand for any number of its kind).
    """
    if isinstance(expected, (list, tuple)) or (isinstance(expected, Tagged) and expected.tag == "dataset"):
        return _sequences(got, expected, rtol, atol, dtype, what)
    if isinstance(expected, dict):
        return _dicts(got, expected, rtol, atol, dtype, what)
    want = as_array(expected)
    if want is None:
        if isinstance(expected, Tagged) and isinstance(got, Tagged) and got.tag == expected.tag:
            return difference(got.value, expected.value, rtol=rtol, atol=atol, dtype=dtype, what=what)
        same = type(got) is type(expected) and got == expected
        return None if same else f"{what} is {describe(got)}, expected {describe(expected)}"
    have = rows(got)
    if have is None:
        return f"{what} is {describe(got)}, expected {describe(expected)}"
    if have.shape != want.shape:
        return f"{what} has shape {list(have.shape)}, expected {list(want.shape)}"
    if dtype and (wrong := _dtypes(got, have, expected, want)):
        return f"{what} {wrong}"
    return _values(have, want, rtol, atol, what)


def as_array(value: Any) -> np.ndarray | None:
    """The number or numbers in a plain value, or None if it holds none."""
    if isinstance(value, Tagged):
        return value.value if value.tag in ("tensor", "variable", "array", "scalar") else None
    if isinstance(value, (np.ndarray, np.generic)):
        return np.asarray(value)
    if type(value) in (bool, int, float, complex):
        return np.asarray(value)
    return None


def rows(value: Any, depth: int = 0) -> np.ndarray | None:
    """The array that a list of numbers, or of rows of equal shape, makes; None if it makes none."""
    if type(value) not in (list, tuple):
        return as_array(value)
    parts = [rows(part, depth + 1) for part in value] if depth < 8 else []
    if not parts or any(part is None for part in parts) or len({part.shape for part in parts}) > 1:
        return None
    return np.stack(parts)


def is_of_plain_numbers(value: Any) -> bool:
    """A Python number, or a list of nothing else: it has no dtype that anybody chose."""
    if type(value) in (list, tuple):
        return all(is_of_plain_numbers(part) for part in value)
    return type(value) in (bool, int, float, complex)


def describe(value: Any) -> str:
    """A plain value in a few words: "a tensor float32 [4, 3]", "the number 3", "None"."""
    if value is None:
        return "None"
    if isinstance(value, Tagged) and value.tag in ("tensor", "variable", "array"):
        return f"a {value.tag} {value.value.dtype} {list(value.value.shape)}"
    if isinstance(value, Tagged):
        return f"a {value.value}" if value.tag == "other" else f"a {value.tag}"
    if isinstance(value, np.ndarray):
        return f"an array {value.dtype} {list(value.shape)}"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    if type(value) in (int, float, complex):
        return f"the number {value:.6g}"
    if isinstance(value, dict):
        return f"a dict with the keys {', '.join(map(str, value))}"[:200]
    return repr(value)[:200]


def show(value: Any, limit: int = 8) -> str:
    """A plain value with its first numbers, on one line."""
    array = as_array(value)
    if array is None:
        if isinstance(value, (list, tuple)):
            inner = ", ".join(show(v, 4) for v in value[:4])
            return f"[{inner}{', …' if len(value) > 4 else ''}]"
        return describe(value)
    numbers = " ".join(_number(v) for v in array.reshape(-1)[:limit])
    numbers += " …" if array.size > limit else ""
    if array.ndim == 0 and not isinstance(value, (Tagged, np.ndarray)):
        return numbers
    return f"{array.dtype} {list(array.shape)}: {numbers}"


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else str(value)


def _dtypes(got: Any, have: np.ndarray, expected: Any, want: np.ndarray) -> str | None:
    if have.dtype == want.dtype:
        return None
    plain = is_of_plain_numbers(got) or is_of_plain_numbers(expected)
    if plain and _kind(have) == _kind(want):
        return None
    if _kind(want) == "f" and _kind(have) == "i" and is_of_plain_numbers(got):
        return None
    if have.ndim == 0 and isinstance(got, np.ndarray) and _kind(have) == _kind(want):
        return None  # a NumPy scalar: np.mean of Python numbers is float64 whatever went in
    return f"has dtype {have.dtype}, expected {want.dtype if type(expected) is not float else 'float'}"


def _kind(array: np.ndarray) -> str:
    return {"i": "i", "u": "i"}.get(array.dtype.kind, array.dtype.kind)


def _values(have: np.ndarray, want: np.ndarray, rtol: float | None, atol: float | None, what: str) -> str | None:
    if want.dtype.kind not in "fc":
        wrong = np.argwhere(have != want)
        return _first(wrong, have, want, what) if len(wrong) else None
    if want.dtype.kind == "c":
        have, want = np.asarray(have, complex), np.asarray(want, complex)
        size = 8
    else:
        size = min(have.dtype.itemsize if have.dtype.kind == "f" else 8, want.dtype.itemsize)
        have, want = np.asarray(have, np.float64), np.asarray(want, np.float64)
    for name, test in (("nan", np.isnan), ("inf", np.isinf)):
        wrong = np.argwhere(test(have) & ~test(want))
        if len(wrong):
            return f"{what} has {name}{_at(wrong[0])}, expected {_number(want[tuple(wrong[0])])}"
        wrong = np.argwhere(test(want) & ~test(have))
        if len(wrong):
            return _first(wrong, have, want, what)
    default_r, share = TOLERANCE.get(size, TOLERANCE[8])
    rtol = default_r if rtol is None else rtol
    finite = np.abs(want[np.isfinite(want)])
    atol = share * (finite.max() if finite.size else 0.0) if atol is None else atol
    with np.errstate(invalid="ignore"):
        close = np.isclose(have, want, rtol=rtol, atol=max(atol, 1e-300), equal_nan=True)
    wrong = np.argwhere(~close)
    return _first(wrong, have, want, what) if len(wrong) else None


def _first(wrong: np.ndarray, have: np.ndarray, want: np.ndarray, what: str) -> str:
    where = tuple(wrong[0])
    count = f" ({len(wrong)} of {want.size} differ)" if want.size > 1 else ""
    got, expected = _apart(have[where], want[where])
    return f"{what} is {got}{_at(where)}, expected {expected}{count}"


def _apart(got: Any, expected: Any) -> tuple[str, str]:
    """Two unequal numbers with as many digits as it takes to see that they are."""
    texts = _number(got), _number(expected)
    if texts[0] == texts[1] and isinstance(got, (float, np.floating)):
        texts = next(
            (pair for d in (9, 12, 15, 17) if (pair := (f"{got:.{d}g}", f"{expected:.{d}g}"))[0] != pair[1]), texts
        )
    return texts


def _at(where: Any) -> str:
    return f" at [{', '.join(str(int(i)) for i in where)}]" if len(where) else ""


def _sequences(got: Any, expected: Any, rtol: Any, atol: Any, dtype: bool, what: str) -> str | None:
    if isinstance(expected, Tagged):
        if not (isinstance(got, Tagged) and got.tag == "dataset"):
            return f"{what} is {describe(got)}, expected a dataset"
        got, expected = got.value, expected.value
    if not isinstance(got, (list, tuple)):
        return f"{what} is {describe(got)}, expected {describe(expected)}"
    if len(got) != len(expected):
        return f"{what} has {len(got)} elements, expected {len(expected)}"
    for i, (g, e) in enumerate(zip(got, expected, strict=True)):
        if found := difference(g, e, rtol=rtol, atol=atol, dtype=dtype, what=f"{what}[{i}]"):
            return found
    return None


def _part(what: str, key: Any) -> str:
    """How a value of a dictionary is called: what a probe has named by words is called by them."""
    if key == "result":
        return what
    if not isinstance(key, str) or " " not in key:
        return f"{what}[{key!r}]"
    return key if key.startswith("the ") else f"“{key}”"


def _dicts(got: Any, expected: dict, rtol: Any, atol: Any, dtype: bool, what: str) -> str | None:
    if not isinstance(got, dict):
        return f"{what} is {describe(got)}, expected {describe(expected)}"
    if set(got) != set(expected):
        return f"{what} has the keys {sorted(map(str, got))}, expected {sorted(map(str, expected))}"
    for key, value in expected.items():
        if found := difference(got[key], value, rtol=rtol, atol=atol, dtype=dtype, what=_part(what, key)):
            return found
    return None
