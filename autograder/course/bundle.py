"""`course bundle`: what students get, in one zip without a solution anywhere in it."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

from ..judging.library import FILE, told
from ..judging.topics import OWN
from .build import PACKAGE
from .folder import Course, CourseError
from .new_course import SKELETON  # for teachers, with solutions
from .notebooks import read_notebook
from .samples import solutions

TOP = "tf-first-principles"
FILES = ("LICENSE", "pyproject.toml", "requirements.lock", "environment.yml")
STAMP = (2026, 1, 1, 0, 0, 0)  # one date for all: two bundles of the same course are the same bytes


def bundle(course: Course, target: Path) -> Path:
    """Write the zip; raises `CourseError` if a file is missing or a solution would be in it."""
    top = name_of(course)
    members = dict(_members(course))
    leaks = [f"{name} holds the solution of {who}" for name, text in members.items() for who in _leaks(course, text)]
    if leaks:
        raise CourseError(f"not packed: {leaks[0]}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as new:
        with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in sorted(members.items()):
                info = zipfile.ZipInfo(f"{top}/{name}", STAMP)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                archive.writestr(info, data)
    os.chmod(new.name, 0o644)
    os.replace(new.name, target)
    return target


def _members(course: Course):
    """The files of the bundle: (name, bytes)."""
    if is_ones_own(course):
        yield FILE, _read(course.root / FILE)
        yield "README.md", _read(course.root / "for-students.md")
        yield "requirements.txt", (_package(course) + "\n").encode()
    else:
        for name in FILES:
            yield name, _read(course.root / name)
        yield "README.md", _read(course.root / "docs" / "for-students.md")
        yield "Makefile", _read(course.root / "docs" / "for-students.mk")  # the course's own offers what needs source/
        yield "setup.mk", _read(course.root / "docs" / "setup.mk")
    for chapter in course.chapters():
        read_notebook(course.release(chapter))
        for path in sorted(course.release(chapter).parent.rglob("*")):
            if path.is_file() and ".ipynb_checkpoints" not in path.parts:
                yield path.relative_to(course.root).as_posix(), path.read_bytes()
    # the package comes with the course that it was made for; elsewhere pip installs it
    for folder, name in [(course.root / OWN, OWN)] + [(PACKAGE, PACKAGE.name)] * (not is_ones_own(course)):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and not path.is_relative_to(SKELETON):
                yield f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes()


def is_ones_own(course: Course) -> bool:
    """Is this a course that somebody has made with the package, rather than the one that it was made for?"""
    return (course.root / FILE).exists() and not PACKAGE.is_relative_to(course.root.resolve())


def name_of(course: Course) -> str:
    """What the bundle is called, and its folder."""
    return course.root.resolve().name if is_ones_own(course) else TOP


def _package(course: Course) -> str:
    """How a student installs the package, as pip takes it."""
    found = told(course.root).get("package", TOP)
    if not isinstance(found, str) or not found.strip() or len(found.splitlines()) != 1:
        raise CourseError(f"{course.root / FILE}: package is {found!r}; it is one line, such as {TOP!r}, or an address")
    return found.strip()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CourseError(f"not packed: {path} is missing") from None


def _leaks(course: Course, data: bytes):
    """The exercises whose solution's body stands in this file, however it is indented or quoted."""
    text = squeeze(data.decode("utf-8", errors="ignore").replace("\\n", "\n").replace('\\"', '"'))
    for chapter in course.chapters():
        for name, body in bodies(course, chapter).items():
            if body in text:
                yield name


def bodies(course: Course, chapter: str) -> dict[str, str]:
    """The bodies of a chapter's solutions, without white space, signature and docstring; one-liners count, too."""
    import ast

    found = {}
    for name, source in solutions(course, chapter).items():
        function = ast.parse(source).body[0]
        first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
        found[name] = squeeze("\n".join(source.splitlines()[first.lineno - 1 :]))
    return found


def squeeze(text: str) -> str:
    return "".join(text.split())
