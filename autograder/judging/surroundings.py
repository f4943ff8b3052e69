"""What is around an answer while it is called: silence, a clock, seeded generators, nobody to talk to. The same in a student's own
kernel and in the grader's child; each is put back as it was.
"""

from __future__ import annotations

import asyncio
import bdb
import contextlib
import io
import logging
import math
import os
import pdb
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np


class TooSlow(BaseException):
    """The answer ran out of time. A BaseException, so that an `except Exception` in the answer cannot swallow it."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Swallow what is printed meanwhile, by Python or by C++, and every warning.

    nbgrader gives a check cell no point when anything is written to stderr in it.
    """
    saved: list[tuple[int, int]] = []
    logger = logging.getLogger("tensorflow")  # its handler keeps the stream that it was made with
    level = logger.level
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        for fd in (1, 2):
            with contextlib.suppress(OSError):
                saved.append((fd, os.dup(fd)))
                os.dup2(null, fd)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            logger.setLevel(logging.ERROR)
            with contextlib.redirect_stderr(io.StringIO()):
                yield
    finally:
        logger.setLevel(level)
        for fd, copy in saved:
            os.dup2(copy, fd)
            os.close(copy)
        os.close(null)


@contextlib.contextmanager
def by_itself() -> Iterator[None]:
    """Meanwhile nobody is there to whom `breakpoint()` or `set_trace()`, forgotten in an answer, could speak: they go on.

    And the event loop that a notebook's cells run in is not to be seen: `asyncio.run` works, as it does in a script.
    """
    hook, set_trace, loop = sys.breakpointhook, bdb.Bdb.set_trace, asyncio._get_running_loop()
    own = vars(pdb.Pdb).get("set_trace")  # from Python 3.13 on
    sys.breakpointhook = bdb.Bdb.set_trace = _go_on
    if own is not None:
        pdb.Pdb.set_trace = _go_on
    if loop is not None:
        fresh = asyncio.new_event_loop()
        asyncio._set_running_loop(None)
        asyncio.set_event_loop(fresh)
    try:
        yield
    finally:
        sys.breakpointhook, bdb.Bdb.set_trace = hook, set_trace
        if own is not None:
            pdb.Pdb.set_trace = own
        if loop is not None:
            fresh.close()
            asyncio._set_running_loop(loop)
            asyncio.set_event_loop(loop)


def _go_on(*_: Any, **__: Any) -> None:
    """In a debugger's place."""


@contextlib.contextmanager
def random_state(seed: int | None) -> Iterator[None]:
    """Leave the caller's generators as they were; seed all of them where a seed is given."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        if seed is None:
            yield
            return
        if "tensorflow" not in sys.modules:
            random.seed(seed)
            np.random.seed(seed)
            yield
            return
        import keras
        import tensorflow as tf

        global_seed, _ = tf.compat.v1.random.get_seed(None)
        keras.utils.set_random_seed(seed)
        try:
            yield
        finally:
            tf.random.set_seed(global_seed)
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` in the main thread after so many seconds of wall time; elsewhere the grader's own clock serves."""
    unusable = threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer")
    if unusable or seconds == math.inf:
        yield
        return
    started = time.monotonic()

    def ring(number: int, frame: Any) -> None:
        raise TooSlow(f"{time.monotonic() - started:.1f} s")

    handler = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(
        signal.ITIMER_REAL, seconds, 0.5
    )  # again and again: one may be lost in a callback that swallows it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
