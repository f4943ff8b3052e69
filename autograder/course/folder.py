"""Where things are in a course folder. Reading only."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ..judging.topics import OWN, PACKAGED, topic_of

MARKER = "nbgrader_config.py"
UNFIT = "a folder of this name cannot be graded; rename it: "
PATTERNS = frozenset("*?[]")  # nbgrader looks for its folders by pattern: "*" would be everybody
UNUSABLE = PATTERNS | frozenset("%$")  # these stand for something else in the addresses of files and databases


class CourseError(Exception):
    """Something the user can put right; its text is one plain sentence for the terminal."""


@dataclass(frozen=True)
class Course:
    """A course folder: nbgrader's layout, plus `notebooks/`."""

    root: Path

    @property
    def gradebook(self) -> Path:
        return self.root / "gradebook.db"

    def source_folder(self, assignment: str) -> Path:
        return self.root / "source" / assignment

    def submitted_folder(self, student: str, assignment: str) -> Path:
        return self.root / "submitted" / student / assignment

    def autograded_folder(self, student: str, assignment: str) -> Path:
        return self.root / "autograded" / student / assignment

    def earlier_folder(self, student: str, assignment: str) -> Path:
        """What a student handed in before that, which `course collect` keeps: folders 001, 002, …, and beside one that was graded
        001.graded.ipynb."""
        return self.root / "earlier" / student / assignment

    def source(self, chapter: str) -> Path:
        return self.root / "source" / chapter / f"{chapter}.ipynb"

    def release(self, chapter: str) -> Path:
        return self.root / "release" / chapter / f"{chapter}.ipynb"

    def release_of(self, assignment: str, notebook: str) -> Path:
        return self.root / "release" / assignment / f"{notebook}.ipynb"

    def notebook(self, chapter: str) -> Path:
        return self.root / "notebooks" / f"{chapter}.ipynb"

    def submission(self, student: str, chapter: str) -> Path:
        return self.root / "submitted" / student / chapter / f"{chapter}.ipynb"

    def autograded(self, student: str, chapter: str) -> Path:
        return self.root / "autograded" / student / chapter / f"{chapter}.ipynb"

    def feedback(self, student: str, assignment: str, notebook: str = "") -> Path:
        """The page on a notebook of an assignment; that of a chapter is called as the chapter is."""
        return self.root / "feedback" / student / assignment / f"{notebook or assignment}.html"

    def chapter_of(self, topic: str) -> str:
        """ "forward_pass" → "01_forward_pass"."""
        return next(chapter for chapter in self.chapters() if topic_of(chapter) == topic)

    def exercises(self, chapter: str) -> Path:
        """The module in which a chapter's exercises are written: in a clone the package's, never that of an installed one."""
        home = PACKAGED if PACKAGED.is_relative_to(self.root.resolve()) else self.root / OWN
        return home / f"{topic_of(chapter)}.py"

    def chapters(self) -> list[str]:
        """The chapters there are, in order: ["01_forward_pass", …]."""
        return sorted(p.parent.name for p in (self.root / "source").glob("*/*.ipynb") if p.stem == p.parent.name)

    def assignments(self) -> list[str]:
        """All that can be graded: the folders in source/ with notebooks, of whatever names."""
        return sorted({p.parent.name for p in (self.root / "source").glob("*/*.ipynb")})

    def notebooks(self, assignment: str) -> list[str]:
        """The names of an assignment's notebooks, in the order in which nbgrader runs them."""
        return sorted(p.stem for p in self.source_folder(assignment).glob("*.ipynb"))

    def pick(self, wanted: tuple[str, ...] | list[str]) -> list[str]:
        """The chapters meant by these names (a full name, a number or a topic), all if none is named."""
        there = self.chapters()
        if not there:
            raise CourseError(
                f"there is no chapter source/NAME/NAME.ipynb in {self.root}; only course grade knows other assignments"
            )
        return _picked(there, wanted, "chapter") if wanted else there

    def pick_assignments(self, wanted: tuple[str, ...] | list[str]) -> list[str]:
        """The assignments meant by these names, a chapter's or any other."""
        there = self.assignments()
        if not there:
            raise CourseError(f"there is no notebook source/ASSIGNMENT/NAME.ipynb in {self.root}")
        picked = _picked(there, wanted, "chapter")
        for name in picked:
            if "+" in name or why_unfit(name):
                raise CourseError(f"source/{name!r}: {UNFIT}{why_unfit(name) or 'nbgrader allows no +'}")
        return picked

    def students(self, chapter: str) -> list[str]:
        """Who handed in something for this chapter, but for those whose folder has an `unfit` name."""
        there = self._handed_in(chapter)
        unfit = _unfit(there)
        return [name for name in there if name not in unfit]

    def unfit(self, chapter: str) -> dict[str, str]:
        """The folders with something handed in that cannot be graded for their names → why, as a sentence."""
        return _unfit(self._handed_in(chapter))

    def _handed_in(self, chapter: str) -> list[str]:
        try:
            names = os.listdir(self.root / "submitted")
        except (FileNotFoundError, NotADirectoryError):
            return []
        # for a class of thousands: several times as fast as a pattern
        return sorted(name for name in names if os.path.isdir(os.path.join(self.root, "submitted", name, chapter)))

    def who_handed_in(self, chapter: str, wanted: list[str]) -> list[str]:
        """The students to grade: those named, else all who handed in. Raises if there is nothing to grade."""
        there = self.students(chapter)
        unfit = self.unfit(chapter)
        if refused := {name: why for name, why in unfit.items() if name in wanted or not there}:
            raise CourseError("; ".join(f"{ascii(name)}: {why}" for name, why in refused.items()))
        if not there:
            raise CourseError(f"nobody has handed in {chapter}: there is nothing in submitted/*/{chapter}")
        unknown = sorted(set(wanted) - set(there))
        if unknown:
            raise CourseError(f"{', '.join(unknown)} handed in nothing for {chapter}")
        chosen = set(wanted or there)
        return [s for s in there if s in chosen]


def _unfit(there: list[str]) -> dict[str, str]:
    found = {name: why for name in there if (why := why_unfit(name))}
    alike = Counter(unicodedata.normalize("NFKC", name) for name in there)
    for name in there:
        if alike[unicodedata.normalize("NFKC", name)] > 1:
            found.setdefault(name, "there is another folder whose name reads the same")
    return {name: UNFIT + why for name, why in found.items()}


def _picked(there: list[str], wanted: tuple[str, ...] | list[str], what: str) -> list[str]:
    picked = []
    for name in wanted:
        name = name.strip("/").removesuffix(".ipynb")
        found = [name] if name in there else [c for c in there if name in _short_names(c)]
        if not found:
            raise CourseError(f"there is no {what} {name!r}; there are {', '.join(there)}")
        picked += [c for c in found if c not in picked]
    return picked


def _short_names(chapter: str) -> tuple[str, ...]:
    """ "01_forward_pass" is also "01", "1" and "forward_pass"."""
    number, _, topic = chapter.partition("_")
    return (number, number.lstrip("0"), topic) if number.isdigit() else ()


def why_unfit(name: str) -> str:
    """Why a folder of a student or an assignment may not be called so; empty if it may."""
    if not name.isprintable() or set(name) & PATTERNS:
        return "no *, ?, [, ] and nothing that cannot be printed"
    if name.strip() != name:
        return "nbgrader takes away the blanks at its ends, and grades another folder, or none"
    if name.startswith("."):
        return "nbgrader does not see what begins with a dot"
    return ""


def find_course(start: Path) -> Course:
    """The course folder that `start` lies in."""
    for folder in (start, *start.parents):
        if (folder / MARKER).is_file():
            if found := sorted(set(str(folder)) & UNUSABLE):
                signs = " and ".join(found)
                raise CourseError(
                    f"the course folder {folder} has {signs} in its path, where nbgrader would look elsewhere"
                )
            return Course(folder)
    raise CourseError(f"{start} is not inside a course folder (one that holds {MARKER}); name it with --course")
