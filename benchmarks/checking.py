"""How long a student waits for `check` at home: python benchmarks/checking.py [CHAPTER | EXERCISE]… [--slowest N]

Every chapter's released notebook in a real kernel; into it, one after the other, go the model solution of each exercise and
each of its typical mistakes. What is timed is the run of the check cell, from the question to the kernel until it is idle again:
the draws, the reference, the hint, the smallest input and the picture are all in it. What the check remembers of an earlier
answer to the same exercise is taken from it first, so that each number is that of a first check. The times of right answers say
little of speed: `check` judges as many draws as fit into a third of a second. Nothing here is a test: a noisy machine makes slow
numbers.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from jupyter_client.manager import start_new_kernel  # noqa: E402  after the log level is set

from autograder.course.cells import graded  # noqa: E402
from autograder.course.folder import Course  # noqa: E402
from autograder.course.notebooks import read_notebook  # noqa: E402
from autograder.course.samples import chapter_exercises, mistake_source, solutions  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
COURSE = Course(ROOT)
GOAL = 0.3  # seconds: the median over all exercises, right and wrong
FORGET = "__import__('importlib').import_module('autograder.judging.judge').answer_sheet.cache_clear()"


@dataclass
class Times:
    """Of one exercise: seconds of the check of its solution, and of each of its mistakes, with the mistake's hint."""

    name: str
    right: float
    wrong: list[tuple[float, str]]

    @property
    def median(self) -> float:
        return statistics.median(seconds for seconds, _ in self.wrong)


class Kernel:
    """A notebook's kernel, spoken to as JupyterLab does."""

    def __init__(self, folder: str) -> None:
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=folder, env=env)

    def run(self, cell: str, source: str) -> float:
        """Run a cell → the seconds until the kernel is idle again."""
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell})
        started = time.perf_counter()
        self.client.shell_channel.send(message)
        while True:
            try:
                got = self.client.get_iopub_msg(timeout=300)
            except Empty:
                sys.exit(f"the cell {cell} does not end")
            if got["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                if got["msg_type"] == "error":
                    sys.exit(f"the cell {cell} failed: {got['content']['ename']}: {got['content']['evalue']}")
                if got["msg_type"] == "status" and got["content"]["execution_state"] == "idle":
                    return time.perf_counter() - started

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def chapter_times(chapter: str, names: list[str]) -> list[Times]:
    """The times of the exercises of these names."""
    exercises, right = chapter_exercises(COURSE, chapter), solutions(COURSE, chapter)
    setup = next(c.source for c in read_notebook(COURSE.source(chapter)).cells if graded(c).get("grade_id") == "setup")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        kernel = Kernel(folder)

        def timed(name: str, source: str) -> float:
            kernel.run("forget", FORGET)
            kernel.run(name, source)
            return kernel.run(f"{name}-check", f"check({name})")

        try:
            kernel.run("setup", setup)
            for name in names:
                mistakes = exercises[name].mistakes
                wrong = [(timed(name, mistake_source(exercises[name], m.answer)), m.hint) for m in mistakes]
                found.append(Times(name, timed(name, right[name]), wrong))
                slowest = max(found[-1].wrong)
                print(f"| {name} | {found[-1].right:.2f} | {found[-1].median:.2f} | {slowest[0]:.2f} |", flush=True)
        finally:
            kernel.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="chapters, as 04 or 04_clipping_and_explosion, or exercises")
    parser.add_argument("--slowest", type=int, default=10, help="how many of the slowest checks to name (10)")
    asked = parser.parse_args()
    known = {chapter: list(chapter_exercises(COURSE, chapter)) for chapter in COURSE.chapters()}
    for name in asked.names:
        if not any(chapter.startswith(name) or name in names for chapter, names in known.items()):
            sys.exit(f"There is no chapter and no exercise {name!r}.")
    print("| exercise | right (s) | wrong, median (s) | wrong, slowest (s) |\n| --- | ---: | ---: | ---: |")
    times = []
    for chapter, names in known.items():
        if asked.names and not any(chapter.startswith(a) for a in asked.names):
            names = [name for name in names if name in asked.names]
        if names:
            times += chapter_times(chapter, names)
    right, wrong = [t.right for t in times], [seconds for t in times for seconds, _ in t.wrong]
    print(f"\n{len(right)} right answers: median {statistics.median(right):.2f} s, slowest {max(right):.2f} s")
    print(f"{len(wrong)} wrong answers: median {statistics.median(wrong):.2f} s, slowest {max(wrong):.2f} s")
    over = [t.name for t in times if t.median > GOAL or t.right > GOAL]
    print(f"exercises with a median over {GOAL} s: {', '.join(over) or 'none'}\n\nThe slowest checks of wrong answers:")
    ranked = sorted(((seconds, t.name, hint) for t in times for seconds, hint in t.wrong), reverse=True)
    for seconds, name, hint in ranked[: asked.slowest]:
        print(f"  {seconds:.2f} s  {name}: {hint[:90]}")


if __name__ == "__main__":
    main()
