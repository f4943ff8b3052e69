"""A real browser and real Jupyter servers, for the tests that click."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from common import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

PHONE = {"width": 390, "height": 844}
AXE = ROOT / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = os.environ.get("SHOTS")
"""A folder for screenshots to look at."""

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def serving(
    command: list,
    port: int,
    folder: Path,
    env: dict[str, str],
    log: Path,
    *,
    patience: float = 30,
    stubborn: bool = False,
) -> Iterator[str]:
    """The address of what a command serves on a port, once it answers; ended afterwards.

    patience: seconds in which it has to end. stubborn: it need not.
    """
    address = f"http://127.0.0.1:{port}"
    with open(log, "w") as file:
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=file, stderr=file)
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{address}/api").close()
                    break
                except OSError:
                    assert server.poll() is None, log.read_text()
                    time.sleep(0.5)
            yield address
        finally:
            server.terminate()
            try:
                server.wait(patience)
            except subprocess.TimeoutExpired:
                server.kill()
                if not stubborn:
                    raise


@contextlib.contextmanager
def jupyter(what: str, folder: Path, scratch: Path, patience: float = 30) -> Iterator[str]:
    """The address of "jupyter server" or "jupyter lab" in a folder, with settings of its own; its token is t."""
    port, home = free_port(), scratch / "home"
    home.mkdir(exist_ok=True)
    env = {**os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_DATA_DIR": str(home)}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
    command = ["jupyter", what, "--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=t"]
    with serving(command, port, folder, env, scratch / f"{what}.log", patience=patience) as address:
        yield address


def shot(page, name: str, **options) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", **options)


def serious(page, part: str = "html") -> list[str]:
    """What axe-core finds in a part of the page that keeps somebody from reading it; with all that is folded opened."""
    if not AXE.is_file():
        warnings.warn("axe-core is not there, nothing is tested with it: make axe", stacklevel=2)
        return []
    page.evaluate("part => document.querySelectorAll(`${part} details`).forEach(details => details.open = true)", part)
    page.evaluate(AXE.read_text())  # not as a <script>, which the page does not allow
    found = page.evaluate("part => axe.run(part).then(result => result.violations)", part)
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found if v["impact"] in ("serious", "critical")]
