"""The first page, `00_start_here.ipynb`: written anew each time that `course lab` starts, with the points so far in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..course.notebooks import notebook_text, write_text  # before nbformat, see there
from .opening import language
from .progress import FIRST_PAGE, ShelfProgress
from .shelf import chapters

WELCOME = """# Start here

Each chapter is a notebook. It asks a question and lets you build the answer; each exercise tells you at once whether it is
right, and if not, what to think about. Open the first chapter and go from top to bottom: {keys}

Below are the chapters with your points so far, as `check` noted them on this computer. To count anew, click into the cell and press
Shift and Enter."""
KEYS = "Shift and Enter runs a cell and goes to the next, Ctrl and S (on a Mac, Command and S) saves."
ENDING = """## When a chapter is done

Its last cells show what is left, and hand it in: they grade a copy as your teacher will, and put it into the folder `hand-in`.
Nothing is sent anywhere. This page is written anew whenever the course is opened; keep notes of your own in another file."""
SOURCE = "from autograder import progress\n\nprogress()"


def write_first_page(shelf: Path) -> bool:
    """Write it beside the chapters' folders; False if that cannot be done, as on a disk that is read-only."""
    import nbformat
    from nbformat.sign import NotebookNotary
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    shown = ShelfProgress(tuple(chapters(shelf)))
    data = {"text/plain": repr(shown), "text/html": shown._repr_html_()}
    page = new_notebook(
        cells=[
            new_markdown_cell(WELCOME.format(keys=KEYS), id="welcome"),
            new_code_cell(SOURCE, id="progress", outputs=[new_output("execute_result", data, execution_count=None)]),
            new_markdown_cell(ENDING, id="ending"),
        ],
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": language(),
        },
    )
    try:
        write_text(shelf / FIRST_PAGE, notebook_text(page))
    except OSError:
        return False
    try:
        # so that JupyterLab shows the output with its colours, as one that this user has made
        NotebookNotary().sign(nbformat.read(shelf / FIRST_PAGE, as_version=4))
    except (OSError, sqlite3.Error):
        pass
    return True
