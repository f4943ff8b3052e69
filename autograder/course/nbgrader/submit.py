"""A student's hand-in by nbgrader's exchange, where the school has one: found by the configuration by which *Assignment List* finds it.

nbgrader runs in a process of its own (`python -m` this module), for it reads a configuration that is Python, and logs as it likes:
neither belongs into the student's kernel. Importing this module imports nothing of nbgrader's.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..files import copy_files

USUAL = Path("/usr/local/share/nbgrader/exchange")  # nbgrader's own default
SECONDS = 120


@dataclass(frozen=True)
class Submission:
    """What became of it. why: it was not submitted, and this is why; then the rest is empty, as far as it is not known.

    course: its name in the exchange. at: the time that the exchange notes, as a text. student: by which name.
    """

    course: str = ""
    student: str = ""
    at: str = ""
    why: str = ""


def submit(shelf: Path, notebook: Path, content: bytes) -> Submission | None:
    """Submit a chapter's notebook with this content, and the files beside it; None where there is no exchange.

    shelf: the folder in which the exchange's fetched assignments lie. notebook: where it lies; other notebooks beside it, such as
    copies, stay at home.
    """
    if not _may_be_there(shelf):
        return None
    with tempfile.TemporaryDirectory(prefix="course-submit-") as scratch:
        work = Path(scratch, notebook.parent.name)
        work.mkdir()
        copy_files(notebook.parent, work)
        (work / f"{work.name}.ipynb").write_bytes(content)
        command = [sys.executable, "-m", __name__, str(work)]
        try:
            done = subprocess.run(command, cwd=shelf, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return Submission(why=f"nbgrader's exchange has not answered within {SECONDS} seconds")
    try:
        told = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        told = {"why": f"nbgrader failed: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1][:300]}"}
    return None if told is None else Submission(**told)


def _may_be_there(shelf: Path) -> bool:
    """Told without nbgrader, whose import takes seconds. The exchange is no thing for Windows."""
    from jupyter_core.paths import jupyter_config_path

    places = [Path(place) for place in (shelf, *jupyter_config_path())]
    configured = any((place / f"nbgrader_config.{kind}").is_file() for place in places for kind in ("py", "json"))
    return os.name == "posix" and (configured or USUAL.is_dir())


def _submit(work: Path) -> Submission | None:
    """In the process beside: find the exchange, the course and the assignment, and submit."""
    from nbgrader.apps import NbGrader
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange import ExchangeError, ExchangeFactory, default
    from nbgrader.utils import get_username
    from traitlets import TraitError

    app = NbGrader(raise_config_file_errors=True)
    try:
        app.load_config_file()
    except Exception as error:  # noqa: BLE001  the file is Python, and may fail in any way
        return Submission(why=f"nbgrader_config.py cannot be read: {type(error).__name__}: {error}")
    config = app.config

    def step(kind: str) -> Any:
        """Of nbgrader's exchange, or of the one that a school has put into its place."""
        parts = {"coursedir": CourseDirectory(config=config), "authenticator": Authenticator(config=config)}
        return getattr(ExchangeFactory(config=config), kind)(config=config, **parts)

    told = config.CourseDirectory.get("course_id", "")
    try:
        lister = step("List")
        if isinstance(lister, default.Exchange) and not os.path.isdir(lister.root):
            # course_id alone, as in a course folder, is no exchange
            configured = "root" in config.Exchange
            return Submission(told, why=f"the exchange's folder {lister.root} is not there") if configured else None
        courses = sorted({a["course_id"] for a in lister.start() if a["assignment_id"] == work.name})
        if not courses:
            whose = f" of the course {told}" if told else ""
            return Submission(told, why=f"the exchange has no assignment {work.name}{whose}")
        if len(courses) > 1:
            why = f"more than one course in the exchange has {work.name}: {', '.join(courses)}"
            return Submission(why=f"{why}; nbgrader_config.py has to say which is yours, c.CourseDirectory.course_id")
        config.CourseDirectory.course_id, config.CourseDirectory.assignment_id = courses[0], work.name
        config.Exchange.assignment_dir, config.Exchange.path_includes_course = str(work.parent), False
        submission = step("Submit")
        submission.start()
    except (ExchangeError, TraitError, OSError, RuntimeError) as error:
        return Submission(told, why=_sentence(error))
    named = submission.coursedir.student_id
    student = named if named not in ("", "*") else get_username()
    return Submission(courses[0], student, re.sub(r"\.\d+", "", str(getattr(submission, "timestamp", ""))))


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or 'the exchange'}: {(error.strerror or str(error)).lower()}"
    text = " ".join(str(error).split()).removesuffix(".")
    return text[:1].lower() + text[1:]


if __name__ == "__main__":
    answer = _submit(Path(sys.argv[1]))
    print(json.dumps(None if answer is None else asdict(answer)), flush=True)
