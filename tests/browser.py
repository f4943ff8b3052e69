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
from collections.abc import Iterator
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

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
