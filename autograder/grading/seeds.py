"""The draws of a grade: fresh for each student, the same at every regrade, not to be guessed."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

SECRET = ".course-secret"


def course_secret(root: Path) -> bytes:
    """The course's secret, made at the first grading and kept in the course folder, for its owner's eyes only."""
    path = root / SECRET
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    fresh = secrets.token_hex(32).encode()
    aside = root / f"{SECRET}.{os.getpid()}"
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(fresh)
    try:
        os.link(aside, path)  # fails if another grader was faster: then its secret counts
    except FileExistsError:
        pass
    finally:
        os.unlink(aside)
    return path.read_bytes()


def seed_of(secret: bytes, student: str, exercise: str) -> int:
    """HMAC-SHA256 of student and exercise, as a 63-bit seed."""
    message = f"{student}\0{exercise}".encode()
    return int.from_bytes(hmac.new(secret, message, hashlib.sha256).digest()[:8], "big") >> 1
