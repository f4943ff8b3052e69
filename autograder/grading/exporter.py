"""nbgrader's own commands read a submission in their own process: within the bounds of bytes and values, at least."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode

from ..course.bounds import read_bounded
from ..course.folder import CourseError


class BoundedExporter(NotebookExporter):
    """For `c.Autograde.exporter_class`: refuses what is too much before anything of it is built."""

    def from_filename(self, filename: str, resources: dict | None = None, **options: Any) -> tuple[NotebookNode, dict]:
        """As nbconvert's. Raises `CourseError`, which nbgrader tells, and goes on with the next submission."""
        _, too_much = read_bounded(Path(filename))
        if too_much:
            raise CourseError(f"{Path(filename).name} {too_much}; nothing of it was read")
        return super().from_filename(filename, resources, **options)
