"""CPU seconds that a submission takes in each kind of process: python benchmarks/shares.py [--size 32] [--before 4] [--profile]

main: the process that holds the gradebook, its imports apart. judge, zygote: ours. child: where the student's code runs.
The clock is each process's own, so a machine that is busy with other things changes little.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import io
import os
import pstats
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from grading import school  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")


def times(pid: int) -> tuple[float, float]:
    """(its own CPU seconds, those of its children that have ended)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, user_ended, system_ended = map(int, fields[11:15])
    return (user + system) / TICK, (user_ended + system_ended) / TICK


def shares(chapter: str, size: int, profile: bool, before_it: int = 4) -> dict[str, float]:
    """Kind of process → CPU seconds a submission; and wall time. before_it: submissions that are graded unmeasured."""
    from rich.console import Console

    from autograder.course.folder import Course
    from autograder.execution.processes import children_of
    from autograder.grading.batch import grade
    from autograder.grading.executor import LocalExecutor
    from autograder.grading.judges import Judges

    console = Console(file=io.StringIO())
    with tempfile.TemporaryDirectory() as folder, Judges() as judges:
        course = Course(school(Path(folder), chapter, size, None))
        everybody = course.students(chapter)
        first = everybody[:before_it]
        grade(course, chapter, first, console, executor=LocalExecutor(judges, 1))  # what is done once is done
        zygote = judges.zygote.pid
        (judge,) = children_of(zygote)
        before = times(zygote), times(judge)
        watch = cProfile.Profile() if profile else contextlib.nullcontext()
        started, wall = time.process_time(), time.monotonic()
        with watch:
            done = grade(course, chapter, everybody, console, executor=LocalExecutor(judges, 1), regrade=True)
        main, wall = time.process_time() - started, time.monotonic() - wall
        after = times(zygote), times(judge)
    if profile:
        for order in ("tottime", "cumulative"):
            pstats.Stats(watch).sort_stats(order).print_stats(60)
    assert done.graded == size, done.failures
    found = {
        "main": main,
        "judge": after[1][0] - before[1][0],
        "child": after[0][1] - before[0][1],
        "zygote": after[0][0] - before[0][0],
        "wall": wall,
    }
    return {kind: seconds / size for kind, seconds in found.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chapter", default="01_forward_pass")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument(
        "--before", type=int, default=4, help="submissions graded unmeasured; as many as --size: a large class"
    )
    parser.add_argument("--profile", action="store_true", help="where main spends it")
    told = parser.parse_args()
    for kind, seconds in shares(told.chapter, told.size, told.profile, told.before).items():
        print(f"{kind:8} {seconds:.4f}")
