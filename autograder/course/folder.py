"""Where things are in a course folder. Reading only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..judging.topics import OWN, PACKAGED, topic_of

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

    def chapter_of(self, topic: str) -> str:
        """ "forward_pass" → "01_forward_pass"."""
        return next(chapter for chapter in self.chapters() if topic_of(chapter) == topic)

    def exercises(self, chapter: str) -> Path:
        """The module in which a chapter's exercises are written: in a clone the package's, never that of an installed one."""
        home = PACKAGED if PACKAGED.is_relative_to(self.root.resolve()) else self.root / OWN
        return home / f"{topic_of(chapter)}.py"

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
