"""What the theme's pages lack for who reads them by ear or by keyboard (axe-core found it): mended in each page when all are written."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

MENDED = (
    # a name by which nobody who sees the words would call it: the words are name enough
    (re.compile(r'<summary aria-label="Toggle hidden content">'), "<summary>"),
    (re.compile(r'(<button class="btn search-button-field[^>]*?) title="Search" aria-label="Search"'), r"\1"),
    # a part of the page that is none of its landmarks
    (
        re.compile(r'<div id="pst-primary-sidebar" '),
        '<div id="pst-primary-sidebar" role="region" aria-label="Chapters" ',
    ),
    # an empty cell in the corner of a table heads nothing
    (re.compile(r'<th class="head( [\w-]+)?"><p></p></th>'), r'<td class="head\1"></td>'),
)


def mended(page: str) -> str:
    for pattern, instead in MENDED:
        page = pattern.sub(instead, page)
    return page


def _mend(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        for path in Path(app.outdir).rglob("*.html"):
            if "_static" not in path.parts:
                path.write_text(mended(path.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", _mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
