"""Of which exercises a class was made: its folder keeps them, so that it is noticed when others are installed, and last year's class
can still be graded as it was then."""

from __future__ import annotations

import ast
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..judging.topics import OWN, PACKAGED, topic_of
from .folder import Course
from .notebooks import write_text

KEPT = "made-with"
VERSION = "version.txt"
PACKAGE = "tf-first-principles"


def keep(root: Path, chapters: list[str]) -> None:
    """Put a copy of these chapters' exercises, and the package's version, into a class's folder."""
    (root / KEPT).mkdir()
    write_text(root / KEPT / VERSION, f"{installed()}\n")
    for topic in map(topic_of, chapters):
        if (PACKAGED / f"{topic}.py").is_file():
            write_text(
                root / KEPT / f"{topic}.py", by_full_name((PACKAGED / f"{topic}.py").read_text(encoding="utf-8"))
            )


def by_full_name(text: str) -> str:
    """A module of the package's as it can lie elsewhere."""
    return re.sub(
        r"^from \.\.(\w+|(?= import))",
        lambda found: f"from autograder{'.' * bool(found[1])}{found[1]}",
        text,
        flags=re.MULTILINE,
    )


def course_version() -> str | None:
    """The version of this package, as installed; None if it is only lying in the path."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return None


def installed() -> str:
    """The same for a sentence."""
    return course_version() or "of no version"


def notice(course: Course, chapter: str) -> str:
    """What a person should know who grades this: that its exercises are others than those the class was made with, and how to have
    those. Empty, if they are the same, or if nobody knows."""
    topic = topic_of(chapter)
    kept, own, now = (folder / f"{topic}.py" for folder in (course.root / KEPT, course.root / OWN, PACKAGED))
    try:
        then = kept.read_text(encoding="utf-8")
        made = (course.root / KEPT / VERSION).read_text(encoding="utf-8").strip()
        if own.is_file() and own.read_text(encoding="utf-8") == then:
            return ""
        others = different(then, by_full_name(now.read_text(encoding="utf-8")) if now.is_file() else "")
    except (OSError, UnicodeError, SyntaxError, ValueError):
        return ""
    if not others:
        return ""
    return (
        f"{chapter}: not as in {PACKAGE} {made}, with which this class was made, but as in {installed()}: {', '.join(others)};"
        f" to grade as then: mkdir -p {OWN} && cp {KEPT}/{topic}.py {OWN}/"
    )


def different(then: str, now: str) -> list[str]:
    """The exercises that are not the same in two modules, comments and looks apart; last, if need be, what they share."""
    before, after = _parts(then), _parts(now)
    names = [name for name in {**before, **after} if name and before.get(name) != after.get(name)]
    return names + (["what its exercises share"] if before.get("") != after.get("") else [])


def _parts(text: str) -> dict[str, list[str]]:
    """A module's code by the exercise that it belongs to; under "" what belongs to none."""
    tree = ast.parse(text)
    found: dict[str, list[str]] = {"": []}
    for node in tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        found.setdefault(_exercise(node, found), []).append(ast.dump(node))
    return found


def _exercise(node: ast.stmt, known: dict[str, list[str]]) -> str:
    """The name in @name.case, @name.mistake …, or the function's that is decorated with @exercise."""
    for decorator in getattr(node, "decorator_list", ()):
        while isinstance(decorator, ast.Call | ast.Attribute):
            decorator = decorator.func if isinstance(decorator, ast.Call) else decorator.value
        if isinstance(decorator, ast.Name) and decorator.id == "exercise":
            return node.name
        if isinstance(decorator, ast.Name) and decorator.id in known:
            return decorator.id
    return ""
