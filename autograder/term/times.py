"""When something was handed in: by a timestamp as nbgrader writes it, by the last commit of a clone."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

GIT_SECONDS = 20
QUIET = ("-c", "core.fsmonitor=", "-c", "log.showSignature=false", "-c", "core.hooksPath=/dev/null", "--no-pager")


def read_timestamp(told: Path | str) -> datetime | None:
    """nbgrader's "2026-11-01 14:03:22.123456 UTC", in UTC; None for what is no such time. told: the text, or a file with it."""
    try:
        text = told if isinstance(told, str) else told.read_text(encoding="utf-8")[:200]
    except (OSError, UnicodeError):
        return None
    text = re.sub(r"(?<=\d)T(?=\d)", " ", text.strip())
    date, _, zone = text.rpartition(" ")
    if ":" in zone and len(text.split()) < 3:  # no zone, or one that is part of the time
        date, zone = text, "UTC"
    try:
        at = datetime.fromisoformat(date)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
        if re.fullmatch(r"[+-]\d{4}", zone):
            return at.replace(tzinfo=datetime.strptime(zone, "%z").tzinfo or UTC).astimezone(UTC)
        return at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OSError, KeyError):
        return None


def timestamp_text(at: datetime) -> str:
    """As nbgrader writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")


def committed_at(repository: Path, path: Path) -> datetime | None:
    """When the last commit of a file in a clone was made; None without git or commits."""
    command = [
        "git",
        *QUIET,
        "-C",
        str(repository),
        "log",
        "-1",
        "--format=%cI",
        "--",
        str(path.relative_to(repository)),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_SECONDS, check=False)
        return datetime.fromisoformat(done.stdout.strip()).astimezone(UTC)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
