"""Every knob that a lesson offers can be turned, and every claim holds for other seeds, on both data sets. By hand: pytest -m slow."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

import nbformat
import pytest
from common import CHAPTERS, COURSE, ROOT
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

from autograder.course.cells import tags
from autograder.course.notebooks import read_notebook
from autograder.judging.topics import topic_of

pytestmark = pytest.mark.slow
SEEDS = range(1, 10)
SETS = {"real": {}, "stand-in": {"COURSE_STANDIN": "1"}}


def knobs(chapter):
    path = ROOT / "tests" / "knobs" / f"{topic_of(chapter)}.py"
    if not path.exists():
        return []
    spec = importlib.util.spec_from_file_location(f"knobs_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.KNOBS


def runnable(notebook):
    return [c for c in notebook.cells if c.cell_type == "code" and "skip-execution" not in tags(c)]


def wrong(cell):
    """What a run of this cell shows that it should not."""
    for output in cell.outputs:
        if output.output_type == "error":
            return f"{cell.id}: {output.ename}: {output.evalue[:300]}"
        text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
        if found := re.search(r"^✗.*$", text, flags=re.MULTILINE):
            return f"{cell.id}: {found[0]}"
    return ""


class Run:
    """A chapter in a kernel of its own, all its cells run once."""

    def __init__(self, chapter, folder: Path, seed=None, **env):
        self.notebook = read_notebook(COURSE.source(chapter))
        if seed is not None:
            for cell in runnable(self.notebook):
                cell.source = re.sub(r"^SEED = \d+", f"SEED = {seed}", cell.source, flags=re.MULTILINE)
        client = NotebookClient(self.notebook, timeout=600, kernel_name="python3", allow_errors=True,
                                resources={"metadata": {"path": str(folder)}})  # fmt: skip
        self.client = client
        before = dict(os.environ)
        os.environ.update(env)
        try:
            client.create_kernel_manager()
            client.start_new_kernel()
            client.start_new_kernel_client()
        finally:
            os.environ.clear()
            os.environ.update(before)
        self.found = [found for cell in runnable(self.notebook) if (found := self.run(cell))]

    def run(self, cell):
        index = next(i for i, c in enumerate(self.notebook.cells) if c is cell)
        self.client.execute_cell(cell, index)
        return wrong(cell)

    def close(self):
        self.client.kc.stop_channels()
        # nbclient's manager is asynchronous: a call alone ends nothing, and the kernels stay, a gigabyte each
        run_sync(self.client.km.shutdown_kernel)(now=True)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_knob_can_be_turned(chapter, tmp_path):
    offered = knobs(chapter)
    assert offered, "no chapter is without a knob"
    run = Run(chapter, tmp_path)
    try:
        found = list(run.found)
        cells = runnable(run.notebook)
        ids = [c.id for c in cells]
        for knob in offered:
            some = cells[ids.index(knob["cell"]) : ids.index(knob["until"]) + 1]
            assert len(knob["new"]) >= 1 and knob["old"] in some[0].source, knob
            own = some[0].source
            for new in knob["new"]:
                some[0].source = own.replace(knob["old"], new)
                found += [f"{new!r}: {told}" for cell in some if (told := run.run(cell))]
            some[0].source = own
            for cell in some:
                run.run(cell)
    finally:
        run.close()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("which", SETS)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_claim_holds_for_other_seeds(chapter, seed, which, tmp_path):
    run = Run(chapter, tmp_path, seed, **SETS[which])
    run.close()
    assert not run.found, "\n".join(run.found)


def test_a_claim_that_fails_is_noticed(tmp_path):
    cell = nbformat.v4.new_code_cell("", outputs=[nbformat.v4.new_output("stream", text="✓ a\n✗ b\n")])
    assert wrong(cell).endswith("✗ b")
