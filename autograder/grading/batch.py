"""`course grade`: many submissions at once, one writer to the gradebook, and nothing lost when it is stopped.

A pool of threads hands the notebooks to as many judges (`judges`); the main thread alone lets nbgrader's own Autograde write
the results, one student after the other.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ..build import generated_release, load_config
from ..layout import Course, CourseError, read_notebook
from .engine import Graded
from .files import MAX_SUBMISSION
from .judges import Judge, JudgeError, Judges
from .outside import STAMP, JudgedOutside, digest_of, ready
from .repair import repair
from .saving import GradebookLocked, Saving
from .seeds import course_secret, draw_of


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


def grade(
    course: Course,
    chapter: str,
    students: list[str],
    console: Console,
    *,
    judges: Judges,
    jobs: int | None = None,
    regrade: bool = False,
) -> Outcome:
    """Grade these students' submissions of a chapter; what is graded already is left as it is unless `regrade` is set.

    judges: the caller's, who closes them. Where they cannot be had, a loud word, and each notebook gets a Jupyter kernel.
    """
    started = time.monotonic()
    config = load_config(course)
    master = read_notebook(course.release(chapter))
    register(course, chapter)
    todo = [s for s in students if regrade or not is_graded(course, chapter, s)]
    stamps: dict[str, int] = {}
    faults: list[str] = []
    failures: list[Failure] = []
    jobs = max(1, min(jobs or os.cpu_count() or 1, len(todo) or 1))
    engine = JudgedOutside(config=config)
    usable = ready(judges, lambda why: _not_isolated(console, why)) if todo and engine.outside else None
    with (
        _in_folder(course.root),
        Saving(config) as saving,
        contextlib.closing(_judged(engine, course, chapter, todo, master, usable, jobs)) as results,
        _progress(console) as progress,
    ):
        task, first = progress.add_task(chapter, total=len(todo)), None
        for number, (student, result) in enumerate(results, 1):
            if isinstance(result, Failure):
                failures.append(result)
            else:
                try:
                    saving.save(chapter, student, result)
                except GradebookLocked:
                    raise
                except (CourseError, OSError) as error:
                    failures.append(Failure(student, str(error)))
                else:
                    stamps[result.stamp] = stamps.get(result.stamp, 0) + 1
                    faults += [f"{student}: {name}" for name in result.faults]
            progress.advance(task)
            if not console.is_terminal:
                word = "could not be graded" if failures and failures[-1].student == student else "graded"
                first = first or time.monotonic()  # what comes before it is the start, which is no measure of the rest
                left = (len(todo) - number) * (time.monotonic() - first) / max(1, number - 1)
                told = f"{number} of {len(todo)}" + (f", {left:.0f} s left" if 1 < number < len(todo) else "")
                console.print(f"{chapter}: {student} {word} ({told})", markup=False, highlight=False, soft_wrap=True)
    seconds = time.monotonic() - started
    done = len(todo) - len(failures)
    return Outcome(done, len(students) - len(todo), seconds, stamps, tuple(faults), tuple(failures))


def _judged(
    engine: JudgedOutside,
    course: Course,
    chapter: str,
    todo: list[str],
    master: NotebookNode,
    judges: Judges | None,
    jobs: int,
) -> Iterator[tuple[str, Graded | Failure]]:
    """Grade these students' submissions in `jobs` threads, each with a judge of its own; the results as they come."""
    shares = Shares(course_secret(course.root), todo, jobs)
    results: queue.SimpleQueue[tuple[str, Graded | Failure]] = queue.SimpleQueue()
    stopped = threading.Event()

    def work(number: int) -> None:
        with contextlib.nullcontext() if judges is None else judges.lend() as judge:
            while not stopped.is_set() and (student := shares.take(number)) is not None:
                try:
                    results.put((student, _prepare(engine, course, chapter, student, master, judge)))
                except (CourseError, JudgeError, OSError) as error:
                    results.put((student, Failure(student, str(error))))
                except Exception as error:  # noqa: BLE001  a notebook may be damaged in ways that nobody foresaw
                    results.put((student, Failure(student, f"{type(error).__name__}: {error}")))

    pool = ThreadPoolExecutor(jobs, thread_name_prefix="grader")
    try:
        for number in range(jobs):
            pool.submit(work, number)
        for _ in todo:
            yield results.get()
    except BaseException:  # a stop is a stop: what is being graded is graded again next time
        stopped.set()
        if judges is not None:
            judges.close()
        raise
    finally:
        pool.shutdown(wait=True)


class Shares:
    """Who is graded next by which worker: those who have the same draw by the same one, as long as there are such.

    A worker who is through with its share takes the rest of the largest.
    """

    def __init__(self, secret: bytes, students: list[str], workers: int) -> None:
        ordered = sorted(students, key=lambda s: (draw_of(secret, s), s))
        cuts = [len(ordered) * i // workers for i in range(workers + 1)]
        self._shares = [deque(ordered[a:b]) for a, b in zip(cuts, cuts[1:], strict=False)]
        self._lock = threading.Lock()

    def take(self, worker: int) -> str | None:
        with self._lock:
            if self._shares[worker]:
                return self._shares[worker].popleft()
            largest = max(self._shares, key=len)
            return largest.pop() if largest else None


def _prepare(
    engine: JudgedOutside, course: Course, chapter: str, student: str, master: NotebookNode, judge: Judge | None
) -> Graded:
    """Read, repair and grade one submission; called in a thread of the pool, touches no gradebook. master: as released."""
    path = course.submission(student, chapter)
    if path.is_symlink() or path.parent.is_symlink() or path.parent.parent.is_symlink():
        raise CourseError("the submission is a link to somewhere else; nothing of it was read")
    if path.exists() and not path.is_file():
        raise CourseError("the submission is no file; nothing of it was read")
    if path.exists() and path.stat().st_size > MAX_SUBMISSION:
        raise CourseError(f"the submission is larger than {MAX_SUBMISSION >> 20} MiB; nothing of it was read")
    notebook = read_notebook(path)
    repair(notebook, master)
    about = {"student": student, "assignment": chapter, "notebook": chapter}
    return engine.grade(notebook, about, path.parent, judge)


def is_graded(course: Course, chapter: str, student: str) -> bool:
    """Was this very submission graded, to the end?"""
    try:
        stamp = read_notebook(course.autograded(student, chapter)).metadata.get(STAMP, {})
        return stamp.get("submission") == digest_of(course.submission(student, chapter))
    except (CourseError, OSError):
        return False


def _not_isolated(console: Console, why: str) -> None:
    console.print(f"[bold red]Not isolated:[/bold red] {why}. Each notebook gets a Jupyter kernel.")


@contextlib.contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """nbgrader's converters, and what they call, work in the course folder."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


class Rate(ProgressColumn):
    """How many submissions a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f}/s", style="progress.data.speed")


def _progress(console: Console) -> Progress:
    """A progress bar on a terminal, nothing elsewhere."""
    times = (Rate(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), *times)
    return Progress(*columns, console=console, disable=not console.is_terminal)


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
