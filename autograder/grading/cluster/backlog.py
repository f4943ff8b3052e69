"""Who is still to be graded, how many go to a worker at a time, and whom a lost worker costs what. Nothing else is known here."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable

BATCH_SECONDS = 2.0  # a lost worker costs as much; sending one costs some milliseconds
MOST = 50
LOSSES = 3


class Backlog:
    """Students who wait. A worker that is lost puts those of its batch back; who was alone on it thrice is given up."""

    def __init__(self, students: Iterable[str]) -> None:
        """students: those who share a draw in a row, so that a batch has few draws."""
        self._waiting, self._alone = deque(students), deque[str]()
        self._losses: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._alone)

    def take(self, most: int) -> list[str]:
        """The next batch; empty if nobody waits. Whom a worker was lost over goes alone: who is to blame will show."""
        if not self._waiting and self._alone:
            return [self._alone.popleft()]
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def put_back(self, students: list[str]) -> None:
        """Nobody is to blame: the batch had not begun, or it was the connection."""
        suspects = [student for student in students if student in self._losses]
        self._alone.extend(suspects)
        self._waiting.extendleft(reversed([student for student in students if student not in self._losses]))

    def lost(self, students: list[str]) -> list[str]:
        """A worker was lost that had begun with these; returns those who are given up."""
        for student in students:
            self._losses[student] += len(students) == 1
        given_up = [student for student in students if self._losses[student] >= LOSSES]
        self._alone.extend(student for student in students if student not in given_up)
        return given_up


def batch_size(seconds: float | None, waiting: int, threads: int) -> int:
    """How many submissions to send at once. seconds: that one takes there, as far as is known. threads: of all workers."""
    if seconds is None:
        return 1
    fits = int(BATCH_SECONDS / max(seconds, 1e-3))
    fair = math.ceil(waiting / (2 * max(1, threads)))  # towards the end small ones, so that all end at once
    return max(1, min(fits, fair, MOST))
