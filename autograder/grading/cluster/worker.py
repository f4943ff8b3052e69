"""What is done on a worker: its judges are kept warm, and grade the batches that come.

A Dask worker has threads, so nothing is forked here: the zygote is a process of its own (`execution.zygote`), which ends when
the worker does, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
from distributed import Worker, WorkerPlugin, get_worker
from nbformat import NotebookNode, from_dict

from ...course.folder import CourseError
from ...execution import ChildError, Policy, ZygoteError
from ..engine import Graded
from ..executor import grade_one, in_a_sentence, workplace
from ..judges import Judges, preload_of
from ..plan import Plan
from ..reader import Reader
from ..scratch import Scratch
from ..standing import ready
from .kit import JudgedElsewhere, Kit, Parcel, lay_out, packed, unpack

NAME = "course-judges"
IDLE_SECONDS = 600.0  # a worker lives on when who used it was killed: its judges do not


@dataclass(frozen=True)
class Answer:
    """What came of one submission. why: it could not be graded; else notebooks by name, and the files that they wrote."""

    student: str
    seconds: float
    why: str = ""
    notebooks: dict[str, dict[str, Any]] | None = None
    written: dict[str, bytes] | None = None


class WarmJudges(WorkerPlugin):
    """The zygote and the judges of a worker, and the kits that it has. From any thread."""

    name = NAME

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._judges: dict[tuple[str, ...], Judges] = {}  # by what is imported beforehand
        self._scratch: Scratch | None = None
        self._kits: dict[str, tuple[JudgedElsewhere, Plan]] = {}
        self._users: set[str] = set()
        self._timer: threading.Timer | None = None
        self._busy = 0

    def teardown(self, worker: Worker) -> None:
        self.close()

    def take_up(self, kit: Kit, user: str) -> str:
        """Be ready to grade with this kit; returns why not, "" otherwise."""
        with self._lock:
            self._users.add(user)
            self._wind_up()
            self._scratch = self._scratch or Scratch()
            if kit.digest not in self._kits:
                self._kits[kit.digest] = lay_out(kit, Path(tempfile.mkdtemp(dir=self._scratch.path)))
            engine, _ = self._kits[kit.digest]
            preload = preload_of(engine.home)
            if preload not in self._judges:
                fresh = Judges(preload, env=_environment())
                fresh.__enter__()
                ready(fresh)
                self._judges[preload] = fresh
            return self._exposed(engine, self._judges[preload]) if engine.judged else ""

    def _exposed(self, engine: JudgedElsewhere, judges: Judges) -> str:
        """Why the sandbox is not in force, as a child tells; "" if it is."""
        work = tempfile.mkdtemp(dir=self._scratch.path)
        try:
            with judges.zygote.fork(work, engine.limits, Policy(hidden=(str(engine.home),))) as child:
                return "" if child.report.isolated else f"its sandbox is not in force: {child.report}"
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def knows(self, digest: str) -> bool:
        return digest in self._kits

    def grade(self, digest: str, parcels: list[Parcel]) -> list[Answer]:
        """A batch, one after the other, by one judge. Usually several threads are here at once."""
        with self._lock:
            self._wind_up()
            (engine, plan), scratch = self._kits[digest], self._scratch
            judges = self._judges[preload_of(engine.home)]
            self._busy += 1
        try:
            if not engine.judged:
                with contextlib.closing(Reader()) as reader:
                    return [_answer(engine, plan, parcel, scratch, reader) for parcel in parcels]
            with judges.lend() as judge:
                return [_answer(engine, plan, parcel, scratch, judge) for parcel in parcels]
        finally:
            with self._lock:
                self._busy -= 1

    def leave(self, user: str) -> None:
        """One who graded here is through; with the last the judges go."""
        with self._lock:
            self._users.discard(user)
            left = bool(self._users)
        if not left:
            self.close()

    def close(self) -> None:
        """End the judges, and forget the kits. What is being graded fails."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            judges, scratch = list(self._judges.values()), self._scratch
            self._scratch = self._timer = None
            self._judges.clear()
            self._kits.clear()
            self._users.clear()
        for one in judges:
            one.close()
        if scratch is not None:
            scratch.close()

    def _wind_up(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(IDLE_SECONDS, self._idle)
        self._timer.daemon = True
        self._timer.start()

    def _idle(self) -> None:
        with self._lock:
            if busy := self._busy > 0:  # one notebook may take longer
                self._wind_up()
        if not busy:
            self.close()


def _answer(engine: JudgedElsewhere, plan: Plan, parcel: Parcel, scratch: Scratch, by: Any) -> Answer:
    started = time.monotonic()
    place = None
    try:
        place = workplace(engine, plan, scratch.path)
        unpack(parcel, place)
        engine.seeds[parcel.student] = parcel.seeds
        done = grade_one(engine, plan, parcel.student, place, list(parcel.notebooks), parcel.digest, by)
        notebooks = {name: vars(graded) | {"notebook": json.dumps(graded.notebook)} for name, graded in done.items()}
        return Answer(parcel.student, time.monotonic() - started, "", notebooks, packed(place.written))
    except Exception as error:  # noqa: BLE001  as at home: a notebook may be damaged in ways that nobody foresaw
        return Answer(parcel.student, time.monotonic() - started, in_a_sentence(error))
    finally:
        engine.seeds.pop(parcel.student, None)
        if place is not None:
            place.close()


def graded_notebooks(answer: Answer) -> dict[str, Graded]:
    """What a worker has graded, as at home."""
    return {name: Graded(**said | {"notebook": _notebook(said["notebook"])}) for name, said in answer.notebooks.items()}


def _notebook(text: str) -> NotebookNode:
    return from_dict(json.loads(text))


def _environment() -> dict[str, str]:
    """What a zygote at home would have: without what Dask sets for a worker's own threads."""
    set_by_dask = dask.config.get("distributed.nanny.pre-spawn-environ", {})
    return {name: value for name, value in os.environ.items() if str(set_by_dask.get(name)) != value}


# -- what Dask calls ---------------------------------------------------------------------------------------------------


async def take_up(kit: Kit, user: str, dask_worker: Worker) -> str:
    """Have this worker keep judges warm for a kit; returns why it refuses, "" otherwise."""
    if NAME not in dask_worker.plugins:
        await dask_worker.plugin_add(plugin=WarmJudges(), name=NAME)
    try:
        return await asyncio.to_thread(dask_worker.plugins[NAME].take_up, kit, user)
    except (CourseError, ZygoteError, ChildError, OSError) as error:
        return str(error).partition("\n")[0]


async def leave(user: str, dask_worker: Worker) -> None:
    if NAME in dask_worker.plugins:
        await asyncio.to_thread(dask_worker.plugins[NAME].leave, user)


def grade_batch(digest: str, parcels: list[Parcel]) -> list[Answer] | None:
    """Grade a batch; None if this worker does not have the kit, such as one that was started anew at the same address."""
    warm = get_worker().plugins.get(NAME)
    return warm.grade(digest, parcels) if warm is not None and warm.knows(digest) else None
