"""The owner's end of a graded child: run cells in it, call functions in it, and believe nothing it says.

Every answer is bounded while it is read. What the child's process does (ends, is killed, uses memory) is learnt from the
zygote, which is ours, not from the child.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from . import frames, wire
from .collector import Collector, checked, text_of
from .frames import Frame, FrameError, Kind
from .processes import Usage, pid_here
from .sandbox.policy import Limits, SandboxReport

Status = Literal["ok", "error", "timeout", "memory", "died", "output-limit"]
Failure = Literal["timeout", "memory", "died", "error", "wire"]
START_SECONDS = 30.0
MEMORY_ERRORS = ("MemoryError", "ResourceExhaustedError")


@dataclass
class CellResult:
    """What came of a cell. outputs: nbformat-v4 output dicts of inert MIME types, bounded in size."""

    status: Status
    outputs: list[dict] = field(default_factory=list)
    execution_count: int | None = None
    ename: str = ""
    evalue: str = ""
    seconds: float = 0.0


class ChildError(RuntimeError):
    """A call into a child that brought no value.

    kind: "error" (what was called raised), "timeout", "memory", "died" (the process is gone, and stays gone), "wire" (the
    result cannot travel, or what came was no answer).
    """

    def __init__(self, kind: Failure, evalue: str, ename: str = "", traceback_lines: tuple[str, ...] = ()) -> None:
        super().__init__(f"{ename}: {evalue}" if ename else evalue)
        self.kind, self.ename, self.evalue, self.traceback_lines = kind, ename, evalue, traceback_lines


def ask_to_fork(connection: socket.socket, request: dict, fds: tuple[int, ...], seconds: float) -> int:
    """Have the zygote fork, with these descriptors → the process id, as the zygote sees it. Raises `ChildError`, TimeoutError."""
    frames.send_note(connection, request, fds)
    answer = frames.receive_note(connection, time.monotonic() + seconds)
    if answer is None:
        raise ChildError("died", "the zygote has ended")
    if "refused" in answer[0]:
        raise ChildError("died", f"the zygote refused to fork: {answer[0]['refused']}")
    return answer[0]["pid"]


class Child:
    """A forked, sandboxed process with an IPython shell in it. Made by `Zygote.fork`; a context manager that ends it.

    Safe to use from several threads (requests queue up), `kill` and `close` at any time from any of them. report: what is
    in force in it. sandbox_seconds: what that cost. pid: as the owner sees it.
    """

    def __init__(self, connection: socket.socket, request: dict, limits: Limits, namespace: int | None = None) -> None:
        """connection: to the zygote, for this child alone. namespace: the zygote, if it counts processes by itself."""
        self.limits = limits
        self._connection = connection
        self._lock, self._closing, self._waiting = threading.RLock(), threading.Lock(), threading.Lock()
        self._ended: dict | None = None
        self._reason: str | None = None
        self._killed_for: Status | None = None
        self._count = 0
        self._sock, theirs = socket.socketpair()
        self._raw = [_spool(name) for name in ("stdout", "stderr")]
        self._offsets = [0, 0]
        self._reader = frames.FrameReader(self._sock)
        self._used = Usage()
        try:
            with theirs:
                pid = ask_to_fork(connection, request, (theirs.fileno(), *self._raw), START_SECONDS)
            self.pid: int = pid if namespace is None else pid_here(namespace, pid)
            hello = self._receive(time.monotonic() + START_SECONDS)
            if hello.kind is not Kind.HELLO:
                raise ChildError("died", "the child did not say hello")
            said = hello.value()
            self.report = SandboxReport.from_json(said["report"])
            self.sandbox_seconds: float = said["sandbox_seconds"]
        except TimeoutError:
            self.close()
            raise ChildError("died", f"the child was not ready within {START_SECONDS:g} s") from None
        except EOFError:
            said = _read(self._raw[1], max(0, _size(self._raw[1]) - 500), 500).decode("utf-8", "replace").strip()
            self.close()
            last = said.splitlines()[-1][:300] if said else "it said nothing"
            raise ChildError("died", f"the child ended before it was ready: {last}") from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        return self._reason is None

    # -- requests

    def run(self, source: str, timeout: float | None = None) -> CellResult:
        """Run a notebook cell, for at most ``timeout`` seconds of wall time (default: `Limits.wall_seconds`).

        status "ok"; "error" (it raised); "output-limit" (it ran, but printed more than is kept); "timeout" (interrupted; the
        child goes on unless it ignored the interrupt); "memory"; "died" (the process ended). Raises `ChildError` of kind
        "died" if the child was gone before.
        """
        with self._lock:
            self._require_life()
            if not source.strip():
                return CellResult("ok")
            self._count += 1
            self._offsets = [_size(fd) for fd in self._raw]
            collector = Collector(self.limits.output_bytes, self._count)
            started = time.monotonic()
            request = {"source": source, "budget": self.limits.output_bytes}
            failure, answer = self._ask(
                Kind.RUN, request, self.limits.wall_seconds if timeout is None else timeout, collector
            )
            result = CellResult("ok", collector.outputs, self._count, seconds=time.monotonic() - started)
            self._judge(result, failure, answer)
            for name, fd, offset in zip(("stdout", "stderr"), self._raw, self._offsets, strict=True):
                collector.stream(name, _read(fd, offset, collector.left).decode("utf-8", "replace"))
                collector.truncated |= _size(fd) - offset > self.limits.output_bytes
            collector.join()
            if result.status == "ok" and collector.truncated:
                result.status = "output-limit"
            if collector.truncated:
                note = f"\n[output cut here: more than {self.limits.output_bytes} characters]\n"
                collector.outputs.append({"output_type": "stream", "name": "stdout", "text": note})
            if result.ename and not any(o["output_type"] == "error" for o in collector.outputs):
                collector.error(result.ename, result.evalue, [f"{result.ename}: {result.evalue}"])
            return result

    def call(self, target: str, *arguments: Any, timeout: float | None = None) -> Any:
        """Import ``"module:function"`` in the child, call it with the cells' namespace and ``arguments``, return its value.

        Arguments and value are plain data (`wire`). Raises `ChildError`.
        """
        with self._lock:
            self._require_life()
            request = {"target": target, "arguments": arguments, "budget": 0}
            timeout = self.limits.wall_seconds if timeout is None else timeout
            failure, answer = self._ask(Kind.CALL, request, timeout, None)
            if failure == "timeout":
                raise ChildError("timeout", f"no answer within {timeout:g} s")
            if failure is not None:
                raise ChildError("memory" if failure == "memory" else "died", self._reason or "")
            try:
                said = answer.value()
                if answer.kind is Kind.VALUE:
                    return said["value"]
                raise ChildError(**_failure(said))
            except (wire.WireError, TypeError, KeyError) as error:
                raise ChildError("wire", str(error), type(error).__name__) from None

    def usage(self) -> Usage:
        """CPU and memory used so far; after the end, what the system counted (no private and pss bytes then)."""
        if self._ended is not None:
            return Usage(self._ended.get("cpu_seconds"), self._ended.get("max_rss"))
        return Usage.of(self.pid)

    def interrupt(self) -> None:
        """SIGINT, to the child and what it runs in the foreground."""
        self._signal(signal.SIGINT)

    def kill(self, reason: str = "it was killed") -> None:
        """End the child now; a request under way in another thread fails."""
        self._reason = self._reason or reason
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """End the child and everything it started; returns when it is gone."""
        with self._closing:
            if self._connection is None:
                return
            self.kill("it was closed")
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
            self._wait(10)
            with self._lock:  # a request under way in another thread has just failed, and lets go
                self._connection.close()
                self._sock.close()
                for fd in self._raw:
                    os.close(fd)
                self._connection = None

    # -- the conversation

    def _ask(
        self, kind: Kind, request: dict, timeout: float, collector: Collector | None
    ) -> tuple[Status | None, Frame | None]:
        """Send a request and read up to its answer → (why there is none, the answer)."""
        nonce = secrets.randbits(64)
        deadline, interrupted = time.monotonic() + timeout, False
        try:
            data = frames.pack(kind, nonce, request)
        except wire.WireError as error:
            raise ChildError("wire", f"these arguments do not travel: {error}", "WireError") from None
        try:
            self._sock.settimeout(max(timeout, 0.1) + self.limits.grace_seconds)
            self._sock.sendall(data)
            self._sock.settimeout(None)
            while True:
                try:
                    frame = self._receive(deadline)
                except TimeoutError:
                    if interrupted:
                        raise
                    deadline, interrupted = time.monotonic() + self.limits.grace_seconds, True
                    self.interrupt()
                    continue
                if frame.nonce != nonce:
                    raise FrameError("an answer to another question")
                if frame.kind in (Kind.DONE, Kind.VALUE, Kind.FAIL):
                    return ("timeout" if interrupted else None), frame
                if collector is None:
                    raise FrameError(f"unasked-for {frame.kind.name}")
                collector.add(frame)
        except TimeoutError:
            self._end(f"it ran longer than {timeout:g} s, did not react to an interrupt, and was killed")
            return "timeout", None
        except (FrameError, wire.WireError) as error:
            self._end(f"it sent something that is no answer ({error}), and was killed")
            if kind is Kind.CALL:
                raise ChildError("wire", self._reason) from None
            return "died", None
        except (EOFError, OSError):
            self._end(None)
            return self._killed_for or "died", None

    def _receive(self, deadline: float) -> Frame:
        frame = self._reader.read(deadline)
        if frame is None:
            raise EOFError
        return frame

    def _judge(self, result: CellResult, failure: Status | None, answer: Frame | None) -> None:
        """Fill in status, ename and evalue of a cell's result from how its conversation ended."""
        about: dict = {}
        if answer is not None:
            try:
                said = answer.value()
                if answer.kind is Kind.FAIL:
                    lines = _failure(said)
                    about = {"ok": False, "ename": lines["ename"], "evalue": lines["evalue"]}
                else:
                    about = {
                        "ok": said["ok"] is True,
                        "ename": text_of(said["ename"], 200),
                        "evalue": text_of(said["evalue"], 4000),
                    }
                    if said["truncated"] is True and about["ok"]:
                        result.status = "output-limit"
            except (wire.WireError, TypeError, KeyError) as error:
                self._end(f"it sent something that is no answer ({type(error).__name__}), and was killed")
                failure = "died"
        if failure is None:
            if not about["ok"]:
                result.status = "memory" if about["ename"] in MEMORY_ERRORS else "error"
                result.ename, result.evalue = about["ename"] or "Error", about["evalue"]
            return
        result.status = failure
        names = {"timeout": "CellTimeout", "memory": "OutOfMemory"}
        result.ename = names.get(failure, "ChildDied")
        result.evalue = self._reason or f"the cell was interrupted after {result.seconds:.1f} s"
        for output in result.outputs:
            if failure == "timeout" and output["output_type"] == "error" and output["ename"] == "KeyboardInterrupt":
                output["ename"], output["evalue"] = result.ename, result.evalue

    def _require_life(self) -> None:
        if self._reason is not None:
            raise ChildError("died", f"the process is gone: {self._reason}")

    # -- the process

    def _signal(self, number: int) -> None:
        if self._ended is None and self._connection is not None:
            with contextlib.suppress(OSError):
                frames.send_note(self._connection, {"signal": int(number)})

    def _end(self, reason: str | None) -> None:
        """Kill what may be left and learn how it ended; ``reason`` if we know better."""
        self._signal(signal.SIGKILL if reason is not None else 0)
        told = self._reason or reason
        if told is None:  # it ended by itself, or closed its connection: give it a moment to be gone before we kill it
            if self._wait(0.5) is None:
                told = "it closed its connection to the grader, and was killed"
                self._signal(signal.SIGKILL)
        ended = self._wait(10) or {}
        self._reason = told or self._cause(ended)

    def _wait(self, timeout: float) -> dict | None:
        """The zygote's word on the child's end, or None."""
        with self._waiting:
            if self._ended is None and self._connection is not None:
                try:
                    note = frames.receive_note(self._connection, time.monotonic() + timeout)
                except TimeoutError:
                    return None
                except (OSError, ValueError):
                    note = None
                # without a word the zygote is gone, and its children with it
                self._ended = note[0] if note else {"exit": -signal.SIGKILL}
            return self._ended

    def _cause(self, ended: dict) -> str:
        """Why a process that nobody here killed has ended; sets what that makes of the cell."""
        code = ended.get("exit", 0)
        said = _read(self._raw[1], max(0, _size(self._raw[1]) - 4096), 4096)
        if ended.get("out_of_memory") or (code < 0 and (b"bad_alloc" in said or b"out of memory" in said.lower())):
            self._killed_for = "memory"
            return f"it needed more than {self.limits.memory_bytes >> 20} MiB of memory"
        # the system counts ticks for its limit and nanoseconds for its report: under load they differ
        if code == -signal.SIGKILL and ended.get("cpu_seconds", 0) > 0.5 * self.limits.cpu_seconds:
            self._killed_for = "timeout"
            return f"it used more than {self.limits.cpu_seconds} s of CPU time"
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"it crashed ({signal.Signals(-code).name})"
        return f"it ended itself (exit code {code})"


def _failure(said: Any) -> dict:
    """Arguments of a ChildError out of what a child says of a failure."""
    kind = said["kind"] if said["kind"] in ("error", "memory", "wire") else "error"
    if said["ename"] in MEMORY_ERRORS:
        kind = "memory"
    lines = tuple(text_of(line, 20_000) for line in checked(list, said["traceback"])[:100])
    return {
        "kind": kind,
        "ename": text_of(said["ename"], 200),
        "evalue": text_of(said["evalue"], 4000),
        "traceback_lines": lines,
    }


def _spool(name: str) -> int:
    """A file without a name: what the child's C code and subprocesses print goes there, and outlives the child."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name)
    with tempfile.TemporaryFile() as spool:
        return os.dup(spool.fileno())


def _size(fd: int) -> int:
    return os.fstat(fd).st_size


def _read(fd: int, offset: int, most: int) -> bytes:
    """Of a spool; the child may have cut it short meanwhile."""
    return os.pread(fd, max(0, min(most, _size(fd) - offset)), offset)
