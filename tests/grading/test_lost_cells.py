"""Cells that have lost their ids are told by what is in them; what cannot be found is for a person to look at, and no zero."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import sys

import nbformat
import pytest
from common import CHAPTERS, COURSE, class_of, run
from nbformat.v4 import new_markdown_cell
from rich.console import Console
from school import answer, check, graded, new_course, notebook, put, scores, text

from autograder.course.cells import TO_LOOK_AT
from autograder.course.cells import graded as about
from autograder.course.notebooks import notebook_text, read_notebook, write_text
from autograder.grading.judges import Judges
from autograder.grading.order import repair
from autograder.reports.feedback import feedback
from autograder.reports.page import sections
from autograder.reports.report import class_report
from autograder.reports.table import read_grades, table
from autograder.term.export import export

CHAPTER = CHAPTERS[0]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")


def stripped(nb, *, minor=4):
    """As another editor leaves it: no ids, no metadata, blanks at the ends of lines."""
    for cell in nb.cells:
        cell.pop("id", None)
        cell["metadata"] = nbformat.NotebookNode()
        cell.source += "\n" if cell.cell_type == "code" else ""
    nb.nbformat_minor = minor
    return nb


def test_every_cell_of_a_chapter_is_found_by_its_source():
    master, nb = read_notebook(COURSE.release(CHAPTER)), stripped(read_notebook(COURSE.release(CHAPTER)))
    for cell in nb.cells:
        if cell.source.startswith("def prepare"):
            cell.source = "import math\n\ndef helper(): pass\n\ndef prepare(x, y):\n    return x, y\n"
        elif cell.source.startswith("check(init_params"):
            cell.source = "check( init_params )"
        elif cell.source.startswith("*Write your answer here"):
            cell.source = "The loss of a network that answers 0 to everything is .1."
    repair(nb, master)
    nbformat.validate(nb)
    names = [about(c)["grade_id"] for c in nb.cells if about(c)]
    assert names == [about(c)["grade_id"] for c in master.cells if about(c)]
    found = {about(c)["grade_id"]: c.source for c in nb.cells if about(c)}
    assert "helper" in found["prepare"] and found["written-answer"].startswith("The loss of")
    assert found["init_params-check"] == "check(init_params)"
    assert len(nb.cells) == len(master.cells) and TO_LOOK_AT not in nb.metadata


def test_the_last_cell_that_defines_a_name_is_its_answer_and_a_lesson_is_none():
    master = nbformat.reads(notebook(answer("f", "def f(): ..."), text("def g"), answer("g", "def g(): ...")), 4)
    nb = nbformat.reads(
        notebook(answer("f", "def f(): return 1"), text("def g"), answer("g", "def f(): return 2\nx = 1")), 4
    )
    stripped(nb)
    notes = repair(nb, master)
    assert [c.source for c in nb.cells if about(c).get("grade_id") == "f"] == ["def f(): return 2\nx = 1\n"]
    assert nb.metadata.get(TO_LOOK_AT) is None and any("g was not found" in note for note in notes)


def test_an_old_notebook_with_a_missing_cell_becomes_a_valid_one():
    master = read_notebook(COURSE.release(CHAPTER))
    nb = read_notebook(COURSE.release(CHAPTER))
    nb.cells = [cell for cell in nb.cells if about(cell).get("grade_id") not in ("prepare", "forward-check")]
    for cell in nb.cells:
        del cell["id"]
    nb.nbformat_minor = 4
    repair(nb, master)
    nbformat.validate(nb)
    assert all("id" not in cell for cell in nb.cells)
    assert nb.metadata[TO_LOOK_AT] == ["prepare-check"]


def test_ids_that_the_format_does_not_have_yet_harm_nobody(tmp_path):
    raw = json.loads(COURSE.release(CHAPTER).read_text())
    raw["nbformat_minor"] = 4
    (tmp_path / "x.ipynb").write_text(json.dumps(raw))
    nbformat.validate(read_notebook(tmp_path / "x.ipynb"))


def test_the_mark_that_some_editors_put_before_a_text_harms_nobody(tmp_path):
    (tmp_path / "x.ipynb").write_text(notebook(answer("f", "é = 1")), encoding="utf-8-sig")
    assert read_notebook(tmp_path / "x.ipynb").cells[0].source == "é = 1"


@pytest.fixture(scope="module")
def judges():
    with Judges() as judges:
        yield judges


def test_what_is_not_found_is_said_and_is_no_zero(tmp_path, judges):
    course = new_course(tmp_path)
    f, g = answer("f", "def f(): ..."), answer("g", "def g(): ...")
    checks = check("f-check", "assert f() == 1"), check("g-check", "assert g() == 1", 3)
    put(course, "ps1", {"p.ipynb": notebook(f, checks[0], g, checks[1])})
    put(course, "ps1", {"p.ipynb": notebook(answer("f", "def f(): return 1"), *checks)}, "ada")
    put(course, "ps1", {"p.ipynb": notebook(f, checks[0], answer("g", "def g(): return 1"), checks[1])}, "bob")
    forged = nbformat.reads(notebook(f, checks[0], g, checks[1]), 4)
    forged.metadata[TO_LOOK_AT] = ["f-check"]
    put(course, "ps1", {"p.ipynb": notebook_text(forged)}, "mallory")
    outcome = graded(course, "ps1", judges)
    assert [note.partition(":")[0] for note in outcome.notes] == ["ada"] and "g-check" in outcome.notes[0]
    rows = {row.student: row for row in read_grades(course, "ps1")}
    assert [(name, row.to_grade, set(row.open)) for name, row in rows.items()] == [("ada", 1, {"g"}), ("bob", 0, set()), ("mallory", 0, set())]  # fmt: skip
    made = table(course, "ps1", list(rows.values()), 200)
    assert [list(column.cells)[0] for column in made.columns] == ["ada", "2", "?", "", "2"]
    page = "\n".join(c.source for c in read_notebook(course.autograded_folder("ada", "ps1") / "p.ipynb").cells)
    (shown,) = (
        c
        for c in read_notebook(course.autograded_folder("ada", "ps1") / "p.ipynb").cells
        if about(c).get("grade_id") == "g-check"
    )
    assert "To look at" in shown.outputs[0].data["text/html"] and shown.outputs[1].ename == "NameError"
    assert "This cell was not found" in page and "Not found in what was handed in: the answers to g-check" in page
    with sqlite3.connect(course.gradebook) as db:
        query = "select count(*) from grade where needs_manual_grade and auto_score = 0"
        assert db.execute(query).fetchall() == [(1,)]
    assert graded(course, "ps1", judges).skipped == 3
    assert scores(course, "ps1")["bob", "p", "g-check"] == 3


def test_nbgraders_own_command_tells_them_alike(tmp_path):
    """Of a class whose editors have lost everything: full marks, but for what one has deleted."""
    school = class_of(tmp_path, CHAPTER, {"ada": True, "bob": True})
    for student in ("ada", "bob"):
        path = school.submission(student, CHAPTER)
        nb = stripped(read_notebook(path))
        if student == "bob":
            nb.cells = [cell for cell in nb.cells if not cell.source.startswith("def accuracy")]
        nb.cells.insert(0, new_markdown_cell("mine"))
        del nb.cells[0]["id"]
        write_text(path, notebook_text(nb))
    for command in (["nbgrader", "autograde"], ["course", "grade", "--regrade"]):
        if command[0] == "nbgrader":
            assert run("nbgrader", "generate_assignment", CHAPTER, "--force", cwd=school.root).returncode == 0
        done = run(*command, CHAPTER, cwd=school.root)
        assert done.returncode == 0, done.stderr
        ada, bob = read_grades(school, CHAPTER)
        assert ada.total == ada.maximum and not ada.open and bob.open == {"accuracy"}
        assert bob.total == bob.maximum - bob.points["accuracy"][1]
        (shown,) = (
            c
            for c in read_notebook(school.autograded("bob", CHAPTER)).cells
            if about(c).get("grade_id") == "accuracy-check"
        )
        assert "To look at" in shown.outputs[0].data["text/html"]  # formgrader's page shows the first type of these
        assert "not attempted" not in "".join(o.data.get("text/html", "") for o in shown.outputs)
    assert "bob: the answers to accuracy-check were not found" in done.stdout and "?" in done.stdout
    every_report_says_so(school)


def every_report_says_so(school):
    """Text, page, feedback, export: bob's accuracy is to look at, no zero and not "not attempted"; then a person gives points."""

    def accuracy():
        (line,) = (e for e in class_report(school, CHAPTER).exercises if e.name == "accuracy")
        (section,) = sections(school, [CHAPTER])
        return line, section, next(i for i in section.items if i.name == "accuracy")

    line, section, item = accuracy()
    assert line.outcomes == {"correct": 1, "to look at": 1} and line.points == line.maximum
    assert (item.outcomes, item.students, item.share) == ({"correct": 1, "to look at": 1}, 1, 1.0)
    told = "accuracy: to look at in formgrader, for its answer was not found in the notebook"
    assert section.people[told] == ["bob"], section.people
    assert not any(what.startswith("to read") and "accuracy-check" in what for what in section.people)
    exported = export(school, [CHAPTER], "csv", by_exercise=True)
    titles, _, bob = csv.reader(exported.text.splitlines())
    assert bob[titles.index(f"{CHAPTER}: accuracy")] == "" and "bob" in "".join(exported.notes)
    feedback(school, CHAPTER, Console(file=io.StringIO()))
    page = school.feedback("bob", CHAPTER).read_text()
    assert "accuracy</code></a>: to look at, " in page and "not attempted" not in page
    with sqlite3.connect(school.gradebook) as db:
        query = "update grade set manual_score = 1, needs_manual_grade = 0 where needs_manual_grade and auto_score is not null"
        db.execute(query + " and cell_id in (select id from base_cell where name = 'accuracy-check')")
    line, section, item = accuracy()
    assert line.outcomes == item.outcomes == {"correct": 1, "looked at": 1} and told not in section.people
    feedback(school, CHAPTER, Console(file=io.StringIO()))
    page = school.feedback("bob", CHAPTER).read_text()
    assert "accuracy</code></a>: looked at, 1 of " in page and "not attempted" not in page
