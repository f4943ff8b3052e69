"""The student's evening in a real browser: unpack the bundle, open, learn, see where one stands, hand in, read what came back."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import CHROMIUM, PHONE, QUIET, free_port, needs_chromium, serious, serving, shot
from common import CHAPTERS, COURSE, class_of, run

from autograder.course.notebooks import read_notebook
from autograder.course.samples import solutions

CHAPTER = CHAPTERS[0]

pytestmark = needs_chromium


@pytest.fixture
def bundle(tmp_path):
    """The unpacked bundle."""
    folder = tmp_path / "student"
    folder.mkdir()
    done = run("course", "bundle", "-o", folder / "course.zip", cwd=COURSE.root)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(folder / "course.zip") as archive:
        archive.extractall(folder)
    return folder / "tf-first-principles"


@pytest.fixture
def lab(bundle):
    """The address of what `course lab` opens in it, with no settings of anybody's."""
    port = free_port()
    home = bundle.parent / "home"
    env = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
    env |= {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_DATA_DIR": str(home / "data")}
    env |= {"PYTHONPATH": str(bundle), "PATH": "/usr/bin:/bin"}  # `course lab` itself knows where its programs are
    home.mkdir()
    course = Path(sys.executable).with_name("course")
    options = ["--no-browser", f"--port={port}", "--IdentityProvider.token=t", "--LabApp.expose_app_in_browser=True"]
    command, log = [course, "lab", "--", *options], bundle.parent / "lab.log"
    # a kernel that is about to start holds it up
    with serving(command, port, bundle, env, log, patience=20, stubborn=True) as address:
        yield address


@pytest.fixture
def asked():
    """The addresses that the browser asked for."""
    return []


@pytest.fixture
def page(asked):
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        context.on("request", lambda request: asked.append(request.url))
        opened = context.new_page()
        opened.set_default_timeout(60_000)
        yield opened
        browser.close()


CURRENT = "window.jupyterapp.shell.currentWidget"


def go_to(page, cell: str) -> None:
    """Make a cell of the open notebook the active one, and see it."""
    page.evaluate(
        f"""async id => {{
            const notebook = {CURRENT}.content;
            const at = notebook.widgets.findIndex(cell => cell.model.id === id);
            notebook.activeCellIndex = at;
            notebook.deselectAll();
            await notebook.scrollToCell(notebook.activeCell);
            notebook.activate();
        }}""",
        cell,
    )


def run_cell(page, cell: str, source: str | None = None) -> str:
    """Type into a cell, run it with the keyboard, and wait → the text of its output."""
    go_to(page, cell)
    if source is not None:
        page.keyboard.press("Enter")
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(source)
    before = page.evaluate(f"id => {COUNT}", cell)
    page.keyboard.press("Control+Enter")
    page.wait_for_function(f"([id, before]) => {{ const n = {COUNT}; return n && n !== before }}", arg=[cell, before])
    return page.evaluate(
        f"id => {CURRENT}.content.widgets.find(cell => cell.model.id === id).outputArea.node.innerText", cell
    )


COUNT = f"{CURRENT}.content.widgets.find(cell => cell.model.id === id).model.executionCount"


def the_first_page_opens_and_holds_nothing_of_a_teachers(page, lab):
    page.goto(f"{lab}/?token=t")
    shown = page.locator(".progress-of-course")
    shown.wait_for()
    text = shown.inner_text()
    assert "0 of 180 points so far" in text and "Open next: 01 · Forward pass" in text
    assert "Who made the loss infinite?" in text and text.count("exercises, about") == 9
    page.get_by_role("heading", name="Start here").wait_for()
    page.wait_for_timeout(2000)  # news would come now
    assert serious(page, ".progress-of-course") == []
    shot(page, "first-page")
    assert page.locator(".jp-toast, .Toastify__toast").count() == 0
    page.get_by_role("menuitem", name="Nbgrader").click()
    menu = page.locator(".lm-Menu-content").inner_text()
    page.keyboard.press("Escape")
    assert "Assignment List" in menu and "Formgrader" not in menu and "Course List" not in menu
    page.evaluate("void window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    page.set_viewport_size(PHONE)
    page.evaluate("void window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.wait_for_timeout(1000)
    shot(page, "first-page-phone-dark")
    assert serious(page, ".progress-of-course") == []
    assert shown.evaluate("node => node.scrollWidth <= node.clientWidth")
    page.set_viewport_size({"width": 1200, "height": 900})
    page.evaluate("void window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.evaluate("void window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")


def wrong_right_and_how_far_one_is(page):
    link = page.locator(".progress-of-course li a").first
    link.focus()  # with the keyboard
    page.keyboard.press("Enter")
    page.wait_for_function(f"{CURRENT}.context?.path === '{CHAPTER}/{CHAPTER}.ipynb'")
    page.wait_for_function(f"{CURRENT}.sessionContext.session?.kernel?.status === 'idle'")
    page.wait_for_timeout(1000)  # JupyterLab writes down what the kernel is
    assert not page.evaluate(f"{CURRENT}.context.model.dirty"), "it opens as changed"
    shot(page, "chapter")
    assert page.get_by_role("button", name="Validate").count() == 0
    run_cell(page, "setup")
    right = solutions(COURSE, CHAPTER)
    run_cell(page, "mse_onehot", right["mse_onehot"].replace("reduce_mean", "reduce_sum"))
    assert "Hint" in run_cell(page, "mse_onehot-check")
    shot(page, "wrong")
    assert "mse_onehot 0 of 4, wrong" in run_cell(page, "progress")
    run_cell(page, "mse_onehot", right["mse_onehot"])
    assert "correct — 4 of 4 points" in run_cell(page, "mse_onehot-check")
    text = run_cell(page, "progress")
    assert "4 of 20 points so far" in text and "Left to solve: prepare" in text
    shot(page, "progress")
    page.locator(".progress-of-chapter a", has_text="all chapters").click()
    page.wait_for_function(f"{CURRENT}.context?.path === '00_start_here.ipynb'")
    assert "4 of 180 points so far" in run_cell(page, "progress")


def hand_in(page, bundle):
    page.evaluate(f"void window.jupyterapp.commands.execute('docmanager:open', {{path: '{CHAPTER}/{CHAPTER}.ipynb'}})")
    page.wait_for_function(f"{CURRENT}.context?.path === '{CHAPTER}/{CHAPTER}.ipynb'")
    told = run_cell(page, "hand-in", "hand_in()")
    assert "Not handed in" in told and "mse_onehot" in told
    shot(page, "not-saved")
    page.keyboard.press("Control+s")
    page.wait_for_function(f"!{CURRENT}.context.model.dirty")
    told = run_cell(page, "hand-in")
    assert "4 of 20 points, as it was saved" in told and "hand-in/01_forward_pass.ipynb" in told
    shot(page, "handed-in")
    target = bundle / "release" / "hand-in" / f"{CHAPTER}.ipynb"
    assert "reduce_mean" in next(c.source for c in read_notebook(target).cells if c.id == "mse_onehot")
    assert "points  4 of 20" in target.with_suffix(".receipt.txt").read_text()


def feedback_on_a_phone(page, bundle, tmp_path):
    school = class_of(tmp_path / "school", CHAPTER, {})
    target = school.submission("ada", CHAPTER)
    target.parent.mkdir(parents=True)
    shutil.copy(bundle / "release" / "hand-in" / f"{CHAPTER}.ipynb", target)
    for command in ("grade", "feedback"):
        done = run("course", command, CHAPTER, cwd=school.root)
        assert done.returncode == 0, done.stderr
    page.set_viewport_size(PHONE)
    page.goto(school.feedback("ada", CHAPTER).as_uri())
    shot(page, "feedback-phone")
    text = page.locator("main").inner_text()
    assert (
        "4 of 22 points" in text and "mse_onehot: correct, 4 of 4" in text and "prepare: not attempted, 0 of 3" in text
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate("document.documentElement.lang") == "en" and page.locator("math").count() > 3
    assert page.locator("details.lesson[open]").count() == 0
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == []


def test_a_students_evening(page, lab, bundle, asked, tmp_path):
    """One test, for every step goes on from the one before."""
    the_first_page_opens_and_holds_nothing_of_a_teachers(page, lab)
    wrong_right_and_how_far_one_is(page)
    hand_in(page, bundle)
    feedback_on_a_phone(page, bundle, tmp_path)
    elsewhere = {url for url in asked if urlsplit(url).hostname not in ("127.0.0.1", None)}
    assert len(asked) > 50 and not elsewhere
