"""A person reads the written question in formgrader, in a real browser, and the class's own commands know it."""

from __future__ import annotations

import sqlite3
import time

import pytest
from browser import CHROMIUM, jupyter, needs_chromium
from commands import typed
from oddities import CHAPTER, ident

from autograder.course.nbgrader.marks import marks
from autograder.course.nbgrader.model_answers import TITLE

pytestmark = [pytest.mark.slow, needs_chromium]


@pytest.fixture
def address(graded_class, tmp_path):
    """Jupyter's server in the class's folder."""
    with jupyter("server", graded_class.root, tmp_path, patience=60) as address:
        yield address


def test_a_question_is_read(graded_class, address):
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sqlite3.connect(graded_class.gradebook) as db:
        ((submission,),) = db.execute(
            "select n.id from submitted_notebook n join submitted_assignment a on a.id = n.assignment_id where a.student_id = ?",
            (ident(0),),
        ).fetchall()
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{address}/formgrader/manage_students?token=t")
        page.wait_for_selector("text=Birch, Aalto")
        page.goto(f"{address}/formgrader/submissions/{submission}/")
        page.wait_for_selector(f"text={TITLE}")
        points = page.locator("input.score").last
        points.fill("1.5")
        points.press("Tab")
        comment = page.locator("textarea.comment").last
        comment.fill("half way")
        comment.press("Tab")
        for _ in range(100):
            if marks(graded_class, CHAPTER)[ident(0)].net == 21.5:
                break
            time.sleep(0.3)
        browser.close()
    mark = marks(graded_class, CHAPTER)[ident(0)]
    assert (mark.net, mark.unread) == (21.5, ())
    assert "Aalto Birch" not in typed("class 1", graded_class.root).output.partition("to read, in formgrader")[2]
