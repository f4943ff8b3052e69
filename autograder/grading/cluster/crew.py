"""The workers behind one connection to a scheduler: who is there, who is fit, who has which batch. Tells by events."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any

from distributed import Client, Future

from ..workplace import Workplace
from .addresses import exposed
from .facts import difference, facts, question
from .kit import Kit, Parcel
from .worker import Answer, grade_batch, leave, take_up

LOOK_SECONDS = 0.5
SILENT_SECONDS = 30.0  # without a word from the scheduler: the connection is cut, though nobody has said so
DISMISS_SECONDS = 10.0
ASKED = 3


@dataclass(eq=False)
class Batch:
    """What one worker was sent at a time. To be closed: what was taken in for it lies on our disk."""

    parcels: list[Parcel]
    places: dict[str, Workplace]
    future: Future | None = None

    @property
    def students(self) -> list[str]:
        return [parcel.student for parcel in self.parcels]

    def close(self) -> None:
        for place in self.places.values():
            place.close()
        if self.future is not None:
            with contextlib.suppress(Exception):  # whatever Dask says of a connection that is no more
                self.future.cancel()


@dataclass
class Hand:
    """A worker that is fit. seconds: what a submission takes there, as measured."""

    threads: int
    batches: list[Batch] = field(default_factory=list)
    seconds: float | None = None

    @property
    def wants(self) -> bool:
        """One batch more than it has threads, so that it need not wait for the next."""
        return len(self.batches) <= self.threads

    def measured(self, seconds: float) -> None:
        self.seconds = seconds if self.seconds is None else 0.8 * self.seconds + 0.2 * seconds


@dataclass(frozen=True)
class Fit:
    worker: str


@dataclass(frozen=True)
class Refused:
    worker: str
    why: str


@dataclass(frozen=True)
class Lost:
    """begun: batches that it had begun with; waiting: those that it had not."""

    worker: str
    begun: list[Batch]
    waiting: list[Batch]


@dataclass(frozen=True)
class Answered:
    batch: Batch
    answers: list[Answer]


class Cut(ConnectionError):
    """There is no connection to the scheduler any more."""


class Crew:
    """To be entered; left, it sends nobody home: `dismiss` does. For one thread."""

    def __init__(self, client: Client, kit: Kit, user: str, encrypted: bool) -> None:
        """user: in whose name workers keep their judges. encrypted: must what goes to other machines be so?"""
        self.client, self.kit, self.user, self.encrypted = client, kit, user, encrypted
        self.hands: dict[str, Hand] = {}
        self.refused: dict[str, str] = {}
        self.there: dict[str, int] = {}
        self._asking: set[str] = set()
        self._asked: dict[str, int] = {}
        self._events: queue.SimpleQueue = queue.SimpleQueue()
        self._heard = time.monotonic()
        self._left = threading.Event()

    def __enter__(self) -> Crew:
        self._run(self._look)
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        for batch in self.batches():
            batch.close()

    def batches(self) -> list[Batch]:
        return [batch for hand in self.hands.values() for batch in hand.batches]

    @property
    def threads(self) -> int:
        return sum(hand.threads for hand in self.hands.values())

    @property
    def hopeless(self) -> bool:
        """There are workers, and every one has refused."""
        return bool(self.there) and not self.hands and not self._asking and set(self.there) <= set(self.refused)

    def send(self, worker: str, batch: Batch) -> None:
        """Have a worker grade a batch. Raises `Cut`."""
        self.hands[worker].batches.append(batch)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Dask finds a batch of notebooks large
                batch.future = self.client.submit(
                    grade_batch, self.kit.digest, batch.parcels, workers=[worker], allow_other_workers=False, pure=False
                )
        except Exception as error:  # noqa: BLE001  of many kinds, and whatever it is: it was not sent
            raise Cut(str(error)) from None
        batch.future.add_done_callback(lambda _: self._run(self._fetch, worker, batch))

    def events(self, seconds: float) -> Iterator[Fit | Refused | Lost | Answered]:
        """What has happened, waiting so long if nothing has. Raises `Cut`."""
        if self.client.status != "running" or time.monotonic() - self._heard > SILENT_SECONDS:
            raise Cut("it does not answer")
        with contextlib.suppress(queue.Empty):
            name, *told = self._events.get(timeout=seconds)
            yield from getattr(self, f"_on_{name}")(*told)

    def dismiss(self) -> None:
        """Workers put their judges away, as far as they hear of it."""
        self._run(self._dismiss).join(DISMISS_SECONDS)

    # -- in threads of their own: what takes time

    def _run(self, function: Callable, *arguments: Any) -> threading.Thread:
        """A thread that nobody waits for at our end: who is asked may never answer."""
        thread = threading.Thread(target=function, args=arguments, daemon=True, name="crew")
        thread.start()
        return thread

    def _dismiss(self) -> None:
        with contextlib.suppress(Exception):  # they do so in any case, later
            self.client.run(leave, self.user, workers=list(self.hands), on_error="ignore")

    def _look(self) -> None:
        while not self._left.wait(LOOK_SECONDS if self.there else 0.05):
            try:
                there = self.client.nthreads()
            except Exception as error:  # noqa: BLE001  of many kinds, and whatever it is: nobody answers
                self._events.put(("cut", str(error)))
                return
            self._heard = time.monotonic()  # here: who writes for long in between hears of it late
            self._events.put(("there", dict(there)))

    def _ask(self, worker: str) -> None:
        """Is it one of us, and is it ready?"""
        why = ""
        try:
            if self.encrypted and exposed(worker):
                why = "what is sent to it is not encrypted"
            told = self.client.run(question(), workers=[worker]) if not why else {}
            why = why or difference(facts(), told[worker])
            if not why:
                why = self.client.run(take_up, self.kit, self.user, workers=[worker])[worker]
        except Exception as error:  # noqa: BLE001  it has ended meanwhile, or cannot even read the question
            why = f"it could not be asked ({type(error).__name__}: {str(error).partition(chr(10))[0][:200]})"
        self._events.put(("asked", worker, why))

    def _fetch(self, worker: str, batch: Batch) -> None:
        try:
            self._events.put(("answer", worker, batch, batch.future.result()))
        except (CancelledError, TimeoutError):  # by us, or the connection is cut, which is noticed elsewhere
            pass
        except Exception:  # noqa: BLE001  Dask has given up this worker, or cannot bring what it answered
            self._events.put(("failed", worker, batch))

    # -- in the owner's thread: what is noted

    def _on_cut(self, why: str) -> Iterator:
        raise Cut(why)
        yield

    def _on_there(self, there: dict[str, int]) -> Iterator:
        self.there = there
        for worker in [worker for worker in self.hands if worker not in there]:
            yield self._loss(worker)
        for worker in there:
            if worker not in self.hands and worker not in self.refused and worker not in self._asking:
                self._asking.add(worker)
                self._run(self._ask, worker)

    def _on_asked(self, worker: str, why: str) -> Iterator:
        self._asking.discard(worker)
        if worker not in self.there:
            return
        if not why:
            self.hands[worker] = Hand(self.there[worker])
            yield Fit(worker)
        elif not why.startswith("it could not be asked") or self._count(worker) >= ASKED:
            self.refused[worker] = why
            yield Refused(worker, why)

    def _on_answer(self, worker: str, batch: Batch, answers: list[Answer] | None) -> Iterator:
        hand = self.hands.get(worker)
        if hand is None or batch not in hand.batches:
            return  # it was counted as lost meanwhile
        if answers is None:  # it was started anew, and is asked again
            if self._count(worker) >= ASKED:
                self.refused[worker] = "it does not keep what it was told"
            yield self._loss(worker)
            return
        hand.batches.remove(batch)
        for answer in answers:
            hand.measured(answer.seconds)
        yield Answered(batch, answers)

    def _on_failed(self, worker: str, batch: Batch) -> Iterator:
        hand = self.hands.get(worker)
        if hand is not None and batch in hand.batches:
            hand.batches.remove(batch)
            yield Lost(worker, [batch], [])

    def _loss(self, worker: str) -> Lost:
        hand = self.hands.pop(worker)
        return Lost(worker, hand.batches[: hand.threads], hand.batches[hand.threads :])

    def _count(self, worker: str) -> int:
        self._asked[worker] = self._asked.get(worker, 0) + 1
        return self._asked[worker]
