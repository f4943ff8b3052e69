"""Bad input to any command: one plain sentence, a non-zero exit, and nothing changed."""

from __future__ import annotations

import pytest
from common import CHAPTERS, run

CHAPTER = CHAPTERS[0]


def snapshot(course):
    return {p: p.read_bytes() for p in course.root.rglob("*") if p.is_file() and p.name != "gradebook.db"}


def refused(course, *command, told, cwd=None):
    before = snapshot(course)
    done = run("course", *command, cwd=cwd or course.root)
    assert done.returncode != 0
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert snapshot(course) == before


@pytest.mark.parametrize("command", ["build", "check", "grade"])
def test_no_such_chapter(course, command):
    refused(course, command, "42_nothing", told="there is no chapter '42_nothing'")


@pytest.mark.parametrize("command", ["build", "check", "grade", "bundle"])
def test_no_course_here(course, tmp_path_factory, command):
    words = [command, CHAPTER] if command == "grade" else [command]
    refused(course, *words, told="is not inside a course folder", cwd=tmp_path_factory.mktemp("elsewhere"))


def test_no_submissions(course):
    refused(course, "grade", CHAPTER, told=f"nobody has handed in {CHAPTER}")


def test_a_student_who_handed_in_nothing(course):
    (course.root / "submitted" / "ada" / CHAPTER).mkdir(parents=True)
    refused(course, "grade", CHAPTER, "--student", "bob", told="bob handed in nothing")


def test_a_damaged_source(course):
    course.source(CHAPTER).write_text("{ this is not a notebook")
    refused(course, "build", told="is damaged")


def test_help_for_every_command(course):
    done = run("course", "--help", cwd=course.root)
    assert done.returncode == 0
    for command in ("build", "check", "bundle", "grade"):
        assert command in done.stdout
        assert run("course", command, "--help", cwd=course.root).returncode == 0


def test_a_gradebook_that_is_none(course):
    (course.root / "submitted" / "ada" / CHAPTER).mkdir(parents=True)
    course.gradebook.write_text("these are not grades")
    refused(course, "grade", CHAPTER, told="is no gradebook, or a damaged one")
    assert course.gradebook.read_text() == "these are not grades"
