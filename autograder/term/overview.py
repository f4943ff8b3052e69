"""`course class`: how the term stands. Chapters and due dates, who has handed in and who has not, what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..course.folder import Course
from ..course.nbgrader.marks import bring_up_to_date
from ..course.nbgrader.place import is_there
from ..course.nbgrader.scores import Submission, submissions
from ..course.pool import with_bar
from ..course.roster import Student, read_roster
from ..course.settings import Settings, read_settings


@dataclass(frozen=True)
class State:
    """Of one chapter, students by id. to_grade: handed in, or changed since, and not graded. unread: student → cells that a
    person has yet to grade."""

    chapter: str
    due: str
    handed_in: tuple[str, ...]
    missing: tuple[str, ...]
    strangers: tuple[str, ...]
    to_grade: tuple[str, ...]
    late: tuple[str, ...]
    unread: dict[str, tuple[str, ...]]


def overview(course: Course, chapters: list[str], console: Console | None = None) -> list[State]:
    """Each chapter's state. console: shows a bar meanwhile. Raises `CourseError`."""
    roster, settings = read_roster(course), read_settings(course)
    bring_up_to_date(course, chapters)
    return [_state(course, chapter, roster, settings, console) for chapter in chapters]


def _state(
    course: Course, chapter: str, roster: dict[str, Student], settings: Settings, console: Console | None
) -> State:
    there = dict.fromkeys(course.students(chapter))
    known = submissions(course, chapter) if is_there(course) else {}
    due = settings.due.get(chapter)
    return State(
        chapter,
        settings.local(due) if due else "",
        tuple(there),
        tuple(s for s in roster if s not in there),
        tuple(s for s in there if roster and s not in roster),
        tuple(s for s in with_bar(there, len(there), chapter, console) if needs_grading(course, chapter, s, known)),
        tuple(s for s in there if s in known and known[s].seconds_late),
        {s: known[s].unread for s in there if s in known and known[s].unread},
    )


def needs_grading(course: Course, chapter: str, student: str, known: dict[str, Submission]) -> bool:
    """Is there something that nobody has graded? `course grade` itself looks closer, at what the files hold."""
    graded = course.autograded_folder(student, chapter)
    if student not in known or not known[student].scores or not graded.is_dir():
        return True
    return newer(course, chapter, student)


def newer(course: Course, chapter: str, student: str) -> bool:
    """Is what lies in submitted/ newer than what was graded?"""
    graded, there = course.autograded_folder(student, chapter), course.submitted_folder(student, chapter)
    return graded.is_dir() and newest(there) > graded.stat().st_mtime


def newest(folder: Path) -> float:
    return max((path.lstat().st_mtime for path in folder.iterdir()), default=0.0)


def overview_table(course: Course, states: list[State]) -> Table:
    """A line a chapter."""
    made = Table(
        title=escape(title(course)), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    made.add_column("chapter", no_wrap=True, overflow="ellipsis")
    made.add_column("due", no_wrap=True)
    for name in ("handed in", "late", "to grade", "to read"):
        made.add_column(name, justify="right", no_wrap=name == "handed in")
    for state in states:
        of = (
            f" of {len(state.handed_in) - len(state.strangers) + len(state.missing)}"
            if state.missing or state.handed_in
            else ""
        )
        counts = [str(len(what) or "") for what in (state.late, state.to_grade, state.unread)]
        made.add_row(escape(state.chapter), state.due or "–", f"{len(state.handed_in)}{of}", *counts)
    return made


def title(course: Course) -> str:
    settings, roster = read_settings(course), read_roster(course)
    late = settings.late
    cost = {"none": "lateness costs nothing", "zero": "late is worth nothing"}.get(
        late.policy, f"late: {late.share:.0%} of the score a day"
    )
    return f"{settings.name or course.root.name}: {len(roster)} students; {cost}"


def names(state: State, roster: dict[str, Student]) -> list[str]:
    """Who, for each chapter: sentences."""

    def called(students) -> str:
        return ", ".join(roster[s].name or s if s in roster else s for s in students)

    unread = [f"{called([student])}: {', '.join(cells)}" for student, cells in state.unread.items()]
    lines = [
        ("handed in", called(state.handed_in)),
        ("handed in nothing", called(state.missing)),
        ("handed in and not in roster.csv", called(state.strangers)),
        ("late", called(state.late)),
        ("to grade, with course grade", called(state.to_grade)),
        ("to read, in formgrader", "; ".join(unread)),
    ]
    return [f"{what}: {who}" for what, who in lines if who]
