"""`JudgedOutside`: the engine in the place of nbgrader's Execute, for `nbgrader autograde`, formgrader and `course grade`."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float, Integer

from .. import checking  # noqa: F401  TensorFlow, without its start-up log
from ..execution import DEFAULT_PRELOAD, ChildError, Limits, Zygote, ZygoteError
from ..layout import Course, CourseError, read_notebook
from .engine import Graded, grade_notebook, trusted_cells
from .execute import GradedExecute
from .seeds import course_secret, seed_of

STAMP = "graded"
"""In a graded notebook's metadata: how it was graded."""

PRELOAD = (
    *DEFAULT_PRELOAD,
    "autograder.remote",
    "autograder.claims",
    "autograder.datasets",
    "autograder.plots",
)
"""What every graded notebook imports: done once in the zygote, it saves each child about a fifth of its CPU time."""

MAX_FILES = 100 << 20  # bytes of a submission's own files that go into the child's folder
IDLE_SECONDS = 120.0  # formgrader's server lives on: its zygote does not


class JudgedOutside(NbGraderPreprocessor):
    """Runs the student's cells in a sandboxed child and judges the check cells in this process."""

    outside = Bool(
        True, help="Judge outside; if not, or where no process can be forked, run all in a Jupyter kernel."
    ).tag(config=True)
    timeout = Float(60, help="Seconds of wall time for a cell.").tag(config=True)
    cpu_seconds = Integer(300, help="Seconds of CPU time for a notebook, all threads together.").tag(config=True)
    memory = Integer(4 << 30, help="Bytes of memory for a notebook; TensorFlow needs about 1.5 GiB.").tag(config=True)
    output = Integer(1 << 20, help="Characters that one cell may print and display.").tag(config=True)
    file_size = Integer(64 << 20, help="Bytes of one file that a notebook may write.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict, **_: Any) -> tuple[NotebookNode, dict]:
        about = resources["nbgrader"]
        graded = self.grade(nb, about, Path(resources["metadata"]["path"]), shared_zygote())
        stamp(graded, about)
        return graded.notebook, resources

    def limits(self) -> Limits:
        return Limits(
            wall_seconds=self.timeout,
            cpu_seconds=self.cpu_seconds,
            memory_bytes=self.memory,
            output_bytes=self.output,
            file_bytes=self.file_size,
        )

    def grade(self, nb: NotebookNode, about: dict, files: Path, zygote: Zygote | None) -> Graded:
        """Grade a sanitized notebook. files: the folder with what was handed in beside it."""
        if not self.outside or zygote is None:
            return self._in_the_kernel(nb, about, files)
        course = Course(Path.cwd())
        secret = course_secret(course.root)
        with tempfile.TemporaryDirectory(prefix="graded-") as folder:
            workdir = Path(folder) / "work"
            workdir.mkdir()
            copy_files(files, workdir)
            try:
                return grade_notebook(
                    nb,
                    zygote,
                    workdir,
                    lambda exercise: seed_of(secret, about["student"], exercise),
                    trusted=trusted(course, about["assignment"], about["notebook"]),
                    limits=self.limits(),
                )
            except (ZygoteError, ChildError) as error:
                self.log.warning("judging in the kernel instead: %s", error)
                return self._in_the_kernel(nb, about, files)

    def _in_the_kernel(self, nb: NotebookNode, about: dict, files: Path) -> Graded:
        execute = GradedExecute(parent=self.parent, timeout=int(self.timeout))
        nb, _ = execute.preprocess(nb, {"nbgrader": about, "metadata": {"path": str(files)}})
        return Graded(nb, "judged in the kernel", False, "no sandbox: cells and checks share one Jupyter kernel")


def stamp(graded: Graded, about: dict) -> None:
    """Note in the notebook how it was graded."""
    graded.notebook.metadata[STAMP] = {
        "mode": graded.mode,
        "isolated": graded.isolated,
        "sandbox": graded.sandbox,
        "faults": list(graded.faults),
        "submission": _digest(about),
    }


def trusted(course: Course, assignment: str, notebook: str) -> list[tuple[str, bool]]:
    """The course's own cells of this notebook, from its source; nothing where there is none."""
    try:
        return trusted_cells(read_notebook(course.root / "source" / assignment / f"{notebook}.ipynb"))
    except CourseError:
        return []


def copy_files(source: Path, target: Path) -> None:
    """Copy what was handed in beside the notebook: regular files only, no links, up to `MAX_FILES` bytes."""
    left = MAX_FILES
    for path in sorted(source.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.suffix == ".ipynb":
            continue
        if any(parent.is_symlink() for parent in path.parents if parent != source and source in parent.parents):
            continue
        left -= path.stat().st_size
        if left < 0:
            return
        (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / path.relative_to(source))


def _digest(about: dict) -> str | None:
    """Of the submission that nbgrader is grading; it works in the course folder."""
    path = Course(Path.cwd()).root / "submitted" / about["student"] / about["assignment"] / f"{about['notebook']}.ipynb"
    return digest_of(path) if path.is_file() else None


def digest_of(path: Path) -> str:
    """sha256 of a submitted notebook: a changed submission is graded again."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


_zygote: Zygote | None = None
_timer: threading.Timer | None = None
_lock = threading.Lock()


def shared_zygote() -> Zygote | None:
    """This process's zygote, started on first use and closed when idle or at exit; None where none can be had."""
    global _zygote, _timer
    with _lock:
        if _zygote is None:
            zygote = Zygote(PRELOAD)
            try:
                zygote.wait_ready()
            except (ZygoteError, OSError):
                return None
            _zygote = zygote
            atexit.register(close_zygote)
        if _timer is not None:
            _timer.cancel()
        _timer = threading.Timer(IDLE_SECONDS, close_zygote)
        _timer.daemon = True
        _timer.start()
        return _zygote


def close_zygote() -> None:
    """End this process's zygote, if it has one."""
    global _zygote, _timer
    with _lock:
        if _timer is not None:
            _timer.cancel()
        if _zygote is not None:
            _zygote.close()
        _zygote = _timer = None
