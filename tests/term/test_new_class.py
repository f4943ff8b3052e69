"""A class folder: what is in it, what a roster may look like, dates and what lateness costs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from commands import refused, typed
from common import ROOT
from oddities import SIZE

from autograder.course.folder import CourseError
from autograder.course.nbgrader.book import open_gradebook
from autograder.course.roster import bare, students_of
from autograder.course.settings import Late, read_settings, settings_of
from autograder.term.new_class import chosen

HERE = f"--course {ROOT} new-class"


def test_a_class_folder_has_all_that_a_term_needs(klass):
    assert klass.chapters() == ["01_forward_pass", "02_gradients_and_activations"]
    assert (klass.root / ".course-secret").stat().st_mode & 0o077 == 0
    assert read_settings(klass).due == {
        "01_forward_pass": datetime(2026, 11, 2, 22, 59, tzinfo=UTC),
        "02_gradients_and_activations": datetime(2026, 11, 9, 22, 59, tzinfo=UTC),
    }
    with open_gradebook(klass) as gradebook:
        assert len(gradebook.students) == SIZE
        assert gradebook.find_assignment("01_forward_pass").duedate == datetime(2026, 11, 2, 22, 59)
    shown = typed("class", klass.root)
    assert shown.exit_code == 0 and f"0 of {SIZE}" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    again = typed("--course . new-class ../next --chapters 1", klass.root)  # next term is one command
    assert again.exit_code == 0, again.output
    config = (klass.root.parent / "next" / "nbgrader_config.py").read_text()
    assert config.count("ClassLatePolicy") == 1 and 'course_id = "next"' in config


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("x --chapters 1-12", "there is no chapter 10"),
        ("x --chapters one", "is no list of chapters"),
        ("x --due tomorrow", "is no date"),
        ("x --due 42=2026-11-02", "there is no chapter '42'"),
        ("x --chapters 1 --due 2=2026-11-02", "not among the chosen"),
        ("x --timezone Moon/Base", "there is no time zone"),
        ("x --roster nothing.csv", "cannot be read"),
        (f"{ROOT}/docs/x", "lies inside of the course folder"),
        ("full", "is there already"),
        ("what%", "has % in its path"),
    ],
)
def test_a_class_that_cannot_be_made(tmp_path, words, told):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    refused(f"{HERE} {words}", tmp_path, told)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"]


def test_chapters_by_number():
    there = [f"{n:02d}_x" for n in range(1, 10)]
    assert chosen(there, "1-3,9, 2") == ["01_x", "02_x", "03_x", "09_x"]


ROSTERS = {
    "canvas": (
        'Student,ID,SIS User ID,SIS Login ID,Section\n"Birch, Ana",7,R7,ana@uni,A\n"Student, Test",8,,,A\n',
        "utf-8",
    ),
    "moodle": ("First name;Surname;ID number;Email address;Groups\nAna;Birch;R7;ana@uni;A\n", "utf-8-sig"),
    "blackboard": (
        "Last Name\tFirst Name\tUsername\tStudent ID\tAvailability\nBirch\tAna\tana@uni\tana@uni\tYes\n",
        "utf-16",
    ),
    "ours": ("id,name,email\nana@uni,Ana Birch,ana@uni\n\n", "utf-8"),
    "brightspace": (
        "OrgDefinedId,Username,Last Name,First Name,Email,End-of-Line Indicator\n#77,#ana@uni,Birch,Ana,ana@uni,#\n",
        "utf-8",
    ),
    "github": ('"identifier","github_username","github_id","name"\n"ana@uni","annie","5","Ana Birch"\n', "utf-8"),
    "excel": (
        'sep=;\nStudenten 2026;;\n;;\nVorname;Nachname;E-Mail-Adresse;Matrikelnummer\nAna;Birch;ana@uni;="007"\n',
        "utf-8-sig",
    ),
    "of numbers": ("id,name,ID number\nana@uni,Ana\u00a0Birch ,77.0\n", "utf-8"),
    "windows": ("Name;E-Mail\nAna Birch;ana@uni\n", "cp1252"),
}


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ('="007"', "007"),
        ("'007", "007"),
        ("'t Hooft", "'t Hooft"),
        ("#ana", "ana"),
        ("#", "#"),
        ("\ufeff a\u00a0b ", "a b"),
        ("", ""),
    ],
)
def test_what_is_put_around_a_cell(cell, told):
    assert bare(cell) == told


@pytest.mark.parametrize("kind", ROSTERS)
def test_a_roster_of_any_kind(tmp_path, kind):
    text, encoding = ROSTERS[kind]
    (tmp_path / "r.csv").write_text(text, encoding=encoding)
    (student,) = students_of(tmp_path / "r.csv")
    assert (student.id, student.name) == ("ana@uni", "Ana Birch")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("colour,shape\nred,round\n", "no column"),
        ("id,name\n", "holds no student"),
        ("id,name\nana,A\nANA,B\n", "have the same id"),
        ("id\n../ana\n", "cannot be a folder's name"),
        ("id\nan*a\n", "cannot be a folder's name"),
        ("id,name\n1.23457E+11,A\n", "what a spreadsheet makes of a long number"),
        ("PK\3\4...", "save it there as CSV"),
        ("id,section\n,A\n", "nobody can be told by this"),
    ],
)
def test_a_roster_that_does_not_do(tmp_path, text, told):
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(CourseError, match=told):
        students_of(tmp_path / "r.csv")


@pytest.mark.parametrize(
    ("late", "seconds", "penalty"),
    [
        (Late(), 1e9, 0),
        (Late("zero"), 1, 8),
        (Late("zero", grace_minutes=10), 600, 0),
        (Late("per-day"), 0, 0),
        (Late("per-day"), 1, 0.8),
        (Late("per-day"), 86401, 1.6),
        (Late("per-day"), 1e9, 8),
    ],
)
def test_what_lateness_costs(late, seconds, penalty):
    assert late.penalty(8, seconds) == pytest.approx(penalty)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"due": {"99_x": "2026-11-02"}}, "no chapter here"),
        ({"due": {"01_x": 5}}, "is no date"),
        ({"due": 5}, "is a table"),
        ({"late": {"policy": "harsh"}}, "there are none, per-day, zero"),
        ({"late": {"share": 7}}, "from 0 to 1"),
        ({"late": {"grace_minutes": True}}, "number of minutes"),
        ({"timezone": "Moon"}, "no time zone"),
    ],
)
def test_settings_that_do_not_fit(told, why):
    with pytest.raises(CourseError, match=why):
        settings_of(told, ["01_x"], Path("class.toml"))
