"""Whenever `course grade` is killed, the same command goes on, and the gradebook becomes what it would have become."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from common import run
from school import answer, check, new_course, notebook, put
from sqlalchemy import create_engine

from autograder.course.folder import Course
from autograder.course.nbgrader.book import open_gradebook
from autograder.course.nbgrader.place import LINE, db_url_of, shown
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
    engine = create_engine(db_url_of(course))
    with contextlib.closing(engine.raw_connection()) as db, contextlib.closing(db.cursor()) as asked:
        if engine.name == "sqlite":
            assert asked.execute("pragma integrity_check").fetchone() == ("ok",)
        rows = asked.execute(query).fetchall()
    engine.dispose()  # SQLite has 1 for true and 2.0 where PostgreSQL has True and 2.0, and each sorts letters its own way
    return sorted(([str(value) if isinstance(value, datetime) else value for value in row] for row in rows), key=str)


def files(course):
    """What lies in autograded/: of notebooks the cells' sources."""
    found = {}
    for path in sorted((course.root / "autograded").rglob("*")):
        if path.is_file():
            name = path.relative_to(course.root).as_posix()
            found[name] = [c.source for c in read_notebook(path).cells] if path.suffix == ".ipynb" else path.read_text()
    return found


def class_in(folder: Path, url: str = "") -> Course:
    """The class before anybody has handed in. url: of its gradebook, if that is not a file."""
    folder.mkdir()
    course = new_course(folder, f"{LINE}{url!r}\n" if url else "")
    (folder / "course.toml").write_text('library = "numpy"\n')  # what is not imported need not be waited for
    cells = [
        cell
        for name in "fg"
        for cell in (answer(name, f"def {name}(): ..."), check(f"{name}-check", f"assert {name}() == 1"))
    ]
    put(course, "ps1", {"p.ipynb": notebook(*cells)})
    if url:
        course.gradebook.unlink()
        with open_gradebook(course):  # while nbgrader makes the tables, it has a folder that a kill would leave
            pass
    return course


def graded(course) -> int:
    return len(list((course.root / "autograded").glob("*/ps1/p.ipynb")))


def started(course, command: list[str], told: Path, **environment: str) -> subprocess.Popen:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with told.open("w") as file:
        environment = {**os.environ, "PATH": path, **environment}
        return subprocess.Popen(command, cwd=course.root, env=environment, stdout=file, stderr=file)


def wait_until_graded(count: int, course, process) -> None:
    while graded(course) < count:
        assert process.poll() is None
        time.sleep(0.01)


@pytest.mark.slow  # half a minute, and its kin runs with SQLite
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_with_postgresql_killed_and_its_server_started_anew_it_still_gives_the_gradebook_of_sqlite(tmp_path, postgres):
    url, told = postgres.database(), tmp_path / "told"
    quiet, killed = class_in(tmp_path / "quiet"), class_in(tmp_path / "killed", url)
    for course in (quiet, killed):
        handed_in(course, 0)
    assert run("course", "grade", "ps1", cwd=quiet.root).returncode == 0
    command = ["course", "grade", "ps1", "--jobs", "1"]
    process = started(killed, command, told)
    wait_until_graded(1, killed, process)
    process.kill()
    process.wait()
    patient = (
        "from autograder.course.nbgrader import save; save.CUT_SECONDS = {}; from autograder.cli import main; main()"
    )
    process = started(killed, [sys.executable, "-c", patient.format(0.5), *command[1:]], told)
    wait_until_graded(3, killed, process)
    postgres.stop()
    try:
        assert process.wait(300) == 1
    finally:
        postgres.start()
    said = told.read_text().splitlines()[-1]
    assert said.startswith(f"Error: the gradebook {shown(url)} cannot be used: "), said
    assert said.endswith("see to it, and go on with the same command") and "Traceback" not in told.read_text()
    before = graded(killed)
    assert before < len(STUDENTS)
    process = started(killed, command, told)
    wait_until_graded(before + 1, killed, process)
    postgres.stop(signal.SIGQUIT)
    postgres.start()
    assert process.wait(300) == 0, told.read_text()
    assert gradebook(killed) == gradebook(quiet) and files(killed) == files(quiet)
    assert len(gradebook(killed)) == 2 * 2 * len(STUDENTS) and not killed.gradebook.exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.parametrize("where", ["SQLite", "PostgreSQL"])
def test_killed_at_random_points_it_still_gives_the_same_gradebook(tmp_path, where, request):
    random.seed(os.environ.get("KILLS_SEED", "11"))
    server = request.getfixturevalue("postgres") if where == "PostgreSQL" else None
    command = ["course", "grade", "ps1", "--jobs", "2"]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    quiet = class_in(tmp_path / "quiet")
    killed = class_in(tmp_path / "killed", server.database() if server else "")
    for round_ in range(2):
        for course in (quiet, killed):
            handed_in(course, round_)
        began = time.monotonic()
        assert run(*command, cwd=quiet.root).returncode == 0
        took = time.monotonic() - began
        kills = 0
        while kills < KILLS:
            process = started(killed, command, tmp_path / "told", TMPDIR=str(temporary))
            try:
                process.wait(random.uniform(0.4 * took, took))  # before that, modules are imported
            except subprocess.TimeoutExpired:
                if server and kills % 3 == 2:
                    server.stop(random.choice([signal.SIGINT, signal.SIGQUIT]))
                    time.sleep(random.uniform(0, 3))
                    server.start()
                else:
                    process.send_signal(random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
                kills += 1
            if process.wait() == 0:
                kills += 1
                for folder in random.sample(sorted((killed.root / "autograded").iterdir()), 3):
                    shutil.rmtree(folder)  # so that there is work left
            assert "Traceback" not in (tmp_path / "told").read_text()
        done = run(*command, cwd=killed.root, TMPDIR=str(temporary))
        assert done.returncode == 0, done.stderr
        assert gradebook(killed) == gradebook(quiet)
        assert files(killed) == files(quiet)
        assert not [path for path in killed.root.rglob(".*") if path.name not in (".course-secret",)]
        assert not list(temporary.iterdir())
