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

from ..course.bounds import MAX_BYTES
from ..course.cells import TO_LOOK_AT
from ..course.folder import CourseError
from .engine import Graded, stamp_of
from .judges import Judge, JudgeError, Judges
from .outside import JudgedOutside
from .plan import Plan
from .reader import Reader
from .scratch import Scratch
from .seeds import course_secret, draw_of
from .stamp import stamp
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


class Executor(Protocol):
    """Grades what a plan lists."""

    def results(self, plan: Plan) -> Iterator[tuple[str, Done | Failure]]:
        """(student, what came of it) for each student of the plan, as they come. Closing it stops what is under way."""


class LocalExecutor:
    """On this machine, `jobs` notebooks at a time. judges: None for Jupyter kernels."""

    def __init__(self, engine: JudgedOutside, judges: Judges | None, jobs: int) -> None:
        self.engine, self.judges, self.jobs = engine, judges, jobs

    def results(self, plan: Plan) -> Iterator[tuple[str, Done | Failure]]:
        """Each thread with a judge of its own."""
        jobs = max(1, min(self.jobs, len(plan.todo)))
        shares = Shares(course_secret(plan.course.root), list(plan.todo), jobs)
        results: queue.SimpleQueue[tuple[str, Done | Failure] | BaseException] = queue.SimpleQueue()
        stopped = threading.Event()
        scratch = Scratch()

        def work(number: int, judge: Judge | None) -> None:
            try:
                with contextlib.closing(Reader()) as reader:
                    while not stopped.is_set() and (student := shares.take(number)) is not None:
                        results.put((student, self._attempt(plan, student, scratch, judge, reader)))
            except BaseException as error:  # noqa: BLE001  else who waits for a result would wait for ever
                results.put(error)

        pool = ThreadPoolExecutor(jobs, thread_name_prefix="grader")
        judges = [self.judges.borrow() if self.judges else None for _ in range(jobs)]
        try:
            for number, judge in enumerate(judges):
                pool.submit(work, number, judge)
            for _ in plan.todo:
                result = results.get()
                if isinstance(result, BaseException):
                    raise result
                yield result
        except BaseException:  # a stop is a stop: what is being graded is graded again next time
            stopped.set()
            if self.judges is not None:
                self.judges.close()
            raise
        finally:
            pool.shutdown(wait=True)
            for judge in filter(None, judges):
                self.judges.give_back(judge)
            scratch.close()

    def _attempt(
        self, plan: Plan, student: str, scratch: Scratch, judge: Judge | None, reader: Reader
    ) -> Done | Failure:
        own = plan.course.source_folder(plan.assignment)
        place = None
        try:
            place = Workplace(scratch.path, own, self.engine.students_own(plan.assignment))
            return Done(grade_one(self.engine, plan, student, place, judge, reader), place)
        except (CourseError, JudgeError) as error:
            why = str(error)
        except OSError as error:
            why = f"{error.filename or 'a file'}: {error.strerror or error}"
        except Exception as error:  # noqa: BLE001  a notebook may be damaged in ways that nobody foresaw
            why = f"{type(error).__name__}: {error}"
        if place is not None:
            place.close()
        return Failure(student, why.strip().partition("\n")[0] or "for no reason that was given")


def grade_one(
    engine: JudgedOutside, plan: Plan, student: str, place: Workplace, judge: Judge | None, reader: Reader
) -> dict[str, Graded]:
    """Have one submission read, put in order and graded; called in a thread of the pool, touches no gradebook.

    reader: reads where there is no judge.
    """
    folder = plan.course.submitted_folder(student, plan.assignment)
    if folder.is_symlink() or folder.parent.is_symlink():
        raise CourseError("the submission is a link to somewhere else; nothing of it was read")
    there = []
    for name in sorted(plan.masters):
        path = folder / f"{name}.ipynb"
        if path.is_symlink():
            raise CourseError("the submission is a link to somewhere else; nothing of it was read")
        if path.exists() and not path.is_file():
            raise CourseError("the submission is no file; nothing of it was read")
        if path.exists() and path.stat().st_size > MAX_BYTES:  # before it is copied
            raise CourseError(f"{path.name} is larger than {MAX_BYTES >> 20} MiB; nothing of it was read")
        there += [name] if path.exists() else []
    if not there:
        found = sorted(ascii(path.name) for path in folder.glob("*.ipynb"))
        wanted = " or ".join(f"{name}.ipynb" for name in sorted(plan.masters))
        raise CourseError(f"there is no notebook {wanted} in it" + (f", but {', '.join(found[:5])}" if found else ""))
    digest = place.take(folder, there)
    notebooks = {
        name: (judge or reader).read(place.notebook(name), plan.masters[name], outputs=not engine.executes)
        for name in there
    }
    done = {}
    for name, notebook in notebooks.items():
        about = {"student": student, "assignment": plan.assignment, "notebook": name}
        work, new = place.prepare()
        done[name] = engine.grade(notebook, about, work, judge, new)
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
