"""`course grade`: many submissions at once, one writer to the gradebook, and nothing lost when it is stopped.

A pool of threads drives the children, each grading one notebook (`engine`); the main thread alone lets nbgrader's own
Autograde write the results, one student after the other.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, Execute
from nbgrader.utils import capture_log, temp_attrs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from traitlets.utils.importstring import import_item

from ..build import generated_release, last_line, load_config, quiet_nbgrader
from ..execution import Zygote, ZygoteError
from ..layout import Course, CourseError, notebook_text, read_notebook
from .engine import Graded
from .outside import PRELOAD, STAMP, JudgedOutside, digest_of, stamp
from .repair import repair

LOCKED_TRIES = 5


@dataclass(frozen=True)
class Failure:
    """A submission that could not be graded, and why."""

    student: str
    why: str


@dataclass(frozen=True)
class Outcome:
    """What a run of `grade` did. stamps: how many submissions were graded in which way."""

    graded: int
    skipped: int
    seconds: float
    stamps: dict[str, int]
    faults: tuple[str, ...]
    failures: tuple[Failure, ...]


class TolerantCourseDirectory(CourseDirectory):
    """A timestamp that is none loses nobody's submission: it counts as handed in without one."""

    def get_existing_timestamp(self, dest_path: str):
        try:
            return super().get_existing_timestamp(dest_path)
        except (SystemExit, ValueError, OverflowError, AttributeError):  # nbgrader 0.9.6 calls a `fail` that it lacks
            self.log.warning("%s: timestamp.txt holds no date and is ignored", dest_path)
            return None


class SaveGraded(Autograde):
    """nbgrader's Autograde for a notebook that is sanitized, executed and judged already.

    What would be done twice is left out: converting and validating the notebook before and after it is run. What writes
    grades is nbgrader's own: the submission's record, and each configured preprocessor after the one that executes.
    """

    graded: Graded

    def convert_single_notebook(self, notebook_filename: str) -> None:
        resources = self.init_single_notebook_resources(notebook_filename)
        resources["metadata"] = {"path": str(Path(notebook_filename).parent)}
        notebook, executed = self.graded.notebook, False
        for kind in self.autograde_preprocessors:
            kind = import_item(kind) if isinstance(kind, str) else kind
            if issubclass(kind, (JudgedOutside, Execute)):
                executed = True
            elif executed and kind is not CheckCellMetadata:  # the metadata is the release's own
                step = kind(parent=self)
                if step.enabled:
                    notebook, resources = step.preprocess(notebook, resources)
        self.write_single_notebook(notebook_text(notebook), {**resources, "output_extension": ".ipynb"})


def grade(
    course: Course,
    chapter: str,
    students: list[str],
    console: Console,
    *,
    jobs: int | None = None,
    regrade: bool = False,
) -> Outcome:
    """Grade these students' submissions of a chapter; what is graded already is left as it is unless `regrade` is set."""
    started = time.monotonic()
    config = load_config(course)
    register(course, chapter)
    todo = [s for s in students if regrade or not is_graded(course, chapter, s)]
    stamps: dict[str, int] = {}
    faults: list[str] = []
    failures: list[Failure] = []
    jobs = max(1, min(jobs or os.cpu_count() or 1, len(todo) or 1))
    with _in_folder(course.root), _zygote(bool(todo), console) as zygote, _progress(console) as progress:
        api = NbGraderAPI(coursedir=TolerantCourseDirectory(config=config), config=config)
        engine = JudgedOutside(config=config)
        task = progress.add_task(chapter, total=len(todo))
        pool = ThreadPoolExecutor(jobs, thread_name_prefix="grader")
        try:
            futures: dict[Future, str] = {pool.submit(_prepare, engine, course, chapter, s, zygote): s for s in todo}
            for future in as_completed(futures):
                student = futures.pop(future)
                try:
                    graded = future.result()
                    save(api, chapter, student, graded)
                    stamps[graded.stamp] = stamps.get(graded.stamp, 0) + 1
                    faults += [f"{student}: {name}" for name in graded.faults]
                except (CourseError, OSError) as error:
                    failures.append(Failure(student, str(error)))
                progress.advance(task)
                if not console.is_terminal:
                    word = "could not be graded" if failures and failures[-1].student == student else "graded"
                    console.print(f"{chapter}: {student} {word} ({len(todo) - len(futures)} of {len(todo)})")
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    seconds = time.monotonic() - started
    done = len(todo) - len(failures)
    return Outcome(done, len(students) - len(todo), seconds, stamps, tuple(faults), tuple(failures))


def _prepare(engine: JudgedOutside, course: Course, chapter: str, student: str, zygote: Zygote | None) -> Graded:
    """Read, repair and grade one submission; called in a thread of the pool, touches no gradebook."""
    path = course.submission(student, chapter)
    if path.is_symlink() or path.parent.is_symlink() or path.parent.parent.is_symlink():
        raise CourseError("the submission is a link to somewhere else; nothing of it was read")
    notebook = read_notebook(path)
    repair(notebook, read_notebook(course.release(chapter)))
    about = {"student": student, "assignment": chapter, "notebook": chapter}
    graded = engine.grade(notebook, about, path.parent, zygote)
    stamp(graded, about)
    return graded


def save(api: NbGraderAPI, chapter: str, student: str, graded: Graded) -> None:
    """Let nbgrader write a graded notebook: gradebook, autograded/, late penalties. Raises `CourseError`."""
    for tries in range(LOCKED_TRIES):
        with quiet_nbgrader(), temp_attrs(api.coursedir, assignment_id=chapter, student_id=student):
            app = SaveGraded(coursedir=api.coursedir, parent=api)
            app.force, app.graded = True, graded
            outcome = capture_log(app)
        if outcome["success"]:
            return
        if "locked" not in (outcome.get("error") or outcome.get("log") or ""):
            break
        time.sleep(2.0**tries)  # somebody else holds the gradebook for long: the result is too good to lose
    raise CourseError(last_line(outcome))


def is_graded(course: Course, chapter: str, student: str) -> bool:
    """Was this very submission graded, to the end?"""
    try:
        stamp = read_notebook(course.autograded(student, chapter)).metadata.get(STAMP, {})
        return stamp.get("submission") == digest_of(course.submission(student, chapter))
    except (CourseError, OSError):
        return False


@contextlib.contextmanager
def _zygote(wanted: bool, console: Console) -> Iterator[Zygote | None]:
    """A zygote for one run; None, and a loud word, where none can be had."""
    if not wanted:
        yield None
        return
    zygote = Zygote(PRELOAD)
    try:
        zygote.wait_ready()
    except (ZygoteError, OSError) as error:
        zygote.close()
        console.print(
            f"[bold red]Not isolated:[/bold red] {str(error).splitlines()[0]}. Each notebook gets a Jupyter kernel."
        )
        yield None
        return
    with zygote:
        yield zygote


@contextlib.contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """nbgrader's converters, and what they call, work in the course folder."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _progress(console: Console) -> Progress:
    """A progress bar on a terminal, nothing elsewhere."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    return Progress(TextColumn("{task.description}"), *columns, console=console, disable=not console.is_terminal)


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
