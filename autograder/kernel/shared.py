"""The shared zygote of the Jupyter kernels: found by its key in the Jupyter runtime folder, started on first use.

It ends itself when it has been idle for a while. The key is all that a kernel must agree with its zygote on: interpreter,
preloaded modules, the environment that modules read while they are imported, and the installed packages.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import logging
import os
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping, Sequence

from jupyter_core.paths import jupyter_runtime_dir

from ..execution import frames
from ..execution.zygote import INLINE, ZygoteError

IMPORT_TIME = re.compile(
    r"^(TF_|KERAS_|XLA_|CUDA|NVIDIA_|OMP_|MKL_|OPENBLAS_|NUMEXPR_|PYTHON|LD_|DYLD_|MPL|MALLOC_|VIRTUAL_ENV$|CONDA_PREFIX$)"
)
# These register themselves with the running shell when they are imported: preloaded, figures would vanish without a word.
UNFIT = ("matplotlib_inline",)
LONGEST_PATH = 100  # of a unix socket; 103 on macOS


class ForkedProcess:
    """What a kernel manager needs of a `subprocess.Popen`, for a child of the shared zygote."""

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket, request: dict, fds: tuple[int, ...]) -> None:
        self.connection, self.returncode = connection, None
        frames.send_note(connection, request, fds)
        answer = frames.receive_note(connection, time.monotonic() + 30)
        if answer is None:
            raise ConnectionResetError("the zygote has ended")
        if "refused" in answer[0]:
            raise ZygoteError(f"the zygote refused to fork: {answer[0]['refused']}")
        self.pid: int = answer[0]["pid"]

    def poll(self) -> int | None:
        return self._receive(0)

    def wait(self, timeout: float | None = None) -> int:
        if self._receive(timeout) is None:
            raise subprocess.TimeoutExpired("kernel", timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """To the kernel and its process group; nothing once it has ended."""
        if self.poll() is None:
            try:
                frames.send_note(self.connection, {"signal": int(number)})
            except OSError:
                raise ProcessLookupError(self.pid) from None

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _receive(self, timeout: float | None) -> int | None:
        if self.returncode is None and (timeout is None or select.select([self.connection], [], [], timeout)[0]):
            note = frames.receive_note(self.connection)
            self.returncode = (
                note[0]["exit"] if note else -signal.SIGKILL
            )  # the zygote has died, and its children with it
            self.connection.close()
        return self.returncode


def zygote_environment(env: Mapping[str, str]) -> dict[str, str]:
    """A kernel's environment → its zygote's. What Jupyter says to one kernel alone is left out."""
    kept = {name: value for name, value in env.items() if not name.startswith("JPY_")}
    kept["OPENBLAS_NUM_THREADS"] = "1"  # the only thread that any of the imports would start
    kept.setdefault("MPLBACKEND", INLINE)  # what ipykernel would set; it counts only before pyplot is imported
    return kept


def address(python: str, preload: Sequence[str], env: Mapping[str, str]) -> str:
    """The path of the socket of the zygote that fits. Installing a package makes another one fit."""
    packages = sysconfig.get_paths()["purelib"]
    changed = os.stat(packages).st_mtime_ns if os.path.isdir(packages) else 0
    agreed = sorted((name, value) for name, value in env.items() if IMPORT_TIME.match(name))
    key = hashlib.sha256(json.dumps([python, list(preload), agreed, changed]).encode()).hexdigest()[:12]
    for folder in (
        os.path.join(jupyter_runtime_dir(), "tf-warm"),
        os.path.join(tempfile.gettempdir(), f"tf-warm-{os.getuid()}"),
    ):
        path = os.path.join(folder, f"{key}.sock")
        if len(path) <= LONGEST_PATH:
            break
    os.makedirs(folder, mode=0o700, exist_ok=True)
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise ZygoteError(f"{folder} is not ours")
    os.chmod(folder, 0o700)
    return path


def fork_kernel(
    command: Sequence[str],
    cwd: str,
    env: Mapping[str, str],
    fds: tuple[int, int, int],
    *,
    preload: Sequence[str],
    idle: float,
    timeout: float = 120.0,
) -> ForkedProcess:
    """A kernel forked from the shared zygote, which is started if there is none. Raises `ZygoteError`, OSError."""
    path = address(command[0], preload, zygote_environment(env))
    request = {"command": list(command), "cwd": cwd, "env": dict(env)}
    for attempt in range(3):
        connection = _connect(path)
        if connection is None:
            with open(path + ".lock", "w") as lock:  # several askers at once: one starts it, the others wait
                fcntl.flock(lock, fcntl.LOCK_EX)
                connection = _connect(path) or _start(path, command[0], preload, env, idle, timeout)
        try:
            return ForkedProcess(connection, request, fds)
        except ConnectionError:  # it went idle between our connecting and our asking
            connection.close()
            if attempt == 2:
                raise
        except BaseException:
            connection.close()
            raise
    raise AssertionError("unreachable")


def _connect(path: str) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        return None
    return connection


def _start(
    path: str, python: str, preload: Sequence[str], env: Mapping[str, str], idle: float, timeout: float
) -> socket.socket:
    command = [python, "-m", __name__, "--socket", path, "--idle", str(idle), *preload]
    with open(path + ".log", "wb") as log:
        process = subprocess.Popen(
            command,
            env=zygote_environment(env),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    with process.stdout:
        ready = select.select([process.stdout], [], [], timeout)[0] and process.stdout.readline() == b"READY\n"
    connection = _connect(path) if ready else None
    if connection is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()  # the process that we started has forked the zygote and ended: no zombie is left to us
    if connection is None:
        raise ZygoteError(f"no zygote came up: {_last_line(path + '.log')}")
    return connection


def _last_line(path: str) -> str:
    with open(path, errors="replace") as log:
        lines = log.read().strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def main(arguments: Sequence[str] | None = None) -> None:
    """The process of the shared zygote: ``--socket PATH --idle SECONDS MODULE…``."""
    from ..execution import forkserver, privacy, rehearsal
    from . import process

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--idle", type=float, required=True)
    parser.add_argument("modules", nargs="*")
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if os.fork():
        os._exit(0)
    owner = os.open(asked.socket + ".owner", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("another zygote has this address") from None
    os.truncate(owner, 0)
    os.write(owner, b"%d\n" % os.getpid())  # for people who wonder which process it is
    # The working folder, which -m has put first. (Not `python -P`: ipykernel would keep the notebook's folder off the path.)
    if "/" in sys.path:
        sys.path.remove("/")
    forkserver.preload(asked.modules)
    if unfit := [name for name in UNFIT if name in sys.modules]:
        raise SystemExit(f"these must not be preloaded, and were: {', '.join(unfit)}")
    if (count := forkserver.threads()) != 1:
        raise SystemExit(f"{count} threads after the imports: a fork might hang")
    rehearsal.registries()
    listener = socket.socket(socket.AF_UNIX)
    if os.path.lexists(asked.socket):
        os.unlink(asked.socket)
    mask = os.umask(0o177)
    listener.bind(asked.socket)
    os.umask(mask)
    listener.listen(128)
    server = forkserver.ForkServer(listener, process.run, idle=asked.idle)
    privacy.protect(subreaper=False)  # what a person starts from a kernel may outlive it
    rehearsal.freeze()
    print("READY", flush=True)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
    try:
        server.serve()
    finally:
        os.unlink(asked.socket)


if __name__ == "__main__":
    main()
