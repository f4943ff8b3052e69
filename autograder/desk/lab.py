"""`course lab`: JupyterLab as a student needs it.

It opens in the folder of the chapters, with the first page. What this environment has installed is found by name, such as
`tensorboard`; kernels start warm where they can; what nbgrader has for teachers is out of the way; no news are fetched. All of
this holds for the JupyterLab that is started here, and for no other (`jupyter/`, which Jupyter is told to read first).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ..course.folder import CourseError
from ..judging.library import without_tensorflow
from ..judging.topics import course_around
from .first_page import write_first_page
from .opening import tell_language
from .progress import FIRST_PAGE
from .shelf import chapters

SETTINGS = Path(__file__).with_name("jupyter")


def open_lab(start: Path, options: tuple[str, ...] = ()) -> int:
    """Start JupyterLab and be it until it ends; returns its exit code where it is another process (Windows)."""
    shelf = shelf_of(start)
    tell_language(shelf)
    page = f"/lab/tree/{FIRST_PAGE}" if write_first_page(shelf) else "/lab"
    command = [sys.executable, "-m", "jupyterlab", *arguments(shelf, page, as_root()), *options]
    env = environment(os.environ, warm=not without_tensorflow(course_around(start)))
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(command[0], command, env)
    return subprocess.run(command, env=env, check=False).returncode


def shelf_of(start: Path) -> Path:
    """The folder of the chapters that belongs to the course folder, or the bundle, around `start`. Raises `CourseError`."""
    root = course_around(start)
    if root is None:
        raise CourseError(
            f"{start} is in no folder of the course (one that holds release/ with chapters); go there, or name it with --course"
        )
    shelf = root / "release" if (root / "release").is_dir() else root
    if not chapters(shelf):
        raise CourseError(f"{shelf} holds no chapter to open; in a course folder, course build makes them")
    return shelf


def arguments(shelf: Path, page: str, root: bool) -> list[str]:
    """JupyterLab's options."""
    return [
        f"--ServerApp.root_dir={shelf}",
        f"--ServerApp.preferred_dir={shelf}",
        f"--LabApp.default_url={page}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        *(["--allow-root"] if root else []),
    ]


def environment(base: Mapping[str, str], warm: bool = True) -> dict[str, str]:
    """The environment that JupyterLab and its kernels get. warm: kernels start with TensorFlow imported."""
    env = dict(base)
    scripts = str(Path(sys.executable).parent)
    env["PATH"] = os.pathsep.join([scripts, *filter(None, [env.get("PATH")])])
    for variable in ("JUPYTER_CONFIG_PATH", *(["JUPYTER_PATH"] if warm and hasattr(os, "fork") else [])):
        env[variable] = os.pathsep.join([str(SETTINGS), *filter(None, [env.get(variable)])])
    env.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return env


def as_root() -> bool:
    """Only in a container, as a rule; JupyterLab refuses to start without a word that this is meant."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
