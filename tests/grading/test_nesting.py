"""Long HTML takes no parser longer than in proportion to it, and an honest table stays as it is."""

from __future__ import annotations

import time

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.grading import nesting
from autograder.grading.inert import inert_html, inert_markdown
from autograder.grading.nesting import SHORT, TooDeep, well_formed

ROWS = "".join(
    f"<tr><th>{i}</th><td align='right'>{i} &lt; {i + 1}</td><td>a &amp; b<br></td></tr>\n" for i in range(600)
)
TABLE = f"<style>#T td {{color: red}}</style><!-- of pandas -->\n<table border=1>\n{ROWS}</table>\n<p>600 rows × 3 columns</p>"


def test_an_honest_table_stays_as_it_is(monkeypatch):
    assert len(TABLE) > SHORT
    long = inert_html(TABLE)
    monkeypatch.setattr(nesting, "SHORT", len(TABLE))
    assert long == inert_html(TABLE) and long.count("<tr>") == 600 and "color" not in long


HOSTILE = {
    "elements in each other": "<div>" * 200_000,
    "paragraphs that are closed and never opened": "<b></p>" * 140_000,
    "tags that close nothing": "<div><table></div></table>" * 40_000,
    "tags in comments": "<div><!--</div>-->" * 55_000,
    "attributes": "<div " + " ".join(f"a{i}" for i in range(150_000)) + ">",
    "a quote that does not end": '<div title="></div>' * 50_000,
    "a style that does not end": "<style>" + "</style" * 140_000,
    "comments that do not end": "<!--" * 250_000,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_megabyte_of_it_is_cleaned_at_once(what):
    started = time.monotonic()
    inert_html(HOSTILE[what])
    assert time.monotonic() - started < 10, "it is a tenth of a second; what is mended here took minutes"


def test_a_text_full_of_it_is_shown_as_it_was_typed():
    assert inert_markdown("<div>\n" * 30_000).startswith("<div><pre>&lt;div&gt;&#10;")


def depth(text: str) -> int:
    """How deep elements lie in each other where html5ever, the parser in nh3, has read them."""
    clean, deepest, now = nh3.clean(text, tags={"b", "div", "p", "table"}, clean_content_tags=set()), 0, 0
    for part in clean.split("<")[1:]:
        now += -1 if part.startswith("/") else 1
        deepest = max(deepest, now)
    return deepest


PIECES = st.sampled_from(["<b>", "</b>", "<div>", "</div>", "<p>", "</p>", "<table>", "</table>", "x", "<", "<div a='", "'>", "<!--"])  # fmt: skip


@given(st.lists(PIECES, max_size=12))
def test_no_mixture_of_tags_lies_deeper_than_it_says(pieces):
    made = "".join(pieces) * 100
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nesting, "SHORT", 0)
        try:
            made = well_formed(made)
        except TooDeep:
            return
    assert depth(made) <= 2 * nesting.MAX_DEPTH, (
        "two, for the elements that HTML puts between a table and what is in it"
    )
