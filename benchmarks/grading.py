"""How long grading takes, and what it needs, beside stock nbgrader: python benchmarks/grading.py [--quick]

The same submissions of a real chapter (right answers, wrong answers and crashes, in turn) are graded by

  a  stock nbgrader as it comes: a Jupyter kernel a notebook, every cell
  b  the same, the lesson cells skipped, so that it runs the very cells that we run
  c  as b, on the warm kernel
  d  course grade, with one job and with as many as there are processors
  e  the floor: processes forked from one that has imported TensorFlow run the setup and the student's cells and make the
     calls that the checks make of the student's functions; no shell, no sandbox, no judging, no gradebook
  f  the same floor, lowered by what our children do without (`autograder.execution.rehearsal`)

Bytecode is compiled for all. Times are wall time a submission, start-up included, all taken in this one run; the ratios are
what to compare. Nothing here is a test: a noisy machine makes slow numbers.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = Path(sys.executable).parent

STOCK = """
c = get_config()
c.CourseDirectory.course_id = "benchmark"
c.CourseDirectory.root = {root!r}
c.Execute.timeout = 300
c.ClearSolutions.code_stub = {{"python": "..."}}
{more}
"""


def school(folder: Path, chapter: str, size: int, config: str | None) -> Path:
    """A course folder with `size` submissions of the chapter. config: of stock nbgrader; None for the course's own."""
    from autograder.course.folder import Course
    from autograder.course.samples import model_answer, sample_class, write_submission

    for part in ("source", "release"):
        shutil.copytree(ROOT / part / chapter, folder / part / chapter)
    if config is None:
        shutil.copy(ROOT / "nbgrader_config.py", folder)
    else:
        (folder / "nbgrader_config.py").write_text(STOCK.format(root=str(folder), more=config))
    course = Course(folder)
    samples, answer = sample_class(course, chapter), model_answer(course, chapter)
    for number in range(size):
        sample = samples[number % len(samples)]
        path = write_submission(course, chapter, sample, answer)
        target = folder / "submitted" / f"s{number:03d}" / chapter / path.name
        target.parent.mkdir(parents=True)
        shutil.copy(path, target)
    for sample in samples:
        shutil.rmtree(folder / "submitted" / sample.student, ignore_errors=True)
    return folder


def timed(command: list[str], folder: Path, environment: dict) -> float:
    """Seconds of a command in a course folder; its output goes nowhere."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return seconds


def environment(scratch: Path) -> dict:
    """Of a user who has installed the warm kernel; its files lie in the scratch folder."""
    from autograder.kernel.provisioner import install_kernel

    install_kernel(prefix=scratch)
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", "")]),
        "JUPYTER_PATH": str(scratch / "share" / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }


def end_warm_zygote(scratch: Path) -> None:
    """The warm kernels' process would wait a quarter of an hour for the next kernel."""
    for owner in scratch.rglob("*.owner"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(owner.read_text()), signal.SIGTERM)


def generate(folder: Path, chapter: str, env: dict) -> None:
    """Enter the assignment in the gradebook; not part of what is timed."""
    timed([str(SCRIPTS / "nbgrader"), "generate_assignment", chapter, "--force"], folder, env)


def stock(scratch: Path, chapter: str, size: int, config: str, env: dict) -> float:
    """Seconds a submission with nbgrader's own autograde."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    school(folder, chapter, size, config)
    generate(folder, chapter, env)
    return timed([str(SCRIPTS / "nbgrader"), "autograde", chapter], folder, env) / size


def ours(scratch: Path, chapter: str, size: int, jobs: int, env: dict) -> tuple[float, dict]:
    """Seconds a submission with course grade, and the memory of its children."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    school(folder, chapter, size, None)
    generate(folder, chapter, env)
    with Memory() as memory:
        seconds = timed([str(SCRIPTS / "course"), "grade", chapter, "--jobs", str(jobs)], folder, env) / size
    return seconds, memory.result()


class Memory:
    """Watches the zygotes among our descendants, and their children, while something runs."""

    def __init__(self) -> None:
        self.seen: list[tuple[bool, int, int]] = []  # in a sandbox? bytes private, PSS
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(1.0):  # looking costs time, which the measured run would pay
            with contextlib.suppress(OSError, ValueError, KeyError):  # processes come and go while one looks
                self._look()

    def _look(self) -> None:
        parents: dict[int, int] = {}
        zygotes = set()
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    stat = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                    parents[int(entry)] = int(stat[1])
                    if b"autograder.execution.zygote" in Path(f"/proc/{entry}/cmdline").read_bytes():
                        zygotes.add(int(entry))
        roots = {z for z in zygotes if parents.get(z) not in zygotes}
        for pid in (z for z in zygotes - roots if os.getpid() in _line(z, parents)):
            rows = {}
            with contextlib.suppress(OSError):
                for name in ("smaps_rollup", "status"):
                    for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
                        key, _, rest = line.partition(":")
                        rows[key] = rest.split()[0] if rest.split() else ""
                private = int(rows["Private_Clean"]) + int(rows["Private_Dirty"])
                self.seen.append((rows["Seccomp"] == "2", private * 1024, int(rows["Pss"]) * 1024))

    def result(self) -> dict:
        """Megabytes of one notebook that is being graded: its child's and its judge's private memory, and the PSS of both.

        Medians of what was seen, and the largest private memory of each.
        """
        child, judge = ([row[1:] for row in self.seen if row[0] is boxed] for boxed in (True, False))
        if not child:  # no sandbox: the two cannot be told apart
            child, judge = judge, judge
        if not child or not judge:
            return {}
        middles = [sorted(row[column] for row in rows)[len(rows) // 2] for rows in (child, judge) for column in (0, 1)]
        largest = sum(max(row[0] for row in rows) for rows in (child, judge))
        told = {"private": middles[0] + middles[2], "largest": largest, "PSS": middles[1] + middles[3]}
        return {key: value / 1e6 for key, value in told.items()} | {
            "child": middles[0] / 1e6,
            "judge": middles[2] / 1e6,
        }


def _line(pid: int, parents: dict[int, int]) -> Iterator[int]:
    """The processes that this one descends from."""
    while pid in parents:
        pid = parents[pid]
        yield pid


FLOOR = """
import os, sys, time, pickle
started = time.perf_counter()
from autograder.judging import probes
import tensorflow, keras, numpy, matplotlib.pyplot
if os.environ.get("LOWERED"):
    from autograder.execution import rehearsal
    rehearsal.registries(); rehearsal.direct_ops(); rehearsal.freeze()
jobs, path = int(sys.argv[1]), sys.argv[2]
notebooks = pickle.load(open(path, "rb"))  # written by the benchmark itself, a moment ago
running = 0
for cells, calls in notebooks:
    if running == jobs:
        os.wait(); running -= 1
    running += 1
    if os.fork() == 0:
        names = {"check": print, "__name__": "__main__"}
        null = os.open(os.devnull, os.O_WRONLY); os.dup2(null, 1); os.dup2(null, 2)
        for cell in cells:
            try: exec(compile(cell, "cell", "exec"), names)
            except Exception: pass
        for name, requests in calls:
            probes.run_named(names, name, requests)
        os._exit(0)
while running:
    os.wait(); running -= 1
print(time.perf_counter() - started)
"""


def floor(scratch: Path, chapter: str, size: int, jobs: int, env: dict, **more: str) -> float:
    """Seconds a submission for bare forks that run the cells and make the calls. more: added to the environment."""
    import pickle

    from autograder.course.cells import is_check, is_lesson
    from autograder.course.folder import Course
    from autograder.course.notebooks import read_notebook
    from autograder.course.samples import chapter_exercises
    from autograder.judging.exercise import draw

    folder = school(Path(tempfile.mkdtemp(dir=scratch)), chapter, size, "")
    notebooks = []
    for number, path in enumerate(sorted(folder.glob("submitted/*/*/*.ipynb"))):
        cells = [
            c.source
            for c in read_notebook(path).cells
            if c.cell_type == "code" and not is_lesson(c) and not is_check(c)
        ]
        calls = [(n, [d.request for d in draw(e, number)]) for n, e in chapter_exercises(Course(ROOT), chapter).items()]
        notebooks.append((cells, calls))
    data = scratch / "floor.pickle"
    data.write_bytes(pickle.dumps(notebooks))
    command = [sys.executable, "-c", FLOOR, str(jobs), str(data)]
    return timed(command, scratch, {**env, "OPENBLAS_NUM_THREADS": "1", **more}) / size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small class; ends within three minutes")
    parser.add_argument("--chapter", default="01_forward_pass")
    arguments = parser.parse_args()
    from autograder.execution.rehearsal import QUICK_START

    chapter, cores = arguments.chapter, os.cpu_count() or 1
    with contextlib.redirect_stdout(io.StringIO()):
        compileall.compile_dir(ROOT / "autograder", quiet=2)
    sizes = [8] if arguments.quick else [8, 32, 128, 512]
    few = 2 if arguments.quick else 16
    whole = 1 if arguments.quick else 2
    skip = 'c.Execute.skip_cells_with_tag = "lesson"'
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        scratch = Path(folder)
        env = environment(scratch)
        print(f"{chapter}, {cores} processors, Python {sys.version.split()[0]}; seconds a submission", flush=True)

        def row(name: str, size: int, seconds: float, more: str = "") -> None:
            print(f"  {name:46} N={size:<4} {seconds:7.2f} {more}", flush=True)

        a = stock(scratch, chapter, whole, "", env)
        row("a  stock nbgrader, whole notebook", whole, a)
        b = stock(scratch, chapter, few, skip, env)
        row("b  stock nbgrader, lesson cells skipped", few, b)
        c = stock(scratch, chapter, few, skip + '\nc.Execute.kernel_name = "tf-warm"', env)
        end_warm_zygote(scratch)
        row("c  as b, warm kernel", few, c, f"b/c {b / c:.1f}")
        one, _ = ours(scratch, chapter, few, 1, env)
        row("d  course grade --jobs 1", few, one, f"b/d {b / one:.1f}")
        costs = {}
        for size in sizes:
            costs[size], memory = ours(scratch, chapter, size, cores, env)
            told = f"b/d {b / costs[size]:.1f}"
            if memory:
                told += "; MB a notebook: private {private:.0f} (child {child:.0f} + judge {judge:.0f}), at most {largest:.0f}, PSS {PSS:.0f}"
            row(f"d  course grade --jobs {cores}", size, costs[size], told.format(**memory))
        compared = min(sizes[-1], 128)
        e = floor(scratch, chapter, compared, cores, env)
        row(f"e  floor, {cores} at a time", compared, e, f"d/e {costs[compared] / e:.2f}")
        f = floor(scratch, chapter, compared, cores, env, LOWERED="yes", **QUICK_START)
        row(f"f  floor lowered, {cores} at a time", compared, f, f"d/f {costs[compared] / f:.2f}; e/f {e / f:.2f}")
        growth = ", ".join(f"{size}: {cost:.2f}" for size, cost in costs.items())
        print(f"cost a submission by size of the class: {growth}")
        print(f"ratio stock/ours: {b / costs[compared]:.1f}, ours/floor: {costs[compared] / e:.2f}")


if __name__ == "__main__":
    main()
