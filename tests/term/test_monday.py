"""A Monday of a class of thirty, by its commands: collect, grade, read, report, export, a resubmission, an exercise mended."""

from __future__ import annotations

import json

from commands import refused, typed
from oddities import CHAPTER, content, filling, ident, put
from test_export import read_question, rows

from autograder.course.nbgrader.book import open_gradebook
from autograder.course.nbgrader.marks import marks
from autograder.course.samples import solutions

MENDED = '''"""Chapter 01's exercise as this class has it: the number of images that are right."""

import tensorflow as tf
from autograder.judging.exercise import exercise


@exercise(points=6, minutes=5)
def accuracy(out, y):
    return float(tf.reduce_sum(tf.cast(tf.math.in_top_k(y, out, 1), tf.float32)))


@accuracy.case("some right, some wrong")
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


def test_a_monday(graded_class, tmp_path):
    course = graded_class
    read_question(course, ident(0), 1.5, "half way")
    assert "to read, in formgrader: Çelik Birch" in " ".join(typed("class 1", course.root).output.split())
    assert [row[-1] for row in rows(course, "canvas")[2:4]] == ["21.5", "18"]

    # 2 hands in again, and has it right now
    again = content(CHAPTER, "2 again", filling(solutions(course, CHAPTER), "Now I know."))
    put(tmp_path / "again", {f"birchçelik_4002_950_{CHAPTER}-1.ipynb": again})
    assert "1 changed" in typed(f"collect 1 {tmp_path}/again", course.root).output

    # an exercise is mended, and worth more
    put(course.root / "exercises", {"forward_pass.py": MENDED})
    change_points(course, "accuracy-check", 6)
    before = gradebook(course), marks(course, CHAPTER)
    dry = typed(f"regrade 1 --dry-run {SIX}", course.root)
    assert dry.exit_code == 0, dry.output
    assert (gradebook(course), marks(course, CHAPTER)) == before
    told = " ".join(dry.output.split())
    assert "6 judged anew: the points of 6 change" in told, dry.output
    assert "Birch, Aalto accuracy 3 0 worth 6 instead of 3; now fails “some right, some wrong”" in told, dry.output
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
    again = typed(f"regrade 1 --dry-run {SIX}", course.root)
    assert "6 judged anew: nothing changes" in again.output, again.output


def test_regrades_that_cannot_be(klass):
    refused("regrade 1", klass.root, "nobody has handed in")
    refused("regrade 1 --student nobody", klass.root, "nobody has handed in")
    refused("regrade 7", klass.root, "there is no chapter '7'")
