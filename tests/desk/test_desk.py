"""What is on the student's desk, without a browser: notes of checks, progress, the first page, the options of JupyterLab, handing in."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import threading
import time

import pytest
from common import CHAPTERS, COURSE, ROOT, run

from autograder.course.folder import CourseError
from autograder.course.nbgrader import submit
from autograder.course.notebooks import notebook_text, read_notebook, write_text
from autograder.course.samples import solutions
from autograder.desk import lab
from autograder.desk.first_page import write_first_page
from autograder.desk.hand_in import chapter_named, hand_in_file
from autograder.desk.opening import tell_language
from autograder.desk.progress import FIRST_PAGE, ShelfProgress, progress
from autograder.desk.rehearse import mark_lessons, rehearse
from autograder.desk.saving import age
from autograder.desk.shelf import chapters
from autograder.judging import notes
from autograder.judging.verdict import Verdict
from autograder.kernel.provisioner import kernel_spec

CHAPTER = CHAPTERS[0]
RIGHT = Verdict("forward_pass.prepare", "correct", 3.0, 3.0)


@pytest.fixture
def shelf(tmp_path):
    for chapter in CHAPTERS[:2]:
        shutil.copytree(COURSE.release(chapter).parent, tmp_path / "release" / chapter)
    return tmp_path / "release"


# -- notes


def test_a_check_at_home_is_noted_and_the_last_one_counts(shelf, monkeypatch):
    monkeypatch.chdir(shelf / CHAPTER)
    notes.note(RIGHT)
    notes.note(Verdict("forward_pass.prepare", "wrong", 1.0, 3.0))
    assert notes.noted(shelf)["forward_pass.prepare"]["points"] == 1
    assert [path.name for path in (shelf / CHAPTER).iterdir()] == [f"{CHAPTER}.ipynb"]  # the exchange takes this folder


@pytest.mark.parametrize("variable", ["NBGRADER_EXECUTION", "NBGRADER_VALIDATING", "AUTOGRADER_CHILD"])
def test_nothing_is_noted_while_somebody_grades(shelf, monkeypatch, variable):
    monkeypatch.chdir(shelf / CHAPTER)
    monkeypatch.setenv(variable, "1")
    notes.note(RIGHT)
    assert not (shelf / notes.NOTES).exists()


def test_nothing_is_noted_beside_other_notebooks(shelf, monkeypatch):
    monkeypatch.chdir(shelf / CHAPTERS[1])
    notes.note(RIGHT)
    assert not (shelf / notes.NOTES).exists()


def test_a_place_for_notes_that_is_none_breaks_no_check(shelf, monkeypatch):
    monkeypatch.chdir(shelf / CHAPTER)
    (shelf / notes.NOTES).mkdir()
    notes.note(RIGHT)
    assert notes.noted(shelf) == {}


def test_notes_that_are_damaged_are_passed_over_and_long_ones_shortened(shelf, monkeypatch):
    monkeypatch.chdir(shelf / CHAPTER)
    other = '{"exercise": "forward_pass.forward", "outcome": "wrong", "points": 1, "of": 4}\n'
    (shelf / notes.NOTES).write_text('{"exercise": "forward_pass.pre\n[]\n' + other + "x" * notes.MOST_BYTES + "\n")
    notes.note(RIGHT)
    assert set(notes.noted(shelf)) == {"forward_pass.forward", "forward_pass.prepare"}
    assert (shelf / notes.NOTES).stat().st_size < 1000


# -- progress


def test_a_chapter_says_what_is_left_and_where_to_go_on(shelf, monkeypatch):
    monkeypatch.chdir(shelf / CHAPTER)
    notes.note(RIGHT)
    shown = progress()
    text, page = repr(shown), shown._repr_html_()
    assert "3 of 20 points so far" in text and "Left to solve: init_params, forward" in text
    assert f'href="../{CHAPTERS[1]}/{CHAPTERS[1]}.ipynb"' in page
    monkeypatch.chdir(shelf)
    assert "3 of 40 points so far" in repr(progress()) and f"Open next: {CHAPTER}/" in repr(progress())


def test_what_a_notebook_or_a_note_says_is_shown_as_text(shelf, monkeypatch):
    path = shelf / CHAPTERS[1] / f"{CHAPTERS[1]}.ipynb"
    notebook = read_notebook(path)
    notebook.cells[0].source = "# 02 · <script>alert(1)</script>: what <b>now</b>?"
    write_text(path, notebook_text(notebook))
    told = {"exercise": "forward_pass.prepare", "outcome": "<img src=x onerror=alert(1)>", "points": 99, "of": 3}
    (shelf / notes.NOTES).write_text(json.dumps(told) + "\n")
    for folder in (shelf, shelf / CHAPTER):
        monkeypatch.chdir(folder)
        assert not re.search("<(script|img src=x|b>now)", progress()._repr_html_())
        assert "99" not in repr(progress())


def test_elsewhere_progress_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert repr(progress()).startswith("Progress is shown in")


def test_in_a_notebook_that_was_renamed_progress_says_so(shelf, monkeypatch):
    monkeypatch.chdir(shelf / CHAPTER)
    (shelf / CHAPTER / f"{CHAPTER}.ipynb").rename(shelf / CHAPTER / "mine.ipynb")
    assert f"no {CHAPTER}.ipynb that can be read" in repr(progress())


def test_every_chapter_has_its_question_and_minutes():
    found = chapters(ROOT / "release")
    assert [chapter.folder for chapter in found] == CHAPTERS
    assert all(c.question.endswith("?") and c.of == 20 and c.minutes >= 30 and c.by_hand == 2 for c in found)
    page = ShelfProgress(tuple(found))._repr_html_()
    pictures = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]{20,})"', page)
    assert len(pictures) == len({data for data, _ in pictures}) == len(CHAPTERS) and len(page) < 50_000
    drawn = "".join(base64.b64decode(data).decode() for data, _ in pictures).replace("http://www.w3.org/2000/svg", "")
    assert not re.search("href|url|http|script", drawn)  # nothing is loaded from elsewhere


# -- the first page, JupyterLab


def test_the_first_page_is_a_notebook_with_all_chapters(shelf):
    assert write_first_page(shelf)
    page = read_notebook(shelf / FIRST_PAGE)
    (output,) = next(cell.outputs for cell in page.cells if cell.cell_type == "code")
    assert all(f'href="{c}/{c}.ipynb"' in output.data["text/html"] for c in CHAPTERS[:2])


def test_a_first_page_that_cannot_be_written_is_no_reason_not_to_start(shelf):
    (shelf / FIRST_PAGE).mkdir()
    assert not write_first_page(shelf)


def test_a_notebook_is_told_its_language_once_and_keeps_the_rest(shelf):
    path = shelf / CHAPTER / f"{CHAPTER}.ipynb"
    before = read_notebook(path)
    tell_language(shelf)
    after = read_notebook(path)
    assert after.metadata.language_info["file_extension"] == ".py" and after.cells == before.cells
    stamp = path.stat().st_ino  # a file that is written is another one
    tell_language(shelf)
    assert path.stat().st_ino == stamp
    (shelf.parent / "source").mkdir()  # a course folder: release/ is course build's
    shutil.copy(COURSE.release(CHAPTER), path)
    tell_language(shelf)
    assert path.read_bytes() == COURSE.release(CHAPTER).read_bytes()


def test_jupyterlabs_kernel_is_the_warm_one():
    spec = json.loads((lab.SETTINGS / "kernels" / "python3" / "kernel.json").read_text())
    assert spec == kernel_spec() | {"argv": ["python", *kernel_spec()["argv"][1:]], "display_name": "Python 3"}


def test_jupyterlab_finds_what_is_installed_here_and_starts_in_the_folder_of_the_chapters(shelf):
    env = lab.environment({"PATH": "/bin", "JUPYTER_CONFIG_PATH": "/mine"})
    assert shutil.which("tensorboard", path=env["PATH"]) and env["PATH"].endswith("/bin")
    assert env["JUPYTER_CONFIG_PATH"].endswith(":/mine")
    assert lab.shelf_of(shelf / CHAPTER) == shelf and lab.shelf_of(shelf.parent) == shelf
    assert "--allow-root" in lab.arguments(shelf, "/lab", True) and "--allow-root" not in lab.arguments(
        shelf, "/lab", False
    )


def test_course_lab_elsewhere_says_so(tmp_path):
    done = run("course", "--course", tmp_path, "lab", cwd=tmp_path)
    assert done.returncode == 1 and "in no folder of the course" in done.stderr and "Traceback" not in done.stderr


# -- handing in


def test_a_copy_is_graded_as_the_grader_does_and_lies_there_with_a_receipt(shelf):
    path = shelf / CHAPTER / f"{CHAPTER}.ipynb"
    notebook, right = read_notebook(path), solutions(COURSE, CHAPTER)
    for cell in notebook.cells:
        if cell.id == "prepare":
            cell.source = right["prepare"]
        if cell.id == "forward":  # what a lesson defines, the grader does not have
            cell.source = "forward = box"
    write_text(path, notebook_text(notebook))
    done = hand_in_file(path, shelf)
    assert done.graded.engine and (done.graded.points, done.graded.of) == (3, 20)
    target = shelf / "hand-in" / f"{CHAPTER}.ipynb"
    assert target.read_bytes() == path.read_bytes()
    assert done.sha256 in target.with_suffix(".receipt.txt").read_text()
    copy = path.with_name(f"{CHAPTER} (1).ipynb")
    shutil.copy(path, copy)
    with pytest.raises(CourseError, match="has to be called"):
        hand_in_file(path.rename(path.with_name("mine.ipynb")), shelf)


def test_a_chapter_is_named_by_number_topic_folder_or_path(shelf):
    path = shelf / CHAPTER / f"{CHAPTER}.ipynb"
    for named in ("1", "01", "forward_pass", CHAPTER, f"{CHAPTER}/", f"release/{CHAPTER}/{CHAPTER}.ipynb"):
        assert chapter_named(shelf, named) == (path, shelf)
    with pytest.raises(CourseError, match="there is no chapter '3'"):
        chapter_named(shelf, "3")


def test_how_old_a_file_is_that_nobody_has_saved_now(tmp_path):
    (tmp_path / "a").touch()
    for seconds, told in (
        (-3600, ""),
        (1, ""),
        (40, "40 seconds ago"),
        (600, "10 minutes ago"),
        (36000, "10 hours ago"),
    ):
        os.utime(tmp_path / "a", (0, time.time() - seconds))
        assert told in age(tmp_path / "a") and bool(told) == bool(age(tmp_path / "a"))


def test_where_nothing_can_be_forked_a_fresh_kernel_grades(shelf, monkeypatch):
    monkeypatch.setattr("autograder.desk.rehearse._in_the_engine", lambda *_: None)
    notebook = read_notebook(shelf / CHAPTER / f"{CHAPTER}.ipynb")
    notebook.cells = [c for c in notebook.cells if c.id in ("setup", "seed", "prepare", "prepare-check")]
    next(c for c in notebook.cells if c.id == "prepare").source = solutions(COURSE, CHAPTER)["prepare"]
    done = rehearse(notebook, shelf / CHAPTER, shelf.parent)
    assert not done.engine and [(row.name, row.points) for row in done.rows] == [("prepare", 3)]


def test_a_copy_of_a_lessons_cell_is_the_students_own():
    notebook = read_notebook(COURSE.release(CHAPTER))
    lesson = next(c for c in notebook.cells if c.id == "seed")
    lesson.id = "mine"
    mark_lessons(notebook)
    assert "lesson" not in lesson.metadata["tags"]


@pytest.fixture
def exchange(tmp_path, monkeypatch):
    """An exchange with the first chapter in it, and a function that configures it for the student."""
    for folder in (f"outbound/{CHAPTER}", "inbound"):
        (tmp_path / "exchange" / "autumn" / folder).mkdir(parents=True)
    (tmp_path / "config").mkdir()
    for variable, folder in (("JUPYTER_CONFIG_DIR", "config"), ("JUPYTER_DATA_DIR", "data"), ("HOME", "home")):
        monkeypatch.setenv(variable, str(tmp_path / folder))
    monkeypatch.chdir(tmp_path)

    def configure(**settings):
        lines = [f"c.{'CourseDirectory' if k == 'course_id' else 'Exchange'}.{k} = {v!r}" for k, v in settings.items()]
        text = "\n".join(["c = get_config()", *lines, ""])
        (tmp_path / "config" / "nbgrader_config.py").write_text(text)

    configure(root=str(tmp_path / "exchange"))
    return tmp_path / "exchange", configure


def test_with_an_exchange_the_notebook_that_was_graded_is_submitted_without_its_copies(shelf, exchange):
    path = shelf / CHAPTER / f"{CHAPTER}.ipynb"
    shutil.copy(path, path.with_name(f"{CHAPTER}-Copy1.ipynb"))
    (shelf / CHAPTER / "mine.txt").write_text("beside it")
    sent = submit.submit(shelf, path, b"{}")
    assert (sent.course, sent.why) == ("autumn", "") and sent.student and re.fullmatch(r"[-0-9]+ [:0-9]+ UTC", sent.at)
    (arrived,) = (exchange[0] / "autumn" / "inbound").iterdir()
    assert (arrived / path.name).read_bytes() == b"{}"
    told = {"timestamp.txt", "submission_secret.txt"}
    assert {p.name for p in arrived.iterdir()} == {path.name, "mine.txt"} | told


def test_what_the_exchange_does_not_take_is_a_sentence(shelf, exchange):
    root, configure = exchange
    work = shelf / CHAPTER
    (root / "spring" / "outbound" / CHAPTER).mkdir(parents=True)
    assert "more than one course in the exchange has 01_forward_pass: autumn, spring" in submit._submit(work).why
    for settings, why in (
        ({"course_id": "spring"}, "inbound directory doesn't exist"),
        ({"course_id": "winter"}, f"the exchange has no assignment {CHAPTER} of the course winter"),
        ({"course_id": "autumn", "timezone": "Nowhere"}, "invalid timezone: Nowhere"),
        ({"course_id": "autumn", "timestamp_format": "x"}, "invalid timestamp_format"),
        ({"root": str(root / "gone")}, "gone is not there"),
    ):
        configure(**({"root": str(root)} | settings))
        assert why in submit._submit(work).why and "\n" not in submit._submit(work).why
    configure(course_id="autumn")  # a course folder's own setting is no exchange
    assert submit._submit(work) is None


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_the_bundles_make_offers_what_works_there(shelf):
    makefile = ROOT / "docs" / "for-students.mk"
    told = run("make", "-f", makefile, "help", cwd=shelf).stdout
    assert set(re.findall(r"^make ([a-z-]+)", told, re.MULTILINE)) == {"lab", "hand-in", "setup"}
    shutil.copy(ROOT / "requirements.lock", shelf)
    shutil.copy(ROOT / "pyproject.toml", shelf)
    assert "course lab --port=1" in run("make", "-nf", makefile, "lab", "OPTIONS=--port=1", cwd=shelf).stdout
    assert "say which chapter" in run("make", "-nf", makefile, "hand-in", cwd=shelf).stderr
    assert "course hand-in 01" in run("make", "-nf", makefile, "hand-in", "CHAPTER=01", cwd=shelf).stdout


def test_a_notebook_that_is_being_saved_is_waited_for_and_a_damaged_one_left_out(shelf):
    path = shelf / CHAPTER / f"{CHAPTER}.ipynb"
    whole = path.read_text()
    path.write_text(whole[:1000])
    saving = threading.Timer(0.5, path.write_text, [whole])
    saving.start()
    assert CHAPTER in [chapter.folder for chapter in chapters(shelf)]
    saving.join()
    path.write_text(whole[:1000])
    os.utime(path, (0, 0))
    assert CHAPTER not in [chapter.folder for chapter in chapters(shelf)]
