"""Grades on their way out: the table on the terminal, what an LMS imports, and everybody's page of feedback."""

from __future__ import annotations

import csv
import io
import os
import shutil
import zipfile

import pytest
from commands import refused, typed
from common import run
from oddities import CHAPTER, SIZE, content, filling, ident, people, put

from autograder.course.nbgrader.book import open_gradebook
from autograder.course.nbgrader.marks import marks
from autograder.reports.table import table  # noqa: F401  its room is imported once
from autograder.term.release import as_lms_wants


def read_question(course, student: str, points: float, comment: str) -> None:
    """As formgrader does it."""
    with open_gradebook(course) as gradebook:
        grade = gradebook.find_grade("written-answer", CHAPTER, CHAPTER, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.find_comment("written-answer", CHAPTER, CHAPTER, student).manual_comment = comment
        gradebook.db.commit()


def rows(course, form: str, more: str = "") -> list[list[str]]:
    done = typed(f"export --for {form} {more}", course.root)
    assert done.exit_code == 0, done.output
    return list(csv.reader(io.StringIO((course.root / f"grades-{form}.csv").read_text(encoding="utf-8"))))


def names_in(course, how: str) -> list[str]:
    """What the zip of feedback for an LMS holds."""
    done = typed(f"release-feedback 1 --to {how}", course.root)
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(course.root / f"feedback-{CHAPTER}.zip") as archive:
        return archive.namelist()


def test_the_table_has_names_lateness_and_who_handed_in_nothing(graded_class):
    lines = (graded_class.root / "said.txt").read_text().splitlines()
    assert max(map(len, lines[6:])) <= 80  # after the progress, which names ids in full
    told = {line.strip()[:13].strip(): line.split() for line in lines}
    assert told["Birch, Aalto"][2:] == ["3", "3", "4", "4", "3", "3", "?", "20"]
    assert told["Birch, Béla"][2:] == ["3", "3", "4", "4", "3", "3", "0", "−2", "18"]
    assert told["Juniper, Béla"][-1] == "nothing"
    assert told["Cedar, Aalto"][-2:] == ["not", "graded"]


def test_canvas_imports_it(graded_class):
    header, possible, *students = rows(graded_class, "canvas")
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", CHAPTER]
    assert possible == ["    Points Possible", "", "", "", "", "22"]
    assert len(students) == SIZE
    assert students[0] == ["Birch, Aalto", "4000", "R4000", ident(0), "A", "20"]
    assert students[1][-1] == "18"  # one day late, by Canvas's mark
    assert students[9][-1] == ""
    read_question(graded_class, ident(0), 1.5, "half way")
    read_question(graded_class, ident(1), 2, "though late")
    done = typed("export --for canvas --zero", graded_class.root)
    assert (
        "unread questions, and answers to look at, left out of the points of: Çelik Birch, Dario Birch, Eòin Birch\n"
        in done.output
    )
    assert "handed in nothing: Dario Cedar" in done.output and "lateness (per-day): Béla Birch" in done.output
    _, _, *students = rows(graded_class, "canvas", "--zero")
    assert [students[n][-1] for n in (0, 1, 9)] == ["21.5", "19.8", "0"]


def test_by_exercise_the_columns_add_up(graded_class):
    header, _, *students = rows(graded_class, "canvas", "--by-exercise 1")
    assert header[5] == f"{CHAPTER}: prepare" and header[-1] == f"{CHAPTER}: late"
    assert sum(float(cell or 0) for cell in students[1][5:]) == 18


@pytest.mark.parametrize(("form", "key"), [("moodle", "Email address"), ("blackboard", "Username"), ("csv", "id")])
def test_others_know_students_by_their_own_ids(graded_class, form, key):
    header, first, *_ = rows(graded_class, form)
    told = dict(zip(header, first))
    assert told[key] == ident(0)
    assert told[f"{CHAPTER} [Total Pts: 22 Score]" if form == "blackboard" else CHAPTER] == "20"


def test_exports_that_cannot_be(graded_class, klass):
    refused("export", klass.root, "is graded yet")
    refused("export 01 -o nowhere/x.csv", graded_class.root, "there is no folder")
    roster = graded_class.root / "roster.csv"
    roster.write_text(roster.read_text().replace(",4000,", ",,"))
    refused("export --for canvas", graded_class.root, f"roster.csv has no lms_id of {ident(0)}")
    assert not list(graded_class.root.glob("grades-*"))


def test_a_late_policy_of_another_kind(graded_class):
    settings = graded_class.root / "class.toml"
    settings.write_text(settings.read_text().replace('policy = "per-day"', 'policy = "zero"'))
    assert marks(graded_class, CHAPTER)[ident(1)].net == 0
    assert typed("class 1", graded_class.root).exit_code == 0
    with open_gradebook(graded_class) as gradebook:  # what formgrader and the page of feedback show
        (notebook,) = gradebook.find_submission(CHAPTER, ident(1)).notebooks
        assert notebook.late_submission_penalty == notebook.score == 20
    settings.write_text(settings.read_text().replace("[late]\n", "[late]\nshare = 2\n").replace("share = 0.1\n", ""))
    refused("export", graded_class.root, "share is 2; it is a number from 0 to 1")


def test_feedback_goes_back_as_it_came(graded_class):
    first, last, number, _ = people()[0]
    done = typed("release-feedback 1 --to canvas", graded_class.root)
    assert done.exit_code == 0 and "feedback of 6 students" in done.output, done.output
    with zipfile.ZipFile(graded_class.root / f"feedback-{CHAPTER}.zip") as archive:
        assert f"{last}{first}_{number}_900_{CHAPTER}.html".lower() in archive.namelist()
        assert len(archive.namelist()) == 6
    refused("release-feedback 1 --to moodle", graded_class.root, "came in a download of Moodle's")
    page = graded_class.feedback(ident(0), CHAPTER)
    before = page.stat().st_mtime_ns
    for _ in range(2):
        assert typed("release-feedback 1", graded_class.root).exit_code == 0
    assert page.stat().st_mtime_ns == before  # nothing has changed since
    assert (graded_class.root / f"feedback-{CHAPTER}" / ident(0) / f"{CHAPTER}.html").read_bytes() == page.read_bytes()
    (graded_class.root / "mine").mkdir()
    refused("release-feedback 1 -o mine", graded_class.root, "not of this command's making")
    _to_the_exchange(graded_class)


def canvas_reads(name: str) -> tuple[str, ...]:
    """(student's number, file's number) that Canvas reads out of the name of an uploaded file."""
    return tuple([word for word in name.split("_") if word.isdigit()][:2])


def moodle_reads(name: str) -> str:
    """The number of the participant that Moodle reads out of a path in an uploaded zip; empty, if it takes no notice of it."""
    words = name.split("_", 4)
    return words[1] if len(words) == 5 and words[1].isdigit() and words[2:4] == ["assignsubmission", "file"] else ""


@pytest.mark.parametrize(
    ("came", "how", "back"),
    [
        ("d.zip/birchana_LATE_12_34_01_forward_pass-1.ipynb", "canvas", "birchana_LATE_12_34_01_forward_pass-1"),
        ("birchana_12_34_hand-in.zip/a/x.ipynb", "canvas", "birchana_12_34_hand-in"),
        ("d.zip/Ana Birch_77_assignsubmission_file_/x.ipynb", "moodle", "Ana Birch_77_assignsubmission_file_"),
        ("Ana Birch_77_assignsubmission_file/x.ipynb", "moodle", "Ana Birch_77_assignsubmission_file_"),
        ("Group A_Ana Birch_77_assignsubmission_file_x.ipynb", "moodle", "Group A Ana Birch_77_assignsubmission_file_"),
        ("1-2 - Ana Birch - Nov 1, 2026 1103 AM/x.ipynb", "brightspace", "1-2 - Ana Birch - Nov 1, 2026 1103 AM"),
        ("1-2 - Ana Birch - Nov 1, 2026 1103 AM - x.ipynb", "brightspace", "1-2 - Ana Birch - Nov 1, 2026 1103 AM"),
        ("Ana Birch - x.ipynb", "canvas", ""),
        ("birchana_12_34_x.ipynb", "moodle", ""),
    ],
)
def test_what_each_lms_calls_it(came, how, back):
    assert as_lms_wants(came, how) == back
    if back and how == "canvas":
        assert canvas_reads(f"{back}.html") == ("12", "34")
    if back and how == "moodle":
        assert moodle_reads(f"{back}/x.html") == "77"


def _to_the_exchange(course):
    """One student's hand-in came through it, with a timestamp; another's without; the others' by other ways."""
    exchange = course.root.parent / "exchange"
    exchange.mkdir()
    os.chmod(exchange, 0o777)
    with open(course.root / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.Exchange.root = {str(exchange)!r}\n")
    for n in (0, 1):
        (course.root / "feedback" / ident(n) / CHAPTER / "submission_secret.txt").write_text(f"secret {n}")
    (course.root / "feedback" / ident(0) / CHAPTER / "timestamp.txt").unlink(missing_ok=True)
    done = typed("release-feedback 1 --to exchange", course.root)
    assert done.exit_code == 0 and "feedback of 2 students" in done.output, done.output
    assert f"{ident(2)} handed in outside of the exchange" in done.output
    pages = exchange / "autumn" / "feedback"
    assert len(list(pages.glob("*.html"))) == 2
    shutil.rmtree(pages)
    done = run("nbgrader", "release_feedback", CHAPTER, cwd=course.root)  # as formgrader's button does it
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert len(list(pages.glob("*.html"))) == 2


def test_who_hands_in_again_is_not_late_by_the_hand_in_before(graded_class):
    first, last, number, _ = people()[1]
    name = f"{last}{first}_{number}_950_{CHAPTER}-2.ipynb".lower()
    put(graded_class.root.parent / "again", {name: content(CHAPTER, "1 again", filling({}, "Now."))})
    assert marks(graded_class, CHAPTER)[ident(1)].penalty == 2
    assert typed("collect 1 ../again", graded_class.root).exit_code == 0
    told = typed("export", graded_class.root).output
    assert "handed in again, and not graded since: Béla Birch" in told and "lateness" not in told
    assert marks(graded_class, CHAPTER)[ident(1)].penalty == 0
