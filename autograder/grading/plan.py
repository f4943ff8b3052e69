"""What is to be graded: an assignment's notebooks as its source has them, and the submissions that are not graded yet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Set
from dataclasses import dataclass

from nbformat import NotebookNode

from ..course.cells import graded
from ..course.files import digest_of
from ..course.folder import Course
from .stamp import STAMP


@dataclass(frozen=True)
class Plan:
    """One run over an assignment.

    masters: its notebooks by name, as `course.nbgrader.make.masters` has them. todo: the students to grade now. skipped: how
    many are done.
    """

    course: Course
    assignment: str
    masters: dict[str, NotebookNode]
    todo: tuple[str, ...]
    skipped: int

    @property
    def digest(self) -> str:
        return digest_of_masters(self.masters)


def plan(
    course: Course,
    assignment: str,
    masters: dict[str, NotebookNode],
    students: list[str],
    recorded: Set[str],
    *,
    regrade: bool,
) -> Plan:
    """Whom of these students to grade: with `regrade` all, else those of whom something is new.

    recorded: whose grades the gradebook has.
    """
    digest = digest_of_masters(masters)
    done = {
        s for s in students if not regrade and s in recorded and is_graded(course, assignment, s, list(masters), digest)
    }
    return Plan(course, assignment, masters, tuple(s for s in students if s not in done), len(done))


def is_graded(course: Course, assignment: str, student: str, notebooks: list[str], master: str) -> bool:
    """Was this very submission graded, to the end, against these masters?"""
    submitted = course.submitted_folder(student, assignment)
    there = [name for name in notebooks if (submitted / f"{name}.ipynb").is_file()]
    try:
        digest = digest_of(submitted, notebooks)
        for name in there:
            # only its stamp counts: validating each notebook would take most of the time of a run that has nothing to do
            told = (course.autograded_folder(student, assignment) / f"{name}.ipynb").read_bytes()
            stamp = json.loads(told)["metadata"].get(STAMP, {})
            if (stamp.get("submission"), stamp.get("master")) != (digest, master):
                return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):  # none, or a damaged one
        return False
    return bool(there)


def digest_of_masters(masters: dict[str, NotebookNode]) -> str:
    """sha256 of all that a grade depends on: graded and locked cells, their points and sources, not the prose around them."""
    told = [
        [name, graded(cell), cell.cell_type, cell.source if graded(cell).get("locked") else ""]
        for name, master in sorted(masters.items())
        for cell in master.cells
        if graded(cell)
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
