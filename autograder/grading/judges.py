"""Judges: processes forked from the zygote that read and grade one notebook at a time, while the grader writes.

A judge is ours: no student's code runs in it. It has the references and drives one sandboxed child, which is another fork of
the same zygote. So TensorFlow is imported once for them all, not at all in the process that holds the gradebook, and several
notebooks are judged at once.

    grader ── job, connection for a child ──▶ judge ── cells, probes ──▶ child
           ◀── graded notebook ──────────────       ◀── plain records ──
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode, from_dict

from ..execution import DEFAULT_PRELOAD, Child, ChildError, Limits, Policy, Trusted, Zygote, ZygoteError, child_request
from ..execution.frames import receive_note, send_note
from ..judging import patches
from ..judging.library import without_tensorflow
from .engine import NOTEBOOK_SECONDS, Graded, grade_notebook
from .reader import answer, ask, request, tried
from .scratch import Scratch
from .seeds import seed_of

PRELOAD = (
    *DEFAULT_PRELOAD,
    "autograder.judging.claims",
    "autograder.judging.ledger",
    "autograder.judging.notes",
    "autograder.datasets",
    "autograder.course.notebooks",
    __name__,
)
"""What every graded notebook imports, and what every judge does: done once in the zygote, it saves each fork the time."""

WITHOUT_TENSORFLOW = tuple(n for n in PRELOAD if n.partition(".")[0] not in ("tensorflow", "keras", "tensorboard"))


def preload_of(folder: Path) -> tuple[str, ...]:
    """What to import beforehand for the course in this folder: TensorFlow only where its exercises are about it."""
    return WITHOUT_TENSORFLOW if without_tensorflow(folder) else PRELOAD


MAX_NOTEBOOK = 1 << 30  # bytes, as JSON
TRIES = 2
MARGIN_SECONDS = 300.0  # beyond a notebook's own time, for the references and the mistakes, which are ours


class JudgeError(RuntimeError):
    """A notebook could not be judged; the message says why. Nothing of it was graded."""


@dataclass(frozen=True)
class Job:
    """One notebook to be graded, as plain data.

    notebook: sanitized. workdir: the child's folder, with the files that belong to the submission. secret, student: they
    seed the draws. folder: the course's. seconds: for it all. written: an empty folder for the files that it writes; they are
    lost if there is none. seeds: by exercise, where the secret is not known.
    """

    notebook: NotebookNode
    workdir: str
    secret: str
    student: str
    folder: str
    limits: Limits = field(default_factory=Limits)
    policy: Policy = field(default_factory=Policy)
    seconds: float = NOTEBOOK_SECONDS
    written: str = ""
    seeds: dict[str, int] | None = None


class Judge:
    """The grader's end of one judge: forked when first needed, and anew after a notebook on which it broke down."""

    def __init__(self, zygote: Zygote, scratch: Path) -> None:
        """scratch: a folder for temporary files."""
        self.scratch = scratch
        self._zygote, self._process = zygote, None
        self._closed = False

    def grade(self, job: Job) -> Graded:
        """Have a notebook graded; once more if the process that did it broke down. Raises `JudgeError`."""
        for _ in range(TRIES):
            try:
                return self._ask(job)
            except TimeoutError:  # once more would take as long
                self._end()
                raise JudgeError(f"it was not judged within {job.seconds + MARGIN_SECONDS:g} s") from None
            except (JudgeError, ZygoteError, OSError) as error:
                why = error
                self._end()
        raise JudgeError(f"it could not be judged, in {TRIES} tries: {why}") from None

    def read(
        self, path: Path, master: NotebookNode | None, outputs: bool, notes: list[str] | None = None
    ) -> NotebookNode:
        """Have a submitted notebook read and put in order (`reader.read_submission`). Raises `CourseError`."""
        return tried(lambda: ask(self._running().sock, request(path, master, outputs), notes), self._end, path.name)

    def close(self) -> None:
        """End it, and the child it is at work with; a request under way in another thread fails."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.close()

    def _running(self) -> Trusted:
        if self._closed:
            raise JudgeError("grading was stopped")
        self._process = self._process or self._zygote.fork_trusted(f"{__name__}:serve")
        return self._process

    def _ask(self, job: Job) -> Graded:
        judge = self._running()
        note = {
            "notebook": job.notebook,
            "child": child_request(
                job.workdir, job.limits, job.policy, {"AUTOGRADER_CHILD": "1", "NBGRADER_EXECUTION": "autograde"}
            ),
            "secret": job.secret,
            "student": job.student,
            "folder": job.folder,
            "scratch": str(self.scratch),
            "seconds": job.seconds,
            "written": job.written,
            "seeds": job.seeds,
        }
        with self._zygote.connect() as connection:
            send_note(judge.sock, note, (connection.fileno(),), max_bytes=MAX_NOTEBOOK)
        answer = receive_note(judge.sock, time.monotonic() + job.seconds + MARGIN_SECONDS, max_bytes=MAX_NOTEBOOK)
        if answer is None:
            raise JudgeError("the process that judges has ended")
        said = answer[0]
        if "error" in said:
            raise JudgeError(said["error"])
        return Graded(**said | {"notebook": from_dict(said["notebook"]), "faults": tuple(said["faults"])})


class Judges:
    """A zygote and the judges forked from it, as many as are lent at a time. Usable from any thread."""

    def __init__(self, preload: tuple[str, ...] = PRELOAD, env: Mapping[str, str] | None = None) -> None:
        """env: of zygote and children (see `Zygote`)."""
        self.zygote, self._scratch = Zygote(preload, env), None
        self._lock = threading.Lock()
        self._all: list[Judge] = []
        self._idle: list[Judge] = []

    def __enter__(self) -> Judges:
        if hasattr(os, "fork"):  # elsewhere nobody borrows one
            self.zygote.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the judges, their children and the zygote; returns when they are gone."""
        with self._lock:
            for judge in self._all:
                judge.close()
        self.zygote.close()
        if self._scratch is not None:
            self._scratch.close()

    @contextlib.contextmanager
    def lend(self) -> Iterator[Judge]:
        """A judge for the caller alone. It keeps what it has worked out, for the next who borrows it."""
        judge = self.borrow()
        try:
            yield judge
        finally:
            self.give_back(judge)

    def borrow(self) -> Judge:
        """As `lend`, until `give_back`."""
        with self._lock:
            self._scratch = self._scratch or Scratch()
            if not self._idle:
                self._idle.append(Judge(self.zygote, self._scratch.path))
                self._all += self._idle
            return self._idle.pop()

    def give_back(self, judge: Judge) -> None:
        with self._lock:
            self._idle.append(judge)


def serve(sock: socket.socket) -> None:
    """A judge's process: read and grade what comes, until the grader closes the connection."""
    patches.forget()  # a copy of the zygote, which keeps them for the children
    while (received := receive_note(sock, max_bytes=MAX_NOTEBOOK)) is not None:
        note, connections = received
        if "read" in note:
            answer(sock, note)
            continue
        (connection,) = connections
        try:
            send_note(sock, vars(_grade(note, socket.socket(fileno=connection))), max_bytes=MAX_NOTEBOOK)
        except Exception as error:  # noqa: BLE001  the grader is told, and tries once more with another judge
            told = str(error) if isinstance(error, ChildError) else f"{type(error).__name__}: {error}"
            send_note(sock, {"error": told[:2000]})


def _grade(note: dict, connection: socket.socket) -> Graded:
    secret, seeds = note["secret"].encode(), note["seeds"]
    tempfile.tempdir = note["scratch"]  # what TensorFlow leaves there at our sudden end, the grader removes
    os.chdir(note["folder"])  # check cells may read the course's files
    with Child(connection, note["child"], Limits(**note["child"]["limits"])) as child:
        return grade_notebook(
            from_dict(note["notebook"]),
            child,
            lambda exercise: seed_of(secret, note["student"], exercise) if seeds is None else seeds[exercise],
            note["seconds"],
            (note["child"]["workdir"], Path(note["written"])) if note["written"] else None,
        )
