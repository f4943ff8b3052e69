"""nbgrader's own commands have a submission read where `course grade` has it read: outside of their process, and within bounds."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode

from ..course.folder import Course, CourseError
from ..course.nbgrader.guard import guard
from ..course.notebooks import read_notebook
from .judges import Judge
from .outside import JudgedOutside
from .reader import Reader
from .repair import PUT_RIGHT, Repair
from .standing import shared_judge


class BoundedExporter(NotebookExporter):
    """For `c.Autograde.exporter_class`. What is read is in order already when the first of nbgrader's steps sees it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if hasattr(self.parent, "init_destination"):  # nbgrader's converter, not somebody who only asks for its options
            guard(self.parent)

    def from_filename(self, filename: str, resources: dict | None = None, **options: Any) -> tuple[NotebookNode, dict]:
        """As nbconvert's. Raises `CourseError`, which nbgrader tells, and goes on with the next submission."""
        if not getattr(self.parent, "_sanitizing", False):  # then it is what we have made of a submission before
            return super().from_filename(filename, resources, **options)
        path, about = Path(filename), (resources or {}).get("nbgrader", {})
        notes: list[str] = []
        with self._reader() as reader:
            notebook = reader.read(path, self._master(about), not self._clears(), notes)
        told = {**(resources or {}), "metadata": {"name": path.stem, "path": str(path.parent)}}
        if self._has(Repair):
            told[PUT_RIGHT] = notes
        return self.from_notebook_node(notebook, told, **options)

    @contextlib.contextmanager
    def _reader(self) -> Iterator[Judge | Reader]:
        """The judge that will grade it, too, or, where everything runs in Jupyter's kernels, a process that only reads."""
        engine = JudgedOutside(parent=self.parent)
        if self._has(JudgedOutside) and engine.judged:
            with shared_judge() as judge:
                yield judge
            return
        if not hasattr(self, "_own_reader"):
            self._own_reader = Reader()
            weakref.finalize(self, self._own_reader.close)
        yield self._own_reader

    def _master(self, about: dict) -> NotebookNode | None:
        """What the cells are put in order by, if they are."""
        if not self._has(Repair):
            return None
        root = Path.cwd()  # nbgrader's converters work in the course folder
        with contextlib.suppress(CourseError):
            return read_notebook(Course(root).release_of(about["assignment"], about["notebook"]))
        return None

    def _clears(self) -> bool:
        """Is it a step to remove what was handed in as outputs?"""
        return self._has("ClearOutput") and self.config.get("ClearOutput", {}).get("enabled", True)

    def _has(self, step: type | str) -> bool:
        """Is this one of nbgrader's configured steps?"""
        name = step if isinstance(step, str) else step.__name__
        steps = (*self.parent.sanitize_preprocessors, *self.parent.autograde_preprocessors)
        return any(str(getattr(one, "__name__", one)).rpartition(".")[2] == name for one in steps)
