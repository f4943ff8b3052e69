"""Markdown and printed text as HTML for the feedback page: inert, with formulas as MathML, which needs no script and no network."""

from __future__ import annotations

import functools
import html
import re
import secrets
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import convert_to_element
from nbconvert.filters.ansi import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from ..grading.inert import CELL_SECONDS, inert_html, inert_markdown
from ..judging.surroundings import TooSlow, time_limit

ATTRIBUTES = frozenset(
    "xmlns display displaystyle stretchy fence form accent mathvariant columnalign linethickness width height depth lspace rspace"
    " minsize maxsize scriptlevel movablelimits separator largeop symmetric rowspacing columnspacing columnlines rowlines".split()
)
"""Those that a formula's elements keep: neither links nor styles."""

HEADING = re.compile(r"<(/?)h([1-6])\b")
LOWER = 2  # a notebook's headings begin below the page's own


@functools.lru_cache(maxsize=4096)  # a lesson's texts are the same in every page of a class
def lesson_html(source: str) -> str:
    """A Markdown text of the course's own."""
    return _rendered(source, {})


def students_html(source: str, attachments: dict | None = None, seconds: float = CELL_SECONDS) -> str:
    """A student's Markdown text; nothing in it acts. As typed, if it takes longer than so many seconds to be rendered."""
    if seconds <= 0:
        return _typed(source)
    inert = inert_markdown(
        source, attachments, seconds
    )  # which has a limit of its own: one within the other would end both
    try:
        with time_limit(seconds):
            return _rendered(inert, attachments or {})
    except TooSlow:
        return _typed(source)


def _typed(source: str) -> str:
    return f"<pre>{html.escape(source)}</pre>"


def printed(text: str) -> str:
    """What a program printed, without the colours of a terminal; to be escaped by who shows it."""
    return strip_ansi(text)


def _rendered(source: str, attachments: dict) -> str:
    renderer = _Renderer(attachments)
    try:
        cleaned = inert_html(MarkdownWithMath(renderer=renderer).render(source))
    except Exception:  # noqa: BLE001  whatever a renderer stumbles over, the page must be made
        return _typed(source)
    cleaned = HEADING.sub(lambda found: f"<{found[1]}h{min(6, int(found[2]) + LOWER)}", cleaned)
    for token, formula in renderer.formulas.items():
        cleaned = cleaned.replace(token, formula)
    return cleaned


class _Renderer(IPythonRenderer):
    """nbconvert's, which leaves a mark for each formula. formulas: mark → MathML, to be put in once the rest is cleaned."""

    def __init__(self, attachments: dict) -> None:
        super().__init__(escape=False, attachments=attachments, exclude_anchor_links=True)
        self.formulas: dict[str, str] = {}

    def _keep(self, latex: str, display: str) -> str:
        token = f"formula{secrets.token_hex(16)}"  # which no text can hold by chance or on purpose
        made = mathml(latex, display)
        # one that is wider than a phone is scrolled, also with the keyboard
        self.formulas[token] = f'<span class="formula" tabindex="0">{made}</span>' if display == "block" else made
        return token

    def block_math(self, body: str) -> str:
        return self._keep(body, "block")

    def multiline_math(self, text: str) -> str:
        return self._keep(text.strip().removeprefix("$$").removesuffix("$$"), "block")

    def latex_environment(self, name: str, body: str) -> str:
        return self._keep(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")

    def inline_math(self, body: str) -> str:
        return self._keep(body, "inline")


@functools.lru_cache(maxsize=4096)
def mathml(latex: str, display: str) -> str:
    """A formula as MathML, or as it was typed where it is none that can be read."""
    try:
        formula = convert_to_element(latex.strip(), display=display)
    except Exception:  # noqa: BLE001  it raises errors of many kinds at what is no LaTeX
        return f"<code>{html.escape(latex)}</code>"
    for element in formula.iter():
        _clean(element)
    return tostring(formula, encoding="unicode")


def _clean(element: Element) -> None:
    element.text, element.tail = (html.unescape(text) if text else text for text in (element.text, element.tail))
    for name in set(element.attrib) - ATTRIBUTES:
        del element.attrib[name]
