"""The temporary folder of one grading process: what is handed in beside the notebooks, what children and judges write.

It goes when the process ends; what a killed one has left goes with the next.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from ..course.files import remove_tree

try:
    import fcntl
except ImportError:  # Windows, where nothing is forked and nobody needs such a folder
    fcntl = None

PREFIX = "course-grading-"
LOCK = "lock"


class Scratch:
    """A fresh folder, locked as long as this process lives."""

    def __init__(self) -> None:
        sweep()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        # the users that children become may pass through, to folders of which each has one
        self.path.chmod(0o711)
        self._lock = open(self.path / "new", "w")  # noqa: SIM115  closed in close()
        if fcntl is not None:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        (self.path / "new").rename(self.path / LOCK)  # once it is there, it is locked

    def close(self) -> None:
        """Remove it. For a second time, nothing."""
        remove_tree(self.path)
        self._lock.close()


def sweep() -> None:
    """Remove the folders of processes that are no more."""
    if fcntl is None:
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, or just being made, or just being swept by somebody else
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with open(os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_tree(folder)
