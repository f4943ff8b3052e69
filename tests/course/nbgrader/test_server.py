"""While formgrader grades, the server answers others: a real server, the requests that the buttons make."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import urllib.request

import pytest
from browser import jupyter
from common import CHAPTERS, class_of, run

from autograder.course.cells import graded
from autograder.course.nbgrader.model_answers import TITLE
from autograder.course.notebooks import notebook_text, read_notebook, write_text
from autograder.grading.stamp import STAMP

CHAPTER = CHAPTERS[0]


@pytest.fixture
def server(tmp_path):
    """A course folder with a submission that loops for five seconds, and Jupyter's server in it: (course, address)."""
    course = class_of(tmp_path, CHAPTER, {"ada": True})
    notebook = read_notebook(course.submission("ada", CHAPTER))
    answer = next(c for c in notebook.cells if graded(c).get("grade_id") == "prepare")
    answer.source += "\nimport time\ntime.sleep(5)"
    write_text(course.submission("ada", CHAPTER), notebook_text(notebook))
    assert run("nbgrader", "generate_assignment", CHAPTER, "--force", cwd=course.root).returncode == 0
    with jupyter("server", course.root, tmp_path) as address:
        yield course, address


def ask(address: str, data: dict | None = None) -> dict:
    return json.loads(text(address, data))


def text(address: str, data: dict | None = None) -> str:
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(address, body, {"Authorization": "token t", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=200) as answer:
        return answer.read().decode()


def while_busy(address: str, request: str, data: dict) -> tuple[dict, list[float], float]:
    """What came of a long request, how long each of the others took meanwhile, and how long it took itself."""
    results, waits, started = [], [], time.monotonic()
    busy = threading.Thread(target=lambda: results.append(ask(f"{address}{request}", data)))
    busy.start()
    while busy.is_alive():
        before = time.monotonic()
        ask(f"{address}/api/status")
        waits.append(time.monotonic() - before)
        time.sleep(0.2)
    busy.join()
    return results[0], waits, time.monotonic() - started


def test_others_are_answered_while_it_grades_and_validates(server):
    course, address = server
    result, waits, took = while_busy(address, f"/formgrader/api/submission/{CHAPTER}/ada/autograde", {})
    assert result["success"], result
    assert took > 5 and len(waits) > 10 and max(waits) < 2
    assert read_notebook(course.autograded("ada", CHAPTER)).metadata[STAMP]["mode"] == "judged outside"

    # beside the written answer stands the model answer, in formgrader and nowhere else
    with sqlite3.connect(course.gradebook) as db:
        (submission,) = db.execute("select id from submitted_notebook").fetchone()
    page = text(f"{address}/formgrader/submissions/{submission}/")
    model = "With 100 classes one target in a hundred is 1"
    assert TITLE in page and model in page and "One point\nfor the baseline with its value" in page
    for path in (course.autograded("ada", CHAPTER), course.release(CHAPTER)):
        assert model not in path.read_text()

    path = course.submission("ada", CHAPTER).relative_to(course.root)
    result, waits, took = while_busy(address, "/assignments/validate", {"path": str(path)})
    assert result["success"] and [f["error"] for f in result["value"]["failed"]] == ["You did not provide a response."]
    assert took > 5 and max(waits) < 2
    outside = ask(f"{address}/assignments/validate", {"path": "../../etc/passwd"})
    assert outside == {"success": False, "value": "the notebook lies outside of the server's folder"}
