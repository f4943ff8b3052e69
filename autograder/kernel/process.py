"""What a child of the shared zygote becomes: an ordinary ipykernel, as if it had been started by its own command."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
import threading
import time

from ..execution import inside

LAUNCHER = "ipykernel_launcher"


def arguments_of(command: list[str]) -> list[str] | None:
    """Of ``[python, "-m", "ipykernel_launcher", …]`` what follows; None if the command is another one."""
    if len(command) >= 3 and command[1] == "-m" and command[2] in (LAUNCHER, "ipykernel"):
        return command[3:]
    return None


def run(request: dict, fds: list[int]) -> None:
    """Become the kernel that the request describes: command, working folder, environment."""
    for fd, target in zip(fds, (0, 1, 2), strict=True):
        os.dup2(fd, target)
    for fd in fds:
        os.close(fd)
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    os.chdir(request["cwd"])
    inside.reseed()
    gc.enable()
    arguments = arguments_of(request["command"]) or []
    sys.argv = [LAUNCHER, *arguments]
    try:
        from ipykernel.kernelapp import IPKernelApp

        # parent_handle=1: nobody polls for the parent, which is the zygote; the connection does that
        IPKernelApp.launch_instance(argv=["--IPKernelApp.parent_handle=1", *arguments])
    finally:  # what the interpreter does at its end, but for TensorFlow's half second of teardown
        with contextlib.suppress(Exception):
            threading._shutdown()
        atexit._run_exitfuncs()
        for stream in (sys.__stdout__, sys.__stderr__):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
