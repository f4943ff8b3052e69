"""`ClusterExecutor`: what a plan lists is sent to the workers of a Dask cluster, and what they have graded comes back.

Each worker has a batch in work for each of its threads, and one that waits. A worker that ends costs the batches that it had
(`backlog`); a connection that is cut costs those of all, and is made again. What is yielded is written by the caller at once.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator

from distributed import Client

from ...course.folder import CourseError
from ..executor import MOST_READY, Done, Failure, Result, in_a_sentence, take_in, workplace
from ..outside import JudgedOutside
from ..plan import Plan
from ..scratch import Scratch
from ..seeds import course_secret, draw_of
from .backlog import LOSSES, Backlog, batch_size
from .crew import Answered, Batch, Crew, Cut, Fit, Lost, Refused
from .kit import kit_of, parcel_of, unpacked
from .worker import graded_notebooks

AGAIN_SECONDS = 120.0  # for a connection that is cut
NOBODY_SECONDS = 120.0  # for the first worker, or the next when the last has gone
BYTES = 64 << 20  # of a batch, from which on nothing more goes into it
PATIENT_SECONDS = 10.0
GO_ON = "what is graded is kept, and the same command goes on from there"


class ClusterExecutor:
    """Grades on a cluster. To be closed.

    connect: makes a connection; raises `OSError` where none is to be had. where: how the scheduler is called in sentences.
    say: tells a person a sentence meanwhile. encrypted: must what goes to other machines be so?
    """

    def __init__(
        self, connect: Callable[[], Client], where: str, say: Callable[[str], None], encrypted: bool = True
    ) -> None:
        self._connect, self.where, self.say, self.encrypted = connect, where, say, encrypted
        self._user = uuid.uuid4().hex
        self._client: Client | None = None
        self._crew: Crew | None = None

    def open(self) -> None:
        """Connect, before anything else is done. Raises `CourseError`."""
        self._connected()

    def close(self) -> None:
        """Send the workers' judges home."""
        if self._crew is not None and self._client is not None:
            self._crew.dismiss()
        self._disconnect()

    def results(self, engine: JudgedOutside, plan: Plan) -> Iterator[list[Result]]:
        """As they come, in batches. Raises `CourseError` where nobody is left to grade."""
        kit = kit_of(engine, plan)  # before anything is begun
        return self._results(engine, plan, kit) if plan.todo else iter(())

    def _results(self, engine: JudgedOutside, plan: Plan, kit) -> Iterator[list[Result]]:
        secret = course_secret(plan.course.root)
        backlog = Backlog(sorted(plan.todo, key=lambda student: (draw_of(secret, student), student)))
        told: set[str] = set()
        with contextlib.closing(Scratch()) as scratch:
            taking = _Taking(engine, plan, secret, scratch)
            while True:
                client = self._connected()
                with Crew(client, kit, self._user, self.encrypted) as self._crew:
                    try:
                        yield from self._serve(self._crew, backlog, taking, told)
                        return
                    except Cut:
                        for batch in self._crew.batches():
                            backlog.put_back(batch.students)
                        self.say(f"the connection to {self.where} was cut; it is made again")
                self._disconnect()

    def _serve(self, crew: Crew, backlog: Backlog, taking: _Taking, told: set[str]) -> Iterator[list[Result]]:
        """Until nobody waits and nothing is out. Raises `Cut`."""
        alone_since, patient = time.monotonic(), False
        while backlog or crew.batches():
            yield from self._hand_out(crew, backlog, taking)
            if not backlog and not crew.batches():  # none of the last could be taken in
                return
            for event in crew.events(1.0):
                match event:
                    case Answered(batch, answers):
                        for first in range(0, len(answers), MOST_READY):
                            ready = answers[first : first + MOST_READY]
                            yield [(answer.student, _result(batch, answer)) for answer in ready]
                        batch.close()
                    case Lost(worker, begun, waiting):
                        self.say(f"{worker} was lost; what it had not finished is graded again")
                        for batch in waiting:
                            backlog.put_back(batch.students)
                        for batch in begun:
                            for student in backlog.lost(batch.students):
                                why = f"the worker that graded it was lost, {LOSSES} times; it was left out"
                                yield [(student, Failure(student, why))]
                        for batch in (*begun, *waiting):
                            batch.close()
                    case Refused(worker, why) if f"{worker}: {why}" not in told:
                        told.add(f"{worker}: {why}")
                        self.say(f"{worker} does not grade: {why}")
                    case Fit():
                        pass
            if crew.hands:
                alone_since = time.monotonic()
            elif crew.hopeless:
                raise CourseError(f"no worker of {self.where} can grade: {next(iter(crew.refused.values()))}; {GO_ON}")
            elif not crew.there and not patient and time.monotonic() - alone_since > PATIENT_SECONDS:
                patient = True
                self.say(f"waiting for a worker of {self.where}, for {NOBODY_SECONDS:g} s at most")
            elif not crew.there and time.monotonic() - alone_since > NOBODY_SECONDS:
                raise CourseError(f"{self.where} has had no worker for {NOBODY_SECONDS:g} s; {GO_ON}")

    def _hand_out(self, crew: Crew, backlog: Backlog, taking: _Taking) -> Iterator[list[Result]]:
        for worker, hand in sorted(crew.hands.items(), key=lambda item: len(item[1].batches)):
            while backlog and hand.wants:
                students = backlog.take(batch_size(hand.seconds, len(backlog), crew.threads))
                batch, rest = Batch([], {}), []
                for number, student in enumerate(students):
                    if sum(len(content) for parcel in batch.parcels for content in parcel.files.values()) > BYTES:
                        rest = students[number:]
                        break
                    if (why := taking.take(student, batch)) is not None:
                        yield [(student, Failure(student, why))]
                backlog.put_back(rest)
                if batch.parcels:
                    crew.send(worker, batch)

    def _connected(self) -> Client:
        """The connection, made if there is none, again and again for a while if there was one. Raises `CourseError`."""
        if self._client is not None:
            return self._client
        first, until = self._crew is None, time.monotonic() + AGAIN_SECONDS
        while True:
            try:
                self._client = self._connect()
                return self._client
            except OSError as error:  # Dask's are of this kind, time-outs too
                if first:
                    told = " ".join(str(error).split())[:200]
                    raise CourseError(f"{self.where} cannot be reached: {told or type(error).__name__}") from None
                if time.monotonic() > until:
                    raise CourseError(f"{self.where} has not answered for {AGAIN_SECONDS:g} s; {GO_ON}") from None
                time.sleep(1)

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):  # of a connection that is no more, anything may be said
                client.close(timeout=2)


class _Taking:
    """Takes in what is handed in, for a batch."""

    def __init__(self, engine: JudgedOutside, plan: Plan, secret: bytes, scratch: Scratch) -> None:
        self.engine, self.plan, self.secret, self.scratch = engine, plan, secret, scratch

    def take(self, student: str, batch: Batch) -> str | None:
        """Add a submission to a batch; why not, if it cannot be graded."""
        place = None
        try:
            place = workplace(self.engine, self.plan, self.scratch.path)
            there, digest = take_in(self.plan, student, place)
            batch.parcels.append(parcel_of(self.plan, student, place, there, digest, self.secret))
        except Exception as error:  # noqa: BLE001  as on this machine alone
            if place is not None:
                place.close()
            return in_a_sentence(error)
        batch.places[student] = place
        return None


def _result(batch: Batch, answer) -> Done | Failure:
    """What a worker has answered, as if it had been graded here; who gets it closes it."""
    if answer.why:
        return Failure(answer.student, answer.why)
    place = batch.places.pop(answer.student)
    try:
        unpacked(answer.written or {}, place.written)
        return Done(graded_notebooks(answer), place)
    except Exception as error:  # noqa: BLE001  a full disk, say: the others of its batch are graded all the same
        place.close()
        return Failure(answer.student, in_a_sentence(error))
