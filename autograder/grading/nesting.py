"""Long HTML of students is put in such a form that no parser, nh3's or a browser's, takes longer than in proportion to it.

What takes a parser of HTML long is depth: elements in each other by the thousand, closed by tags that close nothing, and tags of
thousands of attributes. So a long text is written anew with whole tags alone, each closed where it was opened.
"""

from __future__ import annotations

import html
import re

SHORT = 20_000  # characters that a parser may have as they are: the worst of them take it a sixth of a second
MAX_DEPTH = 100

ATTRIBUTE = r"""\s++[a-zA-Z][\w:-]*+(?:=(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>=`]++))?+"""
TAG = re.compile(rf"<(/?+)([a-zA-Z][a-zA-Z0-9]*+)((?:{ATTRIBUTE}){{0,30}}+)\s*+/?+>")
UNSEEN = re.compile(r"<(?:!--|(style|script)\b)", re.IGNORECASE)  # with what is in it
ENDS = {name: re.compile(f"</{name}[^<>]*+>", re.IGNORECASE) for name in ("style", "script")} | {"": re.compile("-->")}
VOID = {"br", "hr", "img", "col", "wbr"}
CLOSED_BY_THE_NEXT = {"p": {"p"}, "li": {"li"}, "td": {"td", "th"}, "th": {"td", "th"}, "tr": {"tr", "td", "th"},
                      "dd": {"dd", "dt"}, "dt": {"dd", "dt"}}  # fmt: skip


class TooDeep(ValueError):
    """Elements in each other, more than `MAX_DEPTH`."""


def well_formed(text: str) -> str:
    """A short text as it is, a long one of whole tags, properly in each other; what is none is text. Raises `TooDeep`."""
    if len(text) <= SHORT:
        return text
    text = _seen(text)
    made: list[str] = []
    opened: list[str] = []
    at = 0
    for found in TAG.finditer(text):
        made.append(_text(text[at : found.start()]))
        at = found.end()
        closing, name, attributes = found[1], found[2].lower(), found[3]
        if closing:
            if name in opened:
                _close(made, opened, name)
        elif name in VOID:
            made.append(f"<{name}{attributes}>")
        else:
            while opened and opened[-1] in CLOSED_BY_THE_NEXT.get(name, ()):
                made.append(f"</{opened.pop()}>")
            opened.append(name)
            if len(opened) > MAX_DEPTH:
                raise TooDeep(name)
            made.append(f"<{name}{attributes}>")
    made.append(_text(text[at:]))
    made += [f"</{name}>" for name in reversed(opened)]
    return "".join(made)


def _close(made: list[str], opened: list[str], name: str) -> None:
    last = ""
    while last != name:
        last = opened.pop()
        made.append(f"</{last}>")


def _text(text: str) -> str:
    """Text between tags; what stands for a sign in it still does."""
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _seen(text: str) -> str:
    """Without comments, and what is no text: each to its end, or to the text's."""
    made, at = [], 0
    while found := UNSEEN.search(text, at):
        made.append(text[at : found.start()])
        end = ENDS[(found[1] or "").lower()].search(text, found.end())
        if end is None:
            return "".join(made)
        at = end.end()
    return "".join([*made, text[at:]])


def as_text(text: str) -> str:
    """HTML that shows other HTML as it was typed."""
    return f"<pre>{html.escape(text)}</pre>"
