"""What a fork does before its first request. A graded child is trusted until `shell.serve`."""

from __future__ import annotations

import gc
import importlib
import os
import random
import signal
import socket
import sys
import tempfile
import time
from typing import Any

from .sandbox import entry
from .sandbox.cgroups import Cgroup
from .sandbox.policy import Limits, Policy
from .sandbox.syscalls import LINUX, PR_SET_DUMPABLE, PR_SET_PDEATHSIG, prctl

MAX_REQUEST = 256 << 20
USER = "student"
"""What `getpass.getuser()` says in a graded child: its own user may have no name on this machine."""


def detach(server: int | None) -> None:
    """A session of its own, death with the zygote, default signals. server: a pidfd of the zygote."""
    os.setsid()
    if LINUX:
        prctl(PR_SET_DUMPABLE, 1)  # the zygote is not; and only who is may write /proc/self/uid_map
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if server is not None and signal_pending(server):  # it died before the line above
            os._exit(1)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def signal_pending(pidfd: int) -> bool:
    import select

    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def reseed() -> None:
    """Generators that were seeded in the zygote would draw the same in every child."""
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def settle(fds: list[int]) -> socket.socket:
    """Standard streams and the connection to the owner, out of the descriptors that came with the request."""
    connection, out, err = fds
    null = os.open(os.devnull, os.O_RDONLY)
    for fd, target in ((null, 0), (out, 1), (err, 2)):
        os.dup2(fd, target)
    for fd in (null, out, err):
        os.close(fd)
    os.set_inheritable(connection, False)
    return socket.socket(fileno=connection)


def run(request: dict, fds: list[int], **setting: Any) -> None:
    """Become what the request describes, a graded child or a trusted fork; returns when that is done."""
    if "target" in request:
        _trusted(request["target"], *fds)
    else:
        _graded(request, fds, **setting)


def _trusted(target: str, connection: int) -> None:
    """Run our own code, which needs no sandbox, but protection from the processes in them."""
    if LINUX:
        prctl(PR_SET_DUMPABLE, 0)
    os.set_inheritable(connection, False)
    reseed()
    gc.enable()
    module, _, name = target.partition(":")
    with socket.socket(fileno=connection) as sock:
        getattr(importlib.import_module(module), name)(sock)


def _graded(request: dict, fds: list[int], *, uid: int | None, own_processes: bool | str, cgroup: Cgroup) -> None:
    from . import shell

    sock = settle(fds)
    os.umask(0o077)
    workdir = os.path.realpath(request["workdir"])
    limits, policy = Limits(**request["limits"]), Policy(**request["policy"])
    started = time.perf_counter()
    report = entry.enter(policy, limits, workdir, uid=uid, own_processes=own_processes, cgroup=cgroup)
    took = time.perf_counter() - started
    os.chdir(workdir)
    os.environ.update(request["env"], HOME=workdir, TMPDIR="/tmp" if report.has("mounts") else workdir)
    os.environ.update(USER=USER, LOGNAME=USER)
    tempfile.tempdir = None  # as the zygote found it
    sys.path.insert(0, "")
    sys.argv = [""]
    reseed()
    gc.enable()
    shell.serve(sock, shell.Shell.instance(), {"report": report.to_json(), "sandbox_seconds": took}, MAX_REQUEST)
