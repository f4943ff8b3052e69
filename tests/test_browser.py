"""A real JupyterLab in a real browser: a student runs a check, an instructor presses formgrader's button."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import sys

import pytest
from browser import CHROMIUM, QUIET, jupyter, needs_chromium
from common import CHAPTERS, COURSE, ROOT, run

from autograder.course.cells import graded, is_solution
from autograder.course.folder import Course
from autograder.course.notebooks import notebook_text, read_notebook, write_text
from autograder.course.samples import chapter_exercises, solutions
from autograder.grading.stamp import STAMP

CHAPTER = CHAPTERS[0]
pytestmark = needs_chromium


@pytest.fixture
def school(tmp_path):
    """A course folder with one submission, all right."""
    for part in ("source", "release"):
        shutil.copytree(ROOT / part / CHAPTER, tmp_path / "school" / part / CHAPTER)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path / "school")
    course = Course(tmp_path / "school")
    right, notebook = solutions(course, CHAPTER), read_notebook(course.release(CHAPTER))
    for cell in notebook.cells:
        if cell.cell_type == "code" and is_solution(cell):
            cell.source = right[graded(cell)["grade_id"]]
    course.submission("ada", CHAPTER).parent.mkdir(parents=True)
    write_text(course.submission("ada", CHAPTER), notebook_text(notebook))
    assert run("nbgrader", "generate_assignment", CHAPTER, "--force", cwd=course.root).returncode == 0
    return course


@pytest.fixture
def lab(school, tmp_path):
    """The address of a JupyterLab in the course folder, with settings of its own."""
    with jupyter("lab", school.root, tmp_path) as address:
        yield address


@pytest.fixture
def page():
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        opened = browser.new_page(viewport={"width": 1200, "height": 900})
        opened.set_default_timeout(120_000)
        yield opened
        browser.close()


def test_a_student_sees_the_verdict_and_the_hint(school, lab, page):
    """One exercise with a typical mistake, run from top to bottom."""
    api = sys.modules["playwright.sync_api"]
    notebook = read_notebook(school.release(CHAPTER))
    name = "mse_onehot"
    kept = {"setup", name, f"{name}-check"}
    notebook.cells = [c for c in notebook.cells if graded(c).get("grade_id") in kept]
    answer = next(c for c in notebook.cells if graded(c)["grade_id"] == name)
    hot = "tf.one_hot(y, out.shape[1])"
    answer.source = f"def {name}(y, out):\n    return tf.reduce_sum(tf.square({hot} - out))"
    write_text(school.root / "homework.ipynb", notebook_text(notebook))
    page.goto(f"{lab}/lab/tree/homework.ipynb?token=t")
    page.wait_for_selector(".jp-NotebookPanel .jp-InputArea-editor")
    page.wait_for_selector("text=Kernel status: Idle", state="attached")
    for patience in (20, 40, 60):  # the menu can be there before the kernel listens
        page.click("li.lm-MenuBar-item:has-text('Run')")
        page.click("li:has-text('Run All Cells')")
        with contextlib.suppress(api.TimeoutError):
            page.wait_for_selector(".verdict", timeout=patience * 1000)
            break
    shown = page.locator(".verdict").inner_text()
    mistakes = [m.hint for m in chapter_exercises(COURSE, CHAPTER)[name].mistakes]
    assert "What makes it a mean?" in shown and any(hint in shown for hint in mistakes)


def test_formgraders_button_grades_through_the_engine(school, lab, page):
    page.goto(f"{lab}/lab?token=t")
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_text("Formgrader", exact=True).first.click()
    frame = page.wait_for_selector("iframe[src*='formgrader']").content_frame()
    frame.goto(f"{lab}/formgrader/manage_submissions/{CHAPTER}")
    frame.locator("td.autograde a").first.click()
    frame.wait_for_selector("text=Successfully autograded")
    stamp = read_notebook(school.autograded("ada", CHAPTER)).metadata[STAMP]
    assert stamp["mode"] == "judged outside"
    with sqlite3.connect(school.gradebook) as db:
        assert db.execute("select sum(auto_score) from grade").fetchone()[0] == 20, json.dumps(stamp)
