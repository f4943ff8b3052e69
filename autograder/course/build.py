"""`course build`: source → release, through nbgrader's own generate_assignment; source → notebooks, solved and executed."""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat

from ..judging.library import FILE
from ..judging.topics import OWN, modules_of, topic_of
from .files import CACHES
from .folder import Course, CourseError
from .nbgrader.book import OneGradebook, troubles
from .nbgrader.config import load_config
from .nbgrader.make import generate_assignment, masters
from .nbgrader.sync import synchronize
from .notebooks import notebook_text, plain, read_notebook, write_text

BUILT_FROM = "built_from"  # in a solved notebook's metadata: the digest of all that its outputs depend on
PACKAGE = Path(__file__).resolve().parents[1]
CELL_TIMEOUT = 300  # seconds


def build(course: Course, chapters: list[str], *, force: bool = False, say: Callable[[str], None] = print) -> None:
    """Build release/ and notebooks/ of these chapters. A solved notebook that is up to date is not run again unless forced."""
    for chapter in chapters:
        read_notebook(course.source(chapter))  # before anything is changed
    for chapter in chapters:
        with generated_release(course, chapter) as made:
            changed = replace_folder(made, course.release(chapter).parent)
        for said in register(course, chapter):
            say(said)
        say(f"{chapter}: release {'written' if changed else 'unchanged'}")
        if not force and solved_is_fresh(course, chapter):
            say(f"{chapter}: solved notebook up to date")
            continue
        say(f"{chapter}: running the solved notebook …")
        solved = solve(course, chapter)
        course.notebook(chapter).parent.mkdir(exist_ok=True)
        write_text(course.notebook(chapter), notebook_text(solved))
        say(f"{chapter}: solved notebook written")


@contextlib.contextmanager
def generated_release(course: Course, chapter: str) -> Iterator[Path]:
    """A folder with the chapter's release as nbgrader makes it; aside, so that a failure leaves the one that is there untouched."""
    with tempfile.TemporaryDirectory(prefix="course-build-") as scratch:
        root = Path(scratch)
        shutil.copytree(course.source(chapter).parent, root / "source" / chapter)
        generate_assignment(course, chapter, root)
        yield root / "release" / chapter


def register(course: Course, assignment: str) -> list[str]:
    """Let the gradebook know the assignment as its source is now; says what was taken out of it."""
    config = load_config(course)
    url = config.CourseDirectory.db_url
    with troubles(url), OneGradebook(url, config.CourseDirectory.course_id) as book:
        return synchronize(book, assignment, masters(config, assignment), course.root)


def solve(course: Course, chapter: str) -> nbformat.NotebookNode:
    """The source notebook, run from top to bottom in an empty folder, with its outputs. Raises if a cell or a claim fails."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = read_notebook(course.source(chapter))
    with tempfile.TemporaryDirectory(prefix="course-run-") as scratch:
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            skip_cells_with_tag="skip-execution",
            resources={"metadata": {"path": str(_empty_folder(course, chapter, Path(scratch)))}},
            extra_arguments=["--HistoryManager.hist_file=:memory:"],
        )
        try:
            client.execute(stderr=subprocess.DEVNULL)  # the kernel process says there how it is connected
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise CourseError(f"{chapter} does not run: {plain(str(error))[-1500:]}") from None
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
            if text.startswith("✗") or "\n✗" in text:
                raise CourseError(f"{chapter}, cell {cell.id}: {text.strip()[:800]}")
    notebook.metadata["course"] = {BUILT_FROM: digest(course, chapter)}
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def _empty_folder(course: Course, chapter: str, scratch: Path) -> Path:
    """Where a solved notebook runs: an empty folder, from which the course's own exercises are found, if it has any."""
    if not (course.root / OWN).is_dir():
        return scratch
    shutil.copytree(course.root / OWN, scratch / OWN, ignore=shutil.ignore_patterns(*CACHES))
    if (course.root / FILE).exists():
        shutil.copy(course.root / FILE, scratch)
    for other in course.chapters():  # as many as there are: a chapter is known by its folder
        (scratch / "release" / other).mkdir(parents=True)
    return scratch / "release" / chapter


def solved_is_fresh(course: Course, chapter: str) -> bool:
    """Does the solved notebook stem from the source, the pictures and the exercises as they are now?"""
    if not course.notebook(chapter).exists():
        return False
    try:
        return read_notebook(course.notebook(chapter)).metadata.get("course", {}).get(BUILT_FROM) == digest(
            course, chapter
        )
    except CourseError:
        return False


def digest(course: Course, chapter: str) -> str:
    """sha256 over what a solved notebook's outputs depend on: its source, its exercises and its pictures."""
    topic = topic_of(chapter)
    sha = hashlib.sha256()
    for path in (
        course.source(chapter),
        *modules_of(topic, course.root),
        *(path for path in [course.root / FILE] if path.exists()),
        PACKAGE / "plots" / "__init__.py",
        PACKAGE / "plots" / f"{topic}.py",
        PACKAGE / "judging" / "verdict.py",
    ):
        sha.update(path.name.encode() + b"\0" + (path.read_bytes() if path.exists() else b"") + b"\0")
    return sha.hexdigest()


def replace_folder(made: Path, target: Path) -> bool:
    """Put the folder `made` in the place of `target`, if they differ; say whether they did."""
    if same_folder(made, target):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=target.parent) as aside:
        shutil.copytree(made, Path(aside) / "new")
        if target.exists():
            os.replace(target, Path(aside) / "old")
        os.replace(Path(aside) / "new", target)
    return True


def same_folder(one: Path, other: Path) -> bool:
    """Do two folders hold the same files with the same bytes?"""
    if not other.is_dir():
        return False
    names = {p.relative_to(one) for p in one.rglob("*") if p.is_file()}
    if names != {p.relative_to(other) for p in other.rglob("*") if p.is_file() and ".ipynb_checkpoints" not in p.parts}:
        return False
    return all(filecmp.cmp(one / n, other / n, shallow=False) for n in names)
