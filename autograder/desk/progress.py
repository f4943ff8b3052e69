"""`progress()`: how far one is, out of what `check` has noted; in a chapter's last cell, and over all chapters on the first page."""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ..judging.topics import topic_of
from ..judging.verdict import BAD, GOOD, NEUTRAL
from .shelf import Chapter, Exercise, chapters, following, shelf_around

FIRST_PAGE = "00_start_here.ipynb"
PICTURES = Path(__file__).with_name("pictures")
MARKS = {"correct": ("✓", GOOD), "": ("○", NEUTRAL), "not attempted": ("○", NEUTRAL)}


def progress() -> ChapterProgress | ShelfProgress | Nothing:
    """Show the points of this chapter's exercises as `check` found them last, what is left, and where to go on.

    Beside the chapters' folders, as on the first page: the same over all chapters.
    """
    shelf, here = shelf_around(Path.cwd())
    found = chapters(shelf)
    chapter = next((chapter for chapter in found if chapter.folder == here), None)
    if chapter is not None:
        return ChapterProgress(chapter, following(found, here), (shelf / FIRST_PAGE).is_file())
    return ShelfProgress(tuple(found)) if found and not here else Nothing(here)


@dataclass(frozen=True)
class Nothing:
    """Progress where no chapter of the course lies, such as beside a solved notebook. folder: of the chapter that is missed in it."""

    folder: str = ""

    def __repr__(self) -> str:
        if self.folder:
            return (
                f"There is no progress to show: no {self.folder}.ipynb that can be read lies here. If you have renamed this notebook, "
                "give it that name again; so it has to be called to be handed in, too."
            )
        return "Progress is shown in the notebooks of the course, each in its own folder."


@dataclass(frozen=True)
class ChapterProgress:
    """One chapter's. first_page: is there one to go back to?"""

    chapter: Chapter
    next: Chapter | None
    first_page: bool = False

    def __repr__(self) -> str:
        lines = [_headline(self.chapter)]
        lines += [f"  {_mark(e)[0]} {e.name}: {e.points:g} of {e.of:g}{_why(e)}" for e in self.chapter.exercises]
        lines += [f"  {text}" for text in (_left(self.chapter), _by_hand(self.chapter)) if text]
        if self.next is not None:
            lines.append(f"Next: {self.next.link}  {self.next.question}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        items = "".join(
            f'<li style="list-style:none">{badge(*_mark(e))} <code>{html.escape(e.name)}</code> '
            f"{e.points:g} of {e.of:g}{html.escape(_why(e))}</li>"
            for e in self.chapter.exercises
        )
        told = "".join(f"<p>{html.escape(text)}</p>" for text in (_left(self.chapter), _by_hand(self.chapter)) if text)
        ways = []
        if self.next is not None:
            ways.append(f"Next: {_link(f'../{self.next.link}', f'{self.next.number} · {self.next.name}')}")
        if self.first_page:
            ways.append(_link(f"../{FIRST_PAGE}", "all chapters"))
        question = f"<br>{html.escape(self.next.question)}" if self.next is not None else ""
        return (
            f'<div class="progress-of-chapter"><p><b>{html.escape(_headline(self.chapter))}</b></p>'
            f'<ul style="padding-left:0">{items}</ul>{told}<p>{" · ".join(ways)}{question}</p></div>'
        )


@dataclass(frozen=True)
class ShelfProgress:
    """All chapters'."""

    chapters: tuple[Chapter, ...]

    @property
    def next(self) -> Chapter | None:
        """What to open: the first chapter that is not finished."""
        return next((chapter for chapter in self.chapters if not chapter.done), None)

    @property
    def headline(self) -> str:
        points, of = sum(c.points for c in self.chapters), sum(c.of for c in self.chapters)
        return f"{points:g} of {of:g} points so far"

    def __repr__(self) -> str:
        lines = [self.headline]
        lines += [f"  {c.number} {c.name}: {c.points:g} of {c.of:g}" for c in self.chapters]
        lines.append(f"Open next: {self.next.link}" if self.next else "You have solved every exercise of the course.")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        first = f"<p><b>{html.escape(self.headline)}.</b> {self._where_to_go()}</p>"
        items = "".join(map(_as_item, self.chapters))
        return f'<div class="progress-of-course">{first}<ol style="padding-left:0">{items}</ol></div>'

    def _where_to_go(self) -> str:
        if self.next is None:
            return "You have solved every exercise of the course."
        return f"Open next: {_link(self.next.link, f'{self.next.number} · {self.next.name}')}"


def _as_item(chapter: Chapter) -> str:
    about = [f"{chapter.points:g} of {chapter.of:g} points"]
    if chapter.minutes:
        about.append(f"{len(chapter.exercises)} exercises, about {chapter.minutes} minutes, and the lesson around them")
    done = badge("✓", GOOD) if chapter.done else badge("●" if chapter.points else "○", NEUTRAL)
    return (
        f'<li style="list-style:none;margin:.7em 0;display:flex;gap:.8em;align-items:flex-start">{_picture(chapter)}<div>{done} '
        f"<b>{_link(chapter.link, f'{chapter.number} · {chapter.name}')}</b><br>"
        f"{html.escape(chapter.question)}<br><small>{html.escape(' · '.join(about))}</small></div></li>"
    )


def _picture(chapter: Chapter) -> str:
    """The chapter's picture, `pictures/<topic>.svg`, whose title is its text for who does not see it; empty if it has none."""
    path = PICTURES / f"{topic_of(chapter.folder)}.svg"
    if not path.is_file():
        return ""
    drawn = path.read_text(encoding="utf-8")
    data, title = base64.b64encode(drawn.encode()).decode(), re.search("<title>(.*?)</title>", drawn)
    look = "width:96px;height:64px;margin:.2em 0 0;flex:none;border:1px solid #8888;border-radius:5px"
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{title[1] if title else ""}" style="{look}">'


def _headline(chapter: Chapter) -> str:
    return f"Chapter {chapter.number}, {chapter.name}: {chapter.points:g} of {chapter.of:g} points so far"


def _left(chapter: Chapter) -> str:
    left = [e.name for e in chapter.exercises if not e.done]
    if not left:
        return "All exercises are solved."
    names = left[0] if len(left) == 1 else f"{', '.join(left[:-1])} and {left[-1]}"
    return f"Left to solve: {names}."


def _by_hand(chapter: Chapter) -> str:
    return f"The written question, {chapter.by_hand:g} points more, is read by a person." if chapter.by_hand else ""


def _why(exercise: Exercise) -> str:
    return "" if exercise.done else f", {exercise.outcome or 'not checked yet'}"


def _mark(exercise: Exercise) -> tuple[str, str]:
    return MARKS.get(exercise.outcome, ("✗", BAD))


def badge(mark: str, colour: str) -> str:
    """White on a ground of its own: readable in the light theme and in the dark one."""
    return f'<span style="background:{colour};color:#fff;border-radius:3px;padding:0 .35em">{mark}</span>'


def _link(target: str, text: str) -> str:
    return f'<a href="{html.escape(quote(target), quote=True)}">{html.escape(text)}</a>'
