"""What lateness costs, where nbgrader asks: its plugin, which reads the class's own settings."""

from __future__ import annotations

from pathlib import Path

from nbgrader.plugins import LateSubmissionPlugin

from ..folder import Course
from ..settings import read_settings


class ClassLatePolicy(LateSubmissionPlugin):
    """Takes off what class.toml says. nbgrader's converters, which ask it, work in the course folder."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float:
        return read_settings(Course(Path.cwd())).late.penalty(score, total_seconds_late)
