"""The IPython shell of a graded child: cells in, notebook outputs out, without the Jupyter protocol.

`prepare` builds the shell in the zygote, once: nothing of it starts a thread, runs an op or opens a file. Because the shell
exists before matplotlib's inline backend is imported, that backend binds to the right one, and every fork inherits both.
`serve` then answers the owner's requests until the connection ends.
"""

from __future__ import annotations

import asyncio
import base64
import builtins
import contextlib
import getpass
import importlib
import inspect
import io
import os
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

from IPython.core.application import ProfileDir
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from . import frames
from .frames import FRAME_COST, IMAGES, MAX_SIDE, TEXTS, FrameReader, Kind, pack
from .sandbox.syscalls import flush_c_streams
from .wire import WireError

FLUSH_CHARACTERS, FLUSH_SECONDS = 16_384, 0.2
MAX_TRACEBACK = 60_000  # characters


class Channel:
    """The way to the owner: buffers printed text, keeps to the cell's budget of output."""

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.pid = 0
        self.nonce = 0
        self.budget = 0
        self.muted = False
        self.truncated = False
        self.lock = threading.RLock()
        self.pieces: list[str] = []
        self.name, self.size, self.since = "", 0, 0.0
        self.masked = 0
        self.interruptible = self.interrupted = False

    def on_interrupt(self, number: int, frame: Any) -> None:
        """SIGINT: a KeyboardInterrupt, but only in student code and never in the middle of a frame."""
        if not self.interruptible:
            return
        if self.masked:
            self.interrupted = True
        else:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Keeps an interrupt back until a frame has gone out whole. Signals reach the main thread alone."""
        main = threading.current_thread() is threading.main_thread()
        self.masked += main
        try:
            with self.lock:
                yield
        finally:
            self.masked -= main
            if main and self.interrupted and not self.masked:
                self.interrupted = False
                raise KeyboardInterrupt

    def start(self, nonce: int, budget: int, muted: bool) -> None:
        with self.lock:
            self.nonce, self.budget, self.muted, self.truncated = nonce, budget, muted, False
            self.pieces, self.size = [], 0

    def write(self, name: str, text: str) -> None:
        if os.getpid() != self.pid:  # a process that student code forked: what it prints is collected below Python
            os.write(1 if name == "stdout" else 2, text.encode("utf-8", "replace"))
            return
        with self.whole():
            if self.muted or not text:
                return
            if len(text) > self.budget:
                self.truncated = True
                text = text[: self.budget]
            self.budget -= len(text)
            if name != self.name:
                self.flush()
            self.since = self.since if self.pieces else time.monotonic()
            self.name, self.size = name, self.size + len(text)
            self.pieces.append(text)
            if self.size > FLUSH_CHARACTERS or time.monotonic() - self.since > FLUSH_SECONDS:
                self.flush()

    def flush(self) -> None:
        with self.whole():
            if self.pieces and os.getpid() == self.pid:
                text, self.pieces, self.size = "".join(self.pieces), [], 0
                if text:
                    self.budget = max(0, self.budget - FRAME_COST)
                    self.send(Kind.STREAM, {"name": self.name, "text": text})

    def output(self, kind: Kind, value: dict) -> None:
        with self.whole():
            if self.muted or os.getpid() != self.pid:
                return
            if kind is not Kind.ERROR:
                size = FRAME_COST + len(value.get("id", "")) + sum(map(len, value.get("data", {}).values()))
                if size > self.budget:
                    self.truncated = True
                    return
                self.budget -= size
            self.flush()
            self.send(kind, value)

    def answer(self, kind: Kind, value: Any) -> None:
        """The last word on a request. What a thread prints after it belongs to no cell, and is dropped."""
        with self.whole():
            self.flush()
            self.muted = True
            try:
                self.send(kind, value)
            except (WireError, MemoryError) as error:
                about = {"kind": "wire", **described(type(error), error), "traceback": []}
                self.send(Kind.FAIL, about)

    def send(self, kind: Kind, value: Any) -> None:
        self.sock.sendall(pack(kind, self.nonce, value))


class CellStream(io.TextIOBase):
    """What ``sys.stdout`` and ``sys.stderr`` are in the child."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, channel: Channel, name: str, fd: int) -> None:
        self._channel, self._name, self._fd = channel, name, fd

    @property
    def name(self) -> str:
        return f"<{self._name}>"

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self.closed:  # as in Jupyter, and everywhere else
            raise ValueError("I/O operation on closed file.")
        self._channel.write(self._name, text)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def flush(self) -> None:
        self._channel.flush()


class Publisher(DisplayPublisher):
    def publish(
        self, data: dict, metadata: Any = None, *, transient: Any = None, update: bool = False, **_: Any
    ) -> None:
        display_id = str((transient or {}).get("display_id") or "")[:200]
        kind = Kind.UPDATE if update else Kind.DISPLAY
        self.shell.channel.output(kind, {"data": inert(data), "metadata": sizes(metadata), "id": display_id})

    def clear_output(self, wait: bool = False) -> None:
        self.shell.channel.output(Kind.CLEAR, {"wait": bool(wait)})


class Hook(DisplayHook):
    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        self.shell.channel.output(Kind.RESULT, {"data": inert(format_dict), "metadata": sizes(md_dict)})

    def finish_displayhook(self) -> None:
        self._is_active = False


class Shell(InteractiveShell):
    """An IPython shell whose outputs go to a `Channel`."""

    channel: Channel
    in_a_loop = False
    """Does every cell run in the event loop, as in Jupyter, where `asyncio.create_task` needs no `await` beside it? Not in the zygote,
    whose loop its children would share."""

    def should_run_async(self, raw_cell: str, **about: Any) -> bool:
        if self.in_a_loop and asyncio._get_running_loop() is None:  # else it is a cell within one, as of %%capture
            return True
        return super().should_run_async(raw_cell, **about)

    def init_io(self) -> None:
        self.channel = Channel()

    def _get_exc_info(self, exc_tuple: Any = None) -> tuple:
        """Ends a traceback where our own code begins: what raises an interrupt, or refuses input()."""
        etype, value, tb = super()._get_exc_info(exc_tuple)
        step = tb
        while step is not None and step.tb_next is not None:
            if step.tb_next.tb_frame.f_code.co_filename == __file__:
                step.tb_next = None
            step = step.tb_next
        return etype, value, tb

    def showtraceback(self, *arguments: Any, **options: Any) -> None:
        with modules_found_once():
            super().showtraceback(*arguments, **options)

    def _format_exception_for_storage(self, exception: BaseException, *_: Any, **__: Any) -> dict:
        """For a history that nobody reads: IPython would make every traceback twice."""
        return {**described(type(exception), exception), "traceback": []}

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        self.channel.output(Kind.ERROR, {**described(etype, evalue), "traceback": shortened(stb)})

    system = InteractiveShell.system_raw  # the other way needs a terminal, which the sandbox has not

    def enable_gui(self, gui: str | None = None) -> None:
        pass  # no event loop to be had; %matplotlib inline asks for none

    def ask_exit(self) -> None:
        pass  # quit(): in a kernel that is being graded, too, what follows runs


@contextlib.contextmanager
def modules_found_once() -> Iterator[None]:
    """Within, whose module a frame's code is, is looked up once for all frames of this code.

    IPython asks that for each frame of a traceback, several times, and `inspect` looks through all modules there are for what
    stands in a notebook: with TensorFlow's, a function that calls itself without end took ten seconds and more to be shown.
    """
    ordinary, found = inspect.getmodule, {}

    def getmodule(object: Any, _filename: str | None = None) -> Any:
        code = getattr(object, "f_code", None)
        if code is None:
            return ordinary(object, _filename)
        if (code, _filename) not in found:
            found[code, _filename] = ordinary(object, _filename)
        return found[code, _filename]

    inspect.getmodule = getmodule
    try:
        yield
    finally:
        inspect.getmodule = ordinary


def inert(data: dict) -> dict[str, str]:
    """The MIME types that are passed on, images in base64."""
    kept = {}
    for mime in (*TEXTS, *IMAGES):
        if (value := data.get(mime)) is not None:
            kept[mime] = base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
    return kept


def sizes(metadata: Any) -> dict:
    """Of an output's metadata only how large to show an image."""
    kept = {}
    for mime in IMAGES:
        given = metadata.get(mime) if isinstance(metadata, dict) else None
        if isinstance(given, dict):
            sides = {k: given.get(k) for k in ("width", "height")}
            kept[mime] = {k: int(v) for k, v in sides.items() if isinstance(v, (int, float)) and 0 < v < MAX_SIDE}
    return {mime: size for mime, size in kept.items() if size}


def described(etype: type, evalue: BaseException) -> dict[str, str]:
    try:
        text = str(evalue)
    except Exception:  # noqa: BLE001  an exception's own __str__ is student code too
        text = "<this exception cannot be printed>"
    return {"ename": str(getattr(etype, "__name__", "Exception"))[:200], "evalue": text[:4000]}


def shortened(lines: list[str]) -> list[str]:
    """A traceback's beginning and end, if it is too long."""
    return frames.shortened([str(line)[: MAX_TRACEBACK // 4] for line in lines], MAX_TRACEBACK)


def prepare() -> Shell:
    """Build the shell that every fork of this process will use. Call it before pyplot is imported."""
    config = Config()
    config.HistoryManager.enabled = (
        False  # a student's code is not the instructor's history; and it would start a thread
    )
    config.HistoryManager.hist_file = ":memory:"
    with tempfile.TemporaryDirectory() as folder:  # IPython wants a profile folder while it starts, and not afterwards
        profile = ProfileDir.create_profile_dir(folder)
        shell = Shell.instance(
            config=config, ipython_dir=folder, profile_dir=profile, display_pub_class=Publisher, displayhook_class=Hook
        )
    builtins.input = getpass.getpass = _no_input
    return shell


def _no_input(prompt: str = "", *_: Any) -> str:
    raise StdinNotImplementedError("input() was called, but nobody is there to answer while a notebook is graded")


def serve(sock: socket.socket, shell: Shell, hello: dict, max_request: int) -> None:
    """Answer the owner's requests; returns when the connection has ended."""
    channel = shell.channel
    channel.sock, channel.pid = sock, os.getpid()
    sys.stdout, sys.stderr = CellStream(channel, "stdout", 1), CellStream(channel, "stderr", 2)
    shell.in_a_loop = True
    reader = FrameReader(sock, max_request)
    signal.signal(signal.SIGINT, channel.on_interrupt)
    channel.send(Kind.HELLO, hello)
    while frame := reader.read():
        request = frame.value(max_request)
        channel.start(frame.nonce, request["budget"], muted=frame.kind is Kind.CALL)
        work = {Kind.RUN: _run, Kind.CALL: _call}[frame.kind]
        kind, value = _interruptible(channel, work, shell, request)
        if os.getpid() != channel.pid:  # a process that student code forked, and that has come all the way back here
            os._exit(1)
        signal.signal(signal.SIGINT, channel.on_interrupt)
        flush_c_streams()
        channel.answer(kind, value)


def _interruptible(channel: Channel, work: Any, shell: Shell, request: dict) -> tuple[Kind, Any]:
    try:
        channel.interruptible = True
        try:
            return work(shell, request)
        finally:
            channel.interruptible = False
    except BaseException as error:  # noqa: BLE001  an interrupt between two lines of ours, or no memory left for IPython's
        kind = "memory" if isinstance(error, MemoryError) else "error"
        lines = shortened(traceback.format_exception(error))
        return Kind.FAIL, {"kind": kind, **described(type(error), error), "traceback": lines}


def _run(shell: Shell, request: dict) -> tuple[Kind, Any]:
    result = shell.run_cell(request["source"], store_history=True)
    error = result.error_before_exec or result.error_in_exec
    about = {"ename": "", "evalue": ""} if error is None else described(type(error), error)
    return Kind.DONE, {"ok": error is None, "truncated": shell.channel.truncated, **about}


def _call(shell: Shell, request: dict) -> tuple[Kind, Any]:
    module, _, name = request["target"].partition(":")
    function = importlib.import_module(module)
    for part in name.split("."):
        function = getattr(function, part)
    return Kind.VALUE, {"value": function(shell.user_ns, *request["arguments"])}
