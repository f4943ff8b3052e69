"""Where the gradebook lies, in SQLite's file or on PostgreSQL's server: as a person tells it, as it is shown, as
nbgrader_config.py has it. No password is taken, shown or written."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..folder import MARKER, UNUSABLE, Course, CourseError
from ..notebooks import write_text
from .config import database_url, load_config

DRIVER = "postgresql+psycopg"
LINE = "c.CourseDirectory.db_url = "
HERE = 'f"sqlite:///{ROOT}/gradebook.db?timeout=60"'
SAID = "  # where the gradebook lies: course move-gradebook writes this line"


def db_url_of(course: Course) -> str:
    """As the course's nbgrader_config.py says. Raises `CourseError`."""
    return load_config(course).CourseDirectory.db_url


def is_there(course: Course) -> bool:
    """Is there a gradebook? Of one on a server nobody knows before it is opened. Raises `CourseError`."""
    path = file_of(db_url_of(course))
    return path is None or path.exists()


def url_of(told: str, here: Path) -> str:
    """What a person calls a gradebook → its URL. told: a URL of PostgreSQL's or SQLite's, or a file, as seen from `here`.

    Raises `CourseError`.
    """
    scheme, colon, rest = told.strip().partition("://")
    if not colon:
        return database_url(_file(here / Path(told.strip()).expanduser()))
    backend = scheme.partition("+")[0].lower()
    if backend in ("postgresql", "postgres"):
        url = parsed(f"{DRIVER}://{rest}")
        if url.password is not None or "password" in url.query:
            raise CourseError(
                f"a password would stand in {MARKER} for all to read: leave it out of the URL, and put it into ~/.pgpass or"
                " the environment variable PGPASSWORD"
            )
        if not url.database and "service" not in url.query:
            raise CourseError(
                f"{shown(str(url))} names no database; a URL is such as {DRIVER}://teacher@db.example.edu/autumn"
            )
        return url.render_as_string(hide_password=False)
    if backend == "sqlite":
        url = parsed(f"sqlite://{rest}")
        if not url.database or url.host:
            raise CourseError(f"{told} names no file; one is called sqlite:///gradebook.db")
        return database_url(_file(here / url.database))
    raise CourseError(
        f"a gradebook lies in SQLite or PostgreSQL, and not in {backend!r}: {DRIVER}://USER@HOST/DATABASE"
    )


def _file(path: Path) -> Path:
    path = path.absolute()
    if found := sorted(set(str(path)) & UNUSABLE):
        raise CourseError(f"{path} has {' and '.join(found)} in it, where nbgrader would look elsewhere")
    if path.is_dir() or not path.parent.is_dir():
        raise CourseError(
            f"{path} cannot be a gradebook: " + ("it is a folder" if path.is_dir() else "there is no such folder")
        )
    return path


def parsed(url: str) -> URL:
    """Raises `CourseError`, which does not repeat what may hold a password."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise CourseError(
            f"c.CourseDirectory.db_url in {MARKER}, or what was typed, is no URL of a database, such as {DRIVER}://USER@HOST/DATABASE"
        ) from None


def is_postgresql(url: str) -> bool:
    return parsed(url).get_backend_name() == "postgresql"


def file_of(url: str) -> Path | None:
    """SQLite's file; None for a gradebook elsewhere."""
    found = parsed(url)
    if found.get_backend_name() != "sqlite" or not found.database:
        return None
    return Path(found.database.removeprefix("file:"))  # as SQLite's own URIs begin


def shown(url: str) -> str:
    """As it may be printed: a file's path, a server's URL without password and options."""
    path = file_of(url)
    if path is not None:
        return str(path)
    return parsed(url).set(password=None, query={}).render_as_string(hide_password=True)


def same_place(one: str, other: str) -> bool:
    """Do two URLs name one gradebook? Drivers and options are another matter."""
    a, b = parsed(one), parsed(other)
    return all(
        of(a) == of(b) for of in (URL.get_backend_name, lambda u: u.database, lambda u: u.host, lambda u: u.port)
    )


def config_with(text: str, url: str | None) -> str:
    """nbgrader_config.py's text so that it says where the gradebook lies; None: nothing of ours, as the text says by itself."""
    kept = re.sub(rf"^{re.escape(LINE)}.*{re.escape(SAID)}\n", "", text, flags=re.MULTILINE).rstrip("\n") + "\n"
    return kept if url is None else f"{kept}{LINE}{url!r}{SAID}\n"


def config_with_own(text: str, file: Path) -> str:
    """The same for the gradebook.db of the folder that nbgrader_config.py lies in, wherever that folder is moved."""
    kept = config_with(text, None)
    value = HERE if re.search(r"^ROOT\s*=", kept, flags=re.MULTILINE) else repr(database_url(file))
    return f"{kept}{LINE}{value}{SAID}\n"


def point_to(course: Course, url: str) -> None:
    """Let nbgrader_config.py say that the gradebook lies there. Raises `CourseError`, and leaves it as it was."""
    path = course.root / MARKER
    before = path.read_text(encoding="utf-8")
    tries = [config_with(before, url)]
    if same_place(url, database_url(course.gradebook)):
        tries = [config_with(before, None), config_with_own(before, course.gradebook)]
    for text in tries:
        write_text(path, text)
        try:
            if same_place(db_url_of(course), url):
                return
        except CourseError:
            break
    write_text(path, before)
    raise CourseError(f"{path} says otherwise of c.CourseDirectory.db_url; put {shown(url)} there by hand")
