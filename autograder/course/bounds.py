"""How much of a notebook is read at all: its bytes first, then what they would become, counted before any of it is built.

A few bytes of JSON can become hundreds of times as many in memory: `{},` a thousand. So signs are counted on the bytes, in
time and memory proportional to them, and a notebook with too many is refused.
"""

from __future__ import annotations

import re
from itertools import accumulate
from pathlib import Path

MAX_BYTES = 100 << 20
MAX_CONTAINERS = 200_000  # lists and dictionaries: up to a thousand bytes each, as notebooks
MAX_VALUES = 2_000_000  # of all kinds: numbers of a figure, lines of a text
MAX_DEPTH = 200  # of lists and dictionaries in each other

STRING = re.compile(rb'"[^"]*+"?')  # once what is escaped is gone
NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))


def read_bounded(path: Path) -> tuple[bytes, str | None]:
    """A file's bytes, and what of them is too much for a notebook, if anything is."""
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        return b"", f"is larger than {MAX_BYTES >> 20} MiB"
    return data, excess(data)


def excess(data: bytes) -> str | None:
    """What of this JSON is too much, as the rest of a sentence; None if nothing is. Whether it is JSON is not asked."""
    if b"\\" in data:  # which JSON has in its texts alone
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    if data.count(b'"') > 4 * MAX_VALUES:
        return f"holds more than {MAX_VALUES} values"
    outside = STRING.sub(b"", data)
    containers = outside.count(b"{") + outside.count(b"[")
    if containers > MAX_CONTAINERS:
        return f"holds more than {MAX_CONTAINERS} lists and dictionaries"
    if containers + outside.count(b",") + outside.count(b":") > MAX_VALUES:
        return f"holds more than {MAX_VALUES} values"
    brackets = outside.translate(None, NO_BRACKETS)
    if max(accumulate(1 if sign in b"{[" else -1 for sign in brackets[: 4 * MAX_CONTAINERS]), default=0) > MAX_DEPTH:
        return f"holds lists and dictionaries in each other, more than {MAX_DEPTH} deep"
    return None
