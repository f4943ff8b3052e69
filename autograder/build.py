"""`course build`: source → release, through nbgrader's own generate_assignment; source → notebooks, solved and executed."""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat

from .layout import Course, CourseError, notebook_text, read_notebook

BUILT_FROM = "built_from"  # in a solved notebook's metadata: the digest of all that its outputs depend on
CELL_TIMEOUT = 300  # seconds


def build(course: Course, chapters: list[str], *, force: bool = False, say: Callable[[str], None] = print) -> None:
    """Build release/ and notebooks/ of these chapters. A solved notebook that is up to date is not run again unless forced."""
    for chapter in chapters:
        read_notebook(course.source(chapter))  # before anything is changed
    for chapter in chapters:
        with generated_release(course, chapter, gradebook=course.gradebook) as made:
            changed = replace_folder(made, course.release(chapter).parent)
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
def generated_release(course: Course, chapter: str, *, gradebook: Path | None = None) -> Iterator[Path]:
    """A folder with the chapter's release as nbgrader makes it; the assignment is noted in the gradebook if one is given.

    It is made aside, so that a failure leaves the release that there is untouched.
    """
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    with tempfile.TemporaryDirectory(prefix="course-build-") as scratch:
        root = Path(scratch)
        shutil.copytree(course.source(chapter).parent, root / "source" / chapter)
        config = Config(load_config(course))
        config.CourseDirectory.root = str(root)
        config.CourseDirectory.db_url = database_url(gradebook or root / "gradebook.db")
        config.GenerateAssignment.permissions = 644
        with quiet_nbgrader():
            outcome = NbGraderAPI(config=config).generate_assignment(chapter, force=True)
        if not outcome["success"]:
            raise CourseError(f"nbgrader could not make the release of {chapter}: {last_line(outcome)}")
        yield root / "release" / chapter


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
            resources={"metadata": {"path": scratch}},
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
    package, topic = Path(__file__).parent, chapter.split("_", 1)[1]
    sha = hashlib.sha256()
    for path in (
        course.source(chapter),
        package / "chapters" / f"{topic}.py",
        package / "plots" / "__init__.py",
        package / "plots" / f"{topic}.py",
        package / "verdict.py",
    ):
        sha.update(path.name.encode() + b"\0" + (path.read_bytes() if path.exists() else b"") + b"\0")
    return sha.hexdigest()


def load_config(course: Course):
    """The course's nbgrader_config.py, as nbgrader's own commands read it."""
    from nbgrader.apps import NbGrader
    from sqlalchemy.exc import SAWarning

    scripts = str(Path(sys.executable).parent)
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        # nbgrader starts `alembic` by name: it must be found also where the virtual environment is not activated
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    warnings.filterwarnings("ignore", category=SAWarning)  # about nbgrader's use of SQLAlchemy
    app = NbGrader(raise_config_file_errors=True)
    before = os.getcwd()
    os.chdir(course.root)
    try:
        app.load_config_file()
    except Exception as error:  # noqa: BLE001  the file is Python, and may fail in any way
        raise CourseError(f"nbgrader_config.py cannot be read: {type(error).__name__}: {error}") from None
    finally:
        os.chdir(before)
    config = app.config
    config.CourseDirectory.root = str(course.root)
    if "db_url" not in config.CourseDirectory:
        config.CourseDirectory.db_url = database_url(course.gradebook)
    config.NbGrader.logfile = ""
    return config


def database_url(path: Path) -> str:
    """SQLite with a long busy timeout: several processes wait for each other instead of failing."""
    return f"sqlite:///{path}?timeout=60"


@contextlib.contextmanager
def quiet_nbgrader() -> Iterator[None]:
    """nbgrader logs every step to stderr; its errors come back in its results, which is where we take them from."""
    logger = logging.getLogger("traitlets")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def last_line(outcome: dict) -> str:
    """Why nbgrader failed: the last error that its log tells of, rather than that it failed."""
    said = f"{outcome.get('error') or ''}\n{outcome.get('log') or ''}"
    lines = [plain(line) for line in said.splitlines() if line.strip()]
    errors = [line.strip() for line in lines if re.match(r"\s*[\w.]+(Error|Exception|Interrupt|Failure)\b", line)]
    errors = [line for line in errors if "the above traceback" not in line]
    return (errors or lines or ["no reason given"])[-1].strip()[:300]


def plain(text: str) -> str:
    """Without the colours of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


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


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as new:
        new.write(text)
    os.chmod(new.name, 0o644)
    os.replace(new.name, path)
