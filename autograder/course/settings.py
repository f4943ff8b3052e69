"""A class's own settings, class.toml in its folder: chapters, due dates, what lateness costs. A course folder may have none."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .folder import Course, CourseError

SETTINGS = "class.toml"
POLICIES = {
    "none": "nothing",
    "per-day": "a share of the score for each day begun, of a score of 0 at the most",
    "zero": "the whole score",
}
LAST_MINUTE = time(23, 59)


@dataclass(frozen=True)
class Late:
    """What lateness costs. policy: one of `POLICIES`. share: of the score, for each day begun. grace_minutes: cost nothing."""

    policy: str = "none"
    share: float = 0.1
    grace_minutes: float = 0

    def penalty(self, score: float, seconds_late: float) -> float:
        """The points to take off a score that was handed in so many seconds after it was due."""
        if seconds_late <= self.grace_minutes * 60 or self.policy == "none":
            return 0.0
        if self.policy == "zero":
            return score
        days = math.ceil(seconds_late / 86400)
        return round(min(score, score * self.share * days), 4)


@dataclass(frozen=True)
class Settings:
    """due: chapter → when it is due, in UTC; a chapter without a date is never late."""

    name: str = ""
    due: dict[str, datetime] = field(default_factory=dict)
    late: Late = field(default_factory=Late)
    zone: tzinfo | None = None

    def seconds_late(self, chapter: str, handed_in: datetime | None) -> float:
        """How long after it was due; 0 if in time, if nobody knows when, or if there is no date."""
        due = self.due.get(chapter)
        return max(0.0, (handed_in - due).total_seconds()) if due and handed_in else 0.0

    def local(self, moment: datetime) -> str:
        """A moment as people of this class read it."""
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")


def read_settings(course: Course) -> Settings:
    """The class's settings; those of a course without class.toml are the defaults. Raises `CourseError`."""
    path = course.root / SETTINGS
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (ValueError, OSError) as error:
        raise CourseError(f"{path} cannot be read: {error}") from None
    return settings_of(told, course.chapters(), path)


def settings_of(told: dict, chapters: list[str], path: Path) -> Settings:
    """Settings out of class.toml's content. Raises `CourseError` for what does not fit."""
    zone = zone_of(told.get("timezone", ""), path)
    due = {}
    for chapter, when in _table(told, "due", path).items():
        if chapter not in chapters:
            raise CourseError(f"{path}: a date for {chapter!r}, which is no chapter here: {', '.join(chapters)}")
        due[chapter] = moment(when, zone, f"{path}: due, {chapter}")
    late = _table(told, "late", path)
    policy, share, grace = (
        late.get(key, default) for key, default in zip(("policy", "share", "grace_minutes"), ("none", 0.1, 0))
    )
    if policy not in POLICIES:
        raise CourseError(f"{path}: late, policy is {policy!r}; there are {', '.join(POLICIES)}")
    if not _number(share) or not 0 <= share <= 1:
        raise CourseError(f"{path}: late, share is {share!r}; it is a number from 0 to 1")
    if not _number(grace) or grace < 0:
        raise CourseError(f"{path}: late, grace_minutes is {grace!r}; it is a number of minutes")
    return Settings(str(told.get("name", "")), due, Late(policy, float(share), float(grace)), zone)


def _table(told: dict, name: str, path: Path) -> dict:
    found = told.get(name, {})
    if not isinstance(found, dict):
        raise CourseError(f"{path}: [{name}] is a table")
    return found


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def zone_of(name: str, where: object) -> tzinfo | None:
    """The time zone of this name; None, this machine's own, for none."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise CourseError(f"{where}: there is no time zone {name!r}; one is called Europe/Vienna") from None


def moment(told: object, zone: tzinfo | None, where: str) -> datetime:
    """A date (its last minute) or a time, as TOML or as text, in UTC. Raises `CourseError`."""
    if isinstance(told, str):
        try:
            told = datetime.fromisoformat(told.strip()) if len(told.strip()) > 10 else date.fromisoformat(told.strip())
        except ValueError:
            raise CourseError(f"{where}: {told!r} is no date such as 2026-11-02 or 2026-11-02T12:00") from None
    if isinstance(told, date) and not isinstance(told, datetime):
        told = datetime.combine(told, LAST_MINUTE)
    if not isinstance(told, datetime):
        raise CourseError(f"{where}: {told!r} is no date such as 2026-11-02 or 2026-11-02T12:00")
    if told.tzinfo is None and zone is not None:
        told = told.replace(tzinfo=zone)
    return told.astimezone(UTC)  # without a zone: this machine's


def settings_text(name: str, due: dict[str, datetime], late: Late, timezone: str) -> str:
    """class.toml for a new class."""
    zone = zone_of(timezone, SETTINGS)
    dates = "\n".join(f"{chapter} = {when.astimezone(zone).isoformat()}" for chapter, when in due.items())
    policies = "".join(f"#   {key!r}: {what}\n".replace("'", '"') for key, what in POLICIES.items())
    return f"""# This class: edit it as you like; every command reads it anew.
name = {_quoted(name)}
# The time zone of dates without one, and of what is shown; empty: this machine's.
timezone = {_quoted(timezone)}

# When each chapter is due: a date (its last minute) or a time. A chapter without a date is never late.
[due]
{dates}

# What lateness costs:
{policies}[late]
policy = "{late.policy}"
share = {late.share:g}
grace_minutes = {late.grace_minutes:g}
"""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
