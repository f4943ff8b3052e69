"""The feedback page: one graded notebook and its marks → one HTML file that loads nothing from anywhere.

On top the points and a line an exercise, with hint and smallest failing input; then what the student wrote, in the notebook's order, with
the lesson folded away. The same arguments give the same bytes.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import json
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2
from nbformat import NotebookNode

from ..course.cells import BY_HAND, OPEN, graded, is_check, is_lesson, is_solution, open_checks, verdict_data
from ..course.nbgrader.cell_marks import CellMark, NotebookMarks
from ..grading.inert import CELL_SECONDS, NOTEBOOK_SECONDS, PICTURES, inert_html
from ..judging.verdict import CaseResult, Verdict
from .text import lesson_html, printed, students_html

TEMPLATES = Path(__file__).with_name("templates")
TEMPLATE = "feedback.html.j2"
MADE_OF = "made-of"
"""The name of the page's <meta> element with a digest of all that it was made of."""

LONGEST = 20_000  # characters of one output that are shown


@dataclass(frozen=True)
class About:
    """Whose page it is. release: the released notebook's cells by id, by which the student's own are told from the lesson's."""

    student: str
    assignment: str
    notebook: str
    release: Mapping[str, str] | None = None
    solutions: Mapping[str, str] | None = None


def made_of(notebook: NotebookNode, marks: NotebookMarks, about: About) -> str:
    """sha256 of what the page is made of, this package's part in it included."""
    told = json.dumps([notebook, asdict(marks), asdict(about)], sort_keys=True, default=str)
    return hashlib.sha256(f"{_version()}{told}".encode()).hexdigest()


@functools.cache
def _version() -> str:
    parts = [Path(__file__), Path(__file__).with_name("text.py"), TEMPLATES / TEMPLATE]
    return hashlib.sha256(b"".join(path.read_bytes() for path in parts)).hexdigest()


def page(notebook: NotebookNode, marks: NotebookMarks, about: About) -> str:
    """The page as HTML."""
    not_found = open_checks(notebook)
    checked = [Line.of(cell, marks, not_found) for cell in notebook.cells if is_check(cell)]
    written = [Written.of(cell, marks) for cell in notebook.cells if is_written(cell)]
    return _template().render(
        about=about,
        title=_title(notebook, about),
        marks=marks,
        total=marks.score - marks.late_penalty,
        lines=checked,
        written=written,
        blocks=list(blocks(notebook, about, {line.cell: line for line in checked}, marks)),
        solutions=about.solutions or {},
        digest=made_of(notebook, marks, about),
        MADE_OF=MADE_OF,
    )


@functools.cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["points"] = "{:g}".format
    return environment.get_template(TEMPLATE)


@dataclass(frozen=True)
class Line:
    """A check in the overview. verdict: None where the check is not one of ours, brought none, or was not asked the student's answer,
    which was not found (lost)."""

    cell: str
    name: str
    mark: CellMark
    verdict: Verdict | None
    lost: bool = False

    @classmethod
    def of(cls, cell: NotebookNode, marks: NotebookMarks, not_found: Collection[str] = ()) -> Line:
        cell_name = str(graded(cell).get("grade_id"))
        found = CellMark(maximum=float(graded(cell).get("points") or 0))
        lost = cell_name in not_found
        verdict = None if lost else verdict_of(cell)
        return cls(cell_name, cell_name.removesuffix("-check"), marks.cells.get(cell_name, found), verdict, lost)

    @property
    def outcome(self) -> str:
        if self.lost:
            return OPEN if self.mark.to_read else BY_HAND
        if self.verdict is not None:
            return self.verdict.outcome
        return "correct" if self.mark.score >= self.mark.maximum else "wrong" if not self.mark.score else "in part"

    @property
    def kind(self) -> str:
        """A word for the colour."""
        return {"correct": "good", "not attempted": "open", OPEN: "open", BY_HAND: "open"}.get(self.outcome, "bad")

    @property
    def by_hand(self) -> bool:
        """Has a person given other points than the check?"""
        return self.verdict is not None and abs(self.verdict.points - self.mark.score) > 1e-9

    @property
    def failed(self) -> CaseResult | None:
        return self.verdict.shown if self.verdict is not None and self.outcome in ("wrong", "crashed") else None

    @property
    def picture(self) -> str:
        """The answer's result beside the expected one, as the source of a picture."""
        if self.failed is None or not self.failed.picture:
            return ""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.failed.picture.encode()).decode()}"


@dataclass(frozen=True)
class Written:
    """An answer that a person reads."""

    cell: str
    mark: CellMark

    @classmethod
    def of(cls, cell: NotebookNode, marks: NotebookMarks) -> Written:
        name = str(graded(cell).get("grade_id"))
        return cls(name, marks.cells.get(name, CellMark(maximum=float(graded(cell).get("points") or 0))))

    @property
    def name(self) -> str:
        return self.cell.replace("-", " ").replace("_", " ").capitalize()


@dataclass(frozen=True)
class Block:
    """A part of the notebook. kind: "lesson" (folded away: html), "code" (source, outputs), "text" (html)."""

    kind: str
    id: str = ""
    title: str = ""
    html: str = ""
    source: str = ""
    outputs: tuple[tuple[str, str], ...] = ()
    line: Line | None = None
    comment: str = ""


def is_written(cell: NotebookNode) -> bool:
    return bool(graded(cell).get("grade")) and is_solution(cell)


def verdict_of(cell: NotebookNode) -> Verdict | None:
    """The verdict that a check cell's output carries as data, if it is whole."""
    told = verdict_data(cell)
    try:
        found = Verdict(**{**told, "cases": tuple(CaseResult(**case) for case in told["cases"])})
        found.to_html()  # in a kernel without a sandbox it may be anything that looks like one
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    return found


def blocks(notebook: NotebookNode, about: About, lines: Mapping[str, Line], marks: NotebookMarks) -> Iterator[Block]:
    """The notebook in pieces: what is the student's own open, what lies between folded together."""
    lesson: list[str] = []
    title, left = "", NOTEBOOK_SECONDS
    for cell in notebook.cells:
        name = str(graded(cell).get("grade_id") or cell.get("id", ""))
        if not _own(cell, about.release):
            shown, heading = _of_lesson(cell)
            lesson.append(shown)
            title = title or heading
            continue
        if lesson:
            yield Block("lesson", title=title or "the lesson", html="\n".join(lesson))
            lesson, title = [], ""
        comment = marks.cells[name].comment if name in marks.cells else ""
        if cell.cell_type == "code":
            line = lines.get(name) if is_check(cell) else None
            outputs = () if line is not None and (line.lost or line.verdict is not None) else tuple(_outputs(cell))
            # of a check what students were given: without hidden tests
            source = (about.release or {}).get(cell.get("id"), cell.source) if is_check(cell) else cell.source
            yield Block("code", name, source=source, outputs=outputs, line=line, comment=comment)
        else:
            started = time.monotonic()
            shown = students_html(cell.source, cell.get("attachments"), min(CELL_SECONDS, left))
            left -= time.monotonic() - started
            yield Block("text", name, html=shown, comment=comment)
    if lesson:
        yield Block("lesson", title=title or "the lesson", html="\n".join(lesson))


def _own(cell: NotebookNode, release: Mapping[str, str] | None) -> bool:
    """Is this the student's own, or a check of it?"""
    if graded(cell):
        return is_solution(cell) or is_check(cell) or bool(graded(cell).get("task") and graded(cell).get("grade"))
    if cell.cell_type == "code":
        return not is_lesson(cell)
    return release is not None and release.get(cell.get("id")) != cell.source


def _of_lesson(cell: NotebookNode) -> tuple[str, str]:
    """(HTML, its heading, if it has one)."""
    if cell.cell_type == "code":
        return f"<pre><code>{html.escape(cell.source)}</code></pre>", ""
    if cell.cell_type != "markdown":
        return "", ""
    heading = next((line for line in cell.source.splitlines() if line.startswith("#")), "")
    return lesson_html(cell.source), heading.lstrip("# ").replace("`", "").replace("*", "")


def _outputs(cell: NotebookNode) -> Iterator[tuple[str, str]]:
    """(kind, content) of each output: "text" to be escaped, "html" cleaned, "picture" as a source."""
    for output in cell.get("outputs", ()):
        if output.output_type == "stream":
            yield "text", _shortened(printed(_joined(output.get("text", ""))))
        elif output.output_type == "error":
            yield "text", _shortened(printed("\n".join(map(str, output.get("traceback", ())))))
        else:
            yield _shown(output.get("data", {}))


def _shown(data: Mapping[str, Any]) -> tuple[str, str]:
    for kind in PICTURES:
        if kind in data:
            encoded = "".join(_joined(data[kind]).split())
            return "picture", f"data:{kind};base64,{encoded}"
    if "text/html" in data:
        return "html", inert_html(_joined(data["text/html"]))
    return "text", _shortened(printed(_joined(data.get("text/plain", ""))))


def _joined(text: Any) -> str:
    return "".join(map(str, text)) if isinstance(text, (list, tuple)) else str(text)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n… ({len(text) - LONGEST} characters more)"


def _title(notebook: NotebookNode, about: About) -> str:
    """The notebook's first heading, else its name."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return cell.source.splitlines()[0].lstrip("# ").strip()[:200]
    return about.notebook
