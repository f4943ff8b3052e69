"""The feedback page: what it says, that nothing in it acts or is loaded, who may make it, when it is made anew."""

from __future__ import annotations

import html
import re
import sqlite3
import time

import pytest
from common import CHAPTERS, COURSE, class_of, run
from nbformat.v4 import new_output

from autograder.course.nbgrader.cell_marks import CellMark, NotebookMarks
from autograder.course.notebooks import notebook_text, read_notebook, write_text
from autograder.judging.verdict import MIME
from autograder.reports.feedback_page import About, page
from autograder.reports.text import lesson_html, mathml, students_html

CHAPTER = CHAPTERS[0]


def test_all_ways_make_the_same_page_and_it_is_made_anew_when_something_changed(tmp_path):
    school = class_of(tmp_path, CHAPTER, {"ada": True, "bob": False})
    text = "<script>alert(1)</script>\n\n[me](javascript:alert(1)) with $x^2$"
    notebook = read_notebook(school.submission("ada", CHAPTER))
    next(c for c in notebook.cells if c.id == "written-answer").source = text
    write_text(school.submission("ada", CHAPTER), notebook_text(notebook))
    assert run("course", "grade", "01", cwd=tmp_path).returncode == 0
    done = run("course", "feedback", "01", cwd=tmp_path)
    assert done.returncode == 0 and "2 pages written, 0 unchanged" in done.stdout, done.stderr
    path = school.feedback("ada", CHAPTER)
    ours = path.read_text()
    assert "20 of 22 points" in ours and "not read yet, 2 points to be given" in ours
    assert "<script" not in ours and 'href="javascript' not in ours
    assert not re.search(r"(src|href)=\"?(https?:)?//|url\(|@import", ours.partition("<details")[0])
    assert run("nbgrader", "generate_feedback", CHAPTER, "--force", cwd=tmp_path).returncode == 0
    assert path.read_text() == ours
    with sqlite3.connect(school.gradebook) as book:
        book.execute("update grade set manual_score = 1.5, needs_manual_grade = 0 where needs_manual_grade")
    done = run("course", "feedback", "01", cwd=tmp_path)
    assert "1 page written, 1 unchanged" in done.stdout, done.stdout + done.stderr
    assert "21.5 of 22 points" in path.read_text()
    (kept,) = (path.parent / "earlier").iterdir()
    assert kept.read_text() == ours
    done = run("course", "feedback", "01", "--solutions", "--student", "bob", cwd=tmp_path)
    assert "A model solution" in school.feedback("bob", CHAPTER).read_text(), done.stderr
    assert "A model solution" not in path.read_text()


def test_feedback_on_what_is_not_graded_is_a_sentence(course):
    done = run("course", "feedback", "01", cwd=course.root)
    assert done.returncode == 1 and "nothing of 01_forward_pass is graded yet" in done.stderr


@pytest.mark.parametrize(
    ("latex", "part"),
    [(r"h = \mathrm{relu}(x\,w + b)", "<mi"), (r"\frac{1}{n}", "<mfrac"), (r"a < b", "&lt;"), (r"\frac{", "<code>")],
)
def test_formulas_are_mathml_or_as_they_were_typed(latex, part):
    assert part in mathml(latex, "inline")


def test_a_formula_smuggles_nothing_in():
    for latex in (r"\text{&lt;script&gt;}", r"\href{javascript:alert(1)}{x}", r"\text{<img src=x onerror=alert(1)>}"):
        made = students_html(f"${latex}$")
        assert "<script" not in made and "<img" not in made and "href=" not in made and r"\href" not in made, made


def test_a_lessons_headings_come_below_the_pages_own():
    assert lesson_html("## Two") == lesson_html("## Two") and "<h4" in lesson_html("## Two")


def test_a_forged_verdict_breaks_no_page():
    notebook = read_notebook(COURSE.release(CHAPTER))
    check = next(c for c in notebook.cells if c.id == "prepare-check")
    told = {"exercise": "x", "outcome": "correct", "points": "<b>", "max_points": [], "cases": 3}
    data = {MIME: told, "text/html": "<script>1</script>x"}
    check.outputs = [new_output("display_data", data)]
    marks = NotebookMarks(1.0, 22.0, 0.5, {"prepare-check": CellMark(1.0, 3.0)})
    made = page(notebook, marks, About("<i>ada", CHAPTER, CHAPTER))
    assert "<script" not in made and "<i>ada" not in made
    assert "0.5 of 22 points" in made and "0.5 points are taken off" in made


def test_a_formula_that_takes_a_reader_too_long_is_shown_as_it_was_typed():
    formula = f"${chr(39).join('x' * 90_000)}$"
    started = time.monotonic()
    shown = students_html(formula, seconds=0.1)
    assert "<math" not in shown and "$x'x'" in html.unescape(shown) and time.monotonic() - started < 10
    assert students_html("$x'$", seconds=0) == "<pre>$x&#x27;$</pre>" and "<math" in students_html("$x'$")
