"""The student's evening in a real browser: unpack the bundle, open, learn, see where one stands, hand in, read what came back."""

from __future__ import annotations

import getpass
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


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The bundle."""
    path = tmp_path_factory.mktemp("packed") / "course.zip"
    done = run("course", "bundle", "-o", path, cwd=COURSE.root)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def bundle(tmp_path, packed):
    """The bundle, unpacked."""
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "student")
    return tmp_path / "student" / "tf-first-principles"


@pytest.fixture
def lab(bundle):
    """The address of what `course lab` opens in it, with no settings of anybody's."""
    port = free_port()
    home = bundle.parent / "home"
    env = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
    env |= {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_DATA_DIR": str(home / "data")}
    env |= {"PYTHONPATH": str(bundle), "PATH": "/usr/bin:/bin"}  # `course lab` itself knows where its programs are
    home.mkdir(exist_ok=True)
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
            notebook.mode = 'command';
            notebook.activeCellIndex = at;
            notebook.deselectAll();
            await notebook.scrollToCell(notebook.activeCell);
            notebook.activate();
        }}""",
        cell,
    )
    # again and again: a cell that is not drawn yet takes no focus
    page.wait_for_function(
        f"({CURRENT}.content.activate(), {CURRENT}.content.activeCell.node.contains(document.activeElement))"
    )


def write(page, cell: str, text: str) -> None:
    """Type into a cell, and leave it so: neither run nor saved."""
    go_to(page, cell)
    page.keyboard.press("Enter")
    page.wait_for_function(f"{CURRENT}.content.mode === 'edit' && {CURRENT}.content.activeCell.editor?.hasFocus()")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    assert text in page.evaluate(f"{CURRENT}.content.activeCell.model.sharedModel.source")


def run_cell(page, cell: str, source: str | None = None) -> str:
    """Type into a cell, run it with the keyboard, and wait → the text of its output."""
    if source is None:
        go_to(page, cell)
    else:
        write(page, cell, source)
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
    page.wait_for_function("document.body.dataset.jpThemeLight === 'true'")


def wrong_right_and_how_far_one_is(page):
    link = page.locator(".progress-of-course li a").first
    page.wait_for_function(  # nothing takes the focus while JupyterLab is still changing its theme
        "link => (link.focus(), document.activeElement === link)", arg=link.element_handle()
    )
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
    write(page, "written-answer", "Because the digits are told apart by their ink.")
    told = run_cell(page, "hand-in", "from autograder import hand_in\n\nhand_in()")
    assert "4 of 20 points, as it was saved" in told and "hand-in/01_forward_pass.ipynb: give this file" in told
    shot(page, "handed-in")
    assert page.locator(".jp-Dialog").count() == 0
    target = bundle / "release" / "hand-in" / f"{CHAPTER}.ipynb"
    saved = {cell.id: cell.source for cell in read_notebook(target).cells}
    assert "reduce_mean" in saved["mse_onehot"] and "their ink" in saved["written-answer"]
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


@pytest.fixture
def school(tmp_path, bundle):
    """A class that works by an exchange: it is configured for teacher and student alike, and chapter 1 is released."""
    course = class_of(tmp_path / "school", CHAPTER, {})
    (tmp_path / "exchange").mkdir()
    for folder in (tmp_path / "school-config", bundle.parent / "home" / "config"):
        folder.mkdir(parents=True)
        text = f"c = get_config()\nc.Exchange.root = {str(tmp_path / 'exchange')!r}\nc.CourseDirectory.course_id = 'autumn'\n"
        (folder / "nbgrader_config.py").write_text(text)
    own = course.root / "nbgrader_config.py"
    own.write_text(own.read_text().replace('"tf_first_principles"', '"autumn"'))
    (course.root / "roster.csv").write_text(f"id,first_name,last_name,email\n{getpass.getuser()},Ada,Lovelace,\n")
    of_school(course, tmp_path, "nbgrader", "release_assignment", CHAPTER)
    shutil.rmtree(bundle / "release" / CHAPTER)  # as where it comes by the exchange alone
    return course


def of_school(course, tmp_path, *command) -> None:
    done = run(*command, cwd=course.root, JUPYTER_CONFIG_DIR=str(tmp_path / "school-config"))
    assert done.returncode == 0, done.stderr


def test_an_evening_with_an_exchange(school, bundle, lab, page, asked, tmp_path):
    """Fetch, work, submit what was never saved by hand, and read what came back, all in JupyterLab."""
    page.goto(f"{lab}/?token=t")
    page.locator(".progress-of-course").wait_for()
    page.evaluate("void window.jupyterapp.commands.execute('nbgrader:open-assignment-list')")
    page.get_by_role("button", name="Fetch", exact=True).click()
    page.locator("#assignments .collapsed").click()
    shot(page, "fetched")
    assert page.locator("#assignments").get_by_role("button", name="Validate").count() == 0
    page.get_by_role("link", name=CHAPTER).click()
    page.wait_for_function(f"{CURRENT}.context?.path === '{CHAPTER}/{CHAPTER}.ipynb'")
    page.wait_for_function(f"{CURRENT}.context.isReady && {CURRENT}.content.widgets.length > 100")
    write(page, "mse_onehot", solutions(COURSE, CHAPTER)["mse_onehot"])
    write(page, "written-answer", "Because the digits are told apart by their ink.")
    page.get_by_role("tab", name="Assignments").click()
    page.get_by_role("button", name="Submit").click()
    page.locator("#assignments", has_text="UTC").wait_for()
    of_school(school, tmp_path, "course", "collect", CHAPTER, tmp_path / "exchange" / "autumn" / "inbound")
    of_school(school, tmp_path, "course", "grade", CHAPTER)
    of_school(school, tmp_path, "course", "release-feedback", CHAPTER, "--to", "exchange")
    page.get_by_role("button", name="Fetch Feedback").click()
    page.get_by_text("(view feedback)").click()
    page.locator(".jp-DirListing-item", has_text=f"{CHAPTER}.html").dblclick()
    text = page.frame_locator(".jp-HTMLViewer iframe").locator("main").inner_text()
    shot(page, "feedback-in-jupyterlab")
    assert "4 of 22 points" in text and "told apart by their ink" in text
    assert {urlsplit(url).hostname for url in asked} <= {"127.0.0.1", None}


def test_a_students_evening(page, lab, bundle, asked, tmp_path):
    """One test, for every step goes on from the one before."""
    the_first_page_opens_and_holds_nothing_of_a_teachers(page, lab)
    wrong_right_and_how_far_one_is(page)
    hand_in(page, bundle)
    feedback_on_a_phone(page, bundle, tmp_path)
    elsewhere = {url for url in asked if urlsplit(url).hostname not in ("127.0.0.1", None)}
    assert len(asked) > 50 and not elsewhere
