"""The same work on many things, in several processes, with the results in order and a bar for whoever waits."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

FEW = 12  # pages that one process makes sooner than others start
FEW_TO_READ = 150  # notebooks that it reads sooner
PIECE = 8
T, R = TypeVar("T"), TypeVar("R")


def each(
    work: Callable[[T], R], things: Iterable[T], count: int, *, jobs: int | None = None, few: int = FEW
) -> Iterator[R]:
    """work(thing) for each, in order. At most a few results per process wait to be taken, however many things there are.

    work: a function of a module; it and the things must be picklable. count: of the things. jobs: how many processes; None: one
    for each processor. few: up to so many are done here.
    """
    jobs = min(jobs or os.cpu_count() or 1, count)
    if jobs <= 1 or count <= few:
        yield from map(work, things)
        return
    things = iter(things)
    # fresh processes: this one may hold a gradebook and threads of a progress bar
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        waiting: deque = deque()
        try:
            while True:
                while len(waiting) < 3 * jobs and (piece := list(islice(things, PIECE))):
                    waiting.append(pool.submit(_piece, work, piece))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()


def _piece(work: Callable[[T], R], things: list[T]) -> list[R]:
    return [work(thing) for thing in things]


def with_bar(results: Iterable[R], count: int, what: str, console: Console | None) -> Iterator[R]:
    """The same results, and a bar on a terminal."""
    with bar(what, count, console) as advance:
        for result in results:
            yield result
            advance(1)


@contextlib.contextmanager
def bar(
    what: str, count: int | None, console: Console | None, *, stays: bool = False
) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, and a function that moves it on by so many of `count`.

    count: None if nobody knows. stays: it is not wiped away at the end.
    """
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    silent = console is None or not console.is_terminal
    with Progress(*columns, console=console, disable=silent, transient=not stays) as progress:
        line = progress.add_task(what, total=count)
        yield lambda more: progress.advance(line, more)
