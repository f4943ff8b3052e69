"""`hand_in()` and `course hand-in`: grade a copy of the saved notebook, show the table, put the copy where it can be taken from.

What lies in `hand-in/` is the notebook as it was saved, byte by byte, under the name that the teacher's grader looks for, and
beside it a receipt: when, with which sha256 and how many points. Where the school has nbgrader's exchange, the same bytes are submitted
to it; otherwise nothing is sent anywhere.
"""

from __future__ import annotations

import hashlib
import html
import re
import time
from dataclasses import dataclass
from pathlib import Path

from ..course.cells import checks
from ..course.folder import CourseError
from ..course.nbgrader.submit import Submission, submit
from ..course.notebooks import read_notebook, write_bytes, write_text
from ..judging import ledger
from ..judging.topics import NUMBERED, course_around, topic_of
from ..judging.verdict import BAD, GOOD, NEUTRAL
from .progress import badge
from .rehearse import Rehearsal, rehearse
from .shelf import shelf_around

FOLDER = "hand-in"
COPY = re.compile(r"(?P<name>\d+_\w+?)(-Copy\d+| ?\(\d+\))")  # as JupyterLab and browsers call copies


@dataclass(frozen=True)
class HandedIn:
    """What was handed in. graded: the copy's table. target: where it lies. saved: when the notebook was saved, as a text. sent: by the
    exchange; None where there is none."""

    chapter: str
    graded: Rehearsal
    target: Path
    sha256: str
    saved: str
    notes: tuple[str, ...] = ()
    sent: Submission | None = None

    @property
    def refused(self) -> str:
        """Why the exchange has not got it; empty if it has, or if there is none."""
        return self.sent.why if self.sent is not None else ""

    @property
    def headline(self) -> str:
        return f"{self.chapter}: {self.graded.points:g} of {self.graded.of:g} points, as it was saved {self.saved}"

    def __repr__(self) -> str:
        wide = max((len(row.name) for row in self.graded.rows), default=0)
        lines = [self.headline]
        for row in self.graded.rows:
            lines.append(f"  {row.name:{wide}}  {row.points:g} of {row.of:g}  {row.outcome}")
            lines += [f"  {'':{wide}}  {text}" for text in (row.why, _surprise(row)) if text]
        return "\n".join([*lines, *self._told()])

    def _told(self) -> list[str]:
        where = f"{FOLDER}/{self.target.name}"
        return [
            *(
                []
                if self.graded.engine
                else ["Graded in a fresh Jupyter kernel; your teacher's grader judges from outside."]
            ),
            *self.notes,
            *self._where_it_went(where),
            f"The receipt lies beside it (sha256 {self.sha256[:12]}…).",
            "The written question is read by a person. You can hand in again: the later file counts.",
        ]

    def _where_it_went(self, where: str) -> list[str]:
        if self.sent is None:
            return [f"Written to {where}: give this file to your teacher."]
        if self.refused:
            return [
                f"Not submitted to the exchange: {self.refused}.",
                f"The copy is in {where}: hand in again, or give this file to your teacher in another way.",
            ]
        return [
            f"Submitted to the exchange: {self.sent.course}, as {self.sent.student}, {self.sent.at}. Nothing is left to do.",
            f"A copy is in {where}.",
        ]

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align:left">{_badge(row)} <code>{html.escape(row.name)}</code></td>'
            f'<td style="text-align:left">{row.points:g} of {row.of:g}</td><td style="text-align:left">'
            f"{'<br>'.join(html.escape(text) for text in (row.outcome, row.why, _surprise(row)) if text)}</td></tr>"
            for row in self.graded.rows
        )
        told = "".join(f"<p>{html.escape(text)}</p>" for text in self._told())
        return f'<div class="handed-in"><p><b>{html.escape(self.headline)}</b></p><table>{rows}</table>{told}</div>'


@dataclass(frozen=True)
class Refused:
    """Why nothing was handed in, and what to do."""

    why: str

    def __repr__(self) -> str:
        return f"Not handed in: {self.why}"

    def _repr_html_(self) -> str:
        return f'<div style="border-left:4px solid {BAD};padding:.3em .8em"><b>Not handed in:</b> {html.escape(self.why)}</div>'


def hand_in(anyway: bool = False) -> HandedIn | Refused:
    """Hand in the notebook in which this is called, as it was last saved.

    anyway: also if what is saved is not what was run last.
    """
    path = ledger.notebook_file()
    if path is None:
        return Refused("this notebook's file cannot be found. In a terminal in the course's folder: course hand-in 01")
    path = path.resolve()
    shelf, folder = shelf_around(path.parent)
    if not folder:
        return Refused(f"{path.name} does not lie in the folder of its chapter. Put it there, and open it there.")
    try:
        if not anyway and (other := unsaved(checks(read_notebook(path)))):
            names = " and ".join(f"`{name}`" for name in other)
            return Refused(
                f"what you ran last in the cell of {names} is not what is saved, and a file is all that can be handed in. Save the "
                "notebook (Ctrl and S; on a Mac Command and S), run that cell, and run this one again. If the file is right "
                "as it is: hand_in(anyway=True)"
            )
        return hand_in_file(path, shelf)
    except CourseError as error:
        return Refused(f"{error}.")
    except OSError as error:
        return Refused(f"{error.filename or 'a file'}: {(error.strerror or str(error)).lower()}.")


def unsaved(names: list[str] | dict) -> list[str]:
    """Those of these answers whose cell was run last with another text than the saved notebook has."""
    kept = ledger.ledger()
    if kept is None:
        return []
    saved = {cell.id: cell.source.strip() for cell in ledger.notebook_cells()}
    runs = {name: kept.runs[name] for name in names if name in kept.runs}
    return [name for name, run in runs.items() if run.cell_id and saved.get(run.cell_id) != run.source.strip()]


def hand_in_chapter(start: Path, wanted: str) -> HandedIn:
    """Hand in the notebook of a chapter named by folder, number or topic. Raises `CourseError`."""
    root = course_around(start)
    shelf = root / "release" if root is not None and (root / "release").is_dir() else shelf_around(start)[0]
    there = (
        sorted(p.name for p in shelf.iterdir() if NUMBERED.fullmatch(p.name) and p.is_dir()) if shelf.is_dir() else []
    )
    named = wanted.strip("/").removesuffix(".ipynb")
    numbered = named.lstrip("0") if named.isdigit() else None
    found = [n for n in there if n == named or topic_of(n) == named or n.partition("_")[0].lstrip("0") == numbered]
    if not found:
        raise CourseError(f"there is no chapter {wanted!r} in {shelf}; there are {', '.join(there) or 'none'}")
    return hand_in_file(shelf / found[0] / f"{found[0]}.ipynb", shelf)


def hand_in_file(path: Path, shelf: Path) -> HandedIn:
    """Grade a copy of a notebook, and write it with its receipt into the shelf's `hand-in/`. Raises `CourseError`, `OSError`."""
    copy = COPY.fullmatch(path.stem)
    chapter = copy["name"] if copy else path.stem
    if chapter != path.parent.name:
        raise CourseError(
            f"{path.name} is not the notebook of {path.parent.name}: it has to be called {path.parent.name}.ipynb"
        )
    notebook = read_notebook(path)
    content, saved = path.read_bytes(), time.strftime("on %d %B at %H:%M:%S", time.localtime(path.stat().st_mtime))
    if not checks(notebook):
        raise CourseError(f"{path.name} holds no check: it is not a notebook of the course, or has lost its cells")
    graded = rehearse(notebook, path.parent, course_around(path.parent) or shelf)
    target = shelf / FOLDER / f"{chapter}.ipynb"
    target.parent.mkdir(exist_ok=True)
    sha256 = hashlib.sha256(content).hexdigest()
    write_bytes(target, content)
    sent = submit(shelf, path, content)
    done = HandedIn(chapter, graded, target, sha256, saved, tuple(_notes(path)), sent)
    now = time.strftime("%Y-%m-%d %H:%M:%S %z")
    receipt = target.with_suffix(".receipt.txt")
    told = f"file    {target.name}\nsha256  {sha256}\ntime    {now}\npoints  {graded.points:g} of {graded.of:g}\n"
    if sent is not None and not sent.why:
        told += f"course  {sent.course} in nbgrader's exchange, as {sent.student}, {sent.at}\n"
    write_text(receipt, f"{told}\n{done!r}\n")
    return done


def _notes(path: Path) -> list[str]:
    """What else lies beside a notebook that may have been meant."""
    newer = [
        other.name
        for other in sorted(path.parent.glob("*.ipynb"))
        if other != path and other.stat().st_mtime > path.stat().st_mtime
    ]
    return [f"{name} was saved later and is not what was handed in: is it the one that you meant?" for name in newer]


def _surprise(row) -> str:
    return f"The saved notebook shows {row.shown:g} points for it." if row.surprising else ""


def _badge(row) -> str:
    mark, colour = {"correct": ("✓", GOOD), "not attempted": ("○", NEUTRAL)}.get(row.outcome, ("✗", BAD))
    return badge(mark, colour)
