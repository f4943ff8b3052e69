"""Zip archives, and those within them, taken apart within bounds. What an archive calls its files decides nothing about where
they are written."""

from __future__ import annotations

import itertools
import stat
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

MAX_LEVELS = 4  # of archives in archives
PIECE = 1 << 20


@dataclass(frozen=True)
class Member:
    """A file of an archive. parts: its name, after those of the archives that it was in."""

    path: Path
    parts: tuple[str, ...]
    changed: datetime | None


@dataclass(frozen=True)
class Bad:
    """What could not be taken, and why."""

    name: str
    why: str


@dataclass
class Budget:
    """What is left of what an archive may unpack to."""

    bytes: int
    files: int

    @classmethod
    def of_download(cls) -> Budget:
        return cls(4 << 30, 20_000)

    @classmethod
    def of_student(cls) -> Budget:
        """An archive inside of a download: its own bounds, so that it takes nothing from the others."""
        return cls(200 << 20, 2_000)


class TooMuch(Exception):
    """An archive unpacks to more than it may."""


def is_zip(path: Path) -> bool:
    """By what it holds, and what it is called: a Word document is a zip, too."""
    suffix = path.suffix.lower()
    return suffix == ".zip" or (suffix in ("", ".ipynb") and zipfile.is_zipfile(path))


def unpack(
    path: Path, parts: tuple[str, ...], scratch: Path, budget: Budget, level: int = 1
) -> tuple[list[Member], list[Bad]]:
    """The files in an archive, written to `scratch` under numbers. Of an archive with too much in it there is nothing."""
    name, taken, bad = "/".join(parts), [], []
    if level > MAX_LEVELS:
        return [], [Bad(name, f"is an archive in more than {MAX_LEVELS - 1} others")]
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                inside = _parts(info)
                full = (*parts, *(inside or (info.filename,)))
                if why := _unfit(info, inside):
                    bad.append(Bad("/".join(full), why))
                    continue
                try:
                    target = _extract(archive, info, scratch, budget)
                except (
                    zipfile.BadZipFile,
                    zlib.error,
                    EOFError,
                    NotImplementedError,
                    RuntimeError,
                    ValueError,
                ) as error:
                    bad.append(Bad("/".join(full), f"cannot be unpacked: {error}"))
                    continue
                if full[-1].lower().endswith(".zip"):
                    more, worse = unpack(target, full, scratch, Budget.of_student(), level + 1)
                    taken, bad = taken + more, bad + worse
                else:
                    taken.append(Member(target, full, _time(info)))
    except TooMuch as error:
        return [], [Bad(name, f"{error}; nothing of it was taken")]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeError, OSError) as error:
        return [], [Bad(name, f"is no zip archive, or a damaged one ({error})")]
    return taken, bad


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, scratch: Path, budget: Budget) -> Path:
    budget.files -= 1
    if budget.files < 0:
        raise TooMuch("holds too many files")
    target = scratch / f"{next(_numbers)}.file"
    with archive.open(info) as source, open(target, "xb") as out:
        while piece := source.read(PIECE):  # what its header says of its size is the sender's word
            budget.bytes -= len(piece)
            if budget.bytes < 0:
                raise TooMuch("unpacks to more than it may")
            out.write(piece)
    return target


_numbers = itertools.count()


def _parts(info: zipfile.ZipInfo) -> tuple[str, ...]:
    """A member's name; none if it points out of the archive."""
    name = info.filename
    if not info.flag_bits & 0x800:  # not said to be UTF-8, and yet mostly it is
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    parts = PurePosixPath(name.replace("\\", "/")).parts
    outside = not parts or parts[0] == "/" or ".." in parts or parts[0].endswith(":")
    return () if outside or "\0" in name else parts


def _unfit(info: zipfile.ZipInfo, parts: tuple[str, ...]) -> str:
    if not parts:
        return "its name points out of the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    if info.flag_bits & 1:
        return "is encrypted"
    return ""


def _time(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time).astimezone(UTC) if info.date_time[0] > 1980 else None
    except ValueError:
        return None
