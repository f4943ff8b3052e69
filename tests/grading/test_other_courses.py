"""Assignments of several notebooks and of any name, other kernels, files: graded as nbgrader would, and none harmed by another."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version

import pytest
from common import COURSE, run
from nbformat.v4 import new_output
from school import answer, check, graded, new_course, notebook, put, scores, text

from autograder.course.files import digest_of
from autograder.course.folder import CourseError, find_course
from autograder.course.nbgrader.book import OneGradebook
from autograder.course.nbgrader.config import load_config
from autograder.course.nbgrader.make import masters
from autograder.course.nbgrader.sync import synchronize
from autograder.course.notebooks import notebook_text, read_notebook
from autograder.grading.judges import Judges
from autograder.grading.stamp import STAMP
from autograder.grading.standing import NoJudges, ready
from autograder.grading.written import MOST_FILES, is_name
from autograder.reports.report import class_report
from autograder.reports.table import read_grades, table

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
DOUBLE = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
HIDDEN = "assert double(1) == 2\n### BEGIN HIDDEN TESTS\nassert double(3) == 6\n### END HIDDEN TESTS"


@pytest.fixture(scope="module")
def judges():
    with Judges() as judges:
        yield judges


@pytest.fixture
def course(tmp_path):
    """Two exercises in one notebook; ada has both right."""
    course = new_course(tmp_path)
    put(course, "Week 1", {"p.ipynb": source()})
    hand_in(course, "ada")
    return course


def source(points: float = 2, *more):
    return notebook(answer("double", DOUBLE), check("double-check", HIDDEN, points), *more)


def hand_in(course, student="ada", function="def double(x):\n    return 2 * x", *more):
    cells = answer("double", function), check("double-check", "assert double(1) == 2"), *more
    return put(course, "Week 1", {"p.ipynb": notebook(*cells)}, student)


def autograded(course, student="ada", name="p", assignment="Week 1"):
    return read_notebook(course.autograded_folder(student, assignment) / f"{name}.ipynb")


# -- what an assignment may be


def test_hidden_tests_count_and_no_release_is_needed(course, judges):
    hand_in(course, "bob", "def double(x):\n    return 2")
    outcome = graded(course, "Week 1", judges)
    assert (outcome.graded, outcome.failures) == (2, ())
    assert scores(course, "Week 1") == {("ada", "p", "double-check"): 2, ("bob", "p", "double-check"): 0}
    assert not (course.root / "release").exists()


def test_the_notebooks_of_a_submission_share_a_folder_with_the_courses_own_files(tmp_path, judges):
    course = new_course(tmp_path)
    first = check("first", "assert open('data.csv').read() == 'right'\nassert open('mine.txt').read() == 'mine'")
    second = check("second", "assert open('made/by-a.txt').read() == 'a'\nassert open('data.csv').read() == 'right'")
    write = answer(
        "write",
        "import os\nos.makedirs('made')\nopen('made/by-a.txt', 'w').write('a')\nopen('data.csv', 'w').write('x')",
    )
    files = {"a.ipynb": notebook(first, write), "b.ipynb": notebook(second)}
    put(course, "ps1", {**files, "data.csv": "right"})
    put(course, "ps1", {**files, "data.csv": "changed", "mine.txt": "mine"}, "ada")
    outcome = graded(course, "ps1", judges)
    assert outcome.failures == ()
    assert scores(course, "ps1") == {("ada", "a", "first"): 2, ("ada", "b", "second"): 2}
    (row,) = read_grades(course, "ps1")
    assert row.points == {"a/first": (2, 2), "b/second": (2, 2)} and row.total == 4
    assert [column.header for column in table(course, "ps1", [row], 200).columns][1:3] == ["a/first", "b/second"]
    assert class_report(course, "ps1").stamps.total() == 2
    folder = course.autograded_folder("ada", "ps1")
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there == {"a.ipynb", "b.ipynb", "data.csv", "mine.txt", "made/by-a.txt"}
    assert (folder / "data.csv").read_text() == "right"
    assert not (course.submitted_folder("ada", "ps1") / "made").exists()
    assert graded(course, "ps1", judges).skipped == 1


def test_a_notebook_that_was_not_handed_in_is_worth_nothing_and_one_of_another_name_is_told(tmp_path, judges):
    course = new_course(tmp_path)
    put(course, "ps1", {"a.ipynb": notebook(check("x", "pass")), "b.ipynb": notebook(check("y", "pass"))})
    put(course, "ps1", {"a.ipynb": notebook(check("x", "pass")), "c.ipynb": notebook(check("z", "pass"))}, "ada")
    put(course, "ps1", {"a (1).ipynb": notebook(check("x", "pass"))}, "bob")
    (failure,) = graded(course, "ps1", judges).failures
    assert failure.student == "bob" and "'a (1).ipynb'" in failure.why
    assert scores(course, "ps1") == {("ada", "a", "x"): 2, ("ada", "b", "y"): 0}
    assert graded(course, "ps1", judges).skipped == 1


# -- files that a notebook writes


def test_what_a_notebook_writes_is_bounded_and_passes_for_nothing_else(tmp_path, judges):
    course = new_course(tmp_path)
    write = (
        f"import os\nfor n in range({MOST_FILES - 20}): open('many-' + str(n), 'w').write('x')\n"
        "for name in ('q.ipynb', 'timestamp.txt', '.hidden', 'p.ipynb'): open(name, 'w').write('forged')\n"
        "os.symlink('/etc/hostname', 'link'); os.mkfifo('pipe')\nopen('zlarge', 'wb').truncate(40 << 20)\n"
        "open('zlarger', 'wb').truncate(40 << 20)"
    )
    put(course, "ps1", {"p.ipynb": notebook(answer("w", "pass"), check("x", "pass"))})
    put(course, "ps1", {"p.ipynb": notebook(answer("w", write), check("x", "pass"))}, "ada")
    assert graded(course, "ps1", judges).failures == ()
    folder = course.autograded_folder("ada", "ps1")
    there = {p.name for p in folder.iterdir()}
    assert {"many-0", "zlarge", "p.ipynb"} <= there
    assert not there & {"q.ipynb", "timestamp.txt", ".hidden", "link", "pipe", "zlarger"}
    assert autograded(course, assignment="ps1").metadata[STAMP]["left_out"] == 1
    assert autograded(course, assignment="ps1").metadata[STAMP]["version"] == version("tf-first-principles")


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a//b", "a/../b", ".x", "a/.x", "x.ipynb", "x.IPYNB", "timestamp.txt", "a\0b", "a\\b", "a" * 300, ""]
)  # fmt: skip
def test_names_that_are_refused(name):
    assert not is_name(name) and is_name("figures/loss 1.png")


# -- kernels and clocks


@pytest.mark.parametrize(
    "kernel", [{"name": "ir", "display_name": "R", "language": "R"}, {"name": "no-such", "display_name": "?"}]
)
def test_a_notebook_that_is_not_python_is_refused_and_the_others_are_graded(tmp_path, judges, kernel):
    course = new_course(tmp_path)
    put(course, "ps1", {"p.ipynb": notebook(check("x", "pass"), kernel=None)})
    put(course, "ps1", {"p.ipynb": notebook(check("x", "pass"), kernel=kernel)}, "ada")
    put(course, "ps1", {"p.ipynb": notebook(check("x", "pass"), kernel=None)}, "bob")
    (failure,) = graded(course, "ps1", judges).failures
    assert (
        failure.student == "ada"
        and kernel.get("language", "no-such") in failure.why
        and "nothing of it was run" in failure.why
    )
    assert scores(course, "ps1") == {("bob", "p", "x"): 2}


def test_a_time_out_costs_one_check(tmp_path, judges):
    course = new_course(tmp_path, "c.Execute.timeout = 3\n")
    cells = check("a", "pass"), check("b", "while True: pass"), check("c", "pass")
    put(course, "ps1", {"p.ipynb": notebook(*cells)})
    put(course, "ps1", {"p.ipynb": notebook(*cells)}, "ada")
    graded(course, "ps1", judges)
    assert [scores(course, "ps1")["ada", "p", name] for name in "abc"] == [2, 0, 2]


def test_what_is_not_run_counts_as_handed_in_and_does_nothing_in_a_browser(course, judges):
    """As `nbgrader autograde --no-execute` does."""
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "c.Execute.enabled = False\nc.ClearOutput.enabled = False\n")
    path = course.submitted_folder("ada", "Week 1") / "p.ipynb"
    nb = read_notebook(path)
    live = {"text/html": "<script>alert(1)</script><b>x</b>", "application/javascript": "alert(1)"}
    nb.cells[0].outputs = [new_output("display_data", live)]
    nb.cells[1].outputs = [new_output("execute_result", {"text/plain": "0.5"}, execution_count=1)]
    path.write_text(notebook_text(nb))
    graded(course, "Week 1", judges)
    assert scores(course, "Week 1") == {("ada", "p", "double-check"): 0.5}
    assert autograded(course).cells[0].outputs[0].data == {"text/html": "<b>x</b>"}


def test_without_a_sandbox_only_by_the_setting_and_then_it_is_stamped(course, judges):
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "c.JudgedOutside.without_sandbox = True\n")
    put(course, "Week 1", {"note.txt": "n"}, "ada")
    hand_in(course, "ada", "open('written.txt', 'w').write('w')\ndef double(x):\n    return 2 * x")
    outcome = graded(course, "Week 1", judges)
    assert outcome.stamps == {"judged in the kernel, not isolated": 1}, outcome.failures
    assert class_report(course, "Week 1").stamps == {"judged in the kernel, not isolated": 1}
    assert scores(course, "Week 1") == {("ada", "p", "double-check"): 2}
    assert (course.autograded_folder("ada", "Week 1") / "written.txt").read_text() == "w"


def killer(judges, times):
    """Kills the process that a zygote starts with, so many times."""

    def run():
        seen = set()
        while len(seen) < times:
            process = judges.zygote._process
            if process is not None and process.pid not in seen and process.poll() is None:
                seen.add(process.pid)
                process.send_signal(signal.SIGKILL)
            time.sleep(0.01)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_a_zygote_that_is_killed_while_it_starts_is_started_once_more():
    with Judges(preload=()) as judges:
        killer(judges, 1).join()
        ready(judges)
        assert judges.zygote.warm


def test_where_no_zygote_starts_nothing_is_graded(course):
    with Judges() as judges:
        thread = killer(judges, 2)
        with pytest.raises(NoJudges, match="nothing was graded") as told:
            graded(course, "Week 1", judges)
        thread.join()
    assert "\n" not in str(told.value) and not (course.root / "autograded").exists()
    assert scores(course, "Week 1") == {}


# -- names and paths


def test_names_that_nbgrader_would_change_are_refused_by_name(course, judges):
    for name in ("ada ", "\tbob", "e\u0301va", "\u00e9va", ".cleo"):
        hand_in(course, name)
    assert set(course.unfit("Week 1")) == {"ada ", "\tbob", "e\u0301va", "\u00e9va", ".cleo"}
    assert "blanks" in course.unfit("Week 1")["ada "] and "reads the same" in course.unfit("Week 1")["\u00e9va"]
    assert course.students("Week 1") == ["ada"]
    with pytest.raises(CourseError, match="blanks"):
        course.who_handed_in("Week 1", ["ada "])


@pytest.mark.parametrize("name", ["50% off", "what?", "a$HOME", "x[1]"])
def test_a_course_folder_whose_path_means_something_else_to_nbgrader_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    new_course(tmp_path / name)
    with pytest.raises(CourseError, match="in its path"):
        find_course(tmp_path / name)


def test_an_assignment_is_found_by_its_name():
    assert COURSE.pick_assignments(["1"]) == COURSE.chapters()[:1]
    with pytest.raises(CourseError, match="no chapter"):
        COURSE.pick_assignments(["week"])


# -- the gradebook's life


def test_a_resubmission_during_the_run_is_graded_by_the_next(course, judges, tmp_path_factory, monkeypatch):
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    folder = hand_in(course, "ada", "def double(x):\n    return 0")
    read = digest_of(folder, ["p"])

    def resubmit():
        while not list(scratch.glob("course-grading-*/*/work-1")):  # all that was handed in has been copied
            time.sleep(0.001)
        hand_in(course, "ada")

    thread = threading.Thread(target=resubmit)
    thread.start()
    graded(course, "Week 1", judges)
    thread.join()
    assert autograded(course).metadata[STAMP]["submission"] == read != digest_of(folder, ["p"])
    assert scores(course, "Week 1") == {("ada", "p", "double-check"): 0}
    assert graded(course, "Week 1", judges).graded == 1
    assert scores(course, "Week 1") == {("ada", "p", "double-check"): 2}


def test_an_exercise_can_be_added_and_points_changed_and_an_exercise_removed_after_submissions(course, judges):
    graded(course, "Week 1", judges)
    put(course, "Week 1", {"p.ipynb": source(5, check("new", "assert double(2) == 4", 3))})
    outcome = graded(course, "Week 1", judges)
    assert (outcome.graded, outcome.failures) == (1, ())
    assert scores(course, "Week 1") == {("ada", "p", "double-check"): 5, ("ada", "p", "new"): 3}
    put(
        course,
        "Week 1",
        {"p.ipynb": source(5, text("only prose has changed"), check("new", "assert double(2) == 4", 3))},
    )
    assert graded(course, "Week 1", judges).skipped == 1
    put(course, "Week 1", {"p.ipynb": source(5)})
    outcome = graded(course, "Week 1", judges)
    assert scores(course, "Week 1") == {("ada", "p", "double-check"): 5}
    (kept,) = course.root.glob("gradebook.before-*.db")
    assert len(outcome.notes) == 1 and "new" in outcome.notes[0] and kept.name in outcome.notes[0]


def test_a_notebook_can_be_added_after_submissions(course, judges):
    graded(course, "Week 1", judges)
    put(course, "Week 1", {"q.ipynb": notebook(check("more", "pass"))})
    put(course, "Week 1", {"q.ipynb": notebook(check("more", "pass"))}, "ada")
    assert graded(course, "Week 1", judges).failures == ()
    assert scores(course, "Week 1") == {("ada", "p", "double-check"): 2, ("ada", "q", "more"): 2}


def test_what_is_graded_already_changes_nothing(course, judges):
    graded(course, "Week 1", judges)
    before = course.gradebook.read_bytes()
    assert graded(course, "Week 1", judges).skipped == 1
    assert course.gradebook.read_bytes() == before


def test_without_its_gradebook_a_submission_is_graded_again(course, judges):
    graded(course, "Week 1", judges)
    course.gradebook.unlink()
    assert graded(course, "Week 1", judges).graded == 1
    assert scores(course, "Week 1") == {("ada", "p", "double-check"): 2}


def test_a_regrade_that_fails_leaves_the_earlier_result(course, judges):
    graded(course, "Week 1", judges)
    before = (course.autograded_folder("ada", "Week 1") / "p.ipynb").read_bytes()
    (course.submitted_folder("ada", "Week 1") / "p.ipynb").write_text("{ no notebook")
    assert len(graded(course, "Week 1", judges, regrade=True).failures) == 1
    hand_in(course, "ada", "pass")
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "c.Autograde.autograde_preprocessors.append('no_such_step.Step')\n")
    assert len(graded(course, "Week 1", judges, regrade=True).failures) == 1
    assert (course.autograded_folder("ada", "Week 1") / "p.ipynb").read_bytes() == before
    assert scores(course, "Week 1") == {("ada", "p", "double-check"): 2}
    assert [p.name for p in course.autograded_folder("ada", "Week 1").parent.iterdir()] == ["Week 1"]


def test_a_late_penalty_plugin_in_the_course_folder_works(course, judges):
    (course.root / "half_off.py").write_text(
        "from nbgrader.plugins import LateSubmissionPlugin\n\n\nclass HalfOff(LateSubmissionPlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n        return score / 2\n"
    )
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "c.AssignLatePenalties.plugin_class = 'half_off.HalfOff'\n")
    put(course, "Week 1", {"timestamp.txt": "2026-02-02 00:00:00 UTC"}, "ada")
    graded(course, "Week 1", judges)
    with sqlite3.connect(course.gradebook) as db:
        db.execute("update assignment set duedate = '2026-02-01 00:00:00.000000'")
    assert graded(course, "Week 1", judges, regrade=True).failures == ()
    with sqlite3.connect(course.gradebook) as db:
        assert db.execute("select late_submission_penalty from submitted_notebook").fetchall() == [(1.0,)]


# -- disks and owners


@pytest.fixture
def small_disk(tmp_path):
    (tmp_path / "disk").mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path / "disk"], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield tmp_path / "disk"
    subprocess.run(["umount", "-l", tmp_path / "disk"], check=True)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small disk")
def test_a_full_disk_ends_the_run_with_one_sentence_and_nothing_is_lost(small_disk):
    course = new_course(small_disk)
    put(course, "Week 1", {"p.ipynb": source()})
    hand_in(course, "ada")
    with Judges() as judges:
        graded(course, "Week 1", judges)
    before = (course.autograded_folder("ada", "Week 1") / "p.ipynb").read_bytes()
    with contextlib.suppress(OSError), open(small_disk / "fill", "wb", buffering=0) as fill:
        while fill.write(b"x" * 4096):
            pass
    with Judges() as judges, pytest.raises(CourseError, match="the disk .*is full") as told:
        graded(course, "Week 1", judges, regrade=True)
    assert "\n" not in str(told.value)
    assert (course.autograded_folder("ada", "Week 1") / "p.ipynb").read_bytes() == before
    (small_disk / "fill").unlink()
    with Judges() as judges:
        assert graded(course, "Week 1", judges, regrade=True).graded == 1


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small disk")
def test_a_read_only_course_folder_is_told_before_anything_is_done(small_disk):
    course = new_course(small_disk)
    put(course, "Week 1", {"p.ipynb": source()})
    hand_in(course, "ada")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = run("course", "grade", "Week 1", cwd=course.root)
    assert done.returncode == 1 and "read-only" in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_what_a_database_says_no_with_becomes_one_sentence(course):
    """A gradebook that belongs to somebody else, for real: SQLite opens it for reading alone."""
    url = f"sqlite:///file:{course.gradebook}?mode=ro&uri=true"
    with (
        pytest.raises(CourseError, match="belongs to somebody else or is read-only"),
        OneGradebook(url, "other") as book,
    ):
        synchronize(book, "Week 1", masters(load_config(course), "Week 1"), course.root)


def test_stamps_of_a_notebook_say_what_was_graded(course, judges):
    graded(course, "Week 1", judges)
    raw = json.loads((course.autograded_folder("ada", "Week 1") / "p.ipynb").read_text())
    assert raw["metadata"][STAMP]["inside"] == 1 and raw["metadata"][STAMP]["mode"] == "judged outside"
