"""Whose a file is, by the roster, and which chapter a notebook is, by its name and by the marks of its cells."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..course.cells import graded
from ..course.folder import Course
from ..course.notebooks import read_notebook
from ..course.roster import Student
from .names import Told, is_notebook_name, key, keys, readable, slug, stem_of, told_by, words

MIN_MARKS = 2
MIN_LETTERS, MIN_DIGITS = 4, 5
"""Of what tells whose a file is though it is not all of its name."""
NOBODY = "nobody in roster.csv is called like it"


@dataclass(frozen=True)
class Owner:
    """student: an id, empty if nobody is known by this name; then why says so. told: what the name said of it. depth: which part
    of the name it was. within: the words in a longer name by which it was told, for a person to look at."""

    student: str
    why: str = ""
    told: Told | None = None
    depth: int = 0
    within: str = ""


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
            for one in keys(s.id):
                self._ids.setdefault(one, set()).add(s.id)
            whole = (s.email, s.login, s.sis_id, s.lms_id, s.github)
            people = (s.name, f"{s.last_name} {s.first_name}") if s.first_name and s.last_name else ()
            local = [text.partition("@")[0] for text in (s.id, s.email, s.login) if "@" in text]
            for text in (*whole, *people, *local):
                for one in keys(text):
                    self._names.setdefault(one, set()).add(s.id)

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
                    return self._unless_named_outside(Owner(*found, "", told, depth), parts)
        start = 1 if _download(parts) else 0  # what a person called a download of everybody's says the least
        inside = self._within(parts[start:], None, start)
        return inside if inside.why != NOBODY or not start else self._within(parts[:1], None)

    def _unless_named_outside(self, owner: Owner, parts: tuple[str, ...]) -> Owner:
        """What lies in a folder that names somebody else is nobody's: a student may call a file as they like."""
        outside = self._within(parts[1 if _download(parts) else 0 : owner.depth], None)
        if outside.student in ("", owner.student):
            return owner
        return Owner("", f"its name is {owner.student}'s, its folder's {outside.student}'s", owner.told, owner.depth)

    def _within(self, parts: tuple[str, ...], told: Told | None, depth: int = 0) -> Owner:
        """By somebody's whole name, login or number that stands in a longer name, if it is one person's only."""
        for at, part in enumerate(parts):
            found = self._mentioned(words(part))
            if not found:
                continue
            left = set.intersection(*found.values())  # a name that two have, and the login of one of them
            if len(left) == 1:
                return Owner(*left, "", told, depth + at, max(found, key=len))
            who = " and ".join(sorted(set.union(*found.values())))
            return Owner("", f"{who} are both named in it", told, depth + at)
        return Owner("", NOBODY, told, depth)

    def _mentioned(self, told: list[str]) -> dict[str, set[str]]:
        """Words in a name → whose they may be; the longest ones, and not what may be a date or a count."""
        found: dict[tuple[int, int], set[str]] = {}
        for size in range(len(told), 0, -1):
            for first in range(len(told) - size + 1):
                who, last = "".join(told[first : first + size]), first + size
                if len(who) < MIN_LETTERS or (size == 1 and who.isdigit() and len(who) < MIN_DIGITS):
                    continue
                if not any(a <= first and last <= b for a, b in found) and (known := self.called(who)):
                    found[first, last] = known
        return {" ".join(told[a:b]): known for (a, b), known in found.items()}

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
        if told.lms != "Canvas":  # whose names are of one word
            found = self._within(told.who[-1:], told, depth)
            if found.student or found.why != NOBODY:
                return found
        number = f", number {told.number}," if told.number else ""
        return Owner("", f"{told.who[-1]}{number} is not in roster.csv", told, depth)

    def _guesses(self, part: str, told: Told | None, last: bool) -> list[str]:
        stem = stem_of(part)[0] if last else re.sub(r"\.zip$", "", readable(part), flags=re.IGNORECASE)
        without = key(stem)
        for chapter in self._chapters:  # "ada_01_forward_pass", "01_forward_pass-ada"
            without = without.removeprefix(chapter).removesuffix(chapter)
        # not each login of the class: with thousands that is thousands for each name
        words = part.casefold().split("-")
        tails = ("-".join(words[n:]) for n in range(1, len(words)))
        ends = [self._github[tail] for tail in tails if tail in self._github]
        return [*(told.who if told else ()), stem, without, *ends]


def _download(parts: tuple[str, ...]) -> bool:
    return len(parts) > 1 and parts[0].lower().endswith(".zip")


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
        told = _json(path)
        if told is None:
            return Content(why="is no notebook, or a damaged one")
        cells = told.get("cells") if isinstance(told, dict) else None
        if not isinstance(cells, list):
            return Content(why="is no notebook of format 4")
        found = {name for cell in cells if isinstance(cell, dict) for name in _names(cell)}
        ranked = sorted(((len(found & own), chapter) for chapter, own in self._own.items()), reverse=True)
        best, chapter = ranked[0]
        unique = len(ranked) == 1 or ranked[1][0] < best
        return Content(chapter if best >= MIN_MARKS and unique else "")


def is_notebook(path: Path, name: str) -> bool:
    """By its name, or, where a browser has called it x.txt or x.json, by what is in it."""
    if is_notebook_name(name):
        return True
    if Path(name).suffix.lower() not in ("", ".txt", ".json"):
        return False
    told = _json(path)
    return isinstance(told, dict) and isinstance(told.get("cells"), list) and "nbformat" in told


def _json(path: Path) -> Any:
    """What a file holds; None, if that is no JSON."""
    try:
        content = path.read_bytes()
        return json.loads(content) if content[:8].strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] in (b"{", b"") else None
    except (ValueError, RecursionError, MemoryError):
        return None


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
