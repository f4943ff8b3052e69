"""What `course collect` would do: of everything found, what each student handed in, in which order, beside what is there already."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from ..course.folder import Course, CourseError
from ..course.pool import with_bar
from ..course.roster import read_roster
from ..course.settings import Settings, moment
from .found import Found, Haul
from .names import VERSION, stem_of
from .recognise import Chapters, Owner, Roster, file_name, is_notebook
from .times import committed_at, read_timestamp

TIMESTAMP = "timestamp.txt"
LOCAL = ("Blackboard", "Brightspace")  # they tell times as people of the class read them
Beside = dict[tuple, list[tuple[Found, Owner]]]


@dataclass(frozen=True)
class HandIn:
    """One hand-in of one student. files: name in the submission → where its bytes are, the notebook first. at: when, if
    anything says so. late: marked so by the LMS. attempt: the number in the mark of a copy or an attempt. digest: of all its files."""

    student: str
    name: str
    files: dict[str, Path]
    at: datetime | None = None
    late: bool = False
    attempt: int = 0
    digest: str = ""


@dataclass(frozen=True)
class Decision:
    """What is to be done for a student. state: new, changed, unchanged, older or missing. take: what takes the place in
    submitted/, if anything does. keep: what goes to earlier/. seconds_late: of what counts then."""

    student: str
    state: str
    take: HandIn | None = None
    keep: tuple[HandIn, ...] = ()
    at: datetime | None = None
    seconds_late: float = 0.0
    name: str = ""


@dataclass
class Plan:
    """decisions: for everybody in the roster. troubles: name of a file → why it was not taken. others: chapter → how many of its
    notebooks were there, too. notes: what a person should know of what was taken."""

    chapter: str
    decisions: list[Decision] = field(default_factory=list)
    troubles: dict[str, str] = field(default_factory=dict)
    others: Counter = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def plan(
    course: Course,
    chapter: str,
    haul: Haul,
    settings: Settings,
    *,
    file_times: bool = False,
    console: Console | None = None,
) -> Plan:
    """What these files are, and what is to be done with them. Nothing is written. console: shows bars meanwhile.

    Raises `CourseError`.
    """
    students = read_roster(course)
    if not students:
        raise CourseError(f"{course.root / 'roster.csv'} lists nobody: without it nobody can be told whose a file is")
    made = Plan(chapter, troubles=dict(haul.troubles), notes=list(haul.notes))
    roster, chapters = Roster(students.values(), course.chapters()), Chapters(course, course.chapters())
    every = with_bar(haul.files, len(haul.files), "whose it is", console)
    owners = {file: roster.owner(file.parts, file.top) for file in every}
    notebooks = {file for file in owners if is_notebook(file.path, file.parts[-1])}
    taken: dict[str, list[tuple[Found, Owner]]] = defaultdict(list)
    for file, owner in with_bar(owners.items(), len(owners), "which chapter it is of", console):
        if file in notebooks and _counts(course, made, chapters, file, owner):
            taken[owner.student].append((file, owner))
    beside = _beside(made, owners, notebooks)
    for student in with_bar(students, len(students), "what is new", console):
        found = [_hand_in(chapter, f, o, beside, settings, file_times) for f, o in taken.get(student, ())]
        made.decisions.append(_decide(course, made, student, found, settings))
    return made


def _counts(course: Course, made: Plan, chapters: Chapters, file: Found, owner: Owner) -> bool:
    """Is this notebook the chapter's, and whose is known? What it is else is noted."""
    content = chapters.by_content(file.path)
    named = chapters.by_name(*file_name(file.parts, owner))
    meant = content.chapter or named
    if owner.student and file.path.resolve() == course.submission(owner.student, made.chapter).resolve():
        return False  # it lies where it belongs
    if content.why and (named in (made.chapter, "")):
        made.troubles[file.name] = content.why
    elif content.chapter and named and content.chapter != named:
        made.troubles[file.name] = f"is called {named}, and holds {content.chapter}"
    elif not meant:
        made.troubles[file.name] = "neither its name nor its cells say which chapter it is"
    elif meant != made.chapter:
        made.others[meant] += 1
    elif not owner.student:
        made.troubles[file.name] = owner.why
    else:
        if not content.chapter:
            made.notes.append(
                f"{file.name}: its cells have lost their marks, and are told by what is in them; its name says that it is {made.chapter}"
            )
        if owner.within:
            made.notes.append(f"{file.name}: taken for {owner.student}'s, for “{owner.within}” stands in its name")
        if content.chapter and not named:
            made.notes.append(f"{file.name}: its name says nothing; by its cells it is {made.chapter}")
        return True
    return False


def _beside(made: Plan, owners: dict[Found, Owner], notebooks: set[Found]) -> Beside:
    """What was handed in beside notebooks, by the folder, or the LMS's own hand-in, that it came in."""
    found: Beside = defaultdict(list)
    strangers: dict[str, list[str]] = defaultdict(list)
    with_notebook = {owner.student for file, owner in owners.items() if file in notebooks}
    brightspace = any(owner.told and owner.told.lms == "Brightspace" for owner in owners.values())
    for file, owner in owners.items():
        if file in notebooks or _of_the_lms(owner) or (brightspace and file.parts[-1] == "index.html"):
            continue
        if owner.student:
            found[_place(file, owner)].append((file, owner))
            if owner.student not in with_notebook:
                made.troubles[file.name] = f"is no notebook, and there is none of {owner.student} beside it"
        elif file.parts[-1].lower() != TIMESTAMP:
            strangers[file.parts[0]].append(owner.why)
    for name, reasons in strangers.items():
        many = f", {len(reasons)} files that are no notebooks" if len(reasons) > 1 else ""
        made.troubles.setdefault(f"{name}{many}", reasons[0])
    return found


def _place(file: Found, owner: Owner) -> tuple:
    """Files with one of these were handed in together."""
    if (
        owner.depth == len(file.parts) - 1
    ):  # names side by side in one folder, told apart by what the LMS put before them
        told = owner.told
        return (*file.parts[:-1], owner.student, told.at if told else "", told.number if told else "")
    return (*file.parts[: owner.depth + 1], owner.student)


def _of_the_lms(owner: Owner) -> bool:
    """Blackboard's own note on an attempt."""
    return owner.told is not None and owner.told.lms == "Blackboard" and owner.told.file == "txt"


def _hand_in(chapter: str, file: Found, owner: Owner, beside: Beside, settings: Settings, file_times: bool) -> HandIn:
    name, canvas = file_name(file.parts, owner)
    files, said = {f"{chapter}.ipynb": file.path}, None
    folder = file.parts[:-1]
    for other, its_owner in beside.get(_place(file, owner), ()):
        if other.parts[: len(folder)] != folder:
            continue
        within = other.parts[len(folder) :]
        its_name = "/".join((*within[:-1], file_name(other.parts, its_owner)[0]))
        if its_name.lower() == TIMESTAMP:
            said = read_timestamp(other.path) or said
        elif within[-1].strip(". "):
            files.setdefault(its_name, other.path)
    told = owner.told
    at = moment(told.at, settings.zone, file.name) if told and told.lms in LOCAL and told.at else None
    at = at or (read_timestamp(told.at) if told else None) or said
    if at is None and file.repository is not None:
        at = committed_at(file.repository, file.path)
    if at is None and file_times:
        at = file.changed
    versions = [found for part in file.parts[:-1] if (found := VERSION.fullmatch(part))]
    attempt = stem_of(name, canvas)[1] + sum(int(found[1]) for found in versions)
    return HandIn(owner.student, file.name, files, at, bool(told and told.late), attempt, digest_of_files(files))


def digest_of_files(files: dict[str, Path]) -> str:
    sha = hashlib.sha256()
    for name in sorted(files):
        sha.update(name.encode("utf-8", "surrogateescape") + b"\0")
        with open(files[name], "rb") as file:
            sha.update(hashlib.file_digest(file, "sha256").digest())
    return sha.hexdigest()


def _decide(course: Course, made: Plan, student: str, found: list[HandIn], settings: Settings) -> Decision:
    there = stored(course.submitted_folder(student, made.chapter), student)
    known = {s.digest for s in earlier(course, student, made.chapter)}
    fresh: dict[str, HandIn] = {}
    for one in found:  # the same, handed in twice, counts from the first time on
        before = fresh.get(one.digest)
        if before is None or (one.at and before.at and one.at < before.at):
            fresh[one.digest] = one
    if there is not None and there.digest in fresh and there.at is None and fresh[there.digest].at:
        made.notes.append(
            f"{student}: the hand-in is there already, without a time; it was {settings.local(fresh[there.digest].at)}"
        )
    new = [one for digest, one in fresh.items() if digest not in known and (there is None or digest != there.digest)]
    ordered = in_order(new)
    if ordered is None:
        names = ", ".join(sorted(one.name for one in new))
        made.troubles[names] = f"nothing says which of them is the later one of {student}"
        ordered, new = [], []
    if not new:
        if there is None:
            return Decision(student, "missing")
        return Decision(student, "unchanged", at=there.at, seconds_late=settings.seconds_late(made.chapter, there.at))
    *before, last = ordered
    if len(ordered) > 1:
        made.notes.append(f"{student}: of {len(ordered)} the latest was taken, {last.name}")
    if there is not None and there.at and last.at and last.at <= there.at:
        return Decision(
            student, "older", None, tuple(ordered), there.at, settings.seconds_late(made.chapter, there.at), last.name
        )
    last = _with_time(made, last, settings)
    state = "new" if there is None else "changed"
    return Decision(
        student, state, last, tuple(before), last.at, settings.seconds_late(made.chapter, last.at), last.name
    )


def in_order(found: list[HandIn]) -> list[HandIn] | None:
    """From the first to the last, by when they were handed in, or by the numbers in their names; None if neither tells."""
    if len(found) < 2:
        return found
    for of in (lambda one: one.at, lambda one: one.attempt):
        keys = [of(one) for one in found]
        if None not in keys and len(set(keys)) == len(keys):
            return sorted(found, key=of)
    return None


def _with_time(made: Plan, one: HandIn, settings: Settings) -> HandIn:
    """Late by the LMS's mark, but nobody knows by how long: counted as late by a second."""
    due = settings.due.get(made.chapter)
    if not one.late or (one.at and due and one.at > due):
        return one
    if due is None:
        made.notes.append(f"{one.name}: marked as late, but {made.chapter} has no due date in class.toml")
        return one
    made.notes.append(
        f"{one.name}: marked as late, not by how long; counted as one second late (its {TIMESTAMP} says so)"
    )
    return HandIn(one.student, one.name, one.files, due + timedelta(seconds=1), True, one.attempt, one.digest)


def stored(folder: Path, student: str) -> HandIn | None:
    """What lies in a folder of submitted/ or earlier/; None, if nothing does."""
    files = {
        p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink()
    }
    at = read_timestamp(files.pop(TIMESTAMP)) if TIMESTAMP in files else None
    return (
        HandIn(student, str(folder), files, at.astimezone(UTC) if at else None, digest=digest_of_files(files))
        if files
        else None
    )


def earlier(course: Course, student: str, chapter: str) -> list[HandIn]:
    """What a student handed in before that, the first first."""
    folders = sorted(path for path in course.earlier_folder(student, chapter).glob("*") if path.is_dir())
    return [found for folder in folders if (found := stored(folder, student))]
