"""What a class of thousands takes on a cluster: python benchmarks/scale.py [--quick] [--submissions N] [--workers 1 2]

First for real: so many submissions of a real chapter (right answers, wrong answers and crashes, in turn) are graded by
`--local-cluster` with one worker, then with two. Measured are what a submission takes on a worker (wall time), what the one
process that writes takes for it (CPU time of all its threads, of which the writing itself, and what commits wait), how long
a batch is on its way, and the start.

Then 10 000 submissions are simulated on 1 to 64 workers of one thread: what each takes is drawn from what was measured with
one worker; batches are cut by the very function that cuts them; the writer takes one answer after the other and then sends
that worker its next batch, as it does. It is the bottleneck where it has no more to give.

The times are those of the machine as it is: its load is printed with them. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import math
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from autograder.grading.executor import MOST_READY  # noqa: E402  after the log level is set

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Measured:
    """Seconds. worker, writing: of each submission. commits: of a transaction. trips: of a batch. start: to the first answer.

    writer: CPU time of a submission, all threads, after the first answer: what comes before does not grow with the class.
    """

    worker: list[float] = field(default_factory=list)
    writing: list[float] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)
    trips: list[float] = field(default_factory=list)
    writer: float = 0.0
    start: float = 0.0
    wall: float = 0.0

    @property
    def beside(self) -> float:
        """What the writer takes for a submission beside writing it: taking in, sending, unpacking, the scheduler."""
        return max(0.0, self.writer - statistics.mean(self.writing))


def school(folder: Path, chapter: str, size: int):
    """A course folder with so many submissions: the sample class again and again."""
    from autograder.course.folder import Course
    from autograder.course.samples import model_answer, sample_class, write_submission

    for part in ("source", "release"):
        shutil.copytree(ROOT / part / chapter, folder / part / chapter)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    course = Course(folder)
    samples = sample_class(course, chapter)
    for sample in samples[:size]:
        write_submission(course, chapter, sample, model_answer(course, chapter))
    for number in range(len(samples), size):
        twin = course.root / "submitted" / samples[number % len(samples)].student
        shutil.copytree(twin, course.root / "submitted" / f"student-{number + 1:05d}")
    return course


def measure(chapter: str, size: int, workers: int) -> Measured:
    """Grade a class for real."""
    from rich.console import Console

    from autograder.course.nbgrader.book import OneGradebook
    from autograder.grading.batch import grade
    from autograder.grading.cluster import crew
    from autograder.grading.cluster.connect import Asked, cluster

    found, sent, after = Measured(), {}, []
    stock_send, stock_answer, stock_commit = crew.Crew.send, crew.Crew._on_answer, OneGradebook.commit

    def send(self, worker, batch):
        sent[id(batch)] = time.monotonic()
        stock_send(self, worker, batch)

    def on_answer(self, worker, batch, answers):
        if not after:
            found.start = time.monotonic() - begun
            after[:] = [time.process_time(), size - len(answers)]
        took = [answer.seconds for answer in answers or ()]
        found.worker += took
        found.trips.append(time.monotonic() - sent.pop(id(batch)) - sum(took))
        return stock_answer(self, worker, batch, answers)

    def commit(self):
        started, used = time.monotonic(), time.thread_time()
        stock_commit(self)
        found.commits.append(time.monotonic() - started - (time.thread_time() - used))

    class Watched:
        """An executor, and how long what it yields keeps who asked for it."""

        def __init__(self, inner):
            self.inner = inner

        def results(self, engine, plan) -> Iterator:
            for ready in self.inner.results(engine, plan):
                used = time.thread_time()
                yield ready
                found.writing += [(time.thread_time() - used) / len(ready)] * len(ready)

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        course = school(Path(folder), chapter, size)
        crew.Crew.send, crew.Crew._on_answer, OneGradebook.commit = send, on_answer, commit
        stack.callback(lambda: setattr(crew.Crew, "send", stock_send))
        stack.callback(lambda: setattr(crew.Crew, "_on_answer", stock_answer))
        stack.callback(lambda: setattr(OneGradebook, "commit", stock_commit))
        begun = time.monotonic()
        executor = stack.enter_context(cluster(Asked(local=workers), print))
        students = course.who_handed_in(chapter, [])
        outcome = grade(course, chapter, students, Console(quiet=True), executor=Watched(executor))
        assert outcome.graded == size, outcome.failures
        found.wall, found.writer = time.monotonic() - begun, (time.process_time() - after[0]) / after[1]
    return found


@dataclass(frozen=True)
class Simulated:
    seconds: float
    busy: float  # the writer, as a share


def simulate(measured: Measured, submissions: int, workers: int, together: int = MOST_READY) -> Simulated:
    """A class on so many workers of one thread. together: submissions of a batch that share a transaction, at most."""
    from autograder.grading.cluster.backlog import batch_size

    draw = random.Random(16)
    trip, mean = min(measured.trips), statistics.mean(measured.worker)
    waiting, free, answers, number = submissions, [measured.start] * workers, [], 0
    now = work = 0.0

    def hand(worker: int, at: float) -> None:
        nonlocal waiting, number
        size = min(waiting, batch_size(mean, waiting, workers))
        if size:
            waiting -= size
            number += 1
            begin = max(free[worker], at + trip / 2)
            free[worker] = begin + sum(draw.choices(measured.worker, k=size))
            heapq.heappush(answers, (free[worker] + trip / 2, number, worker, size))

    for worker in [*range(workers)] * 2:  # one that is worked on, and one that waits
        hand(worker, measured.start)
    while answers:
        came, _, worker, size = heapq.heappop(answers)
        takes = sum(draw.choices(measured.writing, k=size)) + size * measured.beside
        takes += sum(draw.choices(measured.commits, k=math.ceil(size / together)))
        now, work = max(now, came) + takes, work + takes
        hand(worker, now)
    return Simulated(now, work / now)


def told(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{statistics.mean(values):.3f} (median {statistics.median(values):.3f}, 95 % below {ordered[int(0.95 * (len(ordered) - 1))]:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chapter", default="01_forward_pass")
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--quick", action="store_true", help="30 submissions")
    asked = parser.parse_args()
    size = 30 if asked.quick else asked.submissions
    print(
        f"{asked.chapter}, {size} submissions, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before it began\n"
    )
    first = None
    for workers in asked.workers:
        found = measure(asked.chapter, size, workers)
        first = first or found
        print(f"{workers} worker{'s' * (workers > 1)}: {found.wall:.0f} s, the first answer after {found.start:.0f} s")
        print(f"  on a worker      {told(found.worker)} s a submission")
        print(f"  in the writer    {found.writer:.3f} s of CPU a submission, of which writing {told(found.writing)}")
        print(f"  commits wait     {told(found.commits)} s")
        print(f"  a batch's way    {min(found.trips):.3f} s at least")
        print(f"  load             {os.getloadavg()[0]:.1f} at the end\n", flush=True)
    print("10 000 submissions, simulated with what one worker has shown:\n")
    print("| workers | minutes | submissions a second | the writer is at work | with a transaction for each, minutes |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for workers in (1, 2, 4, 8, 16, 32, 64):
        run, apart = simulate(first, 10_000, workers), simulate(first, 10_000, workers, together=1)
        rate, busy = 10_000 / run.seconds, run.busy
        print(f"| {workers} | {run.seconds / 60:.1f} | {rate:.1f} | {busy:.0%} | {apart.seconds / 60:.1f} |")
    writer = first.writer + sum(first.commits) / size
    print(f"\nThe writer is the bottleneck from {statistics.mean(first.worker) / writer:.1f} workers on.")


if __name__ == "__main__":
    main()
