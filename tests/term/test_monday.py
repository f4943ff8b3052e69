"""A Monday of a class of thirty, by its commands and in a real browser: collect, grade, read, report, feedback, export, a
resubmission, an exercise mended."""

from __future__ import annotations

import contextlib
import csv
import json
import sqlite3
import time
import zipfile

import pytest
from browser import CHROMIUM, PHONE, QUIET, jupyter, needs_chromium, serious, shot
from commands import refused, typed
from oddities import CHAPTER, SIZE, UNDERSTOOD, content, filling, ident, people, put
from test_export import canvas_reads, moodle_reads, names_in, rows

from autograder.course.nbgrader.book import open_gradebook
from autograder.course.nbgrader.marks import marks
from autograder.course.nbgrader.model_answers import TITLE
from autograder.course.samples import solutions

MENDED = '''"""Chapter 01's exercise as this class has it: the number of images that are right."""

import tensorflow as tf
from autograder.judging.exercise import exercise


@exercise(points=6, minutes=5)
def accuracy(out, y):
    return float(tf.reduce_sum(tf.cast(tf.math.in_top_k(y, out, 1), tf.float32)))


@accuracy.case("as many images as classes")
def _(rng):
    y = rng.permutation(7).astype("int32")
    out = rng.random(size=(7, 7)).astype("float32")
    out[range(7), y] += [1, 1, 1, 0, 1, 1, 1]
    return out, y


@accuracy.mistake("This is a share. How many are right?")
def _(out, y):
    return tf.reduce_mean(tf.cast(tf.math.in_top_k(y, out, 1), tf.float32))
'''
SIX = " ".join(f"--student {ident(n)}" for n in range(6))


def gradebook(course):
    with open_gradebook(course) as book:
        found = book.find_submission(CHAPTER, ident(0))
        grades = {
            g.name: (g.auto_score, g.manual_score, g.needs_manual_grade) for n in found.notebooks for g in n.grades
        }
        return grades, {c.name: c.comment for n in found.notebooks for c in n.comments}


def change_points(course, cell: str, points: float) -> None:
    path = course.source(CHAPTER)
    told = json.loads(path.read_text())
    (about,) = (
        c["metadata"]["nbgrader"] for c in told["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == cell
    )
    about["points"] = points
    path.write_text(json.dumps(told))


@contextlib.contextmanager
def opened():
    """A page in a real browser."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page()
        page.set_default_timeout(60_000)
        yield page
        browser.close()


@needs_chromium
def test_a_monday(graded_class, tmp_path):
    """One test, for every step goes on from the one before; what is collected, and six graded, the fixture has done."""
    course = graded_class
    with jupyter("server", course.root, tmp_path, patience=60) as address, opened() as page:
        in_formgrader(course, address, page)
        the_rest_is_graded(course)
        for_the_meeting(course, page)
        assert "Traceback" not in (tmp_path / "server.log").read_text()
    goes_out(course)
    handed_in_again_and_mended(course, tmp_path)


def in_formgrader(course, address: str, page) -> None:
    """The button grades one hand-in, and the server answers meanwhile; then a person reads another's answer."""
    page.goto(f"{address}/login?token=t&next=/formgrader/manage_submissions/{CHAPTER}")
    waits, first_name, last_name = [], *people()[10][:2]
    page.locator(f"tr:has-text('{last_name}, {first_name}') td.autograde a").click()
    while not page.get_by_text("Successfully autograded").is_visible():
        before = time.monotonic()
        assert page.context.request.get(f"{address}/api/status").ok
        waits.append(time.monotonic() - before)
        page.wait_for_timeout(200)
        assert len(waits) < 500 and not page.get_by_text("There was an error").is_visible()
    assert len(waits) > 5 and max(waits) < 2, waits
    with sqlite3.connect(course.gradebook) as db:
        ((submission,),) = db.execute(
            "select n.id from submitted_notebook n join submitted_assignment a on a.id = n.assignment_id where a.student_id = ?",
            (ident(0),),
        ).fetchall()
    page.goto(f"{address}/formgrader/submissions/{submission}/")
    beside = page.locator("blockquote", has_text=TITLE)
    beside.scroll_into_view_if_needed()
    assert "One point for the baseline with its value" in " ".join(beside.inner_text().split())
    shot(page, "formgrader")
    for kind, told in (("input.score", "1.5"), ("textarea.comment", "half way")):
        with page.expect_response(lambda response: response.request.method == "PUT") as saved:
            page.locator(kind).last.fill(told)
            page.locator(kind).last.press("Tab")
        assert saved.value.ok
    assert marks(course, CHAPTER)[ident(0)].net == 21.5
    assert "Aalto Birch" not in typed("class 1", course.root).output.partition("to read, in formgrader")[2]


def the_rest_is_graded(course) -> None:
    """Everybody whose hand-in was understood, and nobody twice; who is in the table is the whole class."""
    done = typed("grade 1", course.root)
    assert done.exit_code == 0, done.output
    assert f"{len(UNDERSTOOD) - 6} graded in" in done.output and "; 6 were graded before" in done.output
    table = done.output.partition("points, 22 in all")[2]
    assert max(map(len, table.partition("\n")[2].splitlines())) <= 80
    assert table.count(" nothing") == SIZE - len(UNDERSTOOD)
    assert "to read, in formgrader: Çelik Birch" in " ".join(typed("class 1", course.root).output.split())


def for_the_meeting(course, page) -> None:
    """The page in a browser: on a phone nothing runs out of it, and everybody can read it."""
    assert typed("report all --html report.html", course.root).exit_code == 0
    page.set_viewport_size(PHONE)
    page.goto((course.root / "report.html").as_uri())
    assert f"{len(UNDERSTOOD)} graded, {SIZE - len(UNDERSTOOD)} handed in nothing" in page.locator("body").inner_text()
    shot(page, "report-phone", full_page=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def goes_out(course) -> None:
    """Grades as Canvas imports them; feedback to each LMS by the names of its own download."""
    assert [row[-1] for row in rows(course, "canvas")[2:4]] == ["21.5", "18"]
    names = {number: name for name in names_in(course, "canvas") for number, _ in [canvas_reads(name)]}
    assert sorted(names) == [people()[n][2] for n in range(9)]
    names = {moodle_reads(name): name for name in names_in(course, "moodle")}
    assert sorted(names) == ["780", "781"]
    with zipfile.ZipFile(course.root / f"feedback-{CHAPTER}.zip") as archive:
        assert archive.read(names["780"]) == course.feedback(ident(10), CHAPTER).read_bytes()


def handed_in_again_and_mended(course, tmp_path) -> None:
    again = content(CHAPTER, "2 again", filling(solutions(course, CHAPTER), "Now I know."))
    put(tmp_path / "again", {f"birchçelik_4002_950_{CHAPTER}-1.ipynb": again})
    assert "1 changed" in typed(f"collect 1 {tmp_path}/again", course.root).output

    # an exercise is mended, and worth more
    put(course.root / "exercises", {"forward_pass.py": MENDED})
    change_points(course, "accuracy-check", 6)
    before = gradebook(course), marks(course, CHAPTER)
    kept = course.root / "made-with" / "forward_pass.py"
    kept.write_text(kept.read_text().replace("points=4", "points=5", 1))  # as if the course had changed since
    dry = typed(f"regrade 1 --dry-run {SIX}", course.root)
    assert dry.exit_code == 0, dry.output
    assert (
        f"{CHAPTER}: not as in tf-first-principles" in dry.output and ": forward; to grade as then: mkdir" in dry.output
    )
    assert (gradebook(course), marks(course, CHAPTER)) == before
    told = " ".join(dry.output.split())
    assert "6 judged anew: the points of 6 change" in told, dry.output
    assert "Birch, Aalto accuracy 3 0 worth 6 instead of 3; now fails “as many images as classes”" in told, dry.output
    assert "Birch, Eòin accuracy 1 6 worth 6 instead of 3; now passes" in told, dry.output
    assert "Birch, Çelik prepare 0 3 handed in again since" in told, dry.output
    assert max(map(len, dry.output.partition("what changes")[2].splitlines())) <= 80

    done = typed(f"regrade 1 {SIX}", course.root)
    assert done.exit_code == 0 and "written" in done.output, done.output
    grades, comments = gradebook(course)
    assert grades["accuracy-check"][0] == 0
    assert grades["written-answer"] == (None, 1.5, False)  # a person's points stay, and are read
    assert comments["written-answer"] == "half way"
    now = marks(course, CHAPTER)
    assert (now[ident(0)].net, now[ident(0)].unread) == (18.5, ())
    assert now[ident(1)].net == 15.3  # 17 points, a tenth off
    assert (now[ident(2)].net, now[ident(2)].unread) == (17, ("written-answer",))
    assert typed("report 1 --html again.html", course.root).exit_code == 0
    with open(course.root / "again.csv", newline="") as file:
        (turn,) = (row for row in csv.DictReader(file) if row["made_at_first"] == "1" and row["exercise"] == "forward")
    assert (turn["right_at_last"], turn["same_at_last"]) == ("1", "0")
    again = typed(f"regrade 1 --dry-run --student {ident(0)} --student {ident(2)}", course.root)
    assert "2 judged anew: nothing changes" in again.output, again.output


def test_regrades_that_cannot_be(klass):
    refused("regrade 1", klass.root, "nobody has handed in")
    refused("regrade 1 --student nobody", klass.root, "nobody has handed in")
    refused("regrade 7", klass.root, "there is no chapter '7'")
