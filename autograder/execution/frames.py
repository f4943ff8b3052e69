"""Framed messages over a stream socket, with every length bounded before anything is allocated.

Two kinds: *frames* between owner and child (kind, nonce, wire-encoded value), where neither side trusts the other's
lengths; and *notes* between owner and zygote (JSON, with file descriptors alongside), where both sides are our own.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from . import wire

HEADER = struct.Struct("<BQI")  # kind, nonce, length
NOTE = struct.Struct("<I")
MAX_NOTE = 1 << 20
CHUNK = 1 << 18
FRAME_COST = 20  # characters of a cell's budget that each of its frames takes, whatever is in it
TEXTS, IMAGES = ("text/plain", "text/html", "image/svg+xml"), ("image/png", "image/jpeg")
"""What a cell displays that is passed on. HTML and SVG are a student's text: who shows them makes them inert first."""

MAX_SIDE = 100_000  # pixels of an image that is shown
OVERTIME = 2.0  # seconds: how long after a deadline what has come is still read


class Kind(IntEnum):
    """What a frame is. Requests come from the owner; every answer carries the nonce of its request."""

    RUN = 1
    CALL = 2
    HELLO = 16
    STREAM = 17
    DISPLAY = 18
    RESULT = 19
    ERROR = 20
    CLEAR = 21
    UPDATE = 22
    DONE = 23
    VALUE = 24
    FAIL = 25


class FrameError(ValueError):
    """Bytes that are no frame, or one that is too long."""


@dataclass(frozen=True)
class Frame:
    kind: Kind
    nonce: int
    payload: bytes

    def value(self, max_bytes: int = wire.MAX_BYTES) -> Any:
        return wire.decode(self.payload, max_bytes=max_bytes)


def pack(kind: Kind, nonce: int, value: Any, max_bytes: int = wire.MAX_BYTES) -> bytes:
    payload = wire.encode(value, max_bytes=max_bytes)
    return HEADER.pack(kind, nonce, len(payload)) + payload


def shortened(lines: list[str], most: int, count: int = 200) -> list[str]:
    """A traceback's beginning and end, if it is longer than ``most`` characters or ``count`` lines."""
    head, tail, left = [], [], most
    for number in range(min(len(lines), count)):
        line = lines[number // 2] if number % 2 == 0 else lines[-1 - number // 2]
        left -= len(line)
        if left < 0:
            break
        (tail if number % 2 else head).append(line)
    return head + tail[::-1]


class FrameReader:
    """Reads frames from a socket up to a deadline; half a frame stays for the next read."""

    def __init__(self, sock: socket.socket, max_bytes: int = wire.MAX_BYTES) -> None:
        self.sock, self.max_bytes = sock, max_bytes
        self.buffer = bytearray()

    def read(self, deadline: float | None = None) -> Frame | None:
        """The next frame, or None when the other side has closed. Raises TimeoutError at the deadline, and `FrameError`."""
        if not self._fill(HEADER.size, deadline):
            return None
        kind, nonce, length = HEADER.unpack_from(self.buffer)
        if length > self.max_bytes:
            raise FrameError(f"frame of {length} bytes, at most {self.max_bytes}")
        try:
            kind = Kind(kind)
        except ValueError:
            raise FrameError(f"unknown kind of frame: {kind}") from None
        if not self._fill(HEADER.size + length, deadline):
            return None
        payload = bytes(self.buffer[HEADER.size : HEADER.size + length])
        del self.buffer[: HEADER.size + length]
        return Frame(kind, nonce, payload)

    def _fill(self, size: int, deadline: float | None) -> bool:
        while len(self.buffer) < size:
            wait_readable(self.sock, deadline)
            try:
                got = self.sock.recv(CHUNK)
            except BlockingIOError:
                continue
            except ConnectionError:
                return False
            if not got:
                return False
            self.buffer += got
        return True


def wait_readable(sock: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        return
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    while True:
        left = deadline - time.monotonic()
        if left > -OVERTIME and poll.poll(max(0, left) * 1000):  # who talks without end must not be heard without end
            return
        if left <= 0:
            raise TimeoutError


def send_note(sock: socket.socket, note: Any, fds: tuple[int, ...] = (), max_bytes: int = MAX_NOTE) -> None:
    body = json.dumps(note).encode()
    if len(body) > max_bytes:
        raise FrameError("note too long")
    data = NOTE.pack(len(body)) + body
    sent = socket.send_fds(sock, [data], list(fds)) if fds else 0
    if sent < len(data):
        sock.sendall(data[sent:])


def receive_note(
    sock: socket.socket, deadline: float | None = None, max_fds: int = 8, max_bytes: int = MAX_NOTE
) -> tuple[Any, list[int]] | None:
    """The next note and the descriptors that came with it, or None when the other side has closed."""
    data, fds = bytearray(), []
    size = NOTE.size
    while len(data) < size:
        wait_readable(sock, deadline)
        try:
            got, more, _, _ = socket.recv_fds(sock, size - len(data), max_fds)
        except ConnectionError:
            return None
        fds += more
        if not got:
            return None
        data += got
        if len(data) == NOTE.size == size:
            size += NOTE.unpack(data)[0]
            if size > max_bytes:
                raise FrameError("note too long")
    return json.loads(data[NOTE.size :]), fds
