"""How a term's commands grow with the class: python benchmarks/term.py [--sizes 100,200,400] [--chapters 9] [COMMAND…]

A class of N students in each of the chapters is made up out of a few real ones: their notebooks are graded once, and everybody
has one of them, as a file and as rows of the gradebook. Then each command is run, a process of its own, and its wall time, its CPU
time with all its children and the peak memory of its main process are taken. The exponent is that of the growth from size to size,
start-up left out: log2((t3 − t2) / (t2 − t1)) of CPU seconds for sizes that double; 1 is linear. With one size there is none.

Nothing here is a test: a noisy machine makes slow numbers.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ("right", "wrong", "empty")
COMMANDS = {
    "new-class": "--course {clone} new-class {aside} --roster {roster} --chapters 1 --due 2026-11-02",
    "collect": "collect 01 {download} --dry-run",
    "class": "class",
    "names": "class 01",
    "grade": "grade {all}",
    "report": "report all",
    "page": "report all --html {scratch}/r.html",
    "feedback": "feedback {all}",
    "unchanged": "feedback {all}",
    "release": "release-feedback 01",
    "export": "export --for canvas --by-exercise",
    "regrade": "regrade 01 --dry-run",
    "move": "move-gradebook {moved}",
}
"""What is run, in this order. grade: of what is graded already. unchanged: feedback that is up to date."""
RUN = """
import json, resource, sys, time
from autograder.cli import main
started = time.perf_counter()
try:
    main(sys.argv[2:], standalone_mode=True)
finally:
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
    cpu = own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
    with open(sys.argv[1], "w") as file:
        json.dump({"wall": time.perf_counter() - started, "cpu": cpu, "peak": peak}, file)
"""


def ran(words: str, folder: Path, scratch: Path) -> dict[str, float]:
    """What a command took."""
    told = scratch / "took.json"
    told.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", RUN, told, *words.split()], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode or not told.exists():
        sys.exit(f"course {words} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return json.loads(told.read_text())


def roster(size: int) -> str:
    lines = ["Student,ID,SIS User ID,SIS Login ID,Section"]
    return "\n".join([*lines, *(f'"Family{n}, Given{n}",{n},R{n},s{n:05d}@uni.example,A' for n in range(size))]) + "\n"


def sample(scratch: Path, chapters: int) -> Path:
    """A class in which each of the samples is graded in each chapter."""
    from autograder.course.cells import graded, is_solution
    from autograder.course.folder import Course
    from autograder.course.notebooks import notebook_text, read_notebook, write_text
    from autograder.course.samples import chapter_exercises, mistake_source, solutions

    (scratch / "samples.csv").write_text("id\n" + "\n".join(SAMPLES) + "\n")
    folder = scratch / "sample"
    due = f"--due 2026-11-02 --late per-day --chapters 1-{chapters}"
    ran(f"--course {ROOT} new-class {folder} --roster {scratch}/samples.csv {due}", ROOT, scratch)
    course = Course(folder)
    for number, chapter in enumerate(course.chapters()):
        right, known = solutions(course, chapter), chapter_exercises(course, chapter)
        wrong = {name: mistake_source(e, e.mistakes[0].answer) for name, e in known.items() if e.mistakes}
        for which, answers in zip(SAMPLES, (right, right | wrong, {})):
            notebook = read_notebook(course.release(chapter))
            for cell in notebook.cells:
                name = graded(cell).get("grade_id")
                if is_solution(cell) and cell.cell_type == "code" and name in answers:
                    cell.source = answers[name]
                elif is_solution(cell) and cell.cell_type == "markdown" and answers:
                    cell.source = "Because the gradient of a flat place is zero."
            path = course.submission(which, chapter)
            path.parent.mkdir(parents=True)
            write_text(path, notebook_text(notebook))
            (path.parent / "timestamp.txt").write_text(f"2026-11-{2 + 7 * number % 27:02d} 12:00:00.123456 UTC")
    ran("grade " + " ".join(course.chapters()), folder, scratch)
    return folder


def school(sample: Path, target: Path, size: int) -> None:
    """The class of that size."""
    shutil.copytree(sample, target, ignore=shutil.ignore_patterns("submitted", "autograded"))
    (target / "roster.csv").write_text(roster(size))
    for part in ("submitted", "autograded"):
        for n in range(size):
            # links to the same bytes: it is the reading that counts, and nothing is written into them
            shutil.copytree(
                sample / part / SAMPLES[n % 3], target / part / f"s{n:05d}@uni.example", copy_function=os.link
            )
    rows(target / "gradebook.db", size)


def rows(gradebook: Path, size: int) -> None:
    """Everybody's rows, after those of the sample that they have; the samples' own go."""
    from nbgrader.api import Comment, Grade, Student, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy import create_engine, delete, insert, select

    tables = [model.__table__ for model in (SubmittedAssignment, SubmittedNotebook, Grade, Comment)]
    keys = {"submitted_notebook": "assignment_id", "grade": "notebook_id", "comment": "notebook_id"}
    engine = create_engine(f"sqlite:///{gradebook}")
    with engine.begin() as db:
        there = {table.name: [dict(row) for row in db.execute(select(table)).mappings()] for table in tables}
        for table in reversed(tables):
            db.execute(delete(table))
        db.execute(delete(Student.__table__))
        for first in range(0, size, 200):
            some = range(first, min(size, first + 200))
            about = [
                {
                    "id": f"s{n:05d}@uni.example",
                    "first_name": f"Given{n}",
                    "last_name": f"Family{n}",
                    "lms_user_id": f"{n}",
                }
                for n in some
            ]
            db.execute(insert(Student.__table__), about)
            for table in tables:
                db.execute(insert(table), [row for n in some for row in _rows_of(n, table.name, there, keys)])
    engine.dispose()


def _rows_of(n: int, table: str, there: dict[str, list[dict]], keys: dict[str, str]) -> list[dict]:
    """A student's: the sample's, under ids of their own."""
    whose = {row["id"] for row in there["submitted_assignment"] if row["student_id"] == SAMPLES[n % 3]}
    whose |= {row["id"] for row in there["submitted_notebook"] if row["assignment_id"] in whose}

    def ident(old: str) -> str:
        return f"{n:05d}{old[5:]}"

    if table == "submitted_assignment":
        return [
            {**row, "id": ident(row["id"]), "student_id": f"s{n:05d}@uni.example"}
            for row in there[table]
            if row["id"] in whose
        ]
    key = keys[table]
    return [{**row, "id": ident(row["id"]), key: ident(row[key])} for row in there[table] if row[key] in whose]


def download(course: Path, chapter: str, size: int, path: Path) -> None:
    """What Canvas packs: everybody's notebook, each another."""
    text = (course / "release" / chapter / f"{chapter}.ipynb").read_text()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(size):
            archive.writestr(
                f"family{n}given{n}_{n}_{900000 + n}_{chapter}.ipynb",
                text.replace('"cells"', f'"cells"{" " * (n + 1)}', 1),
            )


def measure(scratch: Path, sample: Path, size: int, wanted: list[str]) -> dict[str, dict[str, float]]:
    """Every command on a class of this size."""
    target = scratch / f"class{size}"
    school(sample, target, size)
    chapters = sorted(path.name for path in (target / "source").iterdir())
    (scratch / "roster.csv").write_text(roster(size))
    download(target, chapters[0], size, scratch / "download.zip")
    names = {
        "clone": ROOT, "aside": scratch / f"aside{size}", "roster": scratch / "roster.csv", "scratch": scratch,
        "download": scratch / "download.zip", "all": " ".join(chapters), "moved": scratch / f"moved{size}.db",
    }  # fmt: skip
    took = {}
    for name in wanted:
        took[name] = ran(COMMANDS[name].format(**names), target, scratch)
        told = took[name]
        print(f"{size:6} {name:10} {told['wall']:8.1f} s  {told['cpu']:8.1f} s CPU  {told['peak']:6.0f} MB", flush=True)
    shutil.rmtree(target)
    return took


def exponent(took: list[float]) -> str:
    """Of three sizes that double."""
    if len(took) != 3 or took[2] - took[1] <= 0.05 or took[1] - took[0] <= 0.05:
        return "–"
    return f"{math.log2((took[2] - took[1]) / (took[1] - took[0])):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "commands", nargs="*", metavar="COMMAND", help=f"of {', '.join(COMMANDS)}; all, but for regrade"
    )
    parser.add_argument("--sizes", default="100,200,400")
    parser.add_argument("--chapters", type=int, default=9)
    parser.add_argument("--sample", type=Path, help="Keep what is graded once in this folder, for the next time.")
    told = parser.parse_args()
    wanted = [name for name in COMMANDS if name in (told.commands or set(COMMANDS) - {"regrade"})]
    sizes = [int(size) for size in told.sizes.split(",")]
    with tempfile.TemporaryDirectory(prefix="course-term-") as folder:
        scratch = Path(folder)
        there = told.sample
        if there is None or not there.exists():
            made = sample(scratch, told.chapters)
            there = Path(shutil.copytree(made, there)) if there else made
        run = functools.partial(measure, scratch, there, wanted=wanted)
        found = [run(size=size) for size in sizes]
    each = len(list((there / "source").iterdir())) if there.exists() else told.chapters
    print(
        f"\n{'':12}{'CPU s':>24}{'exponent':>10}{'ms each':>9}{'MB':>7}   ({each} chapters; each: a submission, the last step)"
    )
    for name in wanted:
        cpu = [took[name]["cpu"] for took in found]
        of = 1 if name in ("new-class", "collect", "release", "regrade", "names") else each
        last = 1000 * (cpu[-1] - cpu[-2]) / (sizes[-1] - sizes[-2]) / of if len(cpu) > 1 else math.nan
        row = " ".join(f"{c:7.1f}" for c in cpu)
        print(f"{name:12}{row:>24}{exponent(cpu):>10}{last:9.2f}{found[-1][name]['peak']:7.0f}")


if __name__ == "__main__":
    main()
