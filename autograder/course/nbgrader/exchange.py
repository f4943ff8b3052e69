"""nbgrader's exchange, where its own steps stop for one student: feedback is released to all others."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from nbgrader.apps import NbGraderAPI
from nbgrader.exchange.default import ExchangeReleaseFeedback
from nbgrader.utils import notebook_hash

from ..folder import Course, CourseError
from .config import last_line, load_config, quiet

SECRET = "submission_secret.txt"


class ReleaseFeedback(ExchangeReleaseFeedback):
    """nbgrader's, but for a student without timestamp.txt, which it only wants to tell of, or without the secret that comes with a
    hand-in through the exchange. To be named in nbgrader_config.py: `c.ExchangeFactory.release_feedback`."""

    def copy_files(self) -> None:
        left_out = set((self.coursedir.student_id_exclude or "").split(","))
        pattern = self.coursedir.student_id or "*"
        for page in sorted(
            Path(self.coursedir.root, self.coursedir.feedback_directory).glob(
                f"{pattern}/{self.coursedir.assignment_id}/*.html"
            )
        ):
            student = page.parent.parent.name
            try:
                secret = _secret(Path(self.coursedir.root), student, page.parent.name).read_text()
            except OSError:
                self.log.warning("%s handed in outside of the exchange, and cannot fetch feedback there", student)
                continue
            if student in left_out:
                continue
            name = notebook_hash(secret=secret, notebook_id=page.stem)
            aside = os.path.join(self.dest_path, f"{name}-tmp.html")
            shutil.copy(page, aside)
            shutil.move(aside, os.path.join(self.dest_path, f"{name}.html"))
            self.log.info("Feedback released to %s", student)


def release_to_exchange(course: Course, assignment: str) -> Path:
    """Put everybody's pages where `nbgrader fetch_feedback` looks for them; returns the folder. Raises `CourseError`."""
    config = load_config(course)
    config.ExchangeFactory.release_feedback = ReleaseFeedback
    api = NbGraderAPI(config=config)
    with quiet():
        outcome = api.release_feedback(assignment)
    if not outcome["success"]:
        why = re.sub(r"^[\w.]+Error: ", "", last_line(outcome))
        raise CourseError(f"the exchange took no feedback: {why}")
    return Path(ReleaseFeedback(coursedir=api.coursedir, parent=api).root, api.coursedir.course_id, "feedback")


def in_exchange(course: Course, student: str, assignment: str) -> bool:
    """Did this hand-in come through the exchange?"""
    return _secret(course.root, student, assignment).is_file()


def _secret(root: Path, student: str, assignment: str) -> Path:
    """Where what the exchange knows a hand-in by lies: beside the page, where nbgrader's own generate_feedback puts it, or in what
    was handed in."""
    beside = root / "feedback" / student / assignment / SECRET
    handed_in = root / "submitted" / student / assignment / SECRET
    return handed_in if not beside.is_file() and handed_in.is_file() and not handed_in.is_symlink() else beside
