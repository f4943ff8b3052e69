"""What was decided is carried out: submitted/ gets the latest, earlier/ keeps the others, collected.csv notes where it came from.

Nothing is deleted. What takes another's place is written aside first, so that a stop at any moment leaves one of the two.
"""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from ..course.files import digest_of, put
from ..course.folder import Course, CourseError
from ..course.notebooks import read_notebook
from ..course.pool import with_bar
from ..grading.stamp import STAMP
from .plan import TIMESTAMP, Decision, HandIn, Plan
from .times import timestamp_text

LOG = "collected.csv"


def store(course: Course, plan: Plan, console: Console | None = None) -> None:
    """Write what a plan says. console: shows a bar meanwhile."""
    for decision in with_bar(plan.decisions, len(plan.decisions), "putting away", console):
        for one in decision.keep:
            _keep(course, plan.chapter, one)
        if decision.take is not None:
            _take(course, plan.chapter, decision.take)
        if decision.state in ("new", "changed", "older"):
            _log(course, plan.chapter, decision)


def _keep(course: Course, chapter: str, one: HandIn) -> None:
    home = course.earlier_folder(one.student, chapter)
    home.mkdir(parents=True, exist_ok=True)
    os.rename(_aside(one, home), _next(home))


def _take(course: Course, chapter: str, one: HandIn) -> None:
    target = course.submitted_folder(one.student, chapter)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = _aside(one, target.parent)
    if os.path.lexists(target):
        home = course.earlier_folder(one.student, chapter)
        home.mkdir(parents=True, exist_ok=True)
        kept = _next(home)
        if was_graded(course, one.student, chapter):
            # the report tells by it how mistakes change from hand-in to hand-in
            shutil.copyfile(course.autograded(one.student, chapter), kept.with_name(f"{kept.name}.graded.ipynb"))
        os.rename(target, kept)
    os.rename(fresh, target)


def was_graded(course: Course, student: str, chapter: str) -> bool:
    """Is what lies in submitted/ the very hand-in that the notebook in autograded/ was made of?"""
    path, folder = course.autograded(student, chapter), course.submitted_folder(student, chapter)
    try:
        of = read_notebook(path).metadata.get(STAMP, {}).get("submission")
        if of is None:  # graded by nbgrader's own command, which notes nothing
            return path.stat().st_mtime > course.submission(student, chapter).stat().st_mtime
        return of == digest_of(folder, course.notebooks(chapter))
    except (CourseError, OSError):
        return False


def _aside(one: HandIn, home: Path) -> Path:
    """A hand-in in a fresh folder, under a name that nobody lists."""
    fresh = Path(tempfile.mkdtemp(prefix=".collected-", dir=home))
    fresh.chmod(0o755)
    for name, path in one.files.items():
        put(path, fresh, name)
    if one.at is not None:
        (fresh / TIMESTAMP).write_text(timestamp_text(one.at))
    return fresh


def _next(home: Path) -> Path:
    numbers = [int(path.name) for path in home.iterdir() if path.name.isdigit()]
    return home / f"{max(numbers, default=0) + 1:03d}"


def _log(course: Course, chapter: str, decision: Decision) -> None:
    path = course.root / LOG
    fresh = not path.exists()
    with open(path, "a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(("collected", "chapter", "student", "state", "handed_in", "file"))
        now, at = datetime.now(UTC), decision.at
        collected, handed_in = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else "" for moment in (now, at))
        writer.writerow((collected, chapter, decision.student, decision.state, handed_in, decision.name))
