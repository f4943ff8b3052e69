"""What a name in a download says: whose it is, which file, when and which attempt. Pure; what it means, `recognise` decides.

How the names are made: Canvas `familyfirst_LATE_123_456_file-1.ipynb`; Moodle `First Family_789_assignsubmission_file_/file.ipynb`;
Blackboard `Title_user_attempt_2026-11-01-14-03-22_file.ipynb`; Brightspace `12-345 - First Family - Nov 1, 2026 1103 AM/`; Google Classroom `First Family - file.ipynb`; nbgrader's exchange
`user+chapter+2026-11-01 14:03:22.123456 UTC+random/`.
"""

from __future__ import annotations

import re
import unicodedata
import urllib.parse
from dataclasses import dataclass
from datetime import datetime

EXCHANGE = re.compile(
    r"(?P<who>.+?)\+(?P<chapter>[^+]+)\+(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \S+?)(?:\+.*)?"
)
MOODLE = re.compile(r"(?P<who>.+)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)")
BLACKBOARD = re.compile(r"(?P<before>.+_.+)_attempt_(?P<at>\d{4}(?:-\d\d){5})(?:[_.](?P<file>.+))?")
CANVAS = re.compile(r"(?P<who>[^_]+)_(?:(?P<late>late)_)?(?P<number>\d+)_(?P<sent>\d+)_(?P<file>.+)", re.IGNORECASE)
BRIGHTSPACE = re.compile(
    r"\d+-\d+ ?- ?(?P<who>.+?) ?- ?(?P<at>(?:[A-Za-z]+\.? \d{1,2}|\d{1,2} [A-Za-z]+\.?),? \d{4},? \d{1,2}:?\d\d(?: ?[AP]M)?)(?: - (?P<file>.+))?",
    re.IGNORECASE,
)
CLASSROOM = re.compile(r"(?P<who>.+?) - (?P<file>.+)")

COPY = r"(?:copy|kopie|copie|copia|cópia|kopia|kopi)"
COPIES = re.compile(
    rf"(?:^{COPY} (?:of|von|de|di|av|af)\s+|\s*[(\[](?P<browser>\d+)[)\]]$|[-_ ]+\(?{COPY}\)?\s*(?P<editor>\d*)$)",
    re.IGNORECASE,
)
VERSION = re.compile(r"(?:version|attempt|submission)[ _-]?(\d{1,3})", re.IGNORECASE)
"""A folder of one of several hand-ins, as Teams has them."""
ENDING = r"(?:txt|json|html?|xml|download|bak)"
"""What is put behind .ipynb by who does not know it."""
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
    part = readable(part)
    bare = re.sub(r"\.zip$", "", part, flags=re.IGNORECASE)
    if found := EXCHANGE.fullmatch(bare):
        return Told("nbgrader's exchange", (found["who"],), at=found["at"])
    if found := MOODLE.fullmatch(bare):
        return Told("Moodle", (found["who"],), file=found["file"])
    if found := BLACKBOARD.fullmatch(bare):
        words = found["before"].split("_")
        who = tuple("_".join(words[n:]) for n in range(1, len(words)))  # a title may hold _, and so may a user's name
        return Told("Blackboard", who, file=found["file"] or "", at=_with_colons(found["at"]))
    if found := BRIGHTSPACE.fullmatch(bare):
        return Told("Brightspace", (found["who"],), file=found["file"] or "", at=_with_a_month(found["at"]))
    if found := CANVAS.fullmatch(bare):
        return Told("Canvas", (found["who"],), found["number"], found["file"], late=bool(found["late"]))
    if found := CLASSROOM.fullmatch(bare):
        return Told("", (found["who"],), file=found["file"])
    return None


def _with_colons(at: str) -> str:
    year, month, day, *rest = at.split("-")
    return f"{year}-{month}-{day}T{':'.join(rest)}"


def _with_a_month(at: str) -> str:
    """ "Nov 1, 2026 1103 AM" → "2026-11-01T11:03:00"; empty, if it is written in a way that is not known."""
    words = re.sub(r"[.,]", "", at).replace(":", "").upper().split()
    if words[-1] not in ("AM", "PM") and words[-1][-2:] in ("AM", "PM"):
        words[-1:] = [words[-1][:-2], words[-1][-2:]]
    half = words.pop() if words[-1] in ("AM", "PM") else ""
    words[-1] = words[-1].zfill(4)
    for day in ("%b %d", "%B %d", "%d %b", "%d %B"):
        try:
            return datetime.strptime(
                " ".join([*words, half]).strip(), f"{day} %Y {'%I%M %p' if half else '%H%M'}"
            ).isoformat()
        except ValueError:
            continue
    return ""


def readable(part: str) -> str:
    """A name as a person wrote it: "J%C3%B6rg%20M" is "Jörg M", and ö is one letter."""
    if "%" in part:
        try:
            part = urllib.parse.unquote(part, errors="strict")
        except UnicodeDecodeError:
            pass
    return unicodedata.normalize("NFC", part)


def is_notebook_name(name: str) -> bool:
    """Also what browsers and mail programs make of one: x.IPYNB, x.ipynb.txt, x.ipynb.json."""
    return (
        re.search(rf"\.ipynb(\s*[(\[]\d+[)\]]|_\d+)?(\.{ENDING})?$", readable(name).strip(), re.IGNORECASE) is not None
    )


def stem_of(name: str, canvas: bool = False) -> tuple[str, int]:
    """A notebook's name without endings and the marks of copies, and the number that these bear.

    canvas: its "-1" is the second attempt's mark. Elsewhere it may belong to the name.
    """
    name = unicodedata.normalize("NFKC", readable(name)).strip()
    stem = re.sub(rf"\.{ENDING}$", "", name, flags=re.IGNORECASE)
    while (fewer := re.sub(r"\.ipynb(?=$|\s*[(\[]\d+[)\]]$|_\d+$)", "", stem, flags=re.IGNORECASE)) != stem:
        stem = fewer
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
    plain = unicodedata.normalize("NFKD", text.translate(LETTERS)).casefold()
    return "".join(c for c in plain if c.isalnum())


def keys(text: str) -> set[str]:
    """That, and as it is written where there are no such letters: Jörg is Jorg, and Joerg."""
    return {key(text), key(unicodedata.normalize("NFC", text).translate(IN_TWO))} - {""}


def words(text: str) -> list[str]:
    """The words of a name, each as `key` has it."""
    return [key(word) for word in re.split(r"[^\w]|_", readable(text)) if key(word)]


LETTERS = str.maketrans("łŁđĐðøØıİħŋŧ", "lLdDdoOiIhnt") | str.maketrans(
    {"æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th"}
)
"""Letters that no accent makes of another."""
IN_TWO = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Ø": "Oe", "Å": "Aa"}
)


def slug(text: str) -> str:
    """Words joined by _: "01 Forward-Pass" → "01_forward_pass"."""
    return re.sub(r"[^a-z0-9]+", "_", unicodedata.normalize("NFKD", text).casefold()).strip("_")
