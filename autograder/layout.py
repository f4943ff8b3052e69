"""Where things are in a course folder, and what its notebooks hold. Reading only."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

# jsonschema, which nbformat brings, compiles a grammar of international addresses wherever it finds this package: a second
# of every start, for a check that no notebook needs.
_hidden = "rfc3987_syntax" not in sys.modules
if _hidden:
    sys.modules["rfc3987_syntax"] = None
import nbformat  # noqa: E402

if _hidden:
    del sys.modules["rfc3987_syntax"]

MARKER = "nbgrader_config.py"
UNFIT = "a folder of this name cannot be graded; rename it: no *, ?, [, ] and nothing that cannot be printed"


class CourseError(Exception):
    """Something the user can put right; its text is one plain sentence for the terminal."""


@dataclass(frozen=True)
class Course:
    """A course folder: nbgrader's layout, plus `notebooks/`."""

    root: Path

    @property
    def gradebook(self) -> Path:
        return self.root / "gradebook.db"

    def source(self, chapter: str) -> Path:
        return self.root / "source" / chapter / f"{chapter}.ipynb"

    def release(self, chapter: str) -> Path:
        return self.root / "release" / chapter / f"{chapter}.ipynb"

    def notebook(self, chapter: str) -> Path:
        return self.root / "notebooks" / f"{chapter}.ipynb"

    def submission(self, student: str, chapter: str) -> Path:
        return self.root / "submitted" / student / chapter / f"{chapter}.ipynb"

    def autograded(self, student: str, chapter: str) -> Path:
        return self.root / "autograded" / student / chapter / f"{chapter}.ipynb"

    def feedback(self, student: str, chapter: str) -> Path:
        return self.root / "feedback" / student / chapter / f"{chapter}.html"

    def chapters(self) -> list[str]:
        """The chapters there are, in order: ["01_forward_pass", …]."""
        return sorted(p.parent.name for p in (self.root / "source").glob("*/*.ipynb") if p.stem == p.parent.name)

    def pick(self, wanted: tuple[str, ...] | list[str]) -> list[str]:
        """The chapters meant by these names (a full name, a number or a topic), all if none is named."""
        there = self.chapters()
        if not there:
            raise CourseError(
                f"there is no chapter source/NAME/NAME.ipynb in {self.root}; nbgrader autograde grades others"
            )
        if not wanted:
            return there
        picked = []
        for name in wanted:
            name = name.strip("/").removesuffix(".ipynb")
            found = [
                c for c in there if name in (c, c.split("_", 1)[0], c.split("_", 1)[0].lstrip("0"), c.split("_", 1)[-1])
            ]
            if not found:
                raise CourseError(f"there is no chapter {name!r}; there are {', '.join(there)}")
            picked += [c for c in found if c not in picked]
        return picked

    def students(self, chapter: str) -> list[str]:
        """Who handed in something for this chapter, but for those whose folder has an `unfit` name."""
        return [name for name in self._handed_in(chapter) if is_fit(name)]

    def unfit(self, chapter: str) -> list[str]:
        """The folders with something handed in whose name nbgrader would take for a pattern, or cannot write down."""
        return [name for name in self._handed_in(chapter) if not is_fit(name)]

    def _handed_in(self, chapter: str) -> list[str]:
        return sorted(p.parent.name for p in (self.root / "submitted").glob(f"*/{chapter}") if p.is_dir())

    def who_handed_in(self, chapter: str, wanted: list[str]) -> list[str]:
        """The students to grade: those named, else all who handed in. Raises if there is nothing to grade."""
        there = self.students(chapter)
        if refused := [name for name in self.unfit(chapter) if name in wanted]:
            raise CourseError(f"{', '.join(map(ascii, refused))}: {UNFIT}")
        if not there:
            raise CourseError(f"nobody has handed in {chapter}: there is nothing in submitted/*/{chapter}")
        unknown = sorted(set(wanted) - set(there))
        if unknown:
            raise CourseError(f"{', '.join(unknown)} handed in nothing for {chapter}")
        return [s for s in there if not wanted or s in wanted]


def is_fit(student: str) -> bool:
    """May a student be called so? nbgrader looks for its folders by pattern: "*" would be everybody."""
    return student.isprintable() and not set(student) & set("*?[]")


def find_course(start: Path) -> Course:
    """The course folder that `start` lies in."""
    for folder in (start, *start.parents):
        if (folder / MARKER).is_file():
            return Course(folder)
    raise CourseError(f"{start} is not inside a course folder (one that holds {MARKER}); name it with --course")


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """Read a notebook of format 4; raises `CourseError` where it cannot be."""
    try:
        notebook = nbformat.reads(_whole_characters(path.read_text(encoding="utf-8")), as_version=4)
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise CourseError(f"there is no notebook {path}") from None
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, nbformat.ValidationError, AttributeError, KeyError, TypeError, RecursionError) as error:
        told = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise CourseError(f"{path} is damaged: it is not a Jupyter notebook ({told})") from None
    return notebook


def _whole_characters(text: str) -> str:
    """A notebook's JSON in which half a surrogate pair, which can be written to no file, is a question mark."""
    if "\\ud" not in text.lower():
        return text
    return json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace").decode()


def notebook_text(notebook: nbformat.NotebookNode) -> str:
    """A notebook as the course stores it: one-space indent, one final newline."""
    return nbformat.writes(notebook, indent=1).rstrip("\n") + "\n"


def tags(cell: nbformat.NotebookNode) -> list[str]:
    found = cell.metadata.get("tags")
    return list(found) if isinstance(found, list) else []


def graded(cell: nbformat.NotebookNode) -> dict:
    """The cell's nbgrader metadata, empty if it has none."""
    found = cell.metadata.get("nbgrader")
    return found if isinstance(found, dict) else {}


def is_check(cell: nbformat.NotebookNode) -> bool:
    """A locked code cell that is worth points."""
    return cell.cell_type == "code" and bool(graded(cell).get("grade")) and not graded(cell).get("solution")


def checks(notebook: nbformat.NotebookNode) -> dict[str, nbformat.NotebookNode]:
    """The check cells, in order: exercise → cell."""
    return {graded(c)["grade_id"].removesuffix("-check"): c for c in notebook.cells if is_check(c)}


def is_solution(cell: nbformat.NotebookNode) -> bool:
    return bool(graded(cell).get("solution"))


def is_lesson(cell: nbformat.NotebookNode) -> bool:
    """A cell that only demonstrates: nothing that is graded may depend on it."""
    return "lesson" in tags(cell) and not graded(cell)
