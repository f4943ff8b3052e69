"""The notebooks that the website opens in Google Colab: a student's, with a first cell that installs the course.

Colab opens notebooks out of a repository, and has nothing of the course. A cell that is of use only there would be in everybody's
way in `release/`; so there are notebooks for Colab alone, written with the website and published with it, in the folder `colab/`
of the branch `gh-pages`. Should one come to be handed in, its first cell does nothing where it is graded.
"""

from __future__ import annotations

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

FOLDER, BRANCH = "colab", "gh-pages"
BUNDLE = "tf-first-principles"

CELL = """#@title Run this cell first: it installs the course in Google Colab {{"display-mode": "form"}}
# It fetches {bundle}.zip, or takes the one that you have uploaded into this folder, unpacks it, and installs the package in
# it with pip; TensorFlow stays as Colab has it. Half a minute. Nothing is sent anywhere. Elsewhere than in Colab it does nothing.
import importlib.util, os, subprocess, sys, urllib.request, zipfile

ADDRESS = "{address}"
if importlib.util.find_spec("google") and importlib.util.find_spec("google.colab"):
    HOME = os.environ.setdefault("COURSE_HOME", os.getcwd())
    BUNDLE, trouble = os.path.join(HOME, "{bundle}"), ""
    try:
        if not os.path.exists(BUNDLE + ".zip"):
            urllib.request.urlretrieve(ADDRESS, BUNDLE + ".zip")
        if os.getcwd() == HOME:  # else this cell has run before
            zipfile.ZipFile(BUNDLE + ".zip").extractall(HOME)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        trouble = f"No course here ({{error}}): upload {bundle}.zip into {{HOME}} (the folder on the left), then run this cell again."
    else:
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", BUNDLE]
        if os.getcwd() == HOME and (pip := subprocess.run(install, capture_output=True, text=True)).returncode:
            trouble = "The course could not be installed: " + pip.stderr.strip()[-300:]
    if trouble:
        print(trouble)
    else:
        importlib.invalidate_caches()
        from autograder.desk.colab import begin

        begin(BUNDLE, "{chapter}")"""

HAND_IN = """# To hand in: File, Download, Download .ipynb. The file must be called {chapter}.ipynb; give it to your teacher."""


def for_colab(notebook: NotebookNode, chapter: str, repository: str | None) -> NotebookNode:
    """A released notebook, in place, as Colab opens it: with the first cell, and with Colab's way of handing in."""
    source = CELL.format(bundle=BUNDLE, address=address(repository), chapter=chapter)
    first = new_code_cell(source, id="colab", metadata={"cellView": "form"})
    for cell in notebook.cells:
        if cell.get("id") == "hand-in":
            cell.source = HAND_IN.format(chapter=chapter)
    notebook.cells.insert(0, first)
    notebook.metadata["colab"] = {"name": f"{chapter}.ipynb"}
    return notebook


def address(repository: str | None) -> str:
    """Where the bundle is to be fetched; empty where the course is not published."""
    return f"https://raw.githubusercontent.com/{repository}/{BRANCH}/{FOLDER}/{BUNDLE}.zip" if repository else ""


def link(repository: str, chapter: str) -> str:
    """Opens a chapter in Colab."""
    return f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/{FOLDER}/{chapter}.ipynb"
