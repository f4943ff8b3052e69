"""Who tells: a progress bar on a terminal, a line for each submission elsewhere."""

from __future__ import annotations

import time

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


class Narrator:
    """Tells of a run over a chapter while it goes on. To be entered before the first `tell`."""

    def __init__(self, console: Console, chapter: str, total: int) -> None:
        self.console, self.chapter, self.total = console, chapter, total
        self._number, self._first = 0, 0.0
        times = (Rate(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), *times)
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)

    def __enter__(self) -> Narrator:
        self._progress.start()
        self._task = self._progress.add_task(self.chapter, total=self.total)
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tell(self, student: str, graded: bool) -> None:
        """One more submission is through."""
        self._number += 1
        self._progress.advance(self._task)
        if self.console.is_terminal:
            return
        self._first = self._first or time.monotonic()  # what comes before it is the start, no measure of the rest
        left = (self.total - self._number) * (time.monotonic() - self._first) / max(1, self._number - 1)
        told = f"{self._number} of {self.total}" + (f", {left:.0f} s left" if 1 < self._number < self.total else "")
        line = f"{self.chapter}: {student} {'graded' if graded else 'could not be graded'} ({told})"
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


class Rate(ProgressColumn):
    """How many submissions a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f}/s", style="progress.data.speed")
