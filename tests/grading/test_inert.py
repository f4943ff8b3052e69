"""What students write is text: honest sentences stay as typed, and nothing that is rendered acts."""

from __future__ import annotations

import html
import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from autograder.grading.inert import (
    ACTING,
    ESCAPE,
    SPACES,
    inert_cell,
    inert_html,
    inert_markdown,
    inert_outputs,
    inert_text,
)

HONEST = [
    "if x < input then the loss falls, else not",
    "loss < 0.0099 then one = 1, and y > 2",
    "The gradient is $\\nabla L < 0$ and $$\\begin{aligned} a &< b \\\\ c &> d \\end{aligned}$$",
    "`<script>alert(1)</script>` is what one must not show",
    "```html\n<script>alert(1)</script>\n```",
    "see [the guide](https://www.tensorflow.org/guide) or [mail me](mailto:a@b.org) or [above](#loss)",
    "<https://www.tensorflow.org>",
    "| a | b |\n|---|---|\n| 1 < 2 | 3 |",
    "javascript: is a scheme, onclick=… an attribute, style=… another",
    "1 &lt; 2 &amp; 3",
    "* one\n* two\n\n      `code <here>`\n",
    "A \\classic case: $\\mathbb{R}^n$, $\\text{if } x < 0$, $\\boxed{y}$, $\\tag{1}$",
    "# Überschrift\n\nÜber *alles* **fett**",
]  # fmt: skip


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_text_stays_as_it_was_typed(text):
    assert inert_markdown(text) == text


@pytest.mark.parametrize(
    "text", ["for on = 1 to 9: a<b and c>d", "a List<int> of them", "x <here> y", "if a<input and b>0 then"]
)
def test_a_sentence_that_looks_like_a_tag_is_shown_as_it_was_typed(text):
    shown = rendered(inert_markdown(text))
    assert html.escape(text, quote=False) in shown and acts(shown) == []


ACTIVE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>1</script></svg>",
    "[x](javascript\\:alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x](JaVa\tScRiPt:alert(1))",
    "[x]( &#1;javascript:alert(1))",
    "<a href='java&#10;script:alert(1)'>x</a>",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "<div style='position:fixed;top:0;left:0;width:100%;height:100%;background:#fff'>You have full points</div>",
    "<style>body{display:none}</style>",
    "<img src='https://example.org/spy.png'>",
    "![x](https://example.org/spy.png)",
    "![x](//example.org/spy.png)",
    "![x](http&#58;//example.org/spy.png)",
    "![x](/formgrader/api/something)",
    "<iframe src='https://example.org'></iframe>",
    "<form action='https://example.org'><input name=a></form>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<p>text\n\n[x](javascript:alert(1))\n\n</p>",
    "<pre>a\n\n\n[x](javascript:alert(1)) <b>b</b></pre>",
    "```mermaid\ngraph LR; A-->B; click A \"javascript:alert(1)\"\n```",
    "![x](data:image/svg+xml;base64,PHN2Zy8+)",
    "<a href='x' class='btn modal' id='save' onclick='alert(1)'>x</a>",
    "<object data='x'></object><embed src='x'><base href='https://example.org'><meta http-equiv=refresh content=0>",
    "$x<img src=x onerror=alert(1)>$",
    "$\\href{javascript:alert(1)}{x}$",
    "&#36;\\\\&#104;ref{javascript:alert(1)}{x}&#36;",
    "\\begin{align}\\style{position:fixed;top:0}{x}\\end{align}",
    "$$\\bbox[position:fixed]{x} \\require{html} \\class{modal}{x} \\rule{100em}{100em}$$",
    "<table><td>$\\cssId{a}{x} \\mmlToken{mi}[href='javascript:alert(1)']{x}$</td></table>",
]  # fmt: skip


MATHJAX = re.compile(r"\\(href|style|class|cssId|mmlToken|require|bbox|[Rr]ule)\b")
"""Formulas with which MathJax, that formgrader loads, writes links and styles."""


class Acts(HTMLParser):
    """Collects what acts in a piece of HTML."""

    BAD = set(
        "script style iframe frame object embed applet form input button textarea select meta link base svg math".split()
    )

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_data(self, data):
        self.found += MATHJAX.findall(data)

    def handle_starttag(self, tag, attributes):
        if tag in self.BAD:
            self.found.append(tag)
        for name, value in attributes:
            value = "".join((value or "").split()).lower()
            plain = "".join(c for c in value if c.isprintable())
            if (
                name.startswith("on")
                or name in ("style", "srcset", "srcdoc", "formaction", "class", "id")
                and tag != "code"
            ):
                self.found.append(f"{tag} {name}")
            if (
                name == "href"
                and ":" in plain.partition("/")[0]
                and not plain.startswith(("#", "http:", "https:", "mailto:"))
            ):
                self.found.append(f"{tag} href={plain}")
            if name == "src" and not plain.startswith(
                ("data:image/png", "data:image/jpeg", "data:image/gif", "data:image/webp")
            ):
                if ":" in plain or plain.startswith("/"):
                    self.found.append(f"{tag} src={plain}")


def acts(text):
    parser = Acts()
    parser.feed(text)
    parser.close()
    return parser.found


def rendered(text):
    return markdown2html_mistune(text).replace(' class="anchor-link"', "").replace(' id="', ' data-id="')


@pytest.mark.parametrize("text", ACTIVE)
def test_what_is_rendered_does_nothing(text):
    made = inert_markdown(text)
    assert acts(rendered(made)) == []
    assert inert_markdown(made) == made or acts(rendered(inert_markdown(made))) == []


def test_the_harmless_part_of_a_text_with_html_stays():
    made = rendered(inert_markdown("**My** answer<br>x<sub>2</sub> and $a<b$ <span style='color:red'>red</span>"))
    for wanted in ("<strong>My</strong>", "<br>", "<sub>2</sub>", "red", "$a"):
        assert wanted in made
    assert "style" not in made


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>/=\"'`*_[]()!:&;#\\\n abjosx$|~-", max_size=80))
def test_whatever_is_typed_does_nothing(text):
    assert acts(rendered(inert_markdown(text))) == []


def test_a_page_with_all_of_it_is_made():
    """By nbconvert, as nbgrader's feedback and formgrader make theirs; nobody's page is lost."""
    cells = [
        new_markdown_cell(text) for text in (*ACTIVE, *HONEST, "![a](attachment:gone.png)", "'a'" + 32_000 * " " + "b")
    ]
    cells.append(new_markdown_cell("![a](attachment:a.svg)", attachments={"a.svg": {"image/svg+xml": "PHN2Zy8+"}}))
    cells.append(new_raw_cell("<script>alert(1)</script>"))
    for cell in cells:
        inert_cell(cell)
    noise = [
        "\x1b[38m",
        "\x1b[38;5mx",
        "\x1b[48;2;1m",
        "\x1b[",
        "\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07",
        "\x1b[1;38;5;300mx",
        100_000 * "\x1b[31m",
    ]
    outputs = [new_output("stream", name="stdout", text=text) for text in noise]
    outputs.append(new_output("error", ename="E", evalue="\x1b[38m", traceback=["\x1b[38;2m"]))
    cells.append(new_code_cell("1", outputs=[type(o)(o) for o in inert_outputs(outputs)]))
    started = time.monotonic()
    page, _ = HTMLExporter(template_name="basic").from_notebook_node(new_notebook(cells=cells))
    assert time.monotonic() - started < 30
    assert [found for found in acts(page) if not found.endswith((" class", " id", " style"))] == []
    assert "is missing" in page and "red" in page


def test_tables_and_drawings_survive_for_who_grades_by_hand():
    table = '<style scoped>x</style><table border="1" class="dataframe"><thead><tr><th></th><th>a</th></tr></thead><tbody><tr><td onclick="x()">1</td></tr></tbody></table>'
    svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
    outputs = [
        new_output("execute_result", {"text/html": table, "text/plain": "a"}, execution_count=1),
        new_output("display_data", {"image/svg+xml": svg}),
        new_output("display_data", {"application/javascript": "alert(1)", "text/html": "<script>alert(1)</script>"}),
    ]
    first, second, third = (o["data"] for o in inert_outputs(outputs))
    assert first["text/html"].startswith("<table>") and "<td>1</td>" in first["text/html"]
    assert acts(first["text/html"]) == [] and "scoped" not in first["text/html"]
    assert second["text/html"].startswith('<img alt="a drawing (SVG)" src="data:image/svg+xml;base64,')
    assert third == {"text/html": ""}


def test_whole_colours_stay():
    text = "\x1b[0;31mTypeError\x1b[0m \x1b[38;5;241m1\x1b[39m \x1b[38;2;1;2;3mx"
    assert inert_text(text) == text


SLOW = {
    "spaces behind a bracket": lambda n: "<" + " " * n,
    "brackets": lambda n: "<" * n,
    "spaces in a text": lambda n: "'a'" + " " * n + "b",
    "escapes": lambda n: "\x1b[" * n,
    "one long escape": lambda n: "\x1b[" + "1;" * n + "m",
    "stars": lambda n: "*a" * n,
}


@pytest.mark.parametrize("what", SLOW)
def test_our_own_patterns_take_linear_time(what):
    """Eight times the text takes about eight times as long, and not sixty-four times."""

    def seconds(n):
        text, best = SLOW[what](n), 9.0
        for _ in range(5):
            started = time.perf_counter()
            for pattern in (ACTING, SPACES, ESCAPE):
                pattern.sub("", text)
            inert_text(text)
            best = min(best, time.perf_counter() - started)
        return best

    assert seconds(800_000) < 30 * seconds(100_000) + 0.05


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="\x1b[0123456789;:m? K", max_size=60))
def test_whatever_is_printed_can_be_shown(text):
    from nbconvert.filters.ansi import ansi2html

    ansi2html(inert_text(text))


def test_cleaned_html_is_clean_once_and_for_all():
    for text in ACTIVE:
        assert inert_html(inert_html(text)) == inert_html(text)
