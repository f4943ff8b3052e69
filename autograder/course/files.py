"""What is handed in beside a notebook: regular files. What a link points to is not the student's to show."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path

from .folder import CourseError

MAX_BYTES, MAX_FILES, MAX_DEPTH = 200 << 20, 10_000, 50  # of a submission, all its files together
NOTEBOOK = ".ipynb"
CACHES = (".ipynb_checkpoints", "__pycache__")  # what nbgrader leaves out by default


def is_regular(path: Path, folder: Path) -> bool:
    """Is this a file, and neither a link nor in a folder that is reached through one? folder: above which nobody looks."""
    try:
        regular = stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
    return regular and not any(parent.is_symlink() for parent in path.parents if folder in parent.parents)


def refuse_irregular(folder: Path, notebooks: Iterable[Path]) -> None:
    """Raises `CourseError` where a student's folder for an assignment, or one of the notebooks in it, is reached through a link or is
    no file."""
    notebooks = list(notebooks)
    if any(path.is_symlink() for path in (folder, folder.parent, *notebooks)):
        raise CourseError("the submission is a link to somewhere else; nothing of it was read")
    if not all(path.is_file() for path in notebooks):
        raise CourseError("the submission is no file; nothing of it was read")


def others(folder: Path) -> Iterator[Path]:
    """What lies below a folder and is neither a folder nor a regular file: links, pipes, devices."""
    for where, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(where, name)
            if not is_regular(path, folder) and (path.is_symlink() or not path.is_dir()):
                yield path


def handed_in(folder: Path, notebooks: Container[str] | None = None) -> Iterator[Path]:
    """What counts of a submission, in an order that depends on nothing else: regular files, within bounds.

    notebooks: the names of those that count; of others nothing is taken. None: no notebook at all. Links, what lies behind
    them, and what exceeds `MAX_BYTES`, `MAX_FILES` or `MAX_DEPTH` is left out.
    """
    files, left = MAX_FILES, MAX_BYTES
    waiting = [(folder, 0)]
    while waiting:  # os.walk calls itself for every level, of which there may be thousands
        where, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(where), key=lambda entry: (not entry.name.endswith(NOTEBOOK), entry.name))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if depth < MAX_DEPTH and entry.name not in CACHES:
                    waiting.append((Path(entry.path), depth + 1))
            elif entry.is_file(follow_symlinks=False):
                if entry.name.endswith(NOTEBOOK):
                    if not depth and notebooks is not None and entry.name.removesuffix(NOTEBOOK) in notebooks:
                        yield Path(entry.path)  # who reads it has a bound of their own
                    continue
                files, left = files - 1, left - entry.stat(follow_symlinks=False).st_size
                if files < 0 or left < 0:
                    return
                yield Path(entry.path)


def digest_of(folder: Path, notebooks: Container[str]) -> str:
    """sha256 of what was handed in: names and bytes."""
    sha = hashlib.sha256()
    for path in handed_in(folder, notebooks):
        sha.update(os.fsencode(path.relative_to(folder)) + b"\0")
        with open(path, "rb") as file:
            sha.update(hashlib.file_digest(file, "sha256").digest())
    return sha.hexdigest()


def copy_files(source: Path, target: Path, notebooks: Container[str] | None = None) -> None:
    """Copy what counts of a submission (`handed_in`)."""
    for path in handed_in(source, notebooks):
        put(path, target, path.relative_to(source))


def copy_into(source: Path, target: Path) -> None:
    """Copy all regular files of a folder of our own into another, over those that are there."""
    for where, _, files in os.walk(source):
        for path in (Path(where, name) for name in files):
            if is_regular(path, source):
                put(path, target, path.relative_to(source))


def own_files(folder: Path) -> dict[str, Path]:
    """The course's own files for an assignment, all but notebooks: name below its folder in source/ → path."""
    found = {}
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in CACHES]
        for path in (Path(where, name) for name in files):
            if path.suffix != NOTEBOOK and path.is_file():
                found[path.relative_to(folder).as_posix()] = path
    return found


def lay_over(own: Mapping[str, Path], target: Path) -> None:
    """Put the course's own files in the place of whatever there is by their names."""
    for name, path in own.items():
        put(path, target, name)


def put(path: Path, folder: Path, name: str | Path) -> None:
    """Copy a file into a folder of our own, in the place of what is there; a file that is in the way of a folder goes."""
    target = folder / name
    for parent in reversed(target.parents):
        if folder in parent.parents and (parent.is_symlink() or parent.is_file()):
            parent.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        remove_tree(target)
    else:
        target.unlink(missing_ok=True)
    shutil.copyfile(path, target)


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
