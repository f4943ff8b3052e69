"""`course move-gradebook`: the gradebook goes from SQLite to PostgreSQL, from there back, or to another of either; the class with it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ..course.folder import MARKER, Course, CourseError
from ..course.nbgrader.copy import copy_gradebook, refuse_entries, rows_of
from ..course.nbgrader.place import db_url_of, file_of, point_to, same_place, shown, url_of
from ..course.pool import bar


@dataclass(frozen=True)
class Moved:
    """source, target: as they may be printed. counts: table → rows. kept: where the gradebook from before is still to be found."""

    source: str
    target: str
    counts: dict[str, int]
    kept: str


def move(course: Course, told: str, console: Console, *, dry_run: bool = False) -> Moved:
    """told: as typed: a URL, or a file as seen from the current folder. Raises `CourseError`, and then nothing was changed."""
    source, target = db_url_of(course), url_of(told, Path.cwd())
    if same_place(source, target):
        raise CourseError(f"the gradebook lies in {shown(target)} already")
    config = course.root / MARKER
    if not os.access(config, os.W_OK):
        raise CourseError(f"{config} cannot be written, which says where the gradebook lies")
    counts = rows_of(source)
    refuse_entries(target)
    if dry_run:
        return Moved(shown(source), shown(target), counts, "")
    with bar("rows", sum(counts.values()), console, stays=True) as advance:
        counts = copy_gradebook(source, target, advance)
    point_to(course, target)
    return Moved(shown(source), shown(target), counts, _put_away(course, source))


def _put_away(course: Course, source: str) -> str:
    """The file that the class had: under another name, so that a program that still knows the old place finds nothing there."""
    path = file_of(source)
    if path is None:
        return shown(source)
    kept = path.with_name(f"{path.stem}.before-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}")
    os.replace(path, kept)
    return str(kept)


def moved_lines(moved: Moved) -> list[str]:
    """What was done, or would be, for a person."""
    counts = moved.counts
    told = [
        ("student", "students"),
        ("submitted_assignment", "submissions"),
        ("grade", "grades"),
        ("comment", "comments"),
    ]
    what = ", ".join(f"{counts.get(table, 0)} {name}" for table, name in told)
    lines = [f"{what}: from {moved.source} to {moved.target}"]
    if moved.kept:
        lines.append(
            f"Every row is there as it was, and {MARKER} says so; the gradebook from before stays in {moved.kept}"
        )
        lines.append("Jupyter servers that run in this class's folder know it when they are started anew.")
    else:
        lines.append("nothing was done, this was --dry-run")
    return lines
