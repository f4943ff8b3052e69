"""A student's notebook at home: a released notebook in a folder, with a real kernel that is spoken to as JupyterLab speaks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
from common import COURSE, ROOT
from jupyter_client.manager import start_new_kernel

from autograder.judging.verdict import MIME


class Home:
    """A chapter's notebook, open. `run` runs a cell of it (by id), or a new cell; `edit` types into one."""

    def __init__(self, folder: Path, chapter: str) -> None:
        self.path = folder / f"{chapter}.ipynb"
        shutil.copy(COURSE.release(chapter), self.path)
        self.notebook = nbformat.read(self.path, 4)
        env = {**os.environ, "JPY_SESSION_NAME": str(self.path), "PYTHONPATH": str(ROOT)}
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=str(folder), env=env)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def cell(self, name: str) -> Any:
        return next(cell for cell in self.notebook.cells if cell.id == name)

    def edit(self, name: str, source: str) -> None:
        """Type into a cell, and save."""
        self.cell(name).source = source
        self.save()

    def add(self, name: str, source: str, **metadata: Any) -> None:
        """A new cell at the end, saved."""
        self.notebook.cells.append(nbformat.v4.new_code_cell(source, id=name, metadata=metadata))
        self.save()

    def save(self) -> None:
        nbformat.write(self.notebook, self.path)

    def run(self, name: str, source: str | None = None) -> list[dict]:
        """Run a cell → its outputs. source: what is in it, if that was not saved."""
        text = self.cell(name).source if source is None else source
        content = {"code": text, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": name})
        self.client.shell_channel.send(message)
        outputs = []
        while True:
            try:
                got = self.client.get_iopub_msg(timeout=120)
            except Empty:
                raise AssertionError(f"{name} does not end") from None
            if got["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if got["msg_type"] == "status" and got["content"]["execution_state"] == "idle":
                return outputs
            if got["msg_type"] in ("stream", "error", "execute_result", "display_data"):
                outputs.append({"type": got["msg_type"], **got["content"]})

    def check(self, name: str, source: str | None = None) -> dict:
        """The verdict of an exercise's check cell, as data; with what it says as "text"."""
        outputs = self.run(f"{name}-check", source)
        shown = next(o["data"] for o in outputs if MIME in o.get("data", {}))
        return shown[MIME] | {"text": shown["text/plain"], "html": shown["text/html"]}
