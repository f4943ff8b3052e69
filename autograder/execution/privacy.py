"""What a zygote does to itself before it serves: nobody traces it, and where it may, it counts processes by itself."""

from __future__ import annotations

import contextlib
import logging
import os
import signal

from .sandbox import entry
from .sandbox.syscalls import (
    CLONE_NEWNS,
    CLONE_NEWPID,
    LINUX,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_DUMPABLE,
    PR_SET_PDEATHSIG,
    mount,
    prctl,
    unshare,
)

log = logging.getLogger("autograder.zygote")


def protect(subreaper: bool = True) -> None:
    """No debugger on us, no /proc/PID/mem. subreaper: orphans of our children come to us."""
    if LINUX:
        prctl(PR_SET_DUMPABLE, 0)
        if subreaper:
            prctl(PR_SET_CHILD_SUBREAPER, 1)


def become_private() -> bool:
    """Where we are no root, go where we may do as root does: into a user namespace, as the first of a process namespace.

    The process that was started stays outside and waits for us, who return. Everything that runs below us ends when we do.
    Returns False where the machine does not allow it, and nothing has changed. Call it before the imports: it takes a
    process of one thread.
    """
    if not LINUX or os.geteuid() == 0 or not _may_become_private():
        return False
    _nest()
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):  # refused where /proc is partly masked; then `kill_orphans` has nothing to go by
        _own_proc()
    return True


def _nest() -> None:
    """Fork into a new user and process namespace; only the inner one of the two processes returns."""
    entry.enter_user_namespace()
    unshare(CLONE_NEWPID)
    pid = os.fork()
    if pid:
        signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
        os.closerange(3, 4096)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os._exit(code if code >= 0 else 128 - code)


def _own_proc() -> None:
    unshare(CLONE_NEWNS)
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def _may_become_private() -> bool:
    """Try it in a process of its own: some systems let in and then refuse everything, and there is no way back."""
    pid = os.fork()
    if pid == 0:
        try:
            _nest()
            unshare(CLONE_NEWNS)
            os._exit(0)
        except OSError as error:
            log.info("no user namespace: %s", error)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0
