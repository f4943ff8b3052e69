"""What is handed in beside a notebook: regular files. What a link points to is not the student's to show."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

MAX_FILES = 100 << 20  # bytes of a submission's own files that go into the child's folder


def is_regular(path: Path, folder: Path) -> bool:
    """Is this a file, and neither a link nor in a folder that is reached through one? folder: above which nobody looks."""
    try:
        regular = stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
    return regular and not any(parent.is_symlink() for parent in path.parents if folder in parent.parents)


def others(folder: Path) -> Iterator[Path]:
    """What lies below a folder and is neither a folder nor a regular file: links, pipes, devices."""
    for where, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(where, name)
            if not is_regular(path, folder) and (path.is_symlink() or not path.is_dir()):
                yield path


def copy_files(source: Path, target: Path) -> None:
    """Copy what was handed in beside the notebook: regular files only, up to `MAX_FILES` bytes."""
    left = MAX_FILES
    for where, _, files in os.walk(source):  # it follows no links
        for path in sorted(Path(where, name) for name in files):
            if path.suffix == ".ipynb" or not is_regular(path, source):
                continue
            left -= path.stat().st_size
            if left < 0:
                return
            (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / path.relative_to(source), follow_symlinks=False)


def remove_copies(submitted: Path, copy: Path, own: Path) -> list[Path]:
    """Of a copy that nbgrader has made of a submission, remove what links point to; returns the links.

    own: the course's files, of which nbgrader has put copies over the student's.
    """
    found = list(others(submitted))
    for name in (path.relative_to(submitted) for path in found):
        if is_regular(copy / name, copy) and not (own / name).is_file():
            (copy / name).unlink()
    return found


def remove_tree(folder: Path) -> None:
    """Remove a folder in which student code may have left anything: thousands of levels, folders that nobody may enter."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except (OSError, RecursionError):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
        subprocess.run(["chmod", "-R", "u+rwX", "--", str(folder)], **quiet)  # it follows no links
        subprocess.run(["rm", "-rf", "--", str(folder)], **quiet)
