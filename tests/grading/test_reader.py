"""Submissions are read outside of the process that holds the gradebook, within bounds, and harm nobody."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import sys
import time

import nbformat
import pytest
from common import run
from school import answer, check, new_course, notebook, put, scores

from autograder.course.folder import CourseError
from autograder.grading import inert, reader
from autograder.grading.judges import Judges
from autograder.grading.reader import Reader, read_submission

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
CELLS = answer("f", "def f(): return 1"), check("f-check", "assert f() == 1")


def with_metadata(text: str) -> str:
    """A right answer with this JSON in its notebook's metadata."""
    raw = notebook(*CELLS)
    made = raw.replace('"metadata": {\n  "kernelspec"', f'"metadata": {{"x": {text},\n  "kernelspec"')
    assert made != raw
    return made


HOSTILE = {
    "ben": ("[" + "{}," * 3_500_000 + "{}]", "lists and dictionaries"),
    "dan": ("[" * 500 + "]" * 500, "deep"),
    "eve": ('"' + "\U0001f600" * 9_000_000 + '"', "larger than 32 MiB"),
}


def write_slow(folder):
    """A notebook whose texts take a renderer long."""
    raw = json.loads(notebook(*CELLS))
    text = {"cell_type": "markdown", "metadata": {}, "source": "[" * 150_000}
    raw["cells"][:0] = [{**text, "id": f"m{number}"} for number in range(20)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "p.ipynb").write_text(json.dumps(raw))
    return folder / "p.ipynb"


@pytest.fixture
def course(tmp_path):
    course = new_course(tmp_path)
    put(course, "ps1", {"p.ipynb": notebook(*CELLS)})
    for student, (text, _) in HOSTILE.items():
        put(course, "ps1", {"p.ipynb": with_metadata(text)}, student)
    for student in ("ada", "fay"):
        put(course, "ps1", {"p.ipynb": notebook(*CELLS)}, student)
    return course


def test_whoever_hands_in_too_much_is_refused_and_harms_nobody(course):
    """In the process that holds the gradebook, nothing of it takes memory."""
    done = run(
        sys.executable, "-c",
        "import sys; from click.testing import CliRunner; from autograder.cli import main\n"
        "done = CliRunner().invoke(main, ['grade', 'ps1', '--jobs', '1'])\n"
        "print(done.output); print(done.stderr, file=sys.stderr)\n"
        # not getrusage: its peak is inherited from the process that started this one
        "print('peak', *[line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')])",
        cwd=course.root,
    )  # fmt: skip
    for student, (_, why) in HOSTILE.items():
        assert re.search(rf"^{student}: p\.ipynb .*{why}.*; nothing of it was (read|run)$", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr
    assert scores(course, "ps1") == {("ada", "p", "f-check"): 2, ("fay", "p", "f-check"): 2}
    assert int(re.search(r"peak (\d+)", done.stdout)[1]) < 600 << 10, "kilobytes"


def test_nbgraders_own_command_is_harmed_as_little(course):
    """Nor by what nbgrader itself would read or copy without end: a date of 60 MB, one in a pipe, a link to endless zeros."""
    config = course.root / "nbgrader_config.py"
    exporter = "c.Autograde.exporter_class = 'autograder.grading.exporter.BoundedExporter'\n"
    steps = 'c.Autograde.sanitize_preprocessors = ["autograder.grading.repair.Repair"]\n'
    config.write_text(config.read_text() + exporter + steps)
    shutil.rmtree(course.submitted_folder("eve", "ps1"))  # a second may be too short to tell its size
    write_slow(course.submitted_folder("ida", "ps1"))
    for student in ("gus", "hal", "jim"):
        put(course, "ps1", {"p.ipynb": notebook(*CELLS)}, student)
    (course.submitted_folder("gus", "ps1") / "timestamp.txt").write_text("1 " * 30_000_000)
    os.mkfifo(course.submitted_folder("hal", "ps1") / "timestamp.txt")
    os.symlink("/dev/zero", course.submitted_folder("jim", "ps1") / "data.bin")
    assert run("nbgrader", "generate_assignment", "ps1", cwd=course.root).returncode == 0
    done = run(
        sys.executable, "-c",
        "from nbgrader.apps import NbGraderAPI; from autograder.course.folder import Course\n"
        "from autograder.course.nbgrader.config import load_config; from pathlib import Path\n"
        "from autograder.grading import reader; reader.READ_SECONDS = 1.0\n"
        "done = NbGraderAPI(config=load_config(Course(Path.cwd()))).autograde('ps1', '*'); print(done['log'])\n"
        "print('peak', *[line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')])",
        cwd=course.root,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    why = {student: why for student, (_, why) in HOSTILE.items() if student != "eve"}
    why |= {"gus": "timestamp.txt is larger than", "hal": "timestamp.txt is no file", "ida": "was not read within 1 s"}
    for student, told in why.items():
        assert re.search(rf"CourseError: .*{told}.*; nothing of (it|the submission) was (read|run)", done.stdout), (
            student
        )
        assert not course.autograded_folder(student, "ps1").exists()
    graded = {key for key, points in scores(course, "ps1").items() if points}
    assert graded == {(student, "p", "f-check") for student in ("ada", "fay", "jim")}
    assert not (course.autograded_folder("jim", "ps1") / "data.bin").exists()
    assert int(re.search(r"peak (\d+)", done.stdout)[1]) < 600 << 10, "kilobytes"


@pytest.fixture
def slow(tmp_path):
    return write_slow(tmp_path)


def test_a_process_of_its_own_reads_where_there_are_no_judges(tmp_path, slow, monkeypatch):
    master = nbformat.reads(notebook(*CELLS), 4)
    (tmp_path / "q.ipynb").write_text(notebook(*CELLS))
    one = Reader()
    try:
        assert one.read(tmp_path / "q.ipynb", master, False) == read_submission(tmp_path / "q.ipynb", master)
        first = one._process.pid
        os.kill(first, signal.SIGKILL)
        assert one.read(tmp_path / "q.ipynb", master, False).cells and one._process.pid != first
        monkeypatch.setattr(reader, "READ_SECONDS", 1.0)
        with pytest.raises(CourseError, match="p.ipynb was not read within 1 s"):
            one.read(slow, master, False)
        monkeypatch.undo()
        assert one.read(tmp_path / "q.ipynb", master, False).cells
    finally:
        one.close()


def test_a_judge_that_reads_too_long_is_ended_and_the_next_is_asked(tmp_path, slow, monkeypatch):
    master = nbformat.reads(notebook(*CELLS), 4)
    (tmp_path / "q.ipynb").write_text(notebook(*CELLS))
    with Judges(preload=("autograder.grading.judges",)) as judges, judges.lend() as judge:
        assert judge.read(tmp_path / "q.ipynb", master, False).cells
        monkeypatch.setattr(reader, "READ_SECONDS", 1.0)
        with pytest.raises(CourseError, match="was not read within 1 s"):
            judge.read(slow, master, False)
        monkeypatch.undo()
        assert judge.read(tmp_path / "q.ipynb", master, False).cells


def test_the_texts_of_one_notebook_are_rendered_in_bounded_time(tmp_path, monkeypatch):
    monkeypatch.setattr(inert, "NOTEBOOK_SECONDS", 0.5)
    started = time.monotonic()
    made = read_submission(write_slow(tmp_path), nbformat.reads(notebook(*CELLS), 4))
    assert time.monotonic() - started < 10 and made.cells[15].source.startswith("```text\n[[[")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is bounded on Linux alone")
def test_memory_is_bounded_and_the_bound_is_taken_back(tmp_path, monkeypatch):
    before = resource.getrlimit(resource.RLIMIT_AS)
    monkeypatch.setattr(reader, "READ_MEMORY", 64 << 20)
    (tmp_path / "p.ipynb").write_text(with_metadata('"' + "\U0001f600" * 15_000_000 + '"'))
    with pytest.raises(CourseError, match="p.ipynb takes more than .* of memory"):
        read_submission(tmp_path / "p.ipynb", nbformat.reads(notebook(*CELLS), 4))
    assert resource.getrlimit(resource.RLIMIT_AS) == before
