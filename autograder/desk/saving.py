"""What is open is saved before it is handed in, and what is not saved is noticed: a file is all that can be handed in.

Only JupyterLab knows what stands in its tabs. The one that `course lab` has opened listens to the event that is sent here
(`labextensions/`); others do not, and then it is told how old the file is.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from ..judging import ledger
from .shelf import whole

LISTENS = "COURSE_LAB"
"""The variable that says to a kernel that the JupyterLab around it is the one of `course lab`."""

EVENT = "window.dispatchEvent(new Event('course:save'));"
PATIENCE = 6.0  # seconds; JupyterLab saves in less than one
OLD = 5.0  # seconds


def save_open(path: Path) -> bool:
    """Have JupyterLab save what is open in it; True once this file was written, False where nobody listens."""
    shell = _shell()
    if shell is None or not os.environ.get(LISTENS) or not os.environ.get("JPY_SESSION_NAME"):
        return False
    from IPython.display import Javascript, clear_output, display

    before = path.stat().st_mtime_ns
    display(Javascript(EVENT))
    end = time.monotonic() + PATIENCE
    while not (saved := path.stat().st_mtime_ns != before and whole(path) is not None) and time.monotonic() < end:
        time.sleep(0.05)
    clear_output(wait=True)
    return saved


def tell(text: str) -> None:
    """Show a line below the cell, in the place of what stands there, until the next one."""
    if _shell() is not None:
        from IPython.display import clear_output, display

        display({"text/plain": text}, raw=True)
        clear_output(wait=True)


def this_cell_unsaved() -> bool:
    """Does the file have another text in the cell that is running? Then what else was written since need not be in it either."""
    shell = _shell()
    told = shell.get_parent() if shell is not None and hasattr(shell, "get_parent") else {}
    name, source = told.get("metadata", {}).get("cellId"), told.get("content", {}).get("code")
    saved = {cell.id: cell.source for cell in ledger.notebook_cells() if cell.id}
    return bool(name and source and saved) and saved.get(name, "").strip() != source.strip()


def age(path: Path) -> str:
    """How old the file is, as a sentence; empty if it was saved just now."""
    seconds = time.time() - path.stat().st_mtime
    if seconds < OLD:
        return ""
    minutes = round(seconds / 60)
    ago = (
        f"{seconds:.0f} seconds"
        if seconds < 90
        else f"{minutes} minutes"
        if minutes < 90
        else f"{minutes / 60:.0f} hours"
    )
    return f"The file was saved {ago} ago: what you have written since is not in it. If there is something, save, and hand in again."


def _shell() -> Any:
    interactive = sys.modules.get("IPython")
    return interactive.get_ipython() if interactive else None
