"""What the first cell of a notebook in Google Colab does once the package is there (`website/colab.py` writes that cell)."""

from __future__ import annotations

import os
import re
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

NEEDS = re.compile(r"tensorflow\b.*>=\s*(\d+)\.(\d+)")


def begin(bundle: Path | str, chapter: str) -> None:
    """Go to the chapter's folder, where its exercises are found, and say whether Colab's TensorFlow is the course's."""
    os.chdir(Path(bundle, "release", chapter))
    try:
        found = version("tensorflow")
    except PackageNotFoundError:
        found = ""
    print(fit(found, requires("tf-first-principles") or []))


def fit(found: str, requirements: list[str]) -> str:
    """What to say of the TensorFlow that is there. found: its version. requirements: of the package, as its metadata has them."""
    match = next(filter(None, map(NEEDS.match, requirements)))
    wanted = ".".join(match.groups())
    if found.split(".")[:2] == wanted.split("."):
        return f"Ready, with TensorFlow {found}: work from top to bottom, and run each check as often as you like."
    there = f"Colab has TensorFlow {found}" if found else "there is no TensorFlow here"
    return (
        f'{there}, and the course is written for {wanted}: run %pip install "tensorflow=={wanted}.*" in a new cell, restart the '
        "session (Runtime, Restart session), then begin again with this cell."
    )
