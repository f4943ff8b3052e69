"""Files that a notebook wrote: fetched out of its child at the end, within bounds, for autograded/ and the next notebook."""

from __future__ import annotations

from pathlib import Path

from ..course.files import NOTEBOOK
from ..execution import Child, ChildError
from .answers import Clock

MODULE = "autograder.execution.leavings"
MOST_LISTED, MOST_FILES, MOST_BYTES, PIECE = 20_000, 500, 64 << 20, 8 << 20
MOST_LETTERS, MOST_LEVELS, MOST_NAME = 1000, 20, 255
SECONDS = 20.0
Listing = dict[str, tuple[int, int]]  # name → (bytes, when changed)


def listing(child: Child, clock: Clock, folder: str) -> Listing:
    """What lies in the child's work folder; nothing, if the child does not say so as it should."""
    try:
        told = child.call(f"{MODULE}:listed", folder, MOST_LISTED, timeout=clock.left(SECONDS))
        return {name: (size, changed) for name, size, changed in told if type(name) is str and type(size) is int}
    except (ChildError, TypeError, ValueError):
        return {}


def fetch(child: Child, clock: Clock, folder: str, before: Listing, target: Path) -> int:
    """Copy what is new or changed since `before` into an empty folder of ours; returns how many files were left out."""
    files, room, left_out = MOST_FILES, MOST_BYTES, 0
    for name, about in sorted(listing(child, clock, folder).items()):
        if before.get(name) == about or not is_name(name):
            continue
        files -= 1
        if files < 0 or not child.alive or (got := _content(child, clock, folder, name, room)) is None:
            left_out += 1
            continue
        room -= len(got)
        path = target / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(got)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):  # a listing that contradicts itself
            left_out += 1
    return left_out


def _content(child: Child, clock: Clock, folder: str, name: str, most: int) -> bytes | None:
    """A file's bytes; None if there are more, or if the child does not give them."""
    content = b""
    try:
        while True:
            piece = child.call(f"{MODULE}:read", folder, name, len(content), PIECE, timeout=clock.left(SECONDS))
            if type(piece) is not bytes or len(content) + len(piece) > most:
                return None
            content += piece
            if len(piece) < PIECE:
                return content
    except ChildError:
        return None


def is_name(name: str) -> bool:
    """May a file that a notebook wrote be called so in autograded/?

    Not a notebook, which would pass for a graded one; not timestamp.txt, by which nbgrader tells what is late; nothing
    hidden, such as what programs leave at home.
    """
    parts = name.split("/")
    return (
        name.isprintable()
        and "\\" not in name
        and len(name) <= MOST_LETTERS
        and len(parts) <= MOST_LEVELS
        and all(part and not part.startswith(".") and len(part.encode()) <= MOST_NAME for part in parts)
        and not name.lower().endswith(NOTEBOOK)
        and name.lower() != "timestamp.txt"
        and "__pycache__" not in parts
    )
