"""What `check` says at home is what the grader says: outcome, points and hint, for every answer that the tests know.

At home: a released notebook in a real kernel, outside of any course folder, with none of nbgrader's environment; the verdict is
read off the check cell's output. At the grader: the same notebook through the engine; the points are those that nbgrader reads
off the check cell. A notebook holds the k-th answer to each of its exercises, so a chapter needs as many as its longest list.
The draws differ (the grader's are secret, and `check` judges several): an answer whose points depend on them fails here, but for
the few in BY_CHANCE.
"""

from __future__ import annotations

import sys
from itertools import islice, zip_longest
from pathlib import Path

import nbformat
import pytest
from common import CHAPTERS, COURSE, ROOT, right_answers, wrong_answers
from home import Home
from nbformat import NotebookNode
from nbgrader.utils import determine_grade

from autograder.course.cells import graded, is_lesson
from autograder.course.samples import chapter_exercises, mistake_source, solutions
from autograder.grading.judges import Job, Judges
from autograder.judging.exercise import Exercise
from autograder.judging.topics import topic_of
from autograder.judging.verdict import MIME

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no fork: notebooks are graded in the kernel"
)
MODULE = "the-answers"  # a cell of the student's own, with all that the answers of this chapter use
BY_CHANCE = {
    "noisy_circle": (3, 4, 5, 9),  # which of its tests sees a wrong distribution is a matter of the sample
}
"""Of the wrong answers those whose points depend on the draw: only the outcome must agree."""
SAMPLE = (CHAPTERS[0], CHAPTERS[4])


@pytest.fixture(scope="module")
def judge():
    with Judges() as judges, judges.lend() as lent:
        yield lent


def typed(exercise: Exercise, first_only: bool) -> dict[str, str]:
    """What may stand in this exercise's cell: a name for it → its source. Right answers and mistakes take turns."""
    topic, name = exercise.chapter, exercise.name
    mistakes = {f"mistake: {m.hint}": mistake_source(exercise, m.answer) for m in exercise.mistakes}
    others = {
        f"{kind}[{name!r}][{k}]": f"{name} = {kind}[{name!r}][{k}]"
        for kind, answers in (("ANSWERS", right_answers(topic)), ("WRONG", wrong_answers(topic)))
        for k in range(len(answers.get(name, ())))
    }
    if first_only:
        return dict([*islice(others.items(), 1), *islice(mistakes.items(), 1)])
    return {"the solution": solutions(COURSE, COURSE.chapter_of(topic))[name], **mistakes, **others}


def notebooks(chapter: str, first_only: bool = False) -> list[dict[str, tuple[str, str]]]:
    """exercise → (what this is, source), for every notebook that is handed in. A list that has ended goes on with its last."""
    lists = {name: list(typed(e, first_only).items()) for name, e in chapter_exercises(COURSE, chapter).items()}
    rows = zip_longest(*lists.values())
    return [{name: answer for name, answer in zip(lists, row, strict=True) if answer is not None} for row in rows]


def filled(chapter: str, answers: dict[str, tuple[str, str]]) -> NotebookNode:
    """The released notebook with these answers, and after its setup cell one that has what they use."""
    notebook = nbformat.read(COURSE.release(chapter), 4)
    for cell in notebook.cells:
        name = graded(cell).get("grade_id")
        if name in answers:
            cell.source = answers[name][1]
    module = nbformat.v4.new_code_cell(answers_module(chapter), id=MODULE)
    at = next(n for n, cell in enumerate(notebook.cells) if graded(cell).get("grade_id") == "setup")
    notebook.cells.insert(at + 1, module)
    return notebook


def answers_module(chapter: str) -> str:
    return (ROOT / "tests" / "answers" / f"{topic_of(chapter)}.py").read_text()


def at_home(home: Home, notebook: NotebookNode, names: list[str]) -> dict[str, tuple]:
    """Run the student's cells, and each check; exercise → (outcome, points, hint)."""
    home.notebook = notebook
    home.save()
    for name in ("setup", MODULE, *names):
        assert not [o for o in home.run(name) if o["type"] == "error"], name
    verdicts = {name: home.check(name) for name in names}
    return {name: (v["outcome"], v["points"], v["mistake"]) for name, v in verdicts.items()}


def at_the_grader(judge, notebook: NotebookNode, folder: Path, student: str) -> dict[str, tuple]:
    """The same of the engine, with the points as nbgrader reads them off the cell."""
    folder.mkdir()
    done = judge.grade(Job(notebook, str(folder), "secret", student, str(ROOT))).notebook
    found = {}
    for cell in done.cells:
        name = graded(cell).get("grade_id", "").removesuffix("-check")
        shown = [o.data[MIME] for o in cell.get("outputs", ()) if MIME in o.get("data", {})]
        if shown:
            found[name] = (shown[0]["outcome"], determine_grade(cell)[0], shown[0]["mistake"])
    return found


def disagreements(chapter: str, judge, folder: Path, *, first_only: bool, lessons: bool) -> list[str]:
    """All answers on which home and grader differ, or that are not what they are called."""
    found = []
    home = Home(folder, chapter)
    try:
        for k, answers in enumerate(notebooks(chapter, first_only)):
            notebook = filled(chapter, answers)
            if lessons and not k:
                whole_lesson(home, notebook)
            here = at_home(home, notebook, list(answers))
            there = at_the_grader(judge, notebook, folder / f"work-{k}", f"student-{k}")
            for name, (what, _) in answers.items():
                right = what.startswith(("ANSWERS", "the solution"))
                if here[name][: said(name, what)] != there[name][: said(name, what)]:
                    found.append(f"{name}, {what}: at home {here[name]}, at the grader {there[name]}")
                elif (here[name][0] == "correct") is not right:
                    found.append(f"{name}, {what}: {here[name]} at both places")
    finally:
        home.close()
    return found


def said(name: str, what: str) -> int:
    """How much of (outcome, points, hint) must agree. A wrong answer without a hint of its own may look like a mistake in one draw."""
    if what.startswith("WRONG"):
        return 1 if int(what.rsplit("[", 1)[1][:-1]) in BY_CHANCE.get(name, ()) else 2
    return 3


def whole_lesson(home: Home, notebook: NotebookNode) -> None:
    """Run everything once, from top to bottom, as a student who has solved it does: what lessons leave behind stays there."""
    home.notebook = notebook
    home.save()
    for cell in notebook.cells:
        if cell.cell_type == "code" and (is_lesson(cell) or not graded(cell).get("grade_id", "").endswith("-check")):
            home.run(cell.id)


@pytest.mark.parametrize("chapter", SAMPLE)
def test_the_first_right_and_the_first_wrong_answers_get_the_same_at_home_and_at_the_grader(chapter, judge, tmp_path):
    found = disagreements(chapter, judge, tmp_path, first_only=True, lessons=False)
    assert not found, "\n".join(found)


@pytest.mark.slow  # a minute or two a chapter
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_answer_gets_the_same_at_home_and_at_the_grader(chapter, judge, tmp_path):
    found = disagreements(chapter, judge, tmp_path, first_only=False, lessons=True)
    assert not found, "\n".join(found)
