"""A person reads the written question in formgrader, in a real browser, and the class's own commands know it."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from commands import typed
from oddities import CHAPTER, ident

from autograder.course.nbgrader.marks import marks
from autograder.course.nbgrader.model_answers import TITLE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")]


@pytest.fixture
def address(graded_class, tmp_path):
    """Jupyter's server in the class's folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = str(tmp_path / "home")
    env = {**os.environ, "HOME": home, "JUPYTER_CONFIG_DIR": home, "JUPYTER_DATA_DIR": home}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
    command = ["jupyter", "server", "--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=t"]
    with open(tmp_path / "server.log", "w") as log:
        process = subprocess.Popen(command, cwd=graded_class.root, env=env, stdout=log, stderr=log)
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api").close()
                    break
                except OSError:
                    assert process.poll() is None, (tmp_path / "server.log").read_text()
                    time.sleep(0.5)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


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
