"""The website: built whole from the committed notebooks; every link inside it resolves, nothing comes from elsewhere."""

from __future__ import annotations

import importlib.util
import json
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from browser import CHROMIUM, QUIET, needs_chromium
from common import CHAPTERS, ROOT, run
from nbformat.v4 import new_output

from autograder import exercises
from website import colab, pages

needs_sphinx = pytest.mark.skipif(
    importlib.util.find_spec("myst_nb") is None, reason="needs Sphinx: make site installs it, make test too"
)
LOADED = {"script": ["src"], "img": ["src"], "link": ["href"], "iframe": ["src"], "source": ["src"], "video": ["src"]}


class Page(HTMLParser):
    """What a page links to, loads, and can be linked to at; its pictures without a description."""

    def __init__(self, path: Path):
        super().__init__()
        self.links, self.loaded, self.anchors, self.bare = [], [], set(), []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if found.get("rel") not in ("canonical", "next", "prev"):
            self.loaded += [found[key] for key in LOADED.get(tag, []) if found.get(key)]
        if tag == "img" and not found.get("alt"):
            self.bare.append(found.get("src", "")[:60])


def broken(site: Path) -> list[str]:
    """The links of a site that lead nowhere, each as "page: link"."""
    read = {path.resolve(): Page(path) for path in site.rglob("*.html") if "_static" not in path.parts}
    found = []
    for path, page in read.items():
        for link in page.links + page.loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and target in read and anchor not in read[target].anchors):
                found.append(f"{path.name}: {link[:100]}")
    return sorted(set(found))


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    site = tmp_path_factory.mktemp("website") / "site"
    made = run(sys.executable, "-m", "website", "--to", site, "--repository", "someone/course", cwd=ROOT, timeout=180)
    assert made.returncode == 0, made.stdout + made.stderr
    return site


@needs_sphinx
def test_every_link_and_anchor_inside_resolves_and_a_broken_one_would_be_seen(site, tmp_path):
    assert broken(site) == []
    (tmp_path / "index.html").write_text(
        '<a href="away.html">x</a><a href="#nowhere">y</a><p id="there"><a href="#there">z</a>'
    )
    assert broken(tmp_path) == ["index.html: #nowhere", "index.html: away.html"]


@needs_sphinx
def test_nothing_is_loaded_from_elsewhere_and_every_picture_is_described(site):
    for path in (path for path in site.rglob("*.html") if "_static" not in path.parts):
        page = Page(path)
        assert [address for address in page.loaded if urlsplit(address).netloc] == [], path.name
        assert page.bare == [], path.name
    for path in site.rglob("*.css"):
        assert "url(http" not in path.read_text() and "url(//" not in path.read_text(), path.name


@needs_sphinx
def test_each_chapter_has_its_question_its_solutions_behind_a_click_and_a_neighbour(site):
    assert len(CHAPTERS) >= 9
    for chapter in CHAPTERS:
        text = (site / "chapters" / f"{chapter}.html").read_text()
        notebook = nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4)
        solutions = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")]
        assert text.count("Show the solution") + text.count("Show an answer") == len(solutions)
        assert "BEGIN SOLUTION" not in text
        assert 'class="question' in text and 'class="claims"' in text and "prev-next" in text
        assert f"{chapter}.ipynb" in text and "mybinder.org/v2/gh/someone/course" in text
        assert "codespaces.new/someone/course" in text and colab.link("someone/course", chapter) in text
        assert "<math" in text or "$" not in "".join(c.source for c in notebook.cells if c.cell_type == "markdown")
        opened = nbformat.read(site / colab.FOLDER / f"{chapter}.ipynb", as_version=4)
        assert colab.address("someone/course") in opened.cells[0].source
    assert zipfile.is_zipfile(site / colab.FOLDER / f"{colab.BUNDLE}.zip")
    handed = [p for p in site.rglob("*.ipynb") if "BEGIN SOLUTION" in p.read_text()]
    assert handed == [], "a download holds a solution"


@needs_sphinx
def test_the_tables_hold_every_exercise_and_every_row_of_what_the_sources_got_wrong(site):
    cards, wrong = (Page(site / name) for name in ("exercises.html", "wrong.html"))
    notebooks = [nbformat.read(p, as_version=4) for p in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    tasks = sum(c.source.startswith("### Exercise: `") for n in notebooks for c in n.cells)
    assert sum("#exercise-" in link for link in cards.links) == tasks > 50
    known = {
        (e.name, "●" * e.difficulty + "○" * (3 - e.difficulty), f"{e.points:g}", e.minutes)
        for e in exercises(ROOT).values()
    }
    told = [pages.card(c.source, "") for n in notebooks for c in n.cells if c.source.startswith("### Exercise: `")]
    assert {(c.name, c.difficulty, c.points, c.minutes) for c in told} == known, (
        "the cards, and the exercises themselves"
    )
    rated = (site / "exercises.html").read_text().count("kill rate 1") + (site / "exercises.html").read_text().count(
        "kill rate 9"
    )
    table = (ROOT / "docs" / "kill-rates.md").read_text()
    assert rated == len(pages.kill_rates(table)) > 40
    assert sum("#sources-wrong-" in link for link in wrong.links) == len(CHAPTERS)
    rows = sum(line.startswith("|") for n in notebooks for line in pages.wrong_of(n).splitlines()) - len(CHAPTERS)
    assert (site / "wrong.html").read_text().count("<tr") == rows


# -- as people meet it -------------------------------------------------------------------------------------------------

AXE = ROOT / ".venv/axe/node_modules/axe-core/axe.min.js"
SHOWN = ["index.html", f"chapters/{CHAPTERS[0]}.html", "wrong.html", "exercises.html", "search.html?q=softmax"]
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, "--allow-file-access-from-files"])
        yield browser
        browser.close()


def opened(browser, site, name, theme="light", size=WIDE):
    """A page of the site, out of its files: as offline as can be."""
    context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
    context.add_init_script(f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')")
    page = context.new_page()
    file, _, asked = name.partition("?")
    page.goto((site / file).as_uri() + (f"?{asked}" if asked else ""), wait_until="load")
    if asked:
        page.wait_for_selector("#search-results ul.search li")
    return page


@needs_sphinx
@needs_chromium
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not here: make axe, where npm can fetch it")
def test_axe_finds_nothing_wrong_in_the_light_and_in_the_dark(site, browser):
    for name in SHOWN:
        for theme in ("light", "dark"):
            page = opened(browser, site, name, theme)
            page.add_script_tag(path=str(AXE))
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            told = [(v["id"], v["impact"], [n["html"][:120] for n in v["nodes"][:2]]) for v in found]
            assert told == [], f"{name}, {theme}: {json.dumps(told, indent=1)}"
            page.context.close()


@needs_sphinx
@needs_chromium
def test_on_a_phone_nothing_is_wider_than_the_screen_but_what_scrolls_by_itself(site, browser):
    for name in SHOWN:
        page = opened(browser, site, name, size=PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
        levels = page.evaluate(
            "[...document.querySelectorAll('main :is(.bd-article, .bd-search-container) :is(h1, h2, h3, h4)')].map(h => +h.tagName[1])"
        )
        assert levels and levels[0] == 1 and levels.count(1) == 1, name
        assert all(after - before <= 1 for before, after in zip(levels, levels[1:])), (name, levels)
        page.context.close()


@needs_sphinx
@needs_chromium
def test_by_keyboard_one_skips_to_the_text_opens_a_solution_and_searches(site, browser):
    page = opened(browser, site, SHOWN[1])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to main content"
    summary = page.locator("details > summary").filter(has_text="Show the solution").first
    summary.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", "one sees where one is"
    page.keyboard.press("Enter")
    assert summary.locator("xpath=..").get_attribute("open") is not None
    page.context.close()
    page = opened(browser, site, SHOWN[4])
    assert "stable_softmax" in page.locator("#search-results").inner_text()
    page.context.close()


@needs_sphinx
@needs_chromium
def test_in_print_the_solutions_are_open_and_the_buttons_gone(site, browser):
    page = opened(browser, site, SHOWN[1])
    page.emulate_media(media="print")
    solution = page.locator("details:has(> summary:has-text('Show the solution'))").first
    assert solution.locator("pre").first.is_visible()
    assert not page.locator(".ways-in").first.is_visible() and not page.locator(".bd-sidebar-primary").is_visible()
    page.context.close()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    said = run(sys.executable, "-m", "website", "--to", tmp_path, cwd=ROOT)
    assert said.returncode == 1 and "something else" in said.stderr and "Traceback" not in said.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_claims_become_a_list_and_what_else_is_printed_stays():
    parts = pages.claims_apart(new_output("stream", name="stdout", text="before\n✓ 1 < 2\n✓ two\nafter\n"))
    assert [p.output_type for p in parts] == ["stream", "display_data", "stream"]
    assert parts[1].data["text/html"] == '<ul class="claims"><li>1 &lt; 2</li><li>two</li></ul>'
    assert (parts[0].text, parts[2].text) == ("before\n", "after\n")


def test_kill_rates_are_read_where_there_is_a_table():
    table = (
        "| chapter | exercise | mutants | kill rate |\n| --- | --- | ---: | ---: |\n| 01 | `prepare` | 30 | 97.0% |\n"
    )
    assert pages.kill_rates(table) == {"01.prepare": "97.0%"}
    made = pages.Card("01_forward_pass", "prepare", "prepare(x, y)", "1", 5, "●○○", "Turn.")
    page = pages.exercises_page(
        {"01_forward_pass": pages.Heading("01", "Forward pass", "Why?")}, [made], {"01.prepare": "97.0%"}
    )
    assert "1 point · 5 minutes · ●○○ · kill rate 97.0%" in page
