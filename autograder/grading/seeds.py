"""The draws of a grade: fresh for each student, the same at every regrade, not to be guessed."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

SECRET = ".course-secret"
DRAWS = 4


def course_secret(root: Path) -> bytes:
    """The course's secret, made at the first grading and kept in the course folder, for its owner's eyes only."""
    path = root / SECRET
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    fresh = secrets.token_hex(32).encode()
    aside = root / f"{SECRET}.{secrets.token_hex(8)}"  # several threads may be at this
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(fresh)
    try:
        os.link(aside, path)  # fails if another grader was faster: then its secret counts
    except FileExistsError:
        pass
    finally:
        os.unlink(aside)
    return path.read_bytes()


def draw_of(secret: bytes, student: str) -> int:
    """Which of the class's `DRAWS` is this student's, by HMAC-SHA256.

    A class shares a few draws, so that what the reference and the mistakes make of each is computed once and not for every
    student. Which draw is whose, and what is in it, only the secret tells.
    """
    return _hmac(secret, student) % DRAWS


def seed_of(secret: bytes, student: str, exercise: str) -> int:
    """The 63-bit seed of an exercise for this student: their draw of it."""
    return _hmac(secret, f"{exercise}\0{draw_of(secret, student)}") >> 1


def _hmac(secret: bytes, message: str) -> int:
    return int.from_bytes(hmac.new(secret, os.fsencode(message), hashlib.sha256).digest()[:8], "big")
