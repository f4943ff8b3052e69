"""What is ready at the same time is written in one transaction; who cannot be written costs nobody else anything."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console
from school import answer, check, new_course, notebook, put, scores
from sqlalchemy import event
from sqlalchemy.engine import Engine

from autograder.grading.batch import grade
from autograder.grading.executor import LocalExecutor
from autograder.grading.judges import Judges

STUDENTS = ["ada", "bob", "cleo", "dan"]


class AtOnce(LocalExecutor):
    """Whose results are all there when the first is asked for."""

    def results(self, engine, plan):
        results, ready = super().results(engine, plan), []
        while len(ready) < len(plan.todo):
            ready += next(results)
        yield ready
        yield from results


@pytest.fixture
def course(tmp_path):
    course = new_course(tmp_path)
    put(course, "ps1", {"p.ipynb": notebook(answer("f", "def f():\n    ..."), check("f-check", "assert f() == 1"))})
    for number, student in enumerate(STUDENTS):
        text = notebook(answer("f", f"def f():\n    return {number % 2}"), check("f-check", "assert f() == 1"))
        put(course, "ps1", {"p.ipynb": text}, student)
    return course


def commits_of(course, executor, **options):
    """What a run came to, and how often it committed."""
    commits = []
    note = commits.append
    event.listen(Engine, "commit", note)
    try:
        outcome = grade(course, "ps1", STUDENTS, Console(file=io.StringIO()), executor=executor, **options)
    finally:
        event.remove(Engine, "commit", note)
    return outcome, len(commits)


def points(course):
    return {student: score for (student, _, _), score in scores(course, "ps1").items()}


def test_all_that_is_ready_is_one_transaction(course):
    with Judges() as judges:
        commits_of(course, LocalExecutor(judges, 1))
        first = points(course)
        outcome, together = commits_of(course, AtOnce(judges, 1), regrade=True)
        _, nobody = commits_of(course, AtOnce(judges, 1))
    assert outcome.graded == len(STUDENTS) and points(course) == first == {"ada": 0, "bob": 2, "cleo": 0, "dan": 2}
    assert together == nobody + 1
    for student in STUDENTS:
        folder = course.autograded_folder(student, "ps1")
        assert (folder / "p.ipynb").is_file() and not list(folder.parent.glob(".*"))


STEP = """from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor


class Step(NbGraderPreprocessor):
    def preprocess(self, nb, resources):
        about = resources["nbgrader"]
        if about["student"] == "cleo":
            {line}
        return nb, resources
"""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("raise RuntimeError('stumbled')", "stumbled"),
        ("Gradebook(about['db_url'], 'other').db.rollback()", "undone"),  # else what others have got goes, too
    ],
)
def test_who_cannot_be_written_costs_nobody_else_anything(course, line, told, monkeypatch):
    monkeypatch.delitem(sys.modules, "stumbling", raising=False)
    (course.root / "stumbling.py").write_text(STEP.format(line=line))
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "c.Autograde.autograde_preprocessors.append('stumbling.Step')\n")
    with Judges() as judges:
        outcome, _ = commits_of(course, AtOnce(judges, 1))
    assert [f.student for f in outcome.failures] == ["cleo"] and told in outcome.failures[0].why
    assert outcome.graded == 3 and points(course) == {"ada": 0, "bob": 2, "dan": 2}
    assert not course.autograded_folder("cleo", "ps1").exists()
