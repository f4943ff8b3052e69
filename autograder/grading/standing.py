"""The judges that a process starts on first use and keeps for the next notebook: nbgrader asks for one notebook at a time."""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Callable, Iterator

from ..execution import ZygoteError
from .judges import Judge, Judges

IDLE_SECONDS = 120.0  # formgrader's server lives on: its judges do not

_judges: Judges | None = None
_timer: threading.Timer | None = None
_lock = threading.Lock()


@contextlib.contextmanager
def shared_judge() -> Iterator[Judge | None]:
    """A judge that this process starts on first use and keeps until it is idle or ends; None where none can be had."""
    global _judges, _timer
    with _lock:
        if _timer is not None:
            _timer.cancel()
        if _judges is None:
            atexit.register(close_judges)
            _judges = ready(Judges())
    try:
        with contextlib.nullcontext() if _judges is None else _judges.lend() as judge:
            yield judge
    finally:
        with _lock:
            _timer = threading.Timer(IDLE_SECONDS, close_judges)
            _timer.daemon = True
            _timer.start()


def ready(judges: Judges, say: Callable[[str], None] = lambda _: None) -> Judges | None:
    """These judges once they are ready; None, and a word why, where no process can be forked."""
    try:
        judges.zygote.wait_ready()
    except (ZygoteError, OSError) as error:
        judges.close()
        say(str(error).splitlines()[0])
        return None
    return judges


def close_judges() -> None:
    """End this process's judges, if it has any."""
    global _judges, _timer
    with _lock:
        if _timer is not None:
            _timer.cancel()
        if _judges is not None:
            _judges.close()
        _judges = _timer = None
