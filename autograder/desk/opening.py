"""Notebooks that open as saved: JupyterLab writes into a notebook which Python its kernel is, and then shows it as changed.

So it is told beforehand, once, in notebooks that nobody has opened yet. Only the metadata is touched.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..course.folder import CourseError
from ..course.notebooks import notebook_text, read_notebook, write_text
from ..judging.topics import NUMBERED


def language() -> dict:
    """What the kernels of this environment say of their language."""
    from ipykernel.ipkernel import IPythonKernel

    return dict(IPythonKernel.language_info)


def tell_language(shelf: Path) -> None:
    """In a bundle's notebooks; in a course folder `release/` is made by `course build`, and stays as it is."""
    if (shelf.parent / "source").is_dir():
        return
    for path in shelf.glob("*/*.ipynb"):
        if path.stem != path.parent.name or not NUMBERED.fullmatch(path.stem) or path.is_symlink():
            continue
        try:
            notebook = read_notebook(path)
            if notebook.metadata.get("language_info") != {"name": "python"}:
                continue
            before = path.stat()
            notebook.metadata["language_info"] = language()
            write_text(path, notebook_text(notebook))
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        except (CourseError, OSError):  # damaged, or a disk that is read-only: it is opened as it is
            continue
