"""`course new-course`: the folder of a course of one's own, with one small chapter to start from (`skeleton/`)."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from ..judging.library import FILE
from .files import CACHES, remove_tree
from .folder import MARKER, UNUSABLE, Course, CourseError
from .made_with import PACKAGE
from .notebooks import write_text

SKELETON = Path(__file__).with_name("skeleton")


def new_course(folder: Path) -> Course:
    """Make the folder, whole or not at all. Raises `CourseError` before anything is written."""
    if found := sorted(set(str(folder)) & UNUSABLE):
        raise CourseError(f"{folder} has {' and '.join(found)} in its path, where nbgrader would look elsewhere")
    if os.path.lexists(folder) and (not folder.is_dir() or folder.is_symlink() or any(folder.iterdir())):
        raise CourseError(f"{folder} is there already; a course gets a new, or an empty, folder")
    if around := next((parent for parent in folder.parents if (parent / MARKER).is_file()), None):
        raise CourseError(
            f"{folder} lies inside of the course folder {around}; a course has a folder apart from others"
        )
    if not SKELETON.is_dir():
        raise CourseError(
            "this package came out of a bundle for students, which makes no course: install the teacher's"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        shutil.copytree(SKELETON, fresh, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*CACHES))
        fresh.chmod(0o755)
        _replace(fresh / MARKER, r'(?<=course_id = ")[^"]*', re.sub(r"\W", "_", folder.name))
        _replace(fresh / FILE, rf'(?<=package = "){PACKAGE}(?=")', f"{PACKAGE}=={version(PACKAGE)}")
        os.replace(fresh, folder)
    except BaseException:
        remove_tree(fresh)
        raise
    return Course(folder)


def _replace(path: Path, pattern: str, text: str) -> None:
    write_text(path, re.sub(pattern, lambda _: text, path.read_text(encoding="utf-8")))
