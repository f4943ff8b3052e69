"""`course grade`: grade a chapter's submissions through nbgrader's own classes."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..build import generated_release, last_line, load_config, quiet_nbgrader
from ..layout import Course, CourseError


@dataclass(frozen=True)
class Failure:
    """A submission that could not be graded, and why."""

    student: str
    why: str


def grade(
    course: Course, chapter: str, students: list[str], console: Console, *, regrade: bool = False
) -> list[Failure]:
    """Grade these students' submissions of a chapter; what was graded before is left as it is unless `regrade` is set."""
    from nbgrader.apps import NbGraderAPI

    config = load_config(course)
    register(course, chapter)
    api = NbGraderAPI(config=config)
    failures = []
    with bar(console) as progress:
        task = progress.add_task(chapter, total=len(students))
        for student in students:
            with quiet_nbgrader():
                outcome = api.autograde(chapter, student, force=regrade)
            if not outcome["success"]:
                failures.append(Failure(student, last_line(outcome)))
                if not console.is_terminal:
                    console.print(f"{chapter}: {student} could not be graded")
            progress.advance(task)
            if not console.is_terminal:
                console.print(f"{chapter}: {student} graded ({progress.tasks[task].completed:.0f} of {len(students)})")
    return failures


def bar(console: Console) -> Progress:
    """A progress bar on a terminal, nothing elsewhere."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def register(course: Course, chapter: str) -> None:
    """Make sure that the gradebook knows the assignment, as `nbgrader generate_assignment` would."""
    from nbgrader.api import Gradebook, MissingEntry

    config = load_config(course)
    with Gradebook(config.CourseDirectory.db_url, config.CourseDirectory.course_id) as gradebook:
        try:
            if gradebook.find_assignment(chapter).notebooks:
                return
        except MissingEntry:
            pass
    with generated_release(course, chapter, gradebook=course.gradebook):
        pass


def needs_grading(course: Course, chapter: str, wanted: list[str]) -> list[str]:
    """The students to grade: those named, else all who handed in. Raises if there is nothing to grade."""
    there = course.students(chapter)
    if not there:
        raise CourseError(f"nobody has handed in {chapter}: there is nothing in submitted/*/{chapter}")
    unknown = sorted(set(wanted) - set(there))
    if unknown:
        raise CourseError(f"{', '.join(unknown)} handed in nothing for {chapter}")
    return [s for s in there if not wanted or s in wanted]
