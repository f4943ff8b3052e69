"""Helpers for tests that read cells."""

import re


def text(result):
    """All that a cell printed."""
    return "".join(o.get("text", "") for o in result.outputs)


def plain(line):
    """A line without the terminal's colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line)
