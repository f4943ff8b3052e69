"""A notebook that is not quite as the format wants it, put right as far as nothing that a student wrote is lost.

Jupyter and nbgrader open such notebooks with no more than a word in a log: other editors, converters and scripts leave out a
kernel's display name, write a cell's outputs into prose, or invent fields. What is no notebook at all stays so.
"""

from __future__ import annotations

import re
from typing import Any

OUTPUTS = {
    "stream": {"name": str, "text": (str, list)},
    "error": {"ename": str, "evalue": str, "traceback": list},
    "display_data": {"data": dict, "metadata": dict},
    "execute_result": {"data": dict, "metadata": dict},
}
"""Of each kind of output what has to be there, and of which type."""

FIELDS = {"id", "cell_type", "metadata", "source"}
FLAGS = {"collapsed": bool, "jupyter": dict, "format": str, "name": str}
ABOUT = {"title": str, "authors": list, "kernelspec": dict, "language_info": dict}
"""What a cell's, and a notebook's, metadata may hold under these names."""

IDENTITY = re.compile(r"[A-Za-z0-9_-]{1,64}")


def mended(notebook: dict) -> dict:
    """A notebook of format 4, as JSON has it, in which nothing is missing and nothing is in the way; the argument is left alone.

    Raises TypeError where it has no list of cells, or something among them that is no cell.
    """
    about = _only(notebook.get("metadata"), ABOUT)
    for section in ("kernelspec", "language_info"):
        if section in about and not isinstance(about[section].get("name"), str):
            del about[section]
    if "kernelspec" in about and not isinstance(about["kernelspec"].get("display_name"), str):
        about["kernelspec"] = {**about["kernelspec"], "display_name": about["kernelspec"]["name"]}
    about.pop("orig_nbformat", None)
    minor = _count(notebook.get("nbformat_minor"))
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise TypeError("it has no list of cells")
    minor = 4 if minor is None else minor
    return {"nbformat": 4, "nbformat_minor": minor, "metadata": about, "cells": [_cell(cell) for cell in cells]}


def _cell(cell: dict) -> dict:
    kind = cell.get("cell_type")
    kind = kind if kind in ("code", "raw") else "markdown"
    kept = {name: value for name, value in cell.items() if name in FIELDS}
    kept["cell_type"], kept["source"] = kind, _text(cell.get("source"))
    if "id" in kept and not (isinstance(kept["id"], str) and IDENTITY.fullmatch(kept["id"])):
        del kept["id"]
    kept["metadata"] = about = _only(cell.get("metadata"), FLAGS)
    if "tags" in about:
        found = about["tags"] if isinstance(about["tags"], list) else []
        about["tags"] = list(dict.fromkeys(tag for tag in found if isinstance(tag, str) and tag and "," not in tag))
    if about.get("scrolled", "auto") not in (True, False, "auto"):
        del about["scrolled"]
    about.pop("execution", None)  # when it ran, which nobody reads
    if kind == "code":
        outputs = cell.get("outputs")
        kept["execution_count"] = _count(cell.get("execution_count"))
        kept["outputs"] = [_output(o) for o in outputs if _is_output(o)] if isinstance(outputs, list) else []
    elif isinstance(cell.get("attachments"), dict):
        found = cell["attachments"].items()
        kept["attachments"] = {name: kinds for name, kinds in found if _is_bundle(kinds)}
    return kept


def _text(source: Any) -> str:
    """A source in one piece. Raises TypeError for what is no text."""
    if source is None:
        return ""
    if not _is_text(source):
        raise TypeError("what is in a cell is no text")
    return "".join(source)


def _is_text(value: Any) -> bool:
    """Is it a text, in one piece or line by line?"""
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(line, str) for line in value))


def _count(value: Any) -> int | None:
    """A number to count with; None for all else."""
    return value if type(value) is int and value >= 0 else None


def _only(metadata: Any, types: dict[str, type]) -> dict:
    """A copy without what is not of the type that it must be of."""
    found = metadata if isinstance(metadata, dict) else {}
    return {name: value for name, value in found.items() if name not in types or type(value) is types[name]}


def _is_output(output: Any) -> bool:
    if not isinstance(output, dict) or output.get("output_type") not in OUTPUTS:
        return False
    wanted = OUTPUTS[output["output_type"]]
    return (
        all(isinstance(output.get(name), kind) for name, kind in wanted.items() if name != "metadata")
        and _is_bundle(output.get("data", {}))
        and all(_is_text(output[name]) for name in ("text", "traceback") if name in wanted)
    )


def _output(output: dict) -> dict:
    kept = {name: output[name] for name in ("output_type", *OUTPUTS[output["output_type"]]) if name in output}
    if "data" in kept:
        kept["metadata"] = kept["metadata"] if isinstance(kept.get("metadata"), dict) else {}
    if output["output_type"] == "execute_result":
        kept["execution_count"] = _count(output.get("execution_count"))
    return kept


def _is_bundle(kinds: Any) -> bool:
    """Are these contents by their types, each a text or, for JSON, whatever it is?"""
    return isinstance(kinds, dict) and all(
        kind.endswith("json") or _is_text(content) for kind, content in kinds.items()
    )
