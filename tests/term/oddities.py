"""A class of thirty and what it hands in, with every oddity of names and files that we know of; the names are nobody's."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from common import ROOT

CHAPTER = "01_forward_pass"
FIRST = "Aalto Béla Çelik Dario Eòin Fjord".split()
LAST = "Birch Cedar Ebony Hazel Juniper".split()
SIZE = len(FIRST) * len(LAST)


def people() -> list[tuple[str, str, str, str]]:
    """(first name, last name, number in the LMS, login), thirty of them."""
    pairs = [(first, last) for last in LAST for first in FIRST]
    return [
        (first, last, str(4000 + n), f"s{n:02d}@a-rather-long-name-of-a-university.example")
        for n, (first, last) in enumerate(pairs)
    ]


def roster_csv() -> str:
    """The class as a Canvas gradebook exports it."""
    lines = ["Student,ID,SIS User ID,SIS Login ID,Section", '"    Points Possible",,,,']
    lines += [f'"{last}, {first}",{number},R{number},{login},A' for first, last, number, login in people()]
    return "\n".join([*lines, '"Student, Test",9,,,A', ""])


def ident(number: int) -> str:
    return people()[number][3]


def content(chapter: str, says: str, change=None) -> str:
    """The released notebook with a cell of its owner's. change: of the notebook as JSON."""
    told = json.loads((ROOT / "release" / chapter / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    told["cells"].append({"cell_type": "markdown", "id": "own", "metadata": {}, "source": says})
    if change:
        change(told)
    return json.dumps(told)


def zipped(files: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, what in files.items():
            archive.writestr(name, what)
    return out.getvalue()


def put(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, what in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(what.encode() if isinstance(what, str) else what)


def canvas_zip(first: str = "", fill: dict | None = None) -> bytes:
    """Canvas's download of everybody's submissions, of students 0 to 9 and of one whom nobody knows.

    fill: student → what it does to the notebook as JSON.
    """

    def name(n: int, file: str, late: str = "") -> str:
        first_name, last, number, _ = people()[n]
        return f"{(last + first_name).lower()}_{late}{number}_{900 + n}_{file}"

    def book(n: int, more: str = "") -> str:
        return content(CHAPTER, f"{n} {more}", (fill or {}).get(n))

    inner = {
        f"my work/{CHAPTER}/{CHAPTER}.ipynb": book(6),
        f"my work/{CHAPTER}/digits/notes.txt": "mine",
        f"__MACOSX/._{CHAPTER}.ipynb": "junk",
    }
    return zipped(
        {
            name(0, f"{CHAPTER}.ipynb"): book(0, first),
            name(1, f"{CHAPTER}-1.ipynb", "LATE_"): book(1),
            name(2, f"{CHAPTER} (1).ipynb"): book(2),
            name(3, "01_Forward_Pass.IPYNB"): book(3),
            name(4, "homework.ipynb"): book(4),
            name(5, f"{CHAPTER}-Copy1.ipynb"): book(5),
            name(6, "hand-in.zip"): zipped(inner),
            name(7, f"{CHAPTER}.ipynb.txt"): book(7),
            name(8, f"{CHAPTER}.ipynb"): book(8, "first"),
            name(8, f"{CHAPTER}-1.ipynb"): book(8, "second"),
            name(9, "bomb.zip"): zipped({f"{i}.txt": "" for i in range(2001)}),
            f"nobody_9999_999_{CHAPTER}.ipynb": book(9),
            f"../../{name(9, 'evil.ipynb')}": book(9),
        }
    )


def moodle_folder(folder: Path) -> None:
    """Moodle's download, unpacked, of students 10 to 13; 12 has given another chapter's notebook this chapter's name."""
    for n, what in (
        (10, content(CHAPTER, "10")),
        (11, content(CHAPTER, "11")),
        (12, content("02_gradients_and_activations", "12")),
    ):
        first, last, _, _ = people()[n]
        put(folder, {f"{first} {last}_{770 + n}_assignsubmission_file_/{CHAPTER}.ipynb": what})
    first, last, _, _ = people()[13]
    put(folder, {f"{first} {last}_783_assignsubmission_file_/essay.docx": zipped({"word/document.xml": "<w/>"})})


def blackboard_zip() -> bytes:
    """Blackboard's download of students 14 to 16: two attempts of 14's, a late one of 15's, both chapters of 16's."""
    title = "gradebook_Forward_pass"

    def name(n: int, at: str, file: str) -> str:
        return f"{title}_{ident(n)}_attempt_{at}{file}"

    return zipped(
        {
            name(14, "2026-11-01-10-00-00", f"_{CHAPTER}.ipynb"): content(CHAPTER, "14 first"),
            name(14, "2026-11-02-10-00-00", f"_{CHAPTER}.ipynb"): content(CHAPTER, "14 second"),
            name(14, "2026-11-02-10-00-00", ".txt"): "Name: a note of Blackboard's",
            name(15, "2026-11-04-00-30-00", f"_{CHAPTER}.ipynb"): content(CHAPTER, "15"),
            name(16, "2026-11-01-10-00-00", "_first.ipynb"): content(CHAPTER, "16"),
            name(16, "2026-11-01-10-00-00", "_second.ipynb"): content("02_gradients_and_activations", "16"),
        }
    )


def other_folder(folder: Path) -> None:
    """Files of students 17 to 24 and 26: from Google Classroom, the exchange, by mail; and one that is damaged."""

    def google(n: int) -> str:
        return " ".join(people()[n][:2])

    at = "2026-11-01 09:00:00.000000 UTC"
    exchange = f"{ident(19)}+{CHAPTER}+{at}+c2VjcmV0"
    bare = content(CHAPTER, "24", lambda told: [c.update(metadata={}, id=f"c{i}") for i, c in enumerate(told["cells"])])
    put(
        folder,
        {
            f"{google(17)} - {CHAPTER}.ipynb": content(CHAPTER, "17"),
            f"{google(18)} - Copy of {CHAPTER}.ipynb": content(CHAPTER, "18"),
            f"{exchange}/{CHAPTER}.ipynb": content(CHAPTER, "19"),
            f"{exchange}/timestamp.txt": at,
            f"{ident(20)}/deep/deeper/{CHAPTER} (2).ipynb": content(CHAPTER, "20"),
            f"{CHAPTER}_s21.ipynb": content(CHAPTER, "21"),
            f"by mail/{ident(22)}/Untitled3.ipynb": content(CHAPTER, "22"),
            f"{google(23)}.zip": zipped({f"{CHAPTER}\\{CHAPTER}.ipynb": content(CHAPTER, "23")}),
            f"{ident(24)}/forward pass FINAL.ipynb": bare,
            f"{ident(26)}/{CHAPTER}.ipynb": '{"cells": [',
            "README.txt": "of nobody's",
        },
    )


def everything(folder: Path, fill: dict | None = None) -> list[Path]:
    """All downloads of a Monday; returns what is to be given to the command."""
    put(folder, {"canvas.zip": canvas_zip(fill=fill), "blackboard.zip": blackboard_zip()})
    moodle_folder(folder / "moodle")
    other_folder(folder / "others")
    return [folder / name for name in ("canvas.zip", "moodle", "blackboard.zip", "others")]


UNDERSTOOD = {*range(9), 10, 11, *range(14, 25)}
"""Whose hand-ins are found in `everything`."""


def filling(answers: dict[str, str], written: str = ""):
    """What puts these answers into a notebook as JSON."""

    def change(told: dict) -> None:
        for cell in told["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if name in answers:
                cell["source"] = answers[name]
            elif name == "written-answer" and written:
                cell["source"] = written

    return change
