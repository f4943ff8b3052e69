"""Who is in the class, roster.csv: names, e-mail, and the ids by which a learning management system knows them."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from .folder import Course, CourseError, why_unfit

ROSTER = "roster.csv"


@dataclass(frozen=True)
class Student:
    """id: the folder in submitted/, and nbgrader's. lms_id: the number that Canvas or Moodle has for them; login: their user
    name there (Blackboard's); sis_id: the student register's. Whatever is not known is empty."""

    id: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""
    lms_id: str = ""
    login: str = ""
    sis_id: str = ""
    section: str = ""
    github: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def sorted_name(self) -> str:
        return ", ".join(part for part in (self.last_name, self.first_name) if part)


COLUMNS = [field.name for field in fields(Student)]
ALIASES = {
    "id": "id studentid nbgraderid",
    "last_name": "lastname surname familyname nachname nom apellidos apellido cognome",
    "first_name": "firstname givenname forename vorname prenom nombre",
    "name": "name student fullname studentname vollstandigername nomcomplet nombrecompleto",
    "email": "email emailaddress mail emailadresse adressedecourriel direcciondecorreo",
    "lms_id": "lmsid lmsuserid canvasid moodleid userid",
    "login": "login username sisloginid loginid benutzername anmeldename identifier",
    "sis_id": "sisid sisuserid idnumber studentnumber matriculationnumber orgdefinedid matrikelnummer idnummer",
    "section": "section group groups gruppe gruppen",
    "github": "github githubusername githublogin githubuser",
}
KNOWN = {alias: column for column, aliases in ALIASES.items() for alias in aliases.split()}
FROM_A_SPREADSHEET = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE)
"""What it makes of a number of many digits, of which the last ones are lost."""
NOBODY = {"pointspossible", "studenttest", "teststudent"}  # rows of a Canvas gradebook that are no people


def read_roster(course: Course) -> dict[str, Student]:
    """The class by id, in the roster's order; empty if the course has no roster.csv. Raises `CourseError`."""
    path = course.root / ROSTER
    return {s.id: s for s in students_of(path)} if path.is_file() else {}


def students_of(path: Path) -> list[Student]:
    """The students in a CSV file: this course's own, or what Canvas, Moodle and Blackboard export. Raises `CourseError`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}") from None
    if content.startswith((b"PK\3\4", b"\xd0\xcf\x11\xe0")):
        raise CourseError(f"{path} is a spreadsheet's own file: save it there as CSV")
    rows = table_of(decoded(content))
    if not rows:
        raise CourseError(f"{path} is empty")
    # what stands above the line of names, a title, is no student
    at = next((n for n, row in enumerate(rows[:10]) if len(columns_of(row)) > (n > 0)), 0)
    header, *rows = rows[at:]
    meant = columns_of(header)
    if not meant:
        raise CourseError(f"{path}: no column of its first line is known; there may be {', '.join(COLUMNS)}, name")
    found: list[Student] = []
    for number, row in enumerate(rows, at + 2):
        about = {column: bare(row[i]) for i, column in meant.items() if i < len(row)}
        if any(about.values()) and not is_nobody(about):
            found.append(student_of(about, f"{path}, line {number}"))
    for column in ("id", "email", "lms_id", "login", "sis_id", "github"):
        seen: dict[str, Student] = {}
        for student in found:
            value = unicodedata.normalize("NFKC", getattr(student, column)).casefold()
            if value and value in seen:
                raise CourseError(
                    f"{path}: {student.name or student.id} and {seen[value].name or seen[value].id} have the same {column}, {value}"
                )
            seen[value] = student
    if not found:
        raise CourseError(f"{path} holds no student")
    return found


def decoded(content: bytes) -> str:
    """A CSV file's text: UTF-8, with a mark or without, UTF-16 as Blackboard writes it, or Windows' own."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def table_of(text: str) -> list[list[str]]:
    """Rows of a table whose cells are parted by whichever of , ; and tabulator its first line has most of."""
    told = re.match(r"sep=(.)\r?\n", text)  # Excel's own first line
    text = text[told.end() :] if told else text
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        return [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(map(str.strip, row))]
    except csv.Error as error:
        raise CourseError(f"this is no table: {error}") from None


def columns_of(header: list[str]) -> dict[int, str]:
    """Which column of a table holds what. Canvas calls its own number "ID", beside "SIS User ID" and "SIS Login ID"."""
    plain = [re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", name).casefold()) for name in header]
    canvas = any(name in ("sisuserid", "sisloginid") for name in plain)
    meant: dict[int, str] = {}
    for number, name in enumerate(plain):
        column = "lms_id" if canvas and name == "id" else KNOWN.get(name)
        if column and column not in meant.values():
            meant[number] = column
    return meant


def bare(cell: str) -> str:
    """What stands in a cell, without what spreadsheets and Brightspace put around a number or a name: ="007", '007, #ana."""
    text = re.sub("[\u200b\u200e\u200f\ufeff]", "", cell).replace("\xa0", " ").strip()
    found = re.fullmatch(r"""="(.*)"|'(\d+)|#(.+)""", text)
    return next(filter(None, found.groups()), "").strip() if found else text


def is_nobody(about: dict[str, str]) -> bool:
    return re.sub(r"[^a-z]", "", " ".join(about.get(c, "") for c in ("name", "last_name")).casefold()) in NOBODY


def student_of(about: dict[str, str], where: str) -> Student:
    """One row. Who has no id of our own is called by login, e-mail or number, whichever there is first."""
    about = dict(about)
    if name := about.pop("name", ""):
        last, comma, first = name.partition(",")
        if not comma:
            first, _, last = name.rpartition(" ")
        about["last_name"] = about.get("last_name") or last.strip()
        about["first_name"] = about.get("first_name") or first.strip()
    if "@" in about.get("login", ""):  # an address, whatever the column is called
        about["email"] = about.get("email") or about["login"]
    for column in ("id", "lms_id", "sis_id", "login"):
        if FROM_A_SPREADSHEET.fullmatch(about.get(column, "")):
            raise CourseError(
                f"{where}: {column} {about[column]} is what a spreadsheet makes of a long number: export it anew, and do not save it there"
            )
        about[column] = re.sub(r"^(\d+)[.,]0$", r"\1", about.get(column, ""))
    about["id"] = next((about[c] for c in ("id", "login", "email", "sis_id", "lms_id", "github") if about.get(c)), "")
    if not about["id"]:
        raise CourseError(f"{where}: nobody can be told by this, there is neither an id, a login nor an e-mail address")
    if "/" in about["id"] or "\\" in about["id"] or about["id"] in (".", ".."):
        raise CourseError(f"{where}: the id {about['id']!r} cannot be a folder's name")
    if why := why_unfit(about["id"]):
        raise CourseError(f"{where}: the id {about['id']!r} cannot be a folder's name: {why}")
    return Student(**about)


def roster_text(students: list[Student]) -> str:
    """roster.csv for these students."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(student) for student in students)
    return out.getvalue()
