"""Whenever `course grade` is killed, the same command goes on, and the gradebook becomes what it would have become."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from common import run
from school import answer, check, new_course, notebook, put

from autograder.course.notebooks import read_notebook

STUDENTS = [f"s{number}" for number in range(8)]
KILLS = int(os.environ.get("KILLS", 15))


def handed_in(course, round_):
    """Each with one right, one wrong, one that is not found, in turn; in the second round, resubmitted."""
    for number, student in enumerate(STUDENTS):
        right = [(number + round_) % 3 > 0, (number + round_) % 2 > 0]
        cells = []
        for name, good in zip("fg", right):
            if not (name == "g" and (number + round_) % 4 == 3):
                cells.append(answer(name, f"def {name}():\n    return {int(good)}"))
            cells.append(check(f"{name}-check", f"assert {name}() == 1"))
        put(course, "ps1", {"p.ipynb": notebook(*cells), "data.txt": str(round_)}, student)


def gradebook(course):
    """All that it knows, but for numbers that it gives out by itself."""
    query = (
        "select s.student_id, s.timestamp, m.name, b.name, g.auto_score, g.manual_score, g.needs_manual_grade, c.auto_comment, "
        "k.max_score from grade g join base_cell b on b.id = g.cell_id join grade_cells k on k.id = g.cell_id "
        "join submitted_notebook n on n.id = g.notebook_id join notebook m on m.id = n.notebook_id "
        "join submitted_assignment s on s.id = n.assignment_id left join comment c on c.notebook_id = n.id "
        "order by 1, 3, 4, 8"
    )
    with sqlite3.connect(course.gradebook) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        return db.execute(query).fetchall()


def files(course):
    """What lies in autograded/: of notebooks the cells' sources."""
    found = {}
    for path in sorted((course.root / "autograded").rglob("*")):
        if path.is_file():
            name = path.relative_to(course.root).as_posix()
            found[name] = [c.source for c in read_notebook(path).cells] if path.suffix == ".ipynb" else path.read_text()
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_killed_at_random_points_it_still_gives_the_same_gradebook(tmp_path):
    random.seed(os.environ.get("KILLS_SEED", "11"))
    command = ["course", "grade", "ps1", "--jobs", "2"]
    environment = {"TMPDIR": str(tmp_path / "temporary")}
    (tmp_path / "temporary").mkdir()
    (tmp_path / "quiet").mkdir()
    quiet = new_course(tmp_path / "quiet")
    cells = [
        cell
        for name in "fg"
        for cell in (answer(name, f"def {name}(): ..."), check(f"{name}-check", f"assert {name}() == 1"))
    ]
    put(quiet, "ps1", {"p.ipynb": notebook(*cells)})
    handed_in(quiet, 0)
    shutil.copytree(quiet.root, tmp_path / "killed")
    killed = type(quiet)(tmp_path / "killed")
    for round_ in range(2):
        for course in (quiet, killed):
            handed_in(course, round_)
        started = time.monotonic()
        assert run(*command, cwd=quiet.root).returncode == 0
        took = time.monotonic() - started
        kills = 0
        while kills < KILLS:
            path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
            with subprocess.Popen(
                command, cwd=killed.root, env={**os.environ, **environment, "PATH": path}, stdout=subprocess.DEVNULL
            ) as process:
                try:
                    process.wait(random.uniform(0.4 * took, took))  # before that, modules are imported
                except subprocess.TimeoutExpired:
                    process.send_signal(random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
                    kills += 1
                if process.wait() == 0:
                    kills += 1
                    for folder in random.sample(sorted((killed.root / "autograded").iterdir()), 3):
                        shutil.rmtree(folder)  # so that there is work left
        done = run(*command, cwd=killed.root, **environment)
        assert done.returncode == 0, done.stderr
        assert gradebook(killed) == gradebook(quiet)
        assert files(killed) == files(quiet)
        assert not [path for path in killed.root.rglob(".*") if path.name not in (".course-secret",)]
        assert not list((tmp_path / "temporary").iterdir())
