"""Who judges: an executor takes a plan and brings a graded notebook for each of its submissions, in any order.

`LocalExecutor` does so on this machine: threads hand the notebooks to as many judges (`judges`), each a process of its own.
`cluster.dispatch` sends what it takes in to other machines, where the same `grade_one` grades it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..course.bounds import MAX_BYTES
from ..course.cells import TO_LOOK_AT
from ..course.files import refuse_irregular
from ..course.folder import CourseError
from .engine import Graded, stamp_of
from .judges import Judge, JudgeError, Judges
from .outside import JudgedOutside
from .plan import Plan
from .reader import Reader
from .scratch import Scratch
from .seeds import course_secret, draw_of
from .stamp import stamp
from .standing import ready
from .workplace import Workplace


@dataclass(frozen=True)
class Failure:
    """A submission that could not be graded, and why."""

    student: str
    why: str


@dataclass(frozen=True)
class Done:
    """A graded submission: its notebooks by name, and where what belongs to them lies. To be closed once it is saved."""

    notebooks: dict[str, Graded]
    place: Workplace

    @property
    def stamp(self) -> str:
        return stamp_of(list(self.notebooks.values()))

    @property
    def faults(self) -> list[str]:
        return [fault for graded in self.notebooks.values() for fault in graded.faults]

    @property
    def to_look_at(self) -> list[str]:
        """The checks whose answers were not found."""
        return [name for graded in self.notebooks.values() for name in graded.notebook.metadata.get(TO_LOOK_AT, ())]


Result = tuple[str, Done | Failure]
MOST_READY = 10
"""Results at once: so many are written in one transaction, for which who grades by hand meanwhile waits, and which a kill undoes."""


class Executor(Protocol):
    """Grades what a plan lists."""

    def results(self, engine: JudgedOutside, plan: Plan) -> Iterator[list[Result]]:
        """(student, what came of it) for each student of the plan, as they come: those that are there at the same time.

        Closing it stops what is under way. Called in the course folder. Raises `CourseError` where nothing can be graded.
        """


class LocalExecutor:
    """On this machine. judges: the caller's, who closes them. jobs: how many notebooks at a time; one for each processor."""

    def __init__(self, judges: Judges, jobs: int | None = None) -> None:
        self.judges, self.jobs = judges, jobs or os.cpu_count() or 1

    def results(self, engine: JudgedOutside, plan: Plan) -> Iterator[list[Result]]:
        """Each thread with a judge of its own, or, where everything is run in Jupyter kernels, with none."""
        if engine.judged and plan.todo:
            ready(self.judges)
        return self._results(engine, plan)

    def _results(self, engine: JudgedOutside, plan: Plan) -> Iterator[list[Result]]:
        jobs = max(1, min(self.jobs, len(plan.todo)))
        shares = Shares(course_secret(plan.course.root), list(plan.todo), jobs)
        results: queue.SimpleQueue[Result | BaseException] = queue.SimpleQueue()
        stopped = threading.Event()
        scratch = Scratch()

        def work(number: int, judge: Judge | None) -> None:
            try:
                with contextlib.closing(Reader()) as reader:
                    while not stopped.is_set() and (student := shares.take(number)) is not None:
                        results.put((student, self._attempt(engine, plan, student, scratch, judge, reader)))
            except BaseException as error:  # noqa: BLE001  else who waits for a result would wait for ever
                results.put(error)

        pool = ThreadPoolExecutor(jobs, thread_name_prefix="grader")
        judges = [self.judges.borrow() if engine.judged else None for _ in range(jobs)]
        try:
            for number, judge in enumerate(judges):
                pool.submit(work, number, judge)
            left = len(plan.todo)
            while left:
                ready_now = [results.get()]
                while len(ready_now) < MOST_READY and not results.empty():
                    ready_now.append(results.get())
                left -= len(ready_now)
                if done := [result for result in ready_now if not isinstance(result, BaseException)]:
                    yield done
                for error in ready_now:
                    if isinstance(error, BaseException):
                        raise error
        except BaseException:  # a stop is a stop: what is being graded is graded again next time
            stopped.set()
            if engine.judged:
                self.judges.close()
            raise
        finally:
            pool.shutdown(wait=True)
            for judge in filter(None, judges):
                self.judges.give_back(judge)
            scratch.close()

    def _attempt(
        self, engine: JudgedOutside, plan: Plan, student: str, scratch: Scratch, judge: Judge | None, reader: Reader
    ) -> Done | Failure:
        place = None
        try:
            place = workplace(engine, plan, scratch.path)
            there, digest = take_in(plan, student, place)
            return Done(grade_one(engine, plan, student, place, there, digest, judge or reader), place)
        except Exception as error:  # noqa: BLE001  a notebook may be damaged in ways that nobody foresaw
            why = in_a_sentence(error)
        if place is not None:
            place.close()
        return Failure(student, why)


def in_a_sentence(error: Exception) -> str:
    """Why a submission could not be graded."""
    if isinstance(error, CourseError | JudgeError):
        why = str(error)
    elif isinstance(error, OSError):
        why = f"{error.filename or 'a file'}: {error.strerror or error}"
    else:
        why = f"{type(error).__name__}: {error}"
    return why.strip().partition("\n")[0] or "for no reason that was given"


def workplace(engine: JudgedOutside, plan: Plan, scratch: Path) -> Workplace:
    """A fresh one, for a submission of this plan. To be closed."""
    own = plan.course.source_folder(plan.assignment)
    return Workplace(scratch, own, engine.students_own(plan.assignment))


def take_in(plan: Plan, student: str, place: Workplace) -> tuple[list[str], str]:
    """Copy what was handed in, of which nothing is read yet; its notebooks' names, and the digest of it all.

    Raises `CourseError` for what cannot be graded at all.
    """
    folder = plan.course.submitted_folder(student, plan.assignment)
    paths = [path for name in sorted(plan.masters) if os.path.lexists(path := folder / f"{name}.ipynb")]
    refuse_irregular(folder, paths)
    for path in paths:
        if path.stat().st_size > MAX_BYTES:  # before it is copied
            raise CourseError(f"{path.name} is larger than {MAX_BYTES >> 20} MiB; nothing of it was read")
    there = [path.stem for path in paths]
    if not there:
        found = sorted(ascii(path.name) for path in folder.iterdir() if path.suffix.lower() == ".ipynb")
        wanted = " or ".join(f"{name}.ipynb" for name in sorted(plan.masters))
        raise CourseError(f"there is no notebook {wanted} in it" + (f", but {', '.join(found[:5])}" if found else ""))
    return there, place.take(folder, there)


def grade_one(
    engine: JudgedOutside, plan: Plan, student: str, place: Workplace, there: list[str], digest: str, by: Judge | Reader
) -> dict[str, Graded]:
    """Have one submission, which was taken in, read, put in order and graded; touches no gradebook. For any thread.

    by: who reads it and, if it is a judge, grades it; else that is done in Jupyter kernels.
    """
    notebooks = {name: by.read(place.notebook(name), plan.masters[name], outputs=not engine.executes) for name in there}
    done = {}
    for name, notebook in notebooks.items():
        about = {"student": student, "assignment": plan.assignment, "notebook": name}
        work, new = place.prepare()
        done[name] = engine.grade(notebook, about, work, by if isinstance(by, Judge) else None, new)
        place.gather(work, new)
        stamp(done[name], digest, plan.digest)
    return done


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
