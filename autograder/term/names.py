"""What a name in a download says: whose it is, which file, when and which attempt. Pure; what it means, `recognise` decides.

How the names are made: Canvas `familyfirst_LATE_123_456_file-1.ipynb`; Moodle `First Family_789_assignsubmission_file_/file.ipynb`;
Blackboard `Title_user_attempt_2026-11-01-14-03-22_file.ipynb`; Google Classroom `First Family - file.ipynb`; nbgrader's exchange
`user+chapter+2026-11-01 14:03:22.123456 UTC+random/`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

EXCHANGE = re.compile(
    r"(?P<who>.+?)\+(?P<chapter>[^+]+)\+(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \S+?)(?:\+.*)?"
)
MOODLE = re.compile(r"(?P<who>.+)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)")
BLACKBOARD = re.compile(r"(?P<before>.+_.+)_attempt_(?P<at>\d{4}(?:-\d\d){5})(?:[_.](?P<file>.+))?")
CANVAS = re.compile(r"(?P<who>[^_]+)_(?:(?P<late>late)_)?(?P<number>\d+)_(?P<sent>\d+)_(?P<file>.+)", re.IGNORECASE)
CLASSROOM = re.compile(r"(?P<who>.+?) - (?P<file>.+)")

COPIES = re.compile(
    r"(?:^(?:copy of|kopie von|copie de|copia de)\s+|\s*\((?P<browser>\d+)\)$|[-_ ]+copy\s*(?P<editor>\d*)$)",
    re.IGNORECASE,
)
AGAIN = re.compile(r"-(?P<canvas>\d{1,3})$")


@dataclass(frozen=True)
class Told:
    """What one part of a name says. lms: by whose convention, empty for none. who: names of one person, any of which may be known;
    number: the LMS's number for them. file: what is left. at: when it was handed in, as written there. late: marked as such."""

    lms: str
    who: tuple[str, ...]
    number: str = ""
    file: str = ""
    at: str = ""
    late: bool = False


def told_by(part: str) -> Told | None:
    """What a file's or a folder's name says by one of the conventions; None if by none of them."""
    part = unicodedata.normalize("NFC", part)
    bare = re.sub(r"\.zip$", "", part, flags=re.IGNORECASE)
    if found := EXCHANGE.fullmatch(bare):
        return Told("nbgrader's exchange", (found["who"],), at=found["at"])
    if found := MOODLE.fullmatch(bare):
        return Told("Moodle", (found["who"],), file=found["file"])
    if found := BLACKBOARD.fullmatch(bare):
        words = found["before"].split("_")
        who = tuple("_".join(words[n:]) for n in range(1, len(words)))  # a title may hold _, and so may a user's name
        return Told("Blackboard", who, file=found["file"] or "", at=_with_colons(found["at"]))
    if found := CANVAS.fullmatch(bare):
        return Told("Canvas", (found["who"],), found["number"], found["file"], late=bool(found["late"]))
    if found := CLASSROOM.fullmatch(bare):
        return Told("", (found["who"],), file=found["file"])
    return None


def _with_colons(at: str) -> str:
    year, month, day, *rest = at.split("-")
    return f"{year}-{month}-{day}T{':'.join(rest)}"


def is_notebook_name(name: str) -> bool:
    """Also what browsers and mail programs make of one: x.IPYNB, x.ipynb.txt, x.ipynb.json."""
    return re.search(r"\.ipynb(\s*\(\d+\))?(\.(txt|json))?$", name.strip(), re.IGNORECASE) is not None


def stem_of(name: str, canvas: bool = False) -> tuple[str, int]:
    """A notebook's name without endings and the marks of copies, and the number that these bear.

    canvas: its "-1" is the second attempt's mark. Elsewhere it may belong to the name.
    """
    name = unicodedata.normalize("NFKC", name).strip()
    stem = re.sub(r"\.(txt|json)$", "", name, flags=re.IGNORECASE)
    stem = re.sub(r"\.ipynb(?=$|\s*\(\d+\)$)", "", stem, flags=re.IGNORECASE)
    attempt = 0
    while True:
        if canvas and (found := AGAIN.search(stem)):
            attempt += int(found["canvas"])
        elif found := COPIES.search(stem):
            attempt += int(found["browser"] or found["editor"] or 1)
        else:
            return stem, attempt
        stem = (stem[: found.start()] + stem[found.end() :]).strip()


def key(text: str) -> str:
    """A name as people compare it: without accents, case, blanks and signs."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in plain if c.isalnum())


def slug(text: str) -> str:
    """Words joined by _: "01 Forward-Pass" → "01_forward_pass"."""
    return re.sub(r"[^a-z0-9]+", "_", unicodedata.normalize("NFKD", text).casefold()).strip("_")
