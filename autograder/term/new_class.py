"""`course new-class`: a folder for one class, apart from the clone, with all that its term needs."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from ..course.files import CACHES, remove_tree
from ..course.folder import MARKER, UNUSABLE, Course, CourseError
from ..course.made_with import installed, keep
from ..course.nbgrader.config import database_url
from ..course.nbgrader.copy import rows_of
from ..course.nbgrader.members import note_class
from ..course.nbgrader.place import (
    config_with,
    config_with_own,
    db_url_of,
    is_postgresql,
    same_place,
    shown,
    url_of,
)
from ..course.notebooks import write_text
from ..course.roster import ROSTER, Student, roster_text, students_of
from ..course.settings import SETTINGS, Late, moment, settings_text, zone_of
from ..grading.seeds import course_secret
from ..judging.library import FILE
from ..judging.topics import OWN

MARK = "# --- This class "
WEEK = timedelta(days=7)


def new_class(
    course: Course,
    folder: Path,
    chapters: list[str],
    roster: Path | None,
    due: dict[str, datetime],
    late: Late,
    timezone: str,
    gradebook: str = "",
) -> tuple[Course, list[Student]]:
    """Make the folder, whole or not at all. gradebook: PostgreSQL's URL, or nothing. Raises `CourseError` before anything is written."""
    refuse_folder(course, folder)
    students = students_of(roster) if roster else []
    config = config_of(course, folder)
    if gradebook:
        config = config_with(config, empty_database(gradebook))
    settings = settings_text(folder.name, due, late, timezone)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        made = Course(fresh)
        fresh.chmod(0o755)
        write_text(fresh / MARKER, config)
        write_text(fresh / SETTINGS, settings)
        write_text(fresh / ROSTER, roster_text(students))
        for part in ("source", "release"):
            for chapter in chapters:
                if (course.root / part / chapter).is_dir():
                    skip = shutil.ignore_patterns(*CACHES)
                    shutil.copytree(course.root / part / chapter, fresh / part / chapter, ignore=skip)
        if (course.root / OWN).is_dir():
            shutil.copytree(course.root / OWN, fresh / OWN, ignore=shutil.ignore_patterns(*CACHES))
        if (course.root / FILE).is_file():
            shutil.copy(course.root / FILE, fresh)
        keep(fresh, chapters)
        (fresh / "submitted").mkdir()
        course_secret(fresh)
        note_class(made, students, {chapter: due.get(chapter) for chapter in chapters})
        os.replace(fresh, folder)
    except BaseException:
        remove_tree(fresh)
        raise
    return Course(folder), students


def refuse_folder(course: Course, folder: Path) -> None:
    """Raises if a class cannot be made there."""
    if folder.is_relative_to(course.root):
        raise CourseError(
            f"{folder} lies inside of the course folder {course.root}; a class has a folder apart from it"
        )
    if found := sorted(set(str(folder)) & UNUSABLE):
        raise CourseError(f"{folder} has {' and '.join(found)} in its path, where nbgrader would look elsewhere")
    if os.path.lexists(folder) and (not folder.is_dir() or folder.is_symlink() or any(folder.iterdir())):
        raise CourseError(f"{folder} is there already; a class gets a new, or an empty, folder")


def empty_database(told: str) -> str:
    """The URL of a class's own gradebook on a server. Raises `CourseError`, if another class's is there already."""
    url = url_of(told, Path.cwd())
    if not is_postgresql(url):
        raise CourseError("--gradebook is for PostgreSQL; without it a class gets a gradebook.db of its own")
    if sum(rows_of(url).values()):
        raise CourseError(f"{shown(url)} is a gradebook with entries already; each class has a database of its own")
    return url


def config_of(course: Course, folder: Path) -> str:
    """The class's nbgrader_config.py: a copy of the course's, so that last year's class keeps its own, and what is this class's."""
    name = folder.name
    text = (course.root / MARKER).read_text(encoding="utf-8").partition(MARK)[0].rstrip()
    made = f'''{text}

{MARK}{"-" * (100 - len(MARK))}
# made with tf-first-principles {installed()}
c.CourseDirectory.course_id = "{re.sub(r"[^A-Za-z0-9_-]", "_", name)}"  # its folder in nbgrader's exchange
# What lateness costs stands in class.toml.
c.AssignLatePenalties.plugin_class = "autograder.course.nbgrader.late.ClassLatePolicy"
'''
    elsewhere = not same_place(db_url_of(course), database_url(course.gradebook))
    return config_with_own(made, folder / "gradebook.db") if elsewhere else config_with(made, None)


def chosen(there: list[str], told: str) -> list[str]:
    """The chapters meant by "1-5,9"; all, if nothing is told. Raises `CourseError`."""
    if not told.strip():
        return there
    by_number = {int(name.partition("_")[0]): name for name in there if name.partition("_")[0].isdigit()}
    picked = []
    for part in told.split(","):
        found = re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)
        if not found:
            raise CourseError(f"--chapters {told!r} is no list of chapters such as 1-5,9")
        first, last = int(found[1]), int(found[2] or found[1])
        if missing := [n for n in range(first, last + 1) if n not in by_number] or ([first] if last < first else []):
            raise CourseError(f"there is no chapter {missing[0]} for --chapters {told!r}; there are {', '.join(there)}")
        picked += [by_number[n] for n in range(first, last + 1)]
    return sorted(dict.fromkeys(picked))


def due_dates(course: Course, chapters: list[str], told: Sequence[str], timezone: str) -> dict[str, datetime]:
    """Chapter → when it is due. told: "01=2026-11-02", or one date alone: the first chapter's, each other's a week later."""
    zone = zone_of(timezone, "--timezone")
    dates: dict[str, datetime] = {}
    for one in told:
        chapter, equals, when = one.rpartition("=")
        if equals:
            picked = [c for c in course.pick([chapter]) if c in chapters]
            if not picked:
                raise CourseError(f"--due {one}: {chapter} is not among the chosen chapters")
            dates |= dict.fromkeys(picked, moment(when, zone, f"--due {one}"))
        else:
            first = moment(when, zone, f"--due {one}").astimezone(zone).replace(tzinfo=None)
            for number, name in enumerate(chapters):  # without the zone: the same time of day, also when clocks change
                dates[name] = moment(first + number * WEEK, zone, f"--due {one}")
    return {chapter: dates[chapter] for chapter in chapters if chapter in dates}
