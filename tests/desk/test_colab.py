"""A chapter in Google Colab, as near as it can be had: a kernel with TensorFlow and without the course, in which `google.colab` can be
imported, and the first cell of the notebook that the website publishes for it, which installs the bundle with pip."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import venv
from pathlib import Path

import nbformat
import pytest
from common import CHAPTERS, COURSE, setup_cell
from nbclient import NotebookClient

from autograder.course.bundle import bundle
from autograder.course.nbgrader.config import load_config
from autograder.course.nbgrader.make import masters
from autograder.desk.colab import fit
from autograder.grading.order import sort_out
from website.colab import address, for_colab, link

CHAPTER = CHAPTERS[0]
NEEDS = ["numpy>=1.26", "tensorflow<2.22,>=2.21", 'tensorflow-metal; extra == "x"']


def variant(repository: str | None = None):
    return for_colab(nbformat.read(COURSE.release(CHAPTER), as_version=4), CHAPTER, repository)


def test_the_first_cell_is_there_and_nowhere_else():
    made, released = variant("someone/course"), nbformat.read(COURSE.release(CHAPTER), as_version=4)
    nbformat.validate(made)
    assert [c.id for c in made.cells[1:]] == [c.id for c in released.cells] and made.cells[0].id == "colab"
    assert address("someone/course") in made.cells[0].source and "google.colab" not in nbformat.writes(released)
    assert link("someone/course", CHAPTER).startswith(
        "https://colab.research.google.com/github/someone/course/blob/gh-pages/colab/"
    )
    changed = [c.id for c, r in zip(made.cells[1:], released.cells) if c.source != r.source]
    assert changed == ["hand-in"] and f"{CHAPTER}.ipynb" in made.cells[-1].source


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ("2.21.0", "Ready, with TensorFlow 2.21.0"),
        ("2.19.0", "Colab has TensorFlow 2.19.0, and the course is written for 2.21: run %pip install"),
        ("2.210.0", "Colab has TensorFlow 2.210.0"),
        ("3.0.0", "written for 2.21"),
        ("", "there is no TensorFlow here"),
    ],
)
def test_a_tensorflow_that_does_not_fit_is_told_in_a_sentence(found, said):
    assert said in fit(found, NEEDS) and len(fit(found, NEEDS).splitlines()) == 1


@pytest.fixture
def colab(tmp_path, monkeypatch):
    """The folder of a machine like Colab's; its kernel is called "colab"."""
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    # what this environment has installed, but not this course, which is found there through a .pth file
    (site / "there.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    (site / "google" / "colab").mkdir(parents=True)
    (site / "google" / "colab" / "__init__.py").write_text("")
    for other in Path(
        sysconfig.get_paths()["purelib"], "google"
    ).iterdir():  # TensorFlow's, as in Colab beside google.colab
        (site / "google" / other.name).symlink_to(other)
    spec = tmp_path / "jupyter" / "kernels" / "colab"
    spec.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.hist_file=:memory:"]
    # pip builds the package with the setuptools that is here: the index is not asked
    env = {"PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1", "PYTHONPATH": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    spec.joinpath("kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "c", "language": "python", "env": env})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    content = tmp_path / "content"
    content.mkdir()
    return content


def ran(cells: list[str], folder: Path) -> list[str]:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    NotebookClient(notebook, kernel_name="colab", timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return [
        "".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in c.outputs) for c in notebook.cells
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Colab is a Linux")
def test_in_colab_it_installs_what_was_uploaded_and_the_checks_work(colab):
    first = variant().cells[0].source
    gone = "import importlib.util\nprint(importlib.util.find_spec('autograder'))"
    upload = (
        f"import shutil\n_ = shutil.copy({str(colab.parent / 'b.zip')!r}, {str(colab / 'tf-first-principles.zip')!r})"
    )
    bundle(COURSE, colab.parent / "b.zip")
    wrong = "def accuracy(out, y):\n    return tf.reduce_sum(out)\ncheck(accuracy)"
    where = "import autograder\nprint(autograder.__file__)"
    said = ran([gone, first, upload, first, first, setup_cell("forward_pass"), wrong, where], colab)
    assert said[0] == "None\n"
    assert said[1].startswith("No course here (") and "upload tf-first-principles.zip into" in said[1]
    assert said[3] == said[4] and (said[3].startswith("Ready, with TensorFlow") or "written for" in said[3]), said
    assert "✗ accuracy: wrong" in said[6], said
    assert str(colab.parent / "venv") in said[7], "the package is the installed one"


def test_handed_in_it_is_graded_as_any_other_and_its_first_cell_does_nothing():
    names: dict = {}
    exec(variant().cells[0].source, names)  # noqa: S102  here, where there is no Colab
    assert "begin" not in names and "COURSE_HOME" not in os.environ
    handed_in, master = variant(), masters(load_config(COURSE), CHAPTER)[CHAPTER]
    assert sort_out(handed_in, master) == []
