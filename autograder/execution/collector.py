"""What one cell shows, collected out of the child's frames: texts and images, within bounds, whatever is sent."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from . import frames
from .frames import Frame, FrameError, Kind

IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
MAX_ERROR = 200_000  # characters of one traceback
MAX_OUTPUTS = 2_000  # a cell
MAX_UPDATES = 2_000  # of displays, a cell
MAX_SHOWN = 20  # displays of one id that an update reaches
ENCODED = 12  # bytes on the way of a character outside of ASCII, at most


class Collector:
    """Outputs of one cell out of the child's frames, within its budget of characters."""

    def __init__(self, budget: int, count: int) -> None:
        self.outputs: list[dict] = []
        self.count = count
        self.left, self.hard_left = budget, ENCODED * budget + (4 << 20)
        self.pieces: list[str] = []  # of the last output, while that is a stream
        self.updates = 0
        self.truncated = self.clear_next = False
        self.ids: dict[str, list[dict]] = {}

    def add(self, frame: Frame) -> None:
        self.hard_left -= max(len(frame.payload), ENCODED * frames.FRAME_COST)
        if self.hard_left < 0:  # our own code in the child stops earlier
            raise FrameError("more output than the limit")
        said = frame.value()
        if type(said) is not dict:
            raise FrameError("malformed output")
        try:
            if frame.kind is Kind.CLEAR:
                self.clear_next = True
                if said["wait"] is not True:
                    self._clear()
                return
            if frame.kind is Kind.STREAM:
                name = "stderr" if said["name"] == "stderr" else "stdout"
                self.stream(name, text_of(said["text"], self.left + 1))
            elif frame.kind is Kind.ERROR:
                lines = [text_of(line, MAX_ERROR) for line in checked(list, said["traceback"])]
                self.error(text_of(said["ename"], 200), text_of(said["evalue"], 4000), lines)
            elif frame.kind in (Kind.DISPLAY, Kind.RESULT, Kind.UPDATE):
                self._rich(frame.kind, said)
            else:
                raise FrameError(f"{frame.kind.name} is no output")
        except KeyError as error:
            raise FrameError(f"output without {error}") from None

    def stream(self, name: str, text: str) -> None:
        if not text:
            return
        self._clear()
        if len(text) > self.left:
            text, self.truncated = text[: self.left], True
        self.left -= len(text)
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            self.pieces.append(text)
        elif text:
            self._append({"output_type": "stream", "name": name, "text": text})

    def join(self) -> None:
        """Complete the last output. Not piece by piece: every one would copy all that came before."""
        if self.pieces:
            self.outputs[-1]["text"] += "".join(self.pieces)
            self.pieces = []

    def error(self, ename: str, evalue: str, lines: list[str]) -> None:
        self._clear()
        lines = frames.shortened(lines, MAX_ERROR)
        self._append({"output_type": "error", "ename": ename, "evalue": evalue, "traceback": lines})

    def _rich(self, kind: Kind, said: dict) -> None:
        data, metadata = {}, {}
        for mime, value in checked(dict, said["data"]).items():
            text = text_of(value, self.left + 1)
            if len(text) > self.left:
                self.truncated = True
            elif mime in frames.TEXTS or (mime in IMAGES and _is_image(text, IMAGES[mime])):
                self.left -= len(text)
                data[mime] = text
        for mime, size in checked(dict, said["metadata"]).items():
            if mime in IMAGES and mime in data:
                sides = ((k, v) for k, v in checked(dict, size).items() if k in ("width", "height"))
                metadata[mime] = {k: v for k, v in sides if type(v) is int and 0 < v < frames.MAX_SIDE}
        if not data:
            return
        if kind is Kind.UPDATE:
            self.updates += 1
            if self.updates > MAX_UPDATES:
                self.truncated = True
                return
            for output in self.ids.get(text_of(said["id"], 200), []):
                output.update(data=data, metadata=metadata)
            return
        self._clear()
        output = {"output_type": "display_data", "data": data, "metadata": metadata}
        if kind is Kind.RESULT:
            output |= {"output_type": "execute_result", "execution_count": self.count}
        elif identity := text_of(said["id"], 200):
            self.ids[identity] = [*self.ids.get(identity, [])[-MAX_SHOWN:], output]
        self._append(output)

    def _append(self, output: dict) -> None:
        self.join()
        if len(self.outputs) < MAX_OUTPUTS:
            self.outputs.append(output)
        else:
            self.truncated = True

    def _clear(self) -> None:
        if self.clear_next:
            self.clear_next = False
            self.pieces.clear()
            self.outputs.clear()
            self.ids.clear()


def text_of(value: Any, limit: int) -> str:
    return checked(str, value)[:limit]


def checked(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise FrameError(f"{type(value).__name__} where {kind.__name__} was expected")
    return value


def _is_image(text: str, magic: bytes) -> bool:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True).startswith(magic)
    except (binascii.Error, UnicodeEncodeError):
        return False
