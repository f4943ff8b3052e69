"""One form for all chapters, and what a task says is what its check does."""

from __future__ import annotations

import re

import pytest
from common import CHAPTERS, COURSE

from autograder.course.cells import graded, is_lesson, tags
from autograder.course.notebooks import read_notebook
from autograder.course.samples import chapter_exercises

WORTH = re.compile(r"\*(?P<points>[\d.]+) points? · about (?P<minutes>\d+) minutes · [●○]{3}\*")

NEEDS = re.compile(
    r"\*You need .+ · (?P<count>\w+) exercises, 20 points, about (?P<minutes>\d+) minutes · a written question, 2 points · "
    r"about .+ hours in all\*"
)
NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()


def source(chapter):
    return read_notebook(COURSE.source(chapter))


def headings(chapter, level):
    text = "\n".join(c.source for c in source(chapter).cells if c.cell_type == "markdown")
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return re.findall(rf"^{'#' * level} (.+)$", text, flags=re.MULTILINE)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_title_and_sections(chapter):
    (title,) = headings(chapter, 1)
    assert re.fullmatch(rf"{chapter[:2]} · .+: .+", title)
    numbered = [h for h in headings(chapter, 2) if h[0].isdigit()]
    assert [int(h.split()[0]) for h in numbered] == list(range(1, len(numbered) + 1))
    assert all(re.match(r"\d+ \w|\d+ [\"`]", h) for h in numbered)
    assert numbered[-1].endswith("By your own hands")
    last = [h for h in headings(chapter, 2) if not h[0].isdigit()][-3:]
    assert last == ["What you learned", "What the sources got wrong, and why", "Where to read on"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_points_and_minutes_are_the_same_in_notebook_and_module(chapter):
    cells = {graded(c).get("grade_id"): c for c in source(chapter).cells}
    for name, exercise in chapter_exercises(COURSE, chapter).items():
        task = cells[f"{name}-task"].source
        assert task.startswith(f"### Exercise: `{name}("), name
        found = WORTH.search(task)
        assert found, f"{name}: no line of points and minutes"
        assert (float(found["points"]), int(found["minutes"])) == (exercise.points, exercise.minutes), name
        assert task.count("●") == exercise.difficulty, name


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_opening_says_what_is_needed_and_what_it_is_worth(chapter):
    first, *_ = (c.source for c in source(chapter).cells)
    found = NEEDS.search(" ".join(first.split()))
    assert found and "In this chapter you will" in first
    exercises = chapter_exercises(COURSE, chapter).values()
    assert NUMBERS.index(found["count"]) == len(exercises)
    assert int(found["minutes"]) == sum(e.minutes for e in exercises)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_written_question_looks_alike(chapter):
    (question,) = (c.source for c in source(chapter).cells if graded(c).get("grade_id") == "written-question")
    assert re.match(r"### Written question\n+\*2 points · about \d+ minutes · graded by a person\*\n", question)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_lesson_has_one_seed_that_a_reader_can_turn(chapter):
    lines = [line for c in source(chapter).cells if c.cell_type == "code" for line in c.source.splitlines()]
    assert sum(bool(re.match(r"SEED = \d+", line)) for line in lines) == 1


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_picture_has_a_text_in_its_place(chapter):
    solved = read_notebook(COURSE.notebook(chapter))
    shown = 0
    for cell in solved.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert "image/png" not in data or "alt=" in data.get("text/html", ""), (
                f"{cell.id}: a picture without a text"
            )
            for img in re.findall(r"<img [^>]*>", "".join(data.get("text/html", ""))):
                shown += 1
                alt = re.search(r'alt="([^"]*)"', img)
                assert alt and len(alt[1]) > 30, f"{cell.id}: {img[:100]}"
    assert shown >= 5


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_words(chapter):
    text = "\n".join(c.source for c in source(chapter).cells if c.cell_type == "markdown")
    for word in (
        r"\ba training\b(?! (run|set|step|loop|example|picture|image|loss|data|curve|cell|session|process|batch))",
        r"\bsimply\b",
    ):
        assert not re.search(word, text), re.search(f".{{0,40}}{word}.{{0,30}}", text)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_claims_are_compared_and_what_depends_on_the_machine_is_not(chapter):
    for cell in source(chapter).cells:
        if is_lesson(cell) and "claim(" in cell.source:
            assert "nbval-ignore-output" not in tags(cell), cell.id


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_model_answer_says_what_earns_the_points_and_stays_at_home(chapter):
    (answer,) = (c.source for c in source(chapter).cells if graded(c).get("grade_id") == "written-answer")
    told = re.findall(r"(?:Two points: one|One point|one point|Half a point) for .{20}", " ".join(answer.split()))
    assert told
    released = " ".join(" ".join(c.source for c in read_notebook(COURSE.release(chapter)).cells).split())
    assert not [sentence for sentence in told if sentence in released]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_solved_notebook_warns_of_nothing(chapter):
    """What is written to stderr is a warning of that day's machine, mostly with a path of it."""
    for cell in read_notebook(COURSE.notebook(chapter)).cells:
        told = ["".join(o.text) for o in cell.get("outputs", ()) if o.get("name") == "stderr"]
        assert not told, f"{cell.id}: {told[0][:300]}"


def test_the_table_of_seeds_is_read_as_it_is_written():
    import seeds

    first, *_ = CHAPTERS
    assert seeds.seeds_of("0–2, 5, 7-8") == [0, 1, 2, 5, 7, 8] and seeds.spans([8, 7, 0, 1, 2, 5]) == "0–2, 5, 7–8"
    done = {(first, "real", 0): [], (first, "real", 3): ["cell: ✗ a | b"], (first, "stand-in", 1): []}
    assert seeds.read(seeds.table(done)) == {(first, "real", 0): [], (first, "stand-in", 1): []}
    found = seeds.read(seeds.TABLE.read_text())
    assert {chapter for chapter, _, _ in found} == set(CHAPTERS)
    assert seeds.table(found) == seeds.TABLE.read_text(), (
        "a sentence failed, or python tests/seeds.py is to be run again"
    )
