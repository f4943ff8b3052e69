"""What students write is text: shown as they meant it, and doing nothing in the browser of whoever reads it.

nbgrader's feedback and formgrader put Markdown, with the HTML in it, into their pages as it is. So what counts is what is
*rendered*: a text is rendered as nbconvert renders it, and where that lets HTML through, or a link or picture that leads
anywhere else than a reader may expect, the cleaned HTML takes the text's place. Everything else stays as it was typed.
"""

from __future__ import annotations

import base64
import html
import re
import time
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any

import nh3
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from ..judging.surroundings import TooSlow, time_limit
from .nesting import TooDeep, as_text, well_formed

SCHEMES = ("http", "https", "mailto")
"""What a link may lead to: its reader must click."""

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
INLINE = tuple(f"data:{kind};base64," for kind in PICTURES)
TAGS = {
    *"a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr".split(),
    *"i img ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var".split(),
}  # fmt: skip
OTHER_TAGS = {
    *"address area article aside audio base bdi bdo big body button canvas center cite data datalist dfn dialog dir embed".split(),
    *"fieldset font footer form frame frameset head header html iframe input label legend link main map math menu meta".split(),
    *"meter nav noembed noframes noscript object optgroup option output param picture plaintext portal progress rp rt".split(),
    *"ruby script section select slot source strike style svg template textarea time title track tt video wbr xmp".split(),
}  # fmt: skip
SWITCHES = {"open", "hidden", "disabled", "checked", "controls", "autoplay", "scoped", "async", "defer", "nomodule"}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
    "ol": {"start"},
}
LONGEST_TEXT = 200_000  # characters of one Markdown cell that are rendered
LONGEST_RUN = 200  # spaces in a row
CELL_SECONDS, NOTEBOOK_SECONDS = 5.0, 10.0
"""What the texts of one cell, and of one notebook, may take to be rendered; who reads a page would have to wait as long."""
MOST_CODES = 1_000  # changes of colour in one output
LONGEST_SVG = 4 << 20  # characters

SPACES = re.compile(rf"[^\S\n]{{{LONGEST_RUN},}}")
ESCAPE = re.compile(r"\x1b(?:\[[0-9;:<=>?]{0,64}[ -/]{0,8}[@-~]?)?")
COLOUR = re.compile(r"\x1b\[(?:[0-9]{1,3}(?:;[0-9]{1,3}){0,15})?m")
SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*:")
ACTING = re.compile(r"\\(?=(?:href|style|class|cssId|mmlToken|require|bbox|[Rr]ule|Space)(?![A-Za-z]))")
"""What MathJax, in formgrader's page, makes links, styles and boxes of any size of; no mathematics needs it."""


def inert_markdown(source: str, attachments: dict | None = None, seconds: float = CELL_SECONDS) -> str:
    """A Markdown text that does nothing when it is rendered: the same, if it would do nothing anyway.

    seconds: to render it in; what takes longer is shown as it was typed.
    """
    source = SPACES.sub(" " * LONGEST_RUN, source)
    if len(source) > LONGEST_TEXT or seconds <= 0:
        return as_typed(source[:LONGEST_TEXT])
    watcher = _Watcher(attachments or {})
    try:
        with time_limit(seconds):
            rendered = MarkdownWithMath(renderer=watcher).render(source)
    except (TooSlow, Exception):  # noqa: BLE001  whatever a renderer stumbles over, a reader's page must not
        return as_typed(source)
    return one_line(inert_html(rendered)) if watcher.active or ACTING.search(html.unescape(rendered)) else source


def inert_html(text: str) -> str:
    """HTML without all that acts, hides, covers, or comes from elsewhere; as typed, where it would take a parser too long."""
    try:
        text = well_formed(text)
    except TooDeep:
        return as_text(text)
    text = nh3.clean(
        text,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={*SCHEMES, "data"},
        link_rel="noopener noreferrer",
    )
    return ACTING.sub("\\\\\u200b", text)  # a command that MathJax does not know, and says so


def one_line(text: str) -> str:
    """HTML as a Markdown text that no renderer takes apart: a block without a line end, for an empty line would end it."""
    return f"<div>{text.strip().replace(chr(13), '').replace(chr(10), '&#10;')}</div>"


def as_typed(text: str) -> str:
    """A Markdown text that shows another one as it was typed."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def inert_text(text: str) -> str:
    """Printed text with nothing but whole colour codes, and not more than a page can bear."""
    if "\x1b" not in text:
        return text
    left = MOST_CODES

    def keep(found: re.Match) -> str:
        nonlocal left
        left -= 1
        return found[0] if left >= 0 and COLOUR.fullmatch(found[0]) and _whole(found[0]) else ""

    return ESCAPE.sub(keep, text)


def _whole(code: str) -> bool:
    """Has an extended colour all its numbers? nbconvert stops at one that has not."""
    numbers = [int(n) for n in code[2:-1].split(";") if n]
    while numbers:
        if numbers.pop(0) in (38, 48):
            if not numbers:
                return False
            wanted = {5: 1, 2: 3}.get(numbers.pop(0))
            if wanted is None or len(numbers) < wanted or any(n > 255 for n in numbers[:wanted]):
                return False
            del numbers[:wanted]
    return True


def inert_outputs(outputs: list) -> list:
    """A cell's outputs: texts as they are, HTML cleaned, an SVG as a picture, whatever else acts left out."""
    made = []
    for output in outputs:
        output = dict(output)
        if "text" in output:
            output["text"] = inert_text(_joined(output["text"]))
        if "traceback" in output:
            output["traceback"] = [inert_text(_joined(line)) for line in output["traceback"]]
            output["evalue"] = inert_text(_joined(output.get("evalue", "")))
        if "data" in output:
            output["data"] = _inert_data(output["data"])
            output["metadata"] = {k: v for k, v in output.get("metadata", {}).items() if k in output["data"]}
        made.append(output)
    return made


def _inert_data(data: dict) -> dict:
    kept: dict[str, Any] = {kind: data[kind] for kind in PICTURES if kind in data}
    if "text/plain" in data:
        kept["text/plain"] = inert_text(_joined(data["text/plain"]))
    if "image/svg+xml" in data and len(svg := _joined(data["image/svg+xml"])) <= LONGEST_SVG:
        # as the source of a picture an SVG runs nothing and loads nothing
        shown = base64.b64encode(svg.encode()).decode()
        kept["text/html"] = f'<img alt="a drawing (SVG)" src="data:image/svg+xml;base64,{shown}">'
    elif "text/html" in data:
        kept["text/html"] = inert_html(_joined(data["text/html"]))
    for kind in ("text/markdown", "text/latex"):
        if kind in data and "text/plain" not in kept:
            kept["text/plain"] = inert_text(_joined(data[kind]))
    return kept


def _joined(text: Any) -> str:
    return "".join(map(str, text)) if isinstance(text, (list, tuple)) else str(text)


def inert_texts(cells: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    """Make students' Markdown and raw cells inert, in place; brings those in which anything had to be changed."""
    left = NOTEBOOK_SECONDS
    for cell in cells:
        started = time.monotonic()
        changed = inert_cell(cell, min(CELL_SECONDS, left))
        left -= time.monotonic() - started
        if changed:
            yield cell


def inert_cell(cell: NotebookNode, seconds: float = CELL_SECONDS) -> bool:
    """Make one inert, in place; says whether anything had to be changed."""
    before = (cell.source, dict(cell.get("attachments", {})))
    if "attachments" in cell:
        kept = {name: {k: v for k, v in kinds.items() if k in PICTURES} for name, kinds in cell.attachments.items()}
        cell["attachments"] = {name: kinds for name, kinds in kept.items() if kinds}
    if cell.cell_type == "raw":  # a template may show it as it is
        cell.cell_type, cell.source = "markdown", as_typed(cell.source)
        cell.metadata.pop("format", None)
    else:
        cell.source = inert_markdown(cell.source, cell.get("attachments"), seconds)
    return (cell.source, dict(cell.get("attachments", {}))) != before


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return value if _may_be_shown(value) else None
    if tag == "a" and name == "href":
        return value if _may_be_followed(value) else None
    return value


def _scheme(url: str) -> str:
    """The scheme of an address as a browser reads it: references resolved, what is invisible left out."""
    plain = "".join(c for c in html.unescape(url) if c.isprintable() and not c.isspace()).lower()
    found = SCHEME.match(plain)
    return found[0][:-1] if found else ""


def _may_be_followed(url: str) -> bool:
    return _scheme(url) in ("", *SCHEMES)


def _may_be_shown(url: str) -> bool:
    """A picture that comes with the notebook: nothing is asked of another machine to show it, nor of this server."""
    plain = html.unescape(url).strip()
    if _scheme(url):
        return plain.lower().startswith(INLINE)
    return not plain.startswith(("/", "\\", "?")) and ".." not in plain


class _Tags(HTMLParser):
    """The tags of a piece of HTML, each with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.found.append((tag, attrs))


def _is_html(text: str) -> bool:
    """Is this meant as HTML? "a<b and c>d" and "List<int>" are not, though a renderer takes a part of them for a tag."""
    return all(
        (tag in TAGS or tag in OTHER_TAGS) and all(value is not None or name in SWITCHES for name, value in attributes)
        for tag, attributes in _Tags(text).found
    )


class _Watcher(IPythonRenderer):
    """nbconvert's renderer, and whether it let anything through that is more than text. active: it did."""

    def __init__(self, attachments: dict) -> None:
        super().__init__(escape=False, attachments=attachments, exclude_anchor_links=True)
        self.active = False

    def block_html(self, text: str) -> str:
        self.active = True
        return super().block_html(text) if _is_html(text) else f"<p>{html.escape(text)}</p>"

    def inline_html(self, text: str) -> str:
        self.active = True
        return super().inline_html(text) if _is_html(text) else html.escape(text)

    def block_mermaidjs(self, code: str) -> str:
        self.active = True
        return f"<pre>{html.escape(code)}</pre>"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        self.active = self.active or not _may_be_followed(url)
        return super().link(text, url, title)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        if url.startswith("attachment:"):
            if url.removeprefix("attachment:") in self.attachments:
                return super().image(text, url, title)
            self.active = True
            return f"<em>[the picture {html.escape(url)} is missing]</em>"
        self.active = self.active or not _may_be_shown(url)
        return super().image(text, url, title)
