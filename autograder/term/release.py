"""`course release-feedback`: everybody's page of feedback, in a folder or in a zip under the names by which an LMS takes it back."""

from __future__ import annotations

import csv
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..course.files import remove_tree
from ..course.folder import Course, CourseError
from ..course.nbgrader.exchange import in_exchange, release_to_exchange
from ..course.nbgrader.marks import bring_up_to_date
from .names import told_by
from .store import LOG

MARK = ".course-feedback"
"""In a folder that this command has written."""


@dataclass
class Released:
    """where: the folder or zip. students: whose feedback is in it. notes: who is not, and why."""

    where: Path
    students: list[str]
    notes: list[str] = field(default_factory=list)


@dataclass
class Prepared:
    """What is to be given out, before the pages are made. names: student → under which name. notes: who is left out, and why."""

    chapter: str
    how: str
    where: Path
    names: dict[str, str]
    notes: list[str] = field(default_factory=list)


def prepare(course: Course, chapter: str, how: str, output: Path | None) -> Prepared:
    """Look whether it can be given out, and write nothing. how: "folder", "canvas", "moodle", "brightspace" or "exchange".

    Raises `CourseError`.
    """
    found = (course.root / "autograded").glob(f"*/{chapter}/*.ipynb")
    students = sorted({path.parent.parent.name for path in found if path.parent.parent.name[0] != "."})
    if not students:
        raise CourseError(f"nothing of {chapter} is graded yet: run course grade {chapter}")
    names = {student: student for student in students}
    where = output or course.root / f"feedback-{chapter}{'' if how == 'folder' else '.zip'}"
    made = Prepared(chapter, how, where, names)
    if how not in ("folder", "exchange"):
        came = came_as(course, chapter)
        made.names = {s: name for s in students if (name := as_lms_wants(came.get(s, ""), how))}
        made.notes = _unreachable(students, made.names, f"did not come in a download of {how.capitalize()}'s")
        if not made.names:
            raise CourseError(
                f"nobody's hand-in of {chapter} came in a download of {how.capitalize()}'s; try --to folder"
            )
    if how != "exchange":
        refuse_target(where, folder=how == "folder")
    bring_up_to_date(course, [chapter])  # what lateness costs stands on the pages
    return made


def release(course: Course, prepared: Prepared) -> Released:
    """Give out the pages that there are. Raises `CourseError`."""
    chapter, how = prepared.chapter, prepared.how
    pages = {student: found for student in prepared.names if (found := pages_of(course, student, chapter))}
    made = Released(prepared.where, list(pages), prepared.notes)
    if how == "exchange":
        made.where = release_to_exchange(course, chapter)
        made.students = [student for student in pages if in_exchange(course, student, chapter)]
        made.notes = _unreachable(list(pages), made.students, "handed in outside of the exchange")
        return made
    files = {
        f"{name}/{page.name}" if how != "canvas" else f"{name}{f'-{page.stem}' * (len(found) > 1)}.html": page
        for name, found in ((prepared.names[student], found) for student, found in pages.items())
        for page in found
    }
    if how == "folder":
        write_folder(files, made.where)
    else:
        write_zip(files, made.where)
    return made


def refuse_target(target: Path, folder: bool) -> None:
    """Raises if that is not ours to write."""
    if folder and target.exists() and not (target / MARK).is_file():
        raise CourseError(f"{target} is there already, and not of this command's making")
    if not folder and target.is_dir():
        raise CourseError(f"{target} is a folder; the zip needs a name of its own")


def pages_of(course: Course, student: str, chapter: str) -> list[Path]:
    """A student's pages of what is graded, as far as `course feedback` has written them."""
    graded = sorted(course.autograded_folder(student, chapter).glob("*.ipynb"))
    return [page for notebook in graded if (page := course.feedback(student, chapter, notebook.stem)).is_file()]


def came_as(course: Course, chapter: str) -> dict[str, str]:
    """Student → the name in a download that their latest hand-in had."""
    try:
        with open(course.root / LOG, newline="", encoding="utf-8") as file:
            rows = [
                row
                for row in csv.DictReader(file)
                if row.get("chapter") == chapter and row.get("state") in ("new", "changed")
            ]
    except FileNotFoundError:
        return {}
    return {row["student"]: row["file"] for row in rows}


def as_lms_wants(name: str, how: str) -> str:
    """What an LMS calls this hand-in: Moodle's or Brightspace's folder, Canvas's file without its ending; empty if it came by
    another way.

    Canvas finds the student by the first two numbers between _ (theirs, and the file's); Moodle by the number between the first
    and the second _, and wants the last one, too, which newer ones leave out of their own downloads.
    """
    for part in PurePosixPath(name).parts:
        told = told_by(part)
        if told is not None and told.lms.lower() == how:
            if how == "moodle":
                # no longer the roster's: of this hand-in
                number = part.rpartition("_assignsubmission_")[0].rpartition("_")[2]
                return f"{told.who[0].replace('_', ' ')}_{number}_assignsubmission_file_"
            if how == "brightspace":
                return part.removesuffix(f" - {told.file}") if told.file else part
            return re.sub(r"(\.ipynb)?(\.txt|\.json)?$|\.zip$", "", part, count=1, flags=re.IGNORECASE)
    return ""


def _unreachable(students: list[str], reached, why: str) -> list[str]:
    return [f"{student} {why}, and gets nothing this way" for student in students if student not in reached]


def write_folder(files: dict[str, Path], target: Path) -> None:
    """Whole, in the place of what was there from the last time; what is no folder of ours is left alone."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        fresh.chmod(0o755)
        (fresh / MARK).touch()
        for name, page in files.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(page, fresh / name)
        if target.exists():
            remove_tree(target)
        fresh.rename(target)
    except BaseException:
        remove_tree(fresh)
        raise


def write_zip(files: dict[str, Path], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, page in files.items():
            archive.write(page, name)
    fresh.replace(target)
