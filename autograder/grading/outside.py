"""`JudgedOutside`: the engine in the place of nbgrader's Execute, for `nbgrader autograde`, formgrader and `course grade`."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float, Integer

from ..course.files import copy_files, remove_tree
from ..course.folder import Course
from ..execution import Limits, Policy
from .engine import Graded
from .execute import GradedExecute
from .judges import Job, Judge
from .seeds import course_secret
from .stamp import stamp
from .standing import shared_judge

MAX_SECONDS = 7 * 24 * 3600


class JudgedOutside(NbGraderPreprocessor):
    """Runs the student's cells in a sandboxed child and the check cells in a judge."""

    outside = Bool(
        True, help="Judge outside; if not, or where no process can be forked, run all in a Jupyter kernel."
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
                self.limits(),
                Policy(hidden=(str(course.root),)),
                self.notebook_timeout,
            )
            return judge.grade(job)
        finally:
            remove_tree(folder)

    def _in_the_kernel(self, nb: NotebookNode, about: dict, files: Path) -> Graded:
        execute = GradedExecute(parent=self.parent, timeout=int(self.timeout))
        nb, _ = execute.preprocess(nb, {"nbgrader": about, "metadata": {"path": str(files)}})
        return Graded(nb, "judged in the kernel", False, "no sandbox: cells and checks share one Jupyter kernel")
