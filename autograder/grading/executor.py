"""Who judges: an executor takes a plan and brings a graded notebook for each of its submissions, in any order.

`LocalExecutor` does so on this machine: threads hand the notebooks to as many judges (`judges`), each a process of its own.
Another executor may send the same plain data to other machines.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from ..course.folder import CourseError
from ..course.notebooks import read_notebook
from .engine import Graded
from .judges import Judge, JudgeError, Judges
from .outside import JudgedOutside
from .plan import Plan
from .repair import repair
from .seeds import course_secret, draw_of

MAX_SUBMISSION = 100 << 20  # bytes of a submitted notebook that is read at all


@dataclass(frozen=True)
class Failure:
    """A submission that could not be graded, and why."""

    student: str
    why: str


class Executor(Protocol):
    """Grades what a plan lists."""

    def results(self, plan: Plan) -> Iterator[tuple[str, Graded | Failure]]:
        """(student, what came of it) for each student of the plan, as they come. Closing it stops what is under way."""


class LocalExecutor:
    """On this machine, `jobs` notebooks at a time. judges: None where no process can be forked; then in Jupyter kernels."""

    def __init__(self, engine: JudgedOutside, judges: Judges | None, jobs: int) -> None:
        self.engine, self.judges, self.jobs = engine, judges, jobs

    def results(self, plan: Plan) -> Iterator[tuple[str, Graded | Failure]]:
        """Each thread with a judge of its own."""
        jobs = max(1, min(self.jobs, len(plan.todo)))
        shares = Shares(course_secret(plan.course.root), list(plan.todo), jobs)
        results: queue.SimpleQueue[tuple[str, Graded | Failure]] = queue.SimpleQueue()
        stopped = threading.Event()

        def work(number: int) -> None:
            with contextlib.nullcontext() if self.judges is None else self.judges.lend() as judge:
                while not stopped.is_set() and (student := shares.take(number)) is not None:
                    results.put((student, self._attempt(plan, student, judge)))

        pool = ThreadPoolExecutor(jobs, thread_name_prefix="grader")
        try:
            for number in range(jobs):
                pool.submit(work, number)
            for _ in plan.todo:
                yield results.get()
        except BaseException:  # a stop is a stop: what is being graded is graded again next time
            stopped.set()
            if self.judges is not None:
                self.judges.close()
            raise
        finally:
            pool.shutdown(wait=True)

    def _attempt(self, plan: Plan, student: str, judge: Judge | None) -> Graded | Failure:
        try:
            return grade_one(self.engine, plan, student, judge)
        except (CourseError, JudgeError, OSError) as error:
            return Failure(student, str(error))
        except Exception as error:  # noqa: BLE001  a notebook may be damaged in ways that nobody foresaw
            return Failure(student, f"{type(error).__name__}: {error}")


def grade_one(engine: JudgedOutside, plan: Plan, student: str, judge: Judge | None) -> Graded:
    """Read, repair and grade one submission; called in a thread of the pool, touches no gradebook."""
    path = plan.course.submission(student, plan.chapter)
    if path.is_symlink() or path.parent.is_symlink() or path.parent.parent.is_symlink():
        raise CourseError("the submission is a link to somewhere else; nothing of it was read")
    if path.exists() and not path.is_file():
        raise CourseError("the submission is no file; nothing of it was read")
    if path.exists() and path.stat().st_size > MAX_SUBMISSION:
        raise CourseError(f"the submission is larger than {MAX_SUBMISSION >> 20} MiB; nothing of it was read")
    notebook = read_notebook(path)
    repair(notebook, plan.master)
    about = {"student": student, "assignment": plan.chapter, "notebook": plan.chapter}
    return engine.grade(notebook, about, path.parent, judge)


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
