"""`course build`, `course check` and `course bundle`, on a copy of the course that each test may spoil."""

from __future__ import annotations

import sys
import zipfile

import nbformat
import pytest
from common import CHAPTERS, COURSE, run

from autograder.course.audit import audit
from autograder.course.build import generated_release, same_folder, solve
from autograder.course.bundle import bodies, squeeze
from autograder.course.cells import graded, is_check, is_solution
from autograder.course.folder import CourseError
from autograder.course.notebooks import notebook_text, read_notebook, write_text

CHAPTER = CHAPTERS[0]


def spoil(course, change):
    """Apply a change to the copy's source notebook."""
    notebook = read_notebook(course.source(CHAPTER))
    change(notebook)
    write_text(course.source(CHAPTER), notebook_text(notebook))


def cell(notebook, name):
    return next(c for c in notebook.cells if graded(c).get("grade_id") == name)


def test_the_copy_is_as_it_should_be(course):
    assert list(audit(course, CHAPTER)) == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_two_builds_give_the_same_bytes(chapter):
    with generated_release(COURSE, chapter) as one, generated_release(COURSE, chapter) as other:
        assert same_folder(one, other)
        assert same_folder(one, COURSE.release(chapter).parent)


def outputs(notebook):
    first = next(c for c in notebook.cells if c.cell_type == "code")
    first.outputs = [nbformat.v4.new_output("stream", text="left over")]


def no_check(notebook):
    notebook.cells = [c for c in notebook.cells if graded(c).get("grade_id") != "forward-check"]


def other_points(notebook):
    cell(notebook, "forward-check").metadata.nbgrader.points = 17


def stub_that_raises(notebook):
    cell(notebook, "forward").source = cell(notebook, "forward").source + "\nraise NotImplementedError"


def unmarked_solution(notebook):
    solution = cell(notebook, "forward")
    solution.source = solution.source.replace("### BEGIN SOLUTION", "# begin")


def claim_ignored(notebook):
    notebook.cells.append(nbformat.v4.new_code_cell("claim('one', True)"))
    notebook.cells[-1].metadata["tags"] = ["lesson", "nbval-ignore-output"]


def other_prose(notebook):
    notebook.cells[0].source += "\n\nOne sentence more."


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (outputs, "holds outputs"),
        (no_check, "forward has no check cell"),
        (other_points, "worth 4 points, but its check cell 17"),
        (stub_that_raises, "nothing else"),
        (unmarked_solution, "BEGIN SOLUTION"),
        (claim_ignored, "makes a claim"),
        (other_prose, "release/ is stale"),
        (other_prose, "notebooks/ is stale"),
    ],
)
def test_check_finds(course, change, told):
    spoil(course, change)
    assert any(told in finding for finding in audit(course, CHAPTER))
    done = run("course", "check", cwd=course.root)
    assert done.returncode == 1 and told in done.stdout


def test_a_hand_edited_release_is_found(course):
    path = course.release(CHAPTER)
    path.write_text(path.read_text().replace("...", "pass", 1))
    assert any("release/ is stale" in finding for finding in audit(course, CHAPTER))


def test_build_puts_a_stale_release_right(course):
    path = course.release(CHAPTER)
    before = path.read_bytes()
    path.write_text(path.read_text().replace("...", "pass", 1))
    done = run("course", "build", cwd=course.root)
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == before and "up to date" in done.stdout


def test_a_failing_claim_stops_the_build(course):
    def lie(notebook):
        last = nbformat.v4.new_code_cell("claim('two is three', 2 == 3)", metadata={"tags": ["lesson"]})
        setup = cell(notebook, "setup")
        notebook.cells = [setup, last]

    spoil(course, lie)
    with pytest.raises(CourseError, match="two is three"):
        solve(course, CHAPTER)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_release_holds_no_solution(chapter):
    released = read_notebook(COURSE.release(chapter))
    text = squeeze("\n".join(c.source for c in released.cells))
    for name, body in bodies(COURSE, chapter).items():
        assert body not in text, name
    assert sum(is_check(c) for c in released.cells) == sum(
        is_solution(c) and c.cell_type == "code" for c in released.cells
    )


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_an_untouched_release_runs_and_scores_nothing(chapter, tmp_path):
    from nbclient import NotebookClient

    notebook = read_notebook(COURSE.release(chapter))
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, skip_cells_with_tag="skip-execution", resources=resources).execute()
    for check in (c for c in notebook.cells if is_check(c)):
        (output,) = [o for o in check.outputs if o.output_type == "execute_result"]
        assert "not attempted — 0 of" in output.data["text/plain"]
    heading = next(i for i, c in enumerate(notebook.cells) if "By your own hands" in c.source)
    told = "".join(o.get("text", "") for c in notebook.cells[heading:] for o in c.get("outputs", []))
    assert "It waits for `" in told and "✗" not in told and "✓" not in told, told


def test_the_bundle_holds_no_solution_and_works_elsewhere(tmp_path):
    target = tmp_path / "course.zip"
    done = run("course", "bundle", "-o", target, cwd=COURSE.root)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert not [n for n in names if "/source/" in n or "/notebooks/" in n or "/tests/" in n]
    home = tmp_path / "tf-first-principles"
    for path in home.rglob("*"):
        if path.is_file():
            text = squeeze(path.read_text(encoding="utf-8", errors="ignore").replace("\\n", "\n"))
            for chapter in CHAPTERS:
                for name, body in bodies(COURSE, chapter).items():
                    assert body not in text, f"{path.name} holds the solution of {name}"
    script = (
        "import autograder, sys; from autograder import exercises, judge\n"
        f"assert autograder.__file__.startswith({str(home)!r}), autograder.__file__\n"
        "verdicts = [judge(e, e.reference) for e in exercises().values()]\n"
        "assert all(c.passed for v in verdicts for c in v.cases); print(len(verdicts))"
    )
    done = run(sys.executable, "-c", script, cwd=home, PYTHONPATH=str(home))
    assert done.returncode == 0, done.stderr


def test_two_bundles_are_the_same_bytes(tmp_path):
    for name in ("one.zip", "two.zip"):
        assert run("course", "bundle", "-o", tmp_path / name, cwd=COURSE.root).returncode == 0
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
