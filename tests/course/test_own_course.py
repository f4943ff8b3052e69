"""A course of one's own: made by `course new-course`, built, handed out, checked at home, graded by both commands, all of it without
TensorFlow, of which there is none to be had while this runs."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import zipfile
from importlib.metadata import version

import pytest
from click.testing import CliRunner
from common import ROOT, run

from autograder.cli import main
from autograder.course.audit import unnoticed
from autograder.course.bundle import bundle
from autograder.course.cells import checks, graded
from autograder.course.folder import Course, CourseError
from autograder.course.new_course import SKELETON, new_course
from autograder.course.new_exercise import new_exercise
from autograder.course.notebooks import notebook_text, read_notebook, write_text
from autograder.course.samples import Sample, chapter_exercises, sample_class, write_submission
from autograder.grading.judges import PRELOAD, WITHOUT_TENSORFLOW, preload_of
from autograder.grading.stamp import STAMP
from autograder.judging.exercise import draw
from autograder.judging.judge import judge
from autograder.judging.library import BrokenExercises, library_of
from autograder.judging.literal import call
from autograder.judging.registry import UnknownExercise, exercises, find
from autograder.judging.values import arrays, made, materialise, observe

CHAPTER = "01_averages"
TRACE = "import os, pathlib\npathlib.Path({to!r}, str(os.getpid())).touch()\nraise ImportError('not here')\n"
CELL = "import sys\nassert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The course as it is made, built once; with what to import from in the place of TensorFlow, and a folder of who tried."""
    folder = tmp_path_factory.mktemp("own")
    tried, instead = folder / "tried", folder / "instead"
    tried.mkdir()
    instead.mkdir()
    for name in ("tensorflow", "keras"):
        (instead / f"{name}.py").write_text(TRACE.format(to=str(tried)))
    assert run(sys.executable, "-c", "import tensorflow", cwd=folder, PYTHONPATH=str(instead)).returncode == 1
    (noted,) = tried.iterdir()  # so who tries is known
    noted.unlink()
    made = run("course", "new-course", "statistics", cwd=folder)
    assert made.returncode == 0 and "course build" in made.stdout, made.stderr
    course = Course(folder / "statistics")
    for command in ("build", "check"):
        done = run("course", command, cwd=course.root, PYTHONPATH=str(instead))
        assert done.returncode == 0, done.stdout + done.stderr
    assert list(tried.iterdir()) == [], "who imported TensorFlow"
    return course, instead, tried


def hand_in(course: Course, size: int) -> dict[str, Sample]:
    samples = sample_class(course, CHAPTER, size)
    for sample in samples:
        path = write_submission(course, CHAPTER, sample, "")
        notebook = read_notebook(path)
        cell = next(c for c in notebook.cells if graded(c).get("grade_id") == "weighted_mean")
        cell.source += (
            f"\n\n{CELL}"  # the child says whether TensorFlow is there: a cell that fails defines nothing here
        )
        write_text(path, notebook_text(notebook))
    return {sample.student: sample for sample in samples}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_class_is_graded_with_its_hints_by_both_commands_and_nobody_imports_tensorflow(own):
    course, instead, tried = own
    samples = hand_in(course, 7)
    spy = course.submission("student-01", CHAPTER)
    notebook = read_notebook(spy)
    cell = next(c for c in notebook.cells if graded(c).get("grade_id") == "standardize")
    cell.source = f"import os\nassert not os.path.exists({str(course.root / 'exercises')!r})\n{cell.source}"
    write_text(spy, notebook_text(notebook))
    done = run("course", "grade", CHAPTER, cwd=course.root, PYTHONPATH=str(instead))
    assert done.returncode == 0, done.stdout + done.stderr
    for student, sample in samples.items():
        found = checks(read_notebook(course.autograded(student, CHAPTER)))
        for name, expected in sample.expected.items():
            told = json.dumps(found[name].outputs, ensure_ascii=False)
            assert f"{expected.points:g} of" in told, (student, name, told[:600])
            assert expected.hint is None or expected.hint in told.replace("&#x27;", "'"), (student, name)
    with sqlite3.connect(course.gradebook) as book:
        before = sorted(book.execute("select auto_score from grade where auto_score is not null"))
    done = run(
        "nbgrader", "autograde", CHAPTER, "--force", "--student", "student-05", cwd=course.root, PYTHONPATH=str(instead)
    )
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(course.gradebook) as book:
        assert (
            sorted(book.execute("select auto_score from grade where auto_score is not null")) == before
            and len(before) > 20
        )
    stamp = read_notebook(course.autograded("student-01", CHAPTER)).metadata[STAMP]
    assert (stamp["version"], stamp["isolated"]) == (version("tf-first-principles"), True)
    assert (stamp["outside"], stamp["inside"]) == (3, 0)
    assert list(tried.iterdir()) == [], "who imported TensorFlow"


def test_at_home_the_check_tells_the_hint_and_the_smallest_call_in_numpy(own, tmp_path):
    course, instead, tried = own
    with zipfile.ZipFile(bundle(course, tmp_path / "b.zip")) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"statistics"}
        assert not any("BEGIN SOLUTION" in archive.read(name).decode() for name in archive.namelist())
        archive.extractall(tmp_path)
    assert (
        tmp_path / "statistics" / "requirements.txt"
    ).read_text() == f"tf-first-principles=={version('tf-first-principles')}\n"
    code = (
        "import sys\nimport numpy as np\nfrom autograder import check, ready\n"
        "def running_mean(x, width):\n    return np.array([x[i : i + width].sum() for i in range(len(x) - width + 1)])\n"
        "print(check(running_mean))\n"
        "def standardize(table):\n    table -= table.mean(axis=0)\n    return table\nprint(check(standardize))\n"
        "def weighted_mean(x, weights):\n    return np.average(x, weights=weights)\nprint(check(weighted_mean))\n"
        "def forward(x, params):\n    return x\nprint(check(forward))\nassert not ready(weighted_mean)\n"
        "print('tensorflow' in sys.modules)"
    )  # fmt: skip
    home = tmp_path / "statistics" / "release" / CHAPTER
    done = run(sys.executable, "-c", code, cwd=home, PYTHONPATH=str(instead))
    assert done.returncode == 0, done.stderr
    assert "Those are sums. How many numbers are in each of them?" in done.stdout
    assert re.search(r"running_mean\(np\.array\(\[.*\]\), \d\)", done.stdout), done.stdout
    assert "changed its argument table" in done.stdout and "calls np.average" in done.stdout
    assert "No exercise is called 'forward'; there are weighted_mean, running_mean, standardize." in done.stdout
    assert done.stdout.endswith("False\n") and "tf." not in done.stdout and list(tried.iterdir()) == []


def test_every_mistake_of_the_skeleton_gets_its_hint_on_many_draws(own):
    for name, exercise in chapter_exercises(own[0], CHAPTER).items():
        for seed in range(10):
            for mistake in exercise.mistakes:
                verdict = judge(exercise, mistake.answer, seed)
                assert verdict.mistake == mistake.hint, (name, seed, verdict.to_text())


def test_the_skeleton_configures_nbgrader_as_the_course_does():
    assert (SKELETON / "nbgrader_config.py").read_text() == (ROOT / "nbgrader_config.py").read_text()


def test_only_a_course_about_numpy_does_without_tensorflow(own, tmp_path):
    course, _, _ = own
    assert preload_of(course.root) == WITHOUT_TENSORFLOW and preload_of(ROOT) == PRELOAD == preload_of(tmp_path)
    assert (
        not any("tensorflow" in name or "keras" in name for name in WITHOUT_TENSORFLOW) and len(WITHOUT_TENSORFLOW) > 20
    )
    assert library_of(ROOT) == library_of(None) == "tensorflow"
    assert list(exercises(course.root)) == [
        f"averages.{name}" for name in ("weighted_mean", "running_mean", "standardize")
    ]
    with pytest.raises(UnknownExercise):
        find("stable_softmax", course.root)


@pytest.mark.parametrize(
    ("text", "why"),
    [("library = 'jax'", "library is 'jax'"), ("library = ", "cannot be read"), ("library = 3", "library is 3")],
)
def test_a_course_file_that_does_not_fit_is_told_in_a_sentence(tmp_path, text, why):
    course = new_course(tmp_path / "c")
    (course.root / "course.toml").write_text(text)
    with pytest.raises(BrokenExercises, match=why):
        exercises(course.root)
    assert preload_of(course.root) == PRELOAD
    done = CliRunner().invoke(main, ["--course", str(course.root), "build"])
    assert done.exit_code == 1 and why in done.output and len(done.output.splitlines()) == 1
    assert not (course.root / "release").exists()


def test_gradients_need_tensorflow_and_that_is_said(tmp_path):
    course = new_course(tmp_path / "c")
    module = course.root / "exercises" / "averages.py"
    module.write_text(
        module.read_text()
        .replace('from 1", points=1)', "")
        .replace('"one window, as wide as the row", points=1', '"one window", points=1, gradient=True')
    )
    with pytest.raises(BrokenExercises, match="running_mean compares gradients, for which course.toml must say"):
        exercises(course.root)


def test_the_pages_example_of_another_subject_judges(tmp_path):
    course = new_course(tmp_path / "c")
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "your-own-course.md").read_text(), re.DOTALL)
    module = course.root / "exercises" / "averages.py"
    module.write_text(f"{module.read_text()}\nfrom autograder.judging.values import made\n\n\n{block}")
    exercise = find("rain_by_month", course.root)

    def right(book):
        return book.execute("select month, sum(rain) from days group by month order by month")

    assert judge(exercise, right).passed, judge(exercise, right).to_text()
    wrong = judge(exercise, lambda book: book.execute("select month, rain from days"))
    assert wrong.points == 0 and "elements, expected" in wrong.to_text()


def test_the_pages_commands_are_there(tmp_path):
    page = (ROOT / "docs" / "your-own-course.md").read_text()
    commands = {line.split()[1] for line in page.splitlines() if line.startswith("    course ")}
    assert commands == {"new-course", "build", "check", "new-exercise", "try", "bundle", "grade", "feedback", "report"}
    assert commands <= main.commands.keys()
    (told,) = re.findall(r'course new-exercise (\w+) "(.*)" --points (\d)', page)
    course = new_course(tmp_path / "c")
    new_exercise(course, told[0], told[1], float(told[2]), 5)
    assert find(told[1].partition("(")[0], course.root).points == int(told[2])


@pytest.mark.parametrize("where", ["there", "in/side", "a*b"])
def test_a_folder_that_cannot_be_a_course_is_refused_and_nothing_is_written(tmp_path, where):
    inside = new_course(tmp_path / "in")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "thesis.txt").write_text("mine")
    before = sorted(p for p in tmp_path.rglob("*"))
    with pytest.raises(CourseError):
        new_course(tmp_path / where)
    assert sorted(p for p in tmp_path.rglob("*")) == before and inside.chapters() == [CHAPTER]


def test_the_package_out_of_a_students_bundle_makes_no_course_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.course.new_course.SKELETON", tmp_path / "nothing")
    with pytest.raises(CourseError, match="out of a bundle for students"):
        new_course(tmp_path / "c")
    assert list(tmp_path.iterdir()) == []


def test_what_a_numpy_answer_is_given_and_gives():
    import numpy as np

    plain = [
        np.arange(3),
        np.float32(2),
        (np.zeros((0, 3)), {"a": np.array(True)}),
        made("lambda x: [x]", np.ones(2)),
        5,
    ]
    got = [materialise(value) for value in arrays(plain)]
    assert type(got[0]) is np.ndarray and type(got[1]) is np.float32 and type(got[2]) is tuple
    assert got[2][0].shape == (0, 3) and got[2][1]["a"].ndim == 0 and type(got[3][0]) is np.ndarray and got[4] == 5
    assert got[0] is not plain[0] and observe(got[1]).dtype == np.float32
    assert (
        call("f", arrays(plain))
        == "f(np.array([0, 1, 2]), np.float32(2.), (np.zeros([0, 3], 'float64'), {'a': np.array(True)}), (lambda x: [x])(np.array([1., 1.])), 5)"
    )


def test_a_forbidden_function_that_nobody_would_notice_is_named():
    assert unnoticed("np.average") == unnoticed("statistics.mean") == ""
    assert "not written in Python" in unnoticed("np.exp") and "not written in Python" in unnoticed("math.sqrt")
    assert "no function that there is" in unnoticed("np.averages") and "no function" in unnoticed("nothing.here")


def test_the_inputs_of_the_packages_own_exercises_reach_an_answer_as_tensors():
    (one, *_) = draw(find("accuracy", ROOT), 0)
    assert all(given is drawn for given, drawn in zip(one.request["inputs"], one.inputs, strict=True))
