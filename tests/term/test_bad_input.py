"""Bad input: every command of a term says one plain sentence, ends with an exit code, and leaves the class's folder as it was."""

from __future__ import annotations

import hashlib
from pathlib import Path

from commands import typed
from oddities import CHAPTER

COMMANDS = {
    "class": ("class 7", "class 1 nothing", "--course nowhere class"),
    "collect": ("collect", "collect 1", "collect 7 .", "collect 1 nowhere.zip", "collect 1 class.toml", "collect 1 broken.zip"),
    "grade": ("grade", "grade 7", "grade 1 --student nobody", "grade 1 --jobs 0", "grade 2", "grade --all 1"),
    "report": ("report", "report 7 --html x.html", "report 2 --html x.html", "report 1 --html no/x.html", "report 1 --html x.csv", "report 1 --html submitted"),
    "export": ("export 7", "export 2", "export --for blackbored", "export 1 -o no/x.csv", "export 1 -o submitted", "export --for canvas 1 2 3"),
    "release-feedback": ("release-feedback", "release-feedback 7", "release-feedback 2", "release-feedback 1 --to lms", "release-feedback 1 --to brightspace", "release-feedback 1 -o submitted"),
    "regrade": ("regrade", "regrade 7", "regrade 2", "regrade 1 --student nobody", "regrade 1 -j none"),
    "new-class": ("new-class", "new-class .", "new-class ../autumn", "new-class x", "new-class ../y --chapters 9", "new-class ../y --due never", "new-class ../y --late often", "new-class ../y --roster class.toml"),
}  # fmt: skip
EVERY = (
    "class",
    "collect 1 submitted",
    "grade 1",
    "report 1 --html x.html",
    "export",
    "release-feedback 1",
    "regrade 1",
)
TELLING = ("class", "report 1 --html x.html", "export", "release-feedback 1")
DAMAGE = {
    "class.toml": (("[late\n", "[late]\npolicy = 'harsh'\n", "\xff\0"), EVERY),
    "roster.csv": (("colour\nred\n", "id\nana\nANA\n"), EVERY),
    "gradebook.db": (("no gradebook " * 400,), TELLING),
    "nbgrader_config.py": (("c = get_config(\n",), TELLING),
    f"source/{CHAPTER}/{CHAPTER}.ipynb": (("{",), ("export", "grade 1")),
}
"""File → what may stand in it, and which commands cannot do without."""


def hashed(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused_and_unchanged(command: str, folder: Path) -> None:
    before = hashed(folder.parent)
    done = typed(command, folder)
    said = [line for line in done.output.splitlines() if line.startswith(("Error:", "Usage:"))]
    assert done.exit_code and said and "Traceback" not in done.output, f"{command}\n{done.output}"
    assert hashed(folder.parent) == before, command


def test_what_is_typed_wrong(graded_class):
    (graded_class.root / "broken.zip").write_bytes(b"PK\3\4 nothing")
    for name, commands in COMMANDS.items():
        for command in commands:
            refused_and_unchanged(command, graded_class.root)
        assert "Example: course" in typed(f"{name} --help", graded_class.root).output


def test_a_class_whose_files_are_damaged(graded_class):
    for name, (contents, commands) in DAMAGE.items():
        path = graded_class.root / name
        whole = path.read_bytes()
        for content in contents:
            path.write_bytes(content.encode("latin-1"))
            for command in commands:
                refused_and_unchanged(command, graded_class.root)
        path.write_bytes(whole)
