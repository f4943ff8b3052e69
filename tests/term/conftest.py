"""What the tests of the term share: a class of thirty, as new, and with six of it graded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commands import typed
from common import ROOT
from oddities import CHAPTER, everything, filling, ident, roster_csv

from autograder.course.folder import Course
from autograder.course.samples import chapter_exercises, mistake_source, solutions


@pytest.fixture(scope="session")
def fresh_class(tmp_path_factory) -> Path:
    """A class of thirty with chapters 01 and 02, the first due on 2 November 2026; to be copied."""
    folder = tmp_path_factory.mktemp("term")
    (folder / "canvas.csv").write_text(roster_csv(), encoding="utf-8")
    done = typed(
        f"--course {ROOT} new-class {folder}/autumn --chapters 1-2 --roster {folder}/canvas.csv"
        " --due 2026-11-02 --late per-day --timezone Europe/Vienna",
        folder,
    )
    assert done.exit_code == 0, done.output
    return folder / "autumn"


@pytest.fixture(scope="session")
def graded_once(fresh_class, tmp_path_factory) -> Path:
    """That class, collected, and six of it graded: 0 and 1 all right (1 late), 2 and 3 with each exercise's first mistake, 4 with
    the second ones, 5 untouched; 0, 2, 3 and 4 have answered the written question."""
    home = tmp_path_factory.mktemp("graded")
    course = Course(Path(shutil.copytree(fresh_class, home / "autumn")))
    right, known = solutions(course, CHAPTER), chapter_exercises(course, CHAPTER)
    fill = {0: filling(right, "Because."), 1: filling(right)}
    for n, which in ((2, 0), (3, 0), (4, 1)):
        wrong = {name: mistake_source(e, e.mistakes[which % len(e.mistakes)].answer) for name, e in known.items()}
        fill[n] = filling(wrong, "I do not know.")
    sources = everything(home / "downloads", fill)
    typed(f"collect 01 {' '.join(map(str, sources))}", course.root)
    done = typed("grade 01 " + " ".join(f"--student {ident(n)}" for n in range(6)), course.root)
    assert done.exit_code == 0, done.output
    (course.root / "said.txt").write_text(done.output)
    return home


@pytest.fixture
def graded_class(graded_once, tmp_path) -> Course:
    """For one test to spoil; the downloads lie beside it."""
    shutil.copytree(graded_once, tmp_path / "graded")
    return Course(tmp_path / "graded" / "autumn")


@pytest.fixture
def klass(fresh_class, tmp_path) -> Course:
    """That class, for one test to spoil."""
    return Course(Path(shutil.copytree(fresh_class, tmp_path / "autumn")))
