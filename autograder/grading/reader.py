"""Submitted notebooks are read, and put in order, outside of the process that holds the gradebook, and within bounds.

A judge does it, or, where there are none, a process of its own (`Reader`), for `course grade` and nbgrader's commands alike. Bounds of bytes and values: `course.bounds`; of
time and memory, here. What comes back has no outputs, which are made anew, and is within `MAX_READ`.

    grader ── path, assignment's notebook ──▶ reader
           ◀── notebook in order, or a refusal ──
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nbformat import NotebookNode, from_dict

from ..course.cells import TO_LOOK_AT
from ..course.folder import CourseError
from ..course.notebooks import read_notebook
from ..execution.frames import FrameError, receive_note, send_note
from .order import repair

try:
    import resource
except ImportError:  # Windows
    resource = None

READ_SECONDS = 60.0
READ_MEMORY = 2 << 30  # bytes beyond what the process has already
MAX_READ = 32 << 20  # bytes of a notebook in order, as JSON
MOST_NOTES = 1000
MAX_NOTE = 1 << 30  # bytes of a request, with the assignment's notebook
TRIES = 2


def read_submission(
    path: Path, master: NotebookNode | None, outputs: bool = False, notes: list[str] | None = None
) -> NotebookNode:
    """A submitted notebook, its cells put right, for the kernel that the assignment is meant for.

    master: the assignment's notebook; without it nothing is put right. outputs: keep those that were handed in. notes: what
    was put right, a sentence each, is added. Raises `CourseError`.
    """
    with _memory(path.name):
        notebook = read_notebook(path, path.name)
        for cell in notebook.cells:
            if cell.cell_type == "code" and not outputs:
                cell.outputs = []
        if master is None:
            notebook.metadata.pop(TO_LOOK_AT, None)
            return notebook
        said = repair(notebook, master)
        if notes is not None:
            notes += said
        if kernel := master.metadata.get("kernelspec"):  # as nbgrader's OverwriteKernelspec
            notebook.metadata["kernelspec"] = kernel
            notebook.metadata.pop("language_info", None)
            if "language_info" in master.metadata:
                notebook.metadata["language_info"] = master.metadata["language_info"]
        return notebook


@contextlib.contextmanager
def _memory(called: str) -> Iterator[None]:
    """Not more than so much memory within. For the only thread of a process; elsewhere nothing is bounded."""
    limits = _narrowed() if resource is not None else None
    try:
        yield
    except MemoryError:
        raise CourseError(
            f"{called} takes more than {READ_MEMORY >> 30} GiB of memory to be read; nothing of it was run"
        ) from None
    finally:
        if limits is not None:
            resource.setrlimit(resource.RLIMIT_AS, limits)


def _narrowed() -> tuple[int, int] | None:
    """The limits of this process's address space as they were, now narrowed; None where the system does not let us."""
    if not (size := _size()):
        return None
    most = size + READ_MEMORY
    try:
        limits = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most if limits[1] < 0 else min(most, limits[1]), limits[1]))
    except (OSError, ValueError):  # a closed container, macOS: then the bounds of bytes and values are all there are
        return None
    return limits


def _size() -> int:
    """Bytes of this process's address space; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def request(path: Path, master: NotebookNode | None, outputs: bool) -> dict:
    """What a reader is asked, as a note."""
    return {"read": str(path), "master": master, "outputs": outputs}


def answer(sock: socket.socket, note: dict) -> None:
    """Do what a request asks for."""
    path, notes = Path(note["read"]), []
    try:
        master = note["master"] and from_dict(note["master"])
        notebook = read_submission(path, master, note["outputs"], notes)
        send_note(sock, {"notebook": notebook, "notes": notes[:MOST_NOTES]}, max_bytes=MAX_READ)
    except FrameError:
        why = f"{path.name} is larger than {MAX_READ >> 20} MiB without its outputs; nothing of it was run"
    except CourseError as error:
        why = str(error)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  a notebook may be damaged in ways that nobody foresaw
        why = f"{path.name} cannot be read: {type(error).__name__}: {error}"[:300]
    else:
        return
    send_note(sock, {"refused": why})


def ask(sock: socket.socket, note: dict, notes: list[str] | None = None) -> NotebookNode:
    """Have a request answered. notes: what was put right is added.

    Raises `CourseError` for what is refused, `OSError` where there is nobody to answer.
    """
    send_note(sock, note, max_bytes=MAX_NOTE)
    received = receive_note(sock, time.monotonic() + READ_SECONDS, max_bytes=MAX_READ)
    if received is None:
        raise ConnectionError("the process that reads has ended")
    if "refused" in received[0]:
        raise CourseError(received[0]["refused"])
    if notes is not None:
        notes += received[0]["notes"]
    return from_dict(received[0]["notebook"])


def tried(asked: Callable[[], NotebookNode], end: Callable[[], None], called: str) -> NotebookNode:
    """What `asked` brings; once more if the process that it asks ends meanwhile. end: ends it. Raises `CourseError`."""
    why = None
    for _ in range(TRIES):
        try:
            return asked()
        except CourseError:
            raise
        except TimeoutError:  # once more would take as long
            end()
            raise CourseError(f"{called} was not read within {READ_SECONDS:g} s; nothing of it was run") from None
        except (RuntimeError, OSError, FrameError) as error:
            why = error
            end()
    raise CourseError(f"{called} could not be read, in {TRIES} tries: {why}")


class Reader:
    """A process that reads, started when first needed and anew when it has ended. For one thread, to be closed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._sock: socket.socket | None = None

    def read(
        self, path: Path, master: NotebookNode | None, outputs: bool, notes: list[str] | None = None
    ) -> NotebookNode:
        """As `read_submission`."""
        if not hasattr(os, "fork"):  # Windows, where no socket can be handed on
            return read_submission(path, master, outputs, notes)
        return tried(lambda: ask(self._connected(), request(path, master, outputs), notes), self.close, path.name)

    def _connected(self) -> socket.socket:
        if self._sock is None:
            self._sock, theirs = socket.socketpair()
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            with theirs:
                self._process = subprocess.Popen(
                    command, cwd=Path(__file__).parents[2], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
                )
        return self._sock

    def close(self) -> None:
        """End it; nothing, if there is none."""
        if self._sock is not None:
            self._sock.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._sock = None


def main() -> None:
    """The process of a `Reader`: answers on the descriptor that it is given, until that is closed."""
    logging.disable(logging.CRITICAL)
    with socket.socket(fileno=int(sys.argv[1])) as sock, contextlib.suppress(OSError):
        while (received := receive_note(sock, max_bytes=MAX_NOTE)) is not None:
            answer(sock, received[0])


if __name__ == "__main__":
    main()
