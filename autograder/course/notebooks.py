"""Notebooks as files: read whole or refused with a sentence, written whole or not at all."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import nbformat

from .bounds import read_bounded
from .folder import CourseError
from .mending import mended

WRONG = (ValueError, nbformat.ValidationError, AttributeError, KeyError, TypeError, RecursionError)
"""What nbformat raises over what is no notebook."""


def read_notebook(path: Path, called: str | None = None) -> nbformat.NotebookNode:
    """Read a notebook of format 4, put right where only its form is wrong (`mending`); raises `CourseError` where it cannot be, or
    where it is too much (`bounds`).

    called: what the error calls it, if not by its path.
    """
    called = called or str(path)
    try:
        data, too_much = read_bounded(path)
        if too_much:
            raise CourseError(f"{called} {too_much}; nothing of it was read")
        text = io.TextIOWrapper(
            io.BytesIO(data), encoding="utf-8-sig"
        ).read()  # with all kinds of line ends; some editors begin with a mark
        text = _whole_characters(text)
        try:
            notebook = _parsed(text)
        except WRONG:
            found = json.loads(text)
            if not isinstance(found, dict) or found.get("nbformat") != 4:
                raise
            notebook = _parsed(json.dumps(mended(found)))
    except FileNotFoundError:
        raise CourseError(f"there is no notebook {called}") from None
    except OSError as error:
        raise CourseError(f"{called} cannot be read: {error.strerror}") from None
    except WRONG as error:
        told = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise CourseError(f"{called} is damaged: it is not a Jupyter notebook ({told})") from None
    return notebook


def _parsed(text: str) -> nbformat.NotebookNode:
    """JSON as a notebook of format 4. Raises any of `WRONG`."""
    notebook = nbformat.convert(nbformat.reader.reads(text), 4)
    if notebook.nbformat_minor < 5:  # some editors write ids where the format does not have them yet
        for cell in notebook.cells:
            cell.pop("id", None)
    nbformat.validate(notebook)
    return notebook


def _whole_characters(text: str) -> str:
    """A notebook's JSON in which half a surrogate pair, which can be written to no file, is a question mark."""
    if "\\ud" not in text.lower():
        return text
    return json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace").decode()


def notebook_text(notebook: nbformat.NotebookNode) -> str:
    """A notebook as the course stores it: one-space indent, one final newline."""
    return nbformat.writes(notebook, indent=1).rstrip("\n") + "\n"


def plain(text: str) -> str:
    """Without the colours of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def one_cell_a_line(notebook: nbformat.NotebookNode) -> str:
    """A notebook as JSON, ten times faster to write than indented; it has been validated when it was read."""
    rest = {key: value for key, value in notebook.items() if key != "cells"}
    cells = ",\n".join(json.dumps(cell, ensure_ascii=False) for cell in notebook.cells)
    return f'{{"cells": [\n{cells}\n],\n{json.dumps(rest, ensure_ascii=False)[1:]}\n'


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with _anew(path, "w", encoding="utf-8") as new:
        new.write(text)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with _anew(path, "wb") as new:
        new.write(content)


@contextlib.contextmanager
def _anew(path: Path, mode: str, **options: str) -> Iterator[IO]:
    """A file beside `path` that takes its place once it is written."""
    with tempfile.NamedTemporaryFile(mode, dir=path.parent, prefix=f".{path.name}.", delete=False, **options) as new:
        yield new
    os.chmod(new.name, 0o644)
    os.replace(new.name, path)
