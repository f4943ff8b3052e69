"""What the environment asks for, and the folders where a set may lie."""

from __future__ import annotations

import os
from pathlib import Path


def is_set(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0")


def course_data() -> list[Path]:
    folder = os.environ.get("COURSE_DATA")
    return [Path(folder).expanduser(), Path(folder).expanduser() / "datasets"] if folder else []


def cache_folder() -> Path:
    """The course's own cache: where downloads and the drawn stand-in are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("tf-first-principles", appauthor=False) / "datasets"


def where_to_look() -> list[list[Path]]:
    """Where to look, in order; each place is the folders that it may keep its files in."""
    keras_home = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))
    return [course_data(), [cache_folder()], [keras_home / "datasets"]]
