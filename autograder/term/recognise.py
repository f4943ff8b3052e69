"""Whose a file is, by the roster, and which chapter a notebook is, by its name and by the marks of its cells."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..course.cells import graded
from ..course.folder import Course
from ..course.notebooks import read_notebook
from ..course.roster import Student
from .names import Told, key, slug, stem_of, told_by

MIN_MARKS = 2
NOBODY = "nobody in roster.csv is called like it"


@dataclass(frozen=True)
class Owner:
    """student: an id, empty if nobody is known by this name; then why says so. told: what the name said of it. depth: which part
    of the name it was."""

    student: str
    why: str = ""
    told: Told | None = None
    depth: int = 0


class Roster:
    """The class, to be asked by whatever a name says. Nobody is chosen of two."""

    def __init__(self, students: Iterable[Student], chapters: Iterable[str]) -> None:
        self.students = {s.id: s for s in students}
        self._chapters = sorted((key(c) for c in chapters), key=len, reverse=True)
        self._ids: dict[str, set[str]] = {}
        self._names: dict[str, set[str]] = {}
        self._numbers = {s.lms_id: s.id for s in self.students.values() if s.lms_id}
        self._github = {s.github.casefold(): s.id for s in self.students.values() if s.github}
        for s in self.students.values():
            self._ids.setdefault(key(s.id), set()).add(s.id)
            whole = (s.email, s.login, s.sis_id, s.lms_id, s.github)
            people = (s.name, f"{s.last_name} {s.first_name}") if s.first_name and s.last_name else ()
            local = [text.partition("@")[0] for text in (s.id, s.email, s.login) if "@" in text]
            for text in (*whole, *people, *local):
                if key(text):
                    self._names.setdefault(key(text), set()).add(s.id)

    def called(self, who: str) -> set[str]:
        """The ids of those who are called so: one whose id it is, else all who bear the name."""
        return self._ids.get(key(who)) or self._names.get(key(who), set())

    def owner(self, parts: tuple[str, ...], top: str = "") -> Owner:
        """Whose a file of this name is. The outermost folder or archive that says so counts: what is in it a student named.

        top: the folder that was named to the command, asked last.
        """
        found = self._owner(parts)
        if not found.student and top and not found.told and found.why == NOBODY:
            named = self._owner((top, ""))
            return named if named.student else found
        return found

    def _owner(self, parts: tuple[str, ...]) -> Owner:
        for depth, part in enumerate(parts):
            told = told_by(part)
            if told is not None and told.lms:
                return self._by_convention(told, depth)
            last = depth == len(parts) - 1
            for who in self._guesses(part, told, last):
                found = self.called(who)
                if len(found) > 1:
                    return Owner("", f"{' and '.join(sorted(found))} are both called {who}", told, depth)
                if found:
                    return Owner(*found, "", told, depth)
        return Owner("", NOBODY)

    def _by_convention(self, told: Told, depth: int) -> Owner:
        by_number = self._numbers.get(told.number, "") if told.number else ""
        by_name: set[str] = next(filter(None, map(self.called, told.who)), set())
        if by_number and by_name and by_number not in by_name:
            other = ", ".join(sorted(by_name))
            return Owner("", f"its number {told.number} is {by_number}'s, its name {other}'s", told, depth)
        if by_number:
            return Owner(by_number, "", told, depth)
        if len(by_name) > 1:
            return Owner("", f"{' and '.join(sorted(by_name))} are both called {told.who[0]}", told, depth)
        if by_name:
            return Owner(*by_name, "", told, depth)
        number = f", number {told.number}," if told.number else ""
        return Owner("", f"{told.who[-1]}{number} is not in roster.csv", told, depth)

    def _guesses(self, part: str, told: Told | None, last: bool) -> list[str]:
        stem = stem_of(part)[0] if last else re.sub(r"\.zip$", "", part, flags=re.IGNORECASE)
        without = key(stem)
        for chapter in self._chapters:  # "ada_01_forward_pass", "01_forward_pass-ada"
            without = without.removeprefix(chapter).removesuffix(chapter)
        words = part.casefold().split(
            "-"
        )  # not each login of the class: with thousands that is thousands for each name
        tails = ("-".join(words[n:]) for n in range(1, len(words)))
        ends = [self._github[tail] for tail in tails if tail in self._github]
        return [*(told.who if told else ()), stem, without, *ends]


@dataclass(frozen=True)
class Content:
    """What a notebook is by what it holds. chapter: empty, if its cells bear no marks of one. why: it is no notebook."""

    chapter: str = ""
    why: str = ""


class Chapters:
    """The class's chapters, to be asked which of them a notebook is."""

    def __init__(self, course: Course, chapters: list[str]) -> None:
        marks = {chapter: _marks(course.release(chapter)) for chapter in chapters}
        often = Counter(mark for found in marks.values() for mark in found)
        self._own = {chapter: {m for m in found if often[m] == 1} for chapter, found in marks.items()}
        self._slugs = {slug(chapter): chapter for chapter in chapters}
        self._topics = {slug(chapter).partition("_")[2]: chapter for chapter in chapters}

    def by_name(self, name: str, canvas: bool = False) -> str:
        """The chapter that a file's name, as its writer called it, says; empty if none or several."""
        stem = slug(stem_of(name, canvas)[0])
        exact = self._slugs.get(stem) or self._topics.get(stem)
        if exact:
            return exact
        within = {c for known in (self._slugs, self._topics) for s, c in known.items() if s and f"_{s}_" in f"_{stem}_"}
        return within.pop() if len(within) == 1 else ""

    def by_content(self, path: Path) -> Content:
        """The chapter whose cells are in a notebook, by the marks that no other chapter has."""
        try:
            told = json.loads(path.read_bytes())
        except (ValueError, RecursionError, MemoryError):
            return Content(why="is no notebook, or a damaged one")
        cells = told.get("cells") if isinstance(told, dict) else None
        if not isinstance(cells, list):
            return Content(why="is no notebook of format 4")
        found = {name for cell in cells if isinstance(cell, dict) for name in _names(cell)}
        ranked = sorted(((len(found & own), chapter) for chapter, own in self._own.items()), reverse=True)
        best, chapter = ranked[0]
        unique = len(ranked) == 1 or ranked[1][0] < best
        return Content(chapter if best >= MIN_MARKS and unique else "")


def _marks(path: Path) -> set[str]:
    return {graded(cell)["grade_id"] for cell in read_notebook(path).cells if graded(cell).get("grade_id")}


def _names(cell: dict) -> set[str]:
    about = cell.get("metadata")
    mark = about.get("nbgrader") if isinstance(about, dict) else None
    names = (mark.get("grade_id") if isinstance(mark, dict) else None, cell.get("id"))
    return {name for name in names if isinstance(name, str)}


def file_name(parts: tuple[str, ...], owner: Owner) -> tuple[str, bool]:
    """What its writer called a file, and whether Canvas has added something to it."""
    told = owner.told
    if told is not None and owner.depth == len(parts) - 1 and told.file:
        return told.file, told.lms == "Canvas"
    return parts[-1], False
