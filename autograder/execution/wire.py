"""The inert data that crosses between grader and child, and its encoding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tagged:
    """A plain value that stands for something else, e.g. ``Tagged("tensor", array)``."""

    tag: str
    value: object
