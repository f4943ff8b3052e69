"""`JudgedOutside`: the engine in the place of nbgrader's Execute, for `nbgrader autograde`, formgrader and `course grade`."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float, Integer

from ..execution import Limits, Policy, ZygoteError
from ..layout import Course, CourseError, read_notebook
from .engine import Graded, trusted_cells
from .execute import GradedExecute
from .files import copy_files, remove_tree
from .judges import Job, Judge, Judges
from .seeds import course_secret

STAMP = "graded"
"""In a graded notebook's metadata: how it was graded."""

MAX_SECONDS = 7 * 24 * 3600
IDLE_SECONDS = 120.0  # formgrader's server lives on: its judges do not


class JudgedOutside(NbGraderPreprocessor):
    """Runs the student's cells in a sandboxed child and the check cells in a judge."""

    outside = Bool(
        True, help="Judge outside; if not, or where no process can be forked, run all in a Jupyter kernel."
    ).tag(config=True)
    fallback = Bool(
        True,
        help="Let a plain check cell that fails outside decide in the sandboxed child, as stock nbgrader does in its kernel.",
    ).tag(config=True)
    timeout = Float(60, min=1, max=MAX_SECONDS, help="Seconds of wall time for a cell.").tag(config=True)
    notebook_timeout = Float(
        900, min=1, max=MAX_SECONDS, help="Seconds of wall time for a notebook with its checks."
    ).tag(config=True)
    cpu_seconds = Integer(
        300, help="Seconds of CPU time for each process of a notebook, all its threads together."
    ).tag(config=True)
    memory = Integer(
        4 << 30, min=2 << 30, max=1 << 50, help="Bytes of memory for a notebook; with less than 2 GiB TensorFlow ends."
    ).tag(config=True)
    output = Integer(1 << 20, min=1000, help="Characters that one cell may print and display.").tag(config=True)
    file_size = Integer(64 << 20, min=4096, help="Bytes of one file that a notebook may write.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict, **_: Any) -> tuple[NotebookNode, dict]:
        about = resources["nbgrader"]
        with shared_judge() if self.outside else contextlib.nullcontext() as judge:
            graded = self.grade(nb, about, Path(resources["metadata"]["path"]), judge)
        return graded.notebook, resources

    def limits(self) -> Limits:
        return Limits(
            wall_seconds=self.timeout,
            cpu_seconds=self.cpu_seconds,
            memory_bytes=self.memory,
            output_bytes=self.output,
            file_bytes=self.file_size,
        )

    def grade(self, nb: NotebookNode, about: dict, files: Path, judge: Judge | None) -> Graded:
        """Grade a sanitized notebook, and note in it how. files: the folder with what was handed in beside it.

        Raises `JudgeError`. Only where no process can be forked at all is the kernel used: else a submission that breaks
        its judge would be run again without a sandbox.
        """
        graded = self._in_the_kernel(nb, about, files) if judge is None else self._outside(nb, about, files, judge)
        stamp(graded, about)
        return graded

    def _outside(self, nb: NotebookNode, about: dict, files: Path, judge: Judge) -> Graded:
        course = Course(Path.cwd())
        folder = Path(tempfile.mkdtemp(dir=judge.scratch))
        try:
            folder.chmod(0o711)  # as its parent: the user that the child becomes must get in
            workdir = folder / "work"
            workdir.mkdir(mode=0o700)
            copy_files(files, workdir)
            job = Job(
                nb,
                str(workdir),
                course_secret(course.root).decode(),
                about["student"],
                str(course.root),
                trusted(course, about["assignment"], about["notebook"]),
                self.limits(),
                Policy(hidden=(str(course.root),)),
                self.notebook_timeout,
                self.fallback,
            )
            return judge.grade(job)
        finally:
            remove_tree(folder)

    def _in_the_kernel(self, nb: NotebookNode, about: dict, files: Path) -> Graded:
        execute = GradedExecute(parent=self.parent, timeout=int(self.timeout))
        nb, _ = execute.preprocess(nb, {"nbgrader": about, "metadata": {"path": str(files)}})
        return Graded(nb, "judged in the kernel", False, "no sandbox: cells and checks share one Jupyter kernel")


def stamp(graded: Graded, about: dict) -> None:
    """Note in the notebook how it was graded: in its metadata for us, in a last cell for whoever reads the feedback."""
    notebook = graded.notebook
    said = new_markdown_cell(f"*How this was graded: {graded.stamp}.*", id="how-this-was-graded")
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):  # cells had no ids then
        del said["id"]
    notebook.cells.append(said)
    notebook.metadata[STAMP] = {
        "mode": graded.mode,
        "isolated": graded.isolated,
        "sandbox": graded.sandbox,
        "faults": list(graded.faults),
        "inside": list(graded.inside),
        "submission": _digest(about),
    }


def trusted(course: Course, assignment: str, notebook: str) -> list[tuple[str, bool]]:
    """The course's own cells of this notebook, from its source; nothing where there is none."""
    path = course.root / "source" / assignment / f"{notebook}.ipynb"
    try:
        return _trusted(path, path.stat().st_mtime_ns)
    except (CourseError, OSError):
        return []


@functools.lru_cache(maxsize=16)
def _trusted(path: Path, _changed: int) -> list[tuple[str, bool]]:
    return trusted_cells(read_notebook(path))


def _digest(about: dict) -> str | None:
    """Of the submission that nbgrader is grading; it works in the course folder."""
    path = Course(Path.cwd()).root / "submitted" / about["student"] / about["assignment"] / f"{about['notebook']}.ipynb"
    return digest_of(path)


def digest_of(path: Path) -> str | None:
    """sha256 of a submitted notebook: a changed submission is graded again. None where there is no such file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


_judges: Judges | None = None
_timer: threading.Timer | None = None
_lock = threading.Lock()


@contextlib.contextmanager
def shared_judge() -> Iterator[Judge | None]:
    """A judge that this process starts on first use and keeps until it is idle or ends; None where none can be had."""
    global _judges, _timer
    with _lock:
        if _timer is not None:
            _timer.cancel()
        if _judges is None:
            atexit.register(close_judges)
            _judges = ready(Judges())
    try:
        with contextlib.nullcontext() if _judges is None else _judges.lend() as judge:
            yield judge
    finally:
        with _lock:
            _timer = threading.Timer(IDLE_SECONDS, close_judges)
            _timer.daemon = True
            _timer.start()


def ready(judges: Judges, say: Callable[[str], None] = lambda _: None) -> Judges | None:
    """These judges once they are ready; None, and a word why, where no process can be forked."""
    try:
        judges.zygote.wait_ready()
    except (ZygoteError, OSError) as error:
        judges.close()
        say(str(error).splitlines()[0])
        return None
    return judges


def close_judges() -> None:
    """End this process's judges, if it has any."""
    global _judges, _timer
    with _lock:
        if _timer is not None:
            _timer.cancel()
        if _judges is not None:
            _judges.close()
        _judges = _timer = None
