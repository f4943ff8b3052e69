"""What two machines must have in common to give the same grades. Of this package nothing else is imported for it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
COUNT = ("tensorflow", "keras", "numpy")
CODE = "engine and exercises"


@cache
def facts() -> dict[str, str]:
    """Of this machine: what → which."""
    found = {"Python": ".".join(platform.python_version_tuple()[:2]), CODE: code_digest(PACKAGE)}
    for name in ("tf-first-principles", *COUNT):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def code_digest(package: Path) -> str:
    """sha256 of a package's modules and templates: a clone keeps its version while it is being changed."""
    sha = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.suffix in (".py", ".j2"):
            sha.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return sha.hexdigest()


def difference(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    """In what a worker is not as we are; "" if in nothing."""
    if trouble := theirs.get("trouble"):
        return trouble
    for name, here in ours.items():
        there = theirs.get(name, "unknown")
        if there != here:
            if name == CODE:
                return "its engine or its exercises are not the same as here, though the version is: install the same"
            return f"it has {name} {there}, here it is {here}"
    return ""


def question() -> Callable[[], dict[str, str]]:
    """`facts`, to be asked of a machine that may not have this package: such a function is sent as its code."""

    def ask() -> dict[str, str]:
        try:
            from autograder.grading.cluster.facts import facts
        except ImportError as error:
            return {"trouble": f"tf-first-principles cannot be imported there ({error})"}
        return facts()

    return ask
