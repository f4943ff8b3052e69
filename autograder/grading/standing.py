"""The judges that a process starts on first use and keeps for the next notebook: nbgrader asks for one notebook at a time."""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from ..course.folder import CourseError
from ..execution import ZygoteError
from .judges import Judge, Judges, preload_of

IDLE_SECONDS = 120.0  # formgrader's server lives on: its judges do not

_judges: Judges | None = None
_timer: threading.Timer | None = None
_lock = threading.Lock()


@contextlib.contextmanager
def shared_judge() -> Iterator[Judge]:
    """A judge that this process starts on first use and keeps until it is idle or ends. Raises `NoJudges`."""
    global _judges, _timer
    with _lock:
        if _timer is not None:
            _timer.cancel()
        if _judges is None:
            atexit.register(close_judges)
            fresh = Judges(preload_of(Path.cwd()))  # nbgrader's converters work in the course folder
            ready(fresh)
            _judges = fresh
    try:
        with _judges.lend() as judge:
            yield judge
    finally:
        with _lock:
            _timer = threading.Timer(IDLE_SECONDS, close_judges)
            _timer.daemon = True
            _timer.start()


class NoJudges(CourseError):
    """No process can be forked: nothing is graded, rather than without a sandbox."""


def ready(judges: Judges) -> None:
    """Returns when these judges can be lent; a start that fails is tried once more. Raises `NoJudges`, and they are closed."""
    for last in (False, True):
        try:
            judges.zygote.wait_ready()
            return
        except (ZygoteError, OSError) as error:
            judges.zygote.close()
            if last:
                judges.close()
                raise NoJudges(
                    "nothing was graded, for no process for the students' code could be started, in two tries:"
                    f" {str(error).splitlines()[0]} (in no sandbox at all: c.JudgedOutside.without_sandbox = True)"
                ) from None


def close_judges() -> None:
    """End this process's judges, if it has any."""
    global _judges, _timer
    with _lock:
        if _timer is not None:
            _timer.cancel()
        if _judges is not None:
            _judges.close()
        _judges = _timer = None
