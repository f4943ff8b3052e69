"""`JudgedOutside`: the engine in the place of nbgrader's Execute, for `nbgrader autograde`, formgrader and `course grade`."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, from_dict
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float, Integer
from traitlets.config import Config

from ..course.files import copy_into, put
from ..course.folder import Course
from ..execution import Limits, Policy
from ..execution.leavings import listed
from .engine import Graded
from .execute import GradedExecute
from .inert import inert_outputs
from .judges import Job, Judge
from .language import require_python
from .seeds import course_secret
from .stamp import stamp
from .standing import shared_judge
from .workplace import Workplace
from .written import MOST_FILES, MOST_LISTED, is_name

MAX_SECONDS = 7 * 24 * 3600


class JudgedOutside(NbGraderPreprocessor):
    """Runs the student's cells in a sandboxed child, and judges the checks of our exercises outside of it."""

    without_sandbox = Bool(
        False, help="Run every notebook in a Jupyter kernel of its own, of any language, in no sandbox."
    ).tag(config=True)
    timeout = Float(
        None,
        min=1,
        max=MAX_SECONDS,
        allow_none=True,
        help="Seconds of wall time for a cell; if Execute.timeout is less, that counts.",
    ).tag(config=True)
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
        """For nbgrader's own commands: they have laid out the submission's files, and find there what it wrote."""
        about, files = resources["nbgrader"], Path(resources["metadata"]["path"])
        if not self.judged:
            graded = self.grade(nb, about, files, None)
        else:
            require_python(nb)
            own = Course(Path.cwd()).source_folder(about["assignment"])
            with shared_judge() as judge:
                place = Workplace(judge.scratch, own, self.students_own(about["assignment"]))
                try:
                    work, new = place.prepare(files)
                    graded = self.grade(nb, about, work, judge, new)
                    place.gather(work, new)
                    copy_into(place.written, files)
                finally:
                    place.close()
        stamp(graded)
        return graded.notebook, resources

    @property
    def in_the_kernel(self) -> bool:
        """Is everything run in Jupyter kernels, without a sandbox: by the configuration, or for want of forks?"""
        return self.without_sandbox or not hasattr(os, "fork")

    @property
    def judged(self) -> bool:
        """Do judges of ours run and judge it, in a sandbox?"""
        return self.executes and not self.in_the_kernel

    @cached_property
    def executes(self) -> bool:
        """Is anything run at all? `nbgrader autograde --no-execute` takes outputs as they were handed in."""
        return self._stock().enabled

    def _stock(self) -> GradedExecute:
        """nbgrader's own preprocessor, with what the configuration and the command line say of it."""
        return GradedExecute(parent=self.parent) if self.parent is not None else GradedExecute(config=self.config)

    def students_own(self, assignment: str) -> Collection[str]:
        """The files that students may replace, by `c.Autograde.exclude_overwriting`."""
        found = self.config.get("Autograde", Config()).get("exclude_overwriting", {})
        return frozenset(found.get(assignment, ()))

    @cached_property
    def limits(self) -> Limits:
        """What each child is held to."""
        stock = self._stock().timeout
        given = [seconds for seconds in (self.timeout, stock) if seconds is not None and seconds > 0]
        return Limits(
            wall_seconds=min(given, default=self.notebook_timeout),
            cpu_seconds=self.cpu_seconds,
            memory_bytes=self.memory,
            output_bytes=self.output,
            file_bytes=self.file_size,
        )

    def grade(
        self, nb: NotebookNode, about: dict, work: Path, judge: Judge | None, written: Path | None = None
    ) -> Graded:
        """Grade a sanitized notebook. work: the folder to run it in. written: an empty one for the files that it writes.

        judge: None for a Jupyter kernel. Raises `JudgeError`, `NotPython`.
        """
        if not self.executes:
            for cell in nb.cells:
                if cell.cell_type == "code":
                    cell.outputs = [from_dict(output) for output in inert_outputs(cell.outputs)]
            return Graded(nb, "not run: outputs as they were handed in", False, "nothing was run")
        if judge is None:
            return self._in_the_kernel(nb, about, work, written)
        require_python(nb)
        return judge.grade(self.job(nb, about["student"], work, "" if written is None else str(written)))

    def job(self, nb: NotebookNode, student: str, work: Path, written: str) -> Job:
        """What a judge is given."""
        root = Path.cwd()  # nbgrader's converters work in the course folder, and so do we
        secret, hidden = course_secret(root).decode(), Policy(hidden=(str(root),))
        return Job(nb, str(work), secret, student, str(root), self.limits, hidden, self.notebook_timeout, written)

    def _in_the_kernel(self, nb: NotebookNode, about: dict, work: Path, written: Path | None) -> Graded:
        execute = self._stock()
        before = listed({}, str(work), MOST_LISTED)
        execute.timeout = int(self.limits.wall_seconds)
        nb, _ = execute.preprocess(nb, {"nbgrader": about, "metadata": {"path": str(work)}})
        if written is not None:
            for name, *about in sorted(listed({}, str(work), MOST_LISTED))[:MOST_FILES]:
                if (name, *about) not in before and is_name(name):
                    put(work / name, written, name)
        kernel = nb.metadata.get("kernelspec", {}).get("name", "python3")
        how = "judged in the kernel" if kernel.startswith("python") else f"judged in the kernel {kernel[:50]}"
        return Graded(nb, how, False, "no sandbox: cells and checks share one Jupyter kernel")
