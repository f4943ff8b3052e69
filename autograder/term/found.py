"""What lies in a download: files under the names that they go by there, from folders and from archives within archives."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from ..course.folder import CourseError
from .names import is_notebook_name
from .unpack import Bad, Budget, is_zip, unpack

JUNK = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints", "__pycache__", ".git"}
MAX_FILE = 100 << 20  # bytes; `course grade` reads no larger notebook either
MAX_LEVELS = 30
TEXTS = (".ipynb", ".txt", ".json")
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")


@dataclass(frozen=True)
class Found:
    """One file. path: where its bytes lie now. parts: what it is called in the download, folders and archives first. changed:
    the file's own date. top: the folder's name that was given. repository: the clone that it lies in."""

    path: Path
    parts: tuple[str, ...]
    changed: datetime | None = None
    top: str = ""
    repository: Path | None = None

    @property
    def name(self) -> str:
        return shown("/".join(self.parts))


@dataclass
class Haul:
    """All that was found. troubles: name → why it could not be read. notes: what was done to read others."""

    files: list[Found] = field(default_factory=list)
    troubles: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find(sources: Iterable[Path], scratch: Path) -> Haul:
    """Everything in these folders, archives and files. scratch: where archives are unpacked to. Raises `CourseError`."""
    haul = Haul()
    for source in sources:
        if not source.exists():
            raise CourseError(f"there is no file or folder {source}")
        if source.is_dir():
            _walk(source, haul, scratch)
        else:
            _take(source, (source.name,), haul, scratch)
    haul.files = [in_utf8(file, scratch, haul) for file in haul.files]
    return haul


def in_utf8(file: Found, scratch: Path, haul: Haul) -> Found:
    """A notebook that an editor has saved with a byte order mark, as notebooks are written; any other file as it is."""
    if not file.parts[-1].lower().endswith(TEXTS):
        return file
    try:
        with open(file.path, "rb") as content:
            mark = content.read(4)
        code = next((code for start, code in MARKS.items() if mark.startswith(start)), None)
        if code is None:
            return file
        written = Path(tempfile.mkdtemp(dir=scratch), "file")
        written.write_text(file.path.read_text(encoding=code), encoding="utf-8", newline="")
    except (OSError, UnicodeError):
        return file
    if is_notebook_name(file.parts[-1]):
        haul.notes.append(f"{file.name}: an editor has put a byte order mark before it; what is kept is plain UTF-8")
    return replace(file, path=written)


def _walk(top: Path, haul: Haul, scratch: Path) -> None:
    def say(error: OSError) -> None:
        haul.troubles[str(error.filename)] = error.strerror or str(error)

    clones: dict[Path, Path] = {}
    for where, folders, files in os.walk(top, onerror=say):
        here = Path(where)
        if os.path.exists(here / ".git"):
            clones[here] = here
        clone = clones.get(here) or clones.get(here.parent)
        if clone is not None:
            clones[here] = clone
        folders[:] = sorted(name for name in folders if name not in JUNK)
        parts = here.relative_to(top).parts
        if len(parts) >= MAX_LEVELS:
            folders[:] = []
        for name in sorted(files):
            _take(here / name, (*parts, name), haul, scratch, clone, top.name)


def _take(
    path: Path, parts: tuple[str, ...], haul: Haul, scratch: Path, clone: Path | None = None, top: str = ""
) -> None:
    name = shown("/".join(parts))
    if parts[-1] in JUNK or parts[-1].startswith("._"):
        return
    try:
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            haul.troubles[name] = "is a link, or no file"
        elif is_zip(path):
            _unpack(path, parts, haul, scratch, top)
        elif parts[-1].lower().endswith(ARCHIVES):
            haul.troubles[name] = "is an archive of a kind that is not read here: unpack it, and collect what was in it"
        elif about.st_size > MAX_FILE:
            haul.troubles[name] = f"is larger than {MAX_FILE >> 20} MB"
        else:
            haul.files.append(Found(path, parts, datetime.fromtimestamp(about.st_mtime, UTC), top, clone))
    except OSError as error:
        haul.troubles[name] = error.strerror or str(error)


def _unpack(path: Path, parts: tuple[str, ...], haul: Haul, scratch: Path, top: str) -> None:
    taken, bad = unpack(path, parts, scratch, Budget.of_download())
    for member in taken:
        if JUNK.isdisjoint(member.parts) and not member.parts[-1].startswith("._"):
            if member.parts[-1].lower().endswith(ARCHIVES):
                bad.append(Bad("/".join(member.parts), "is an archive of a kind that is not read here"))
            else:
                haul.files.append(Found(member.path, member.parts, member.changed, top))
    haul.troubles |= {shown(trouble.name): trouble.why for trouble in bad}


def shown(name: str) -> str:
    """A name as it can be printed: what would act on a terminal is a question mark."""
    return "".join(c if c.isprintable() else "?" for c in name)
