"""What travels to a worker, as plain data: a kit for an assignment, once, and a parcel for each submission.

The course's secret is in neither: a parcel has the seeds that the secret gives this student for these exercises.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode, from_dict
from traitlets.config import Config

from ...course.cells import checked_name, is_check
from ...course.files import own_files
from ...course.folder import MARKER, Course, CourseError
from ...execution import Policy
from ...judging.library import FILE
from ...judging.topics import OWN, packaged, topics
from ..judges import Job
from ..outside import JudgedOutside
from ..plan import Plan
from ..seeds import seed_of
from ..workplace import Workplace

SECTIONS = ("JudgedOutside", "NbGraderPreprocessor", "Preprocessor", "NbConvertBase", "Autograde")
SECTIONS += ("Execute", "GradedExecute", "ExecutePreprocessor", "NotebookClient")
"""Of nbgrader_config.py what the engine reads."""


@dataclass(frozen=True)
class Kit:
    """What all submissions of an assignment have in common.

    course: the name of its folder. chapters: the folders in source/. masters: notebooks as JSON. about: course.toml, if there
    is one. own, exercises: files by their names below source/ASSIGNMENT and exercises/.
    """

    course: str
    assignment: str
    chapters: tuple[str, ...]
    masters: dict[str, str]
    config: dict
    about: dict[str, bytes]
    own: dict[str, bytes]
    exercises: dict[str, bytes]

    @cached_property
    def digest(self) -> str:
        """sha256 of it all: workers keep kits by it."""
        files = {what: _digests(getattr(self, what)) for what in ("about", "own", "exercises")}
        told = [self.course, self.assignment, self.chapters, self.masters, self.config, files]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Parcel:
    """One submission. files: all that counts of it. notebooks: the names of those to be graded. digest: of it all."""

    student: str
    notebooks: tuple[str, ...]
    digest: str
    files: dict[str, bytes]
    seeds: dict[str, int]


class JudgedElsewhere(JudgedOutside):
    """The engine on a worker: it knows the seeds it was sent, and its copy of the course folder."""

    home: Path
    seeds: dict[str, dict[str, int]]

    def job(self, nb: NotebookNode, student: str, work: Path, written: str) -> Job:
        home, hidden, seeds = str(self.home), Policy(hidden=(str(self.home),)), self.seeds[student]
        return Job(nb, str(work), "", student, home, self.limits, hidden, self.notebook_timeout, written, seeds)


def kit_of(engine: JudgedOutside, plan: Plan) -> Kit:
    """The kit of an assignment. Raises `CourseError` for a configuration that is no plain data."""
    root, source = plan.course.root, plan.course.root / "source"
    return Kit(
        root.name,
        plan.assignment,
        tuple(sorted(path.name for path in source.iterdir() if path.is_dir())),
        {name: json.dumps(master) for name, master in plan.masters.items()},
        _plain(engine.config),
        _contents({path.name: path for path in [root / FILE] if path.is_file()}),
        _contents(own_files(plan.course.source_folder(plan.assignment))),
        _contents(own_files(root / OWN)),
    )


def parcel_of(plan: Plan, student: str, place: Workplace, there: list[str], digest: str, secret: bytes) -> Parcel:
    """A submission that was taken in."""
    names = {
        name
        for master in plan.masters.values()
        for cell in filter(is_check, master.cells)
        if (name := checked_name(cell.source))
    }
    # which chapter each is of, only its module tells, which needs TensorFlow: seeds of what is not there do no harm
    chapters = dict.fromkeys([*topics(plan.course.root), *packaged()])
    seeds = {key: seed_of(secret, student, key) for name in names for key in (f"{topic}.{name}" for topic in chapters)}
    return Parcel(student, tuple(there), digest, packed(place.handed_in), seeds)


def lay_out(kit: Kit, folder: Path) -> tuple[JudgedElsewhere, Plan]:
    """A course folder, of which there is as much as the kit has, below an empty folder; the engine to grade in it."""
    course = Course(folder / kit.course)
    course.root.mkdir(mode=0o700)
    (course.root / MARKER).touch()
    for name in kit.chapters:
        (course.root / "source" / name).mkdir(parents=True)
    unpacked(kit.about, course.root)
    unpacked(kit.own, course.source_folder(kit.assignment))
    unpacked(kit.exercises, course.root / OWN)
    engine = JudgedElsewhere(config=Config(kit.config))
    engine.home, engine.seeds = course.root, {}
    masters = {name: from_dict(json.loads(text)) for name, text in kit.masters.items()}
    return engine, Plan(course, kit.assignment, masters, (), 0)


def unpack(parcel: Parcel, place: Workplace) -> None:
    """As `take_in`, of what was sent."""
    unpacked(parcel.files, place.handed_in)


def packed(folder: Path) -> dict[str, bytes]:
    """The regular files of a folder of ours, by name."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def unpacked(files: dict[str, bytes], folder: Path) -> None:
    """The other way round."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _contents(files: dict[str, Path]) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in files.items()}


def _digests(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def _plain(config: Config) -> dict:
    found = {}
    for section in SECTIONS:
        for name, value in config.get(section, {}).items():
            if section == "Autograde" and name != "exclude_overwriting":
                continue
            try:
                found.setdefault(section, {})[name] = json.loads(json.dumps(value))
            except (TypeError, ValueError):
                raise CourseError(
                    f"c.{section}.{name} in nbgrader_config.py is no plain value, and cannot be sent to a cluster"
                ) from None
    return found
