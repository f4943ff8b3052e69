"""The gradebook in PostgreSQL, on a real server: everything that a term asks of it, and the move there and back."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import urllib.request
from datetime import datetime, timedelta

import pytest
from browser import jupyter
from commands import refused, typed
from common import ROOT, run
from oddities import CHAPTER, ident
from postgres import GUARDED, PASSWORD
from rich.console import Console
from sqlalchemy import MetaData, create_engine, select, text
from test_instructors_page import commands

from autograder.course.build import register
from autograder.course.cells import is_check
from autograder.course.folder import Course
from autograder.course.nbgrader.book import open_gradebook
from autograder.course.nbgrader.marks import marks
from autograder.course.nbgrader.place import LINE, db_url_of, shown
from autograder.course.notebooks import notebook_text, read_notebook, write_text
from autograder.grading.batch import grade
from autograder.grading.judges import Judges
from autograder.term.new_class import config_of


def content(url: str) -> dict[str, list[tuple]]:
    """Every row of every table, as the database has it: read without nbgrader's models."""
    engine, found = create_engine(url), MetaData()
    found.reflect(engine)
    with engine.connect() as db:
        made = {
            table.name: sorted(
                (
                    tuple(row[name] for name in sorted(table.columns.keys()))
                    for row in db.execute(select(table)).mappings()
                ),
                key=repr,
            )
            for table in found.sorted_tables
        }
    engine.dispose()
    return made


def point(course, url: str) -> None:
    """As a person does it, by hand."""
    with open(course.root / "nbgrader_config.py", "a") as config:
        config.write(f"\n{LINE}{url!r}\n")


def oddly_graded(course) -> None:
    """What people and clocks leave in a gradebook."""
    with open_gradebook(course) as gradebook:
        grade = gradebook.find_grade("written-answer", CHAPTER, CHAPTER, ident(0))
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 0.1 + 0.2, 1 / 3, False
        said = gradebook.find_comment("written-answer", CHAPTER, CHAPTER, ident(0))
        said.manual_comment = "half way — “½”\n\tand \\ more %s 😀"
        there = gradebook.find_submission(CHAPTER, ident(1))
        there.timestamp, there.extension = datetime(2026, 11, 3, 1, 2, 3, 456789), timedelta(days=1, microseconds=7)
        there.notebooks[0].flagged = True
        gradebook.db.commit()


def test_there_and_back_every_row_is_as_it_was(graded_class, postgres):
    course, url = graded_class, postgres.database()
    oddly_graded(course)
    here = f"sqlite:///{course.gradebook}"
    before, config = content(here), (course.root / "nbgrader_config.py").read_text()
    assert len(before["grade"]) == 42 and len(before["alembic_version"]) == 1
    done = typed(f"move-gradebook {url} --dry-run", course.root)
    assert done.exit_code == 0 and "6 submissions, 42 grades" in done.output and "--dry-run" in done.output, done.output
    assert not any(content(url).values()) and (course.root / "nbgrader_config.py").read_text() == config
    done = typed(f"move-gradebook {url.replace('+psycopg', '')}", course.root)
    assert done.exit_code == 0 and "Every row is there as it was" in done.output, done.output
    there = content(url)
    assert {table: rows for table, rows in there.items() if table != "submitted_assignment"} == {
        table: rows for table, rows in before.items() if table != "submitted_assignment"
    }  # an interval is a time in SQLite
    assert db_url_of(course) == url and not course.gradebook.exists()
    assert marks(course, CHAPTER)[ident(0)].raw == 20 + (0.1 + 0.2) + 1 / 3
    with open_gradebook(course) as gradebook:
        found = gradebook.find_submission(CHAPTER, ident(1))
        assert (found.timestamp, found.extension) == (
            datetime(2026, 11, 3, 1, 2, 3, 456789),
            timedelta(days=1, microseconds=7),
        )
    refused(f"move-gradebook {url}", course.root, "lies in")
    done = typed("move-gradebook gradebook.db", course.root)
    assert done.exit_code == 0, done.output
    assert content(here) == before and (course.root / "nbgrader_config.py").read_text() == config
    refused(f"move-gradebook {url}", course.root, "entries already")
    assert content(here) == before and content(url) == there


def test_what_cannot_be_moved_stays(graded_class, postgres, monkeypatch):
    course, url = graded_class, postgres.database()
    with open_gradebook(course) as gradebook:
        gradebook.db.execute(text("update student set last_name = :n where id = :i"), {"n": "x" * 200, "i": ident(0)})
        gradebook.db.commit()
    before, config = course.gradebook.read_bytes(), (course.root / "nbgrader_config.py").read_text()
    refused(f"move-gradebook {url}", course.root, "student holds what cannot be kept there: value too long")
    assert content(url) == {}
    with open_gradebook(course) as gradebook:
        gradebook.db.execute(text("update student set last_name = 'x' where id = :i"), {"i": ident(0)})
        gradebook.db.execute(text("update grade set cell_id = 'gone' where id = (select min(id) from grade)"))
        gradebook.db.commit()
    refused(f"move-gradebook {url}", course.root, "1 rows of grade belong to a base_cell that is not there any more")
    assert content(url) == {} and (course.root / "nbgrader_config.py").read_text() == config
    assert course.gradebook.read_bytes() != before and not list(course.root.glob("*.before-*"))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql+psycopg://postgres@127.0.0.1:1/x", "Connection refused"),
        ("postgresql+psycopg://postgres@127.0.0.1:{port}/nowhere", 'database "nowhere" does not exist'),
        ("postgresql+psycopg://guarded@127.0.0.1:{port}/postgres", "~/.pgpass or the environment variable PGPASSWORD"),
        ("postgresql+psycopg://guarded:wr0ng@127.0.0.1:{port}/postgres", 'password authentication failed for user "guarded"'),
        ("postgresql+psycopg://u:wr0ng@h:port/x", "is no URL of a database"),
        ("nodatabase://u:wr0ng@h/x", "there is no gradebook in nodatabase"),
    ],
)  # fmt: skip
def test_a_gradebook_that_cannot_be_had_is_one_sentence(klass, postgres, monkeypatch, url, told):
    monkeypatch.setenv("PGPASSFILE", "/dev/null")
    point(klass, url.format(port=postgres.port))
    for command in ("class", "export", "move-gradebook elsewhere.db"):
        refused(command, klass.root, told)
        assert "wr0ng" not in typed(command, klass.root).output
    assert not list(klass.root.glob("elsewhere*"))


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("postgresql://postgres@127.0.0.1:1/x", "Connection refused"),
        ("'postgresql:///x?password=wr0ng'", "a password would stand in nbgrader_config.py"),
        ("postgresql://postgres@127.0.0.1", "names no database"),
        ("mysql://u:wr0ng@h/x", "lies in SQLite or PostgreSQL, and not in 'mysql'"),
        ("nowhere/g.db", "there is no such folder"),
        ("source", "it is a folder"),
        ("gradebook.db", "already"),
        ("a%b.db", "where nbgrader would look elsewhere"),
    ],
)
def test_targets_that_cannot_be(klass, target, told):
    before = {path: path.read_bytes() for path in klass.root.glob("*") if path.is_file()}
    for flag in ("", " --dry-run"):
        refused(f"move-gradebook {target}{flag}", klass.root, told)
    assert "wr0ng" not in typed(f"move-gradebook {target}", klass.root).output
    assert {path: path.read_bytes() for path in klass.root.glob("*") if path.is_file()} == before


def test_without_the_driver_it_is_said(klass, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for command in ("class", "move-gradebook gradebook.db"):
        point(klass, "postgresql+psycopg://postgres@127.0.0.1:1/x")
        refused(command, klass.root, 'pip install "psycopg[binary]"')


def test_the_page_says_what_is_so(klass, postgres, monkeypatch):
    """docs/postgresql.md, by a role that needs a password and owns the database."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    postgres.run(*(f"create database {name} owner {GUARDED}" for name in ("spring", "autumn")))
    ran = 0
    for command, lines in commands(ROOT / "docs" / "postgresql.md"):
        command, *lines = (
            line.replace("teacher@db.example.edu", f"{GUARDED}@127.0.0.1:{postgres.port}") for line in (command, *lines)
        )
        done = typed(command.removeprefix("course "), klass.root)
        assert done.exit_code == 0, f"{command}\n{done.output}"
        told = done.output.replace("\n", "")
        for line in lines:
            words = ".*".join(map(re.escape, "".join(line.split()).split("…")))
            assert re.search(words, "".join(told.split())), f"{command}\n{line!r} is not printed, but\n{done.output}"
        assert PASSWORD not in done.output
        ran += 1
    assert ran == 5
    spring, taken = klass.root.parent / "spring", postgres.url("spring", GUARDED)
    assert not list(spring.glob("*.db"))
    refused(f"new-class ../summer --gradebook {taken}", klass.root, "each class has a database of its own")
    assert not (klass.root.parent / "summer").exists()
    config = config_of(Course(spring), klass.root.parent / "winter")  # a copy of that one's, but for the gradebook
    assert taken not in config and "gradebook.db" in config.splitlines()[-1]


def test_whoever_holds_it_is_told_of_as_with_sqlite(klass, postgres, monkeypatch):
    import psycopg

    url = postgres.database()
    assert typed(f"move-gradebook {url}", klass.root).exit_code == 0
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=200ms")
    with psycopg.connect(url.replace("+psycopg", "")) as db:
        db.execute("lock table student in access exclusive mode")
        refused("class", klass.root, f"another program holds the gradebook {shown(url)}")
    assert typed("class", klass.root).exit_code == 0


class Watching(io.StringIO):
    """Where a run tells how far it is."""

    def __init__(self, then) -> None:
        super().__init__()
        self.then = then

    def write(self, told: str) -> int:
        if "graded (1 of" in told:
            self.then()
        return super().write(told)


def test_a_term_in_it(graded_class, postgres, tmp_path):
    """As with SQLite; and the connection is cut while it grades."""
    course, url = graded_class, postgres.database()
    there = typed("export --by-exercise", course.root).output, (course.root / "grades-csv.csv").read_text()
    assert typed(f"move-gradebook {url}", course.root).exit_code == 0
    shown_before = typed("class 01", course.root).output
    assert "6" in shown_before and "to read, in formgrader: Aalto Birch" in shown_before
    assert (typed("export --by-exercise", course.root).output, (course.root / "grades-csv.csv").read_text()) == there
    assert typed("report 01 --html r.html", course.root).exit_code == 0
    assert "6 pages written" in typed("feedback 01 --jobs 1", course.root).output
    told = Watching(postgres.cut)
    with Judges() as judges:
        done = grade(course, CHAPTER, [ident(n) for n in range(8)], Console(file=told), judges=judges, jobs=1)
        assert (done.graded, done.skipped, done.failures) == (2, 6, ())
    assert len(marks(course, CHAPTER)) == 8
    _read_by_hand(course, tmp_path)
    assert marks(course, CHAPTER)[ident(0)].net == 21.5
    assert typed("release-feedback 01", course.root).output.startswith("feedback of 8 students")
    assert typed("export --for canvas", course.root).exit_code == 0
    assert ",21.5\n" in (course.root / "grades-canvas.csv").read_text()
    done = run("nbgrader", "generate_feedback", CHAPTER, "--student", ident(0), "--force", cwd=course.root)
    assert done.returncode == 0 and "half way" in course.feedback(ident(0), CHAPTER).read_text(), done.stderr
    assert not course.gradebook.exists()
    _a_check_less(course, url)


def _read_by_hand(course, scratch) -> None:
    """What formgrader's page sends when a person has given points and a comment."""
    with open_gradebook(course) as gradebook:
        grade_id = gradebook.find_grade("written-answer", CHAPTER, CHAPTER, ident(0)).id
        comment_id = gradebook.find_comment("written-answer", CHAPTER, CHAPTER, ident(0)).id
        submission = gradebook.find_submission_notebook(CHAPTER, CHAPTER, ident(0)).id
    with jupyter("server", course.root, scratch, patience=60) as address:

        def ask(path: str, told: dict | None = None) -> str:
            request = urllib.request.Request(f"{address}/formgrader/{path}", headers={"Authorization": "token t"})
            if told is not None:
                request.method, request.data = "PUT", json.dumps(told).encode()
            with contextlib.closing(urllib.request.urlopen(request)) as answer:
                return answer.read().decode()

        assert "stable" in ask(f"submissions/{submission}/") or "prepare" in ask(f"submissions/{submission}/")
        assert {row["student"] for row in json.loads(ask(f"api/submissions/{CHAPTER}"))} >= {ident(0), ident(7)}
        ask(f"api/grade/{grade_id}", {"manual_score": 1.5, "extra_credit": 0})
        ask(f"api/comment/{comment_id}", {"manual_comment": "half way"})


def _a_check_less(course, url) -> None:
    """What is taken out with somebody's grades is kept in a copy, here in SQLite."""
    before = content(url)
    path = course.source(CHAPTER)
    source = read_notebook(path)
    source.cells.remove(next(cell for cell in source.cells if is_check(cell)))
    write_text(path, notebook_text(source))
    (said,) = register(course, CHAPTER)
    kept = max(course.root.glob("gradebook.before-*-*.db"))
    assert "prepare-check" in said and kept.name in said
    copied, now = content(f"sqlite:///{kept}"), content(url)
    assert copied["grade"] == before["grade"] and len(now["grade"]) == len(before["grade"]) - 8
