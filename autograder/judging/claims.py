"""`claim`: an executable sentence of the lesson."""

from __future__ import annotations

from typing import Any


def claim(sentence: str, holds: Any) -> None:
    """Print ✓ and the sentence if it holds, ✗ if not. `holds` is a truth value: bool, NumPy bool, or a scalar bool tensor.

    The sentence names a range, not a measured number, so that the printed line is the same on every machine.
    """
    print(("✓ " if bool(holds) else "✗ ") + sentence)
