"""A class keeps the exercises that it was made with, notices others, and can be graded with its own."""

from __future__ import annotations

import shutil

from autograder.course.folder import Course
from autograder.course.made_with import by_full_name, different, keep, notice
from autograder.judging.registry import exercises_of

CHAPTER, TOPIC = "01_forward_pass", "forward_pass"


def test_what_was_kept_is_what_is_graded_with(tmp_path):
    keep(tmp_path, [CHAPTER, "77_nothing"])
    course, kept = Course(tmp_path), tmp_path / "made-with" / f"{TOPIC}.py"
    assert sorted(path.name for path in kept.parent.iterdir()) == [kept.name, "version.txt"]
    assert notice(course, CHAPTER) == notice(course, "77_nothing") == ""
    kept.write_text(kept.read_text() + "\n# a comment\n")
    assert notice(course, CHAPTER) == ""
    kept.write_text(kept.read_text().replace("points=4", "points=77", 1))
    told = notice(course, CHAPTER)
    assert ": forward; to grade as then: mkdir -p exercises && cp made-with/forward_pass.py exercises/" in told
    (tmp_path / "exercises").mkdir()
    shutil.copy(kept, tmp_path / "exercises")
    assert notice(course, CHAPTER) == ""
    (tmp_path / "source" / CHAPTER).mkdir(parents=True)
    assert exercises_of(TOPIC, tmp_path)[f"{TOPIC}.forward"].points == 77
    assert exercises_of(TOPIC, tmp_path)[f"{TOPIC}.accuracy"].points == exercises_of(TOPIC)[f"{TOPIC}.accuracy"].points


def test_which_exercises_differ():
    one = "import x\n\n\n@exercise(points=1)\ndef f(a):\n    return a\n\n\n@f.case('c')\ndef _(rng):\n    return 1\n"
    assert different(one, one.replace("return a", "return (a)  # the same")) == []
    assert different(one, one.replace("return 1", "return 2")) == ["f"]
    assert different(one, one + "\n\n@exercise(points=1)\ndef g(a):\n    return a\n") == ["g"]
    assert different(one, "import y\n" + one) == ["what its exercises share"]
    assert different(one, "") == ["f", "what its exercises share"]


def test_where_its_imports_lead():
    text = "from .. import plots\nfrom ..judging.values import raw\nfrom . import x\nimport y\n"
    told = "from autograder import plots\nfrom autograder.judging.values import raw\nfrom . import x\nimport y\n"
    assert by_full_name(text) == told
