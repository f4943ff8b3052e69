"""The download: tried once in a process, and given up within seconds where there is no network."""

from __future__ import annotations

import http.client
import io
import queue
import ssl
import threading
import urllib.request
from contextlib import closing
from functools import partial
from itertools import cycle

from . import places
from .catalogue import Dataset
from .files import SHAPES, Arrays, brief, parse, verify

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
CONNECT_SECONDS = 3.0  # the whole of looking up, connecting and being answered
STALL_SECONDS = 10.0  # without a byte, once a download runs
NO_DOWNLOAD = (OSError, http.client.HTTPException, ValueError)  # ValueError: a malformed proxy or header

no_network: str | None = None  # why, once one attempt has failed


class Unreachable(Exception):
    """The download cannot be had; the text says why."""


def download(dataset: Dataset) -> Arrays:
    """Fetch and verify the set. Raises Unreachable, at once if an earlier attempt of this process failed."""
    global no_network
    if places.is_set("COURSE_OFFLINE"):
        raise Unreachable("COURSE_OFFLINE is set")
    if no_network:
        raise Unreachable(no_network)
    urls = [ORIGIN + name for name in dataset.downloads]
    try:
        contents = _fetch(urls)
    except NO_DOWNLOAD as error:
        no_network = f"the download failed ({brief(error)})"
        raise Unreachable(no_network) from error
    arrays = parse({url: partial(_open_bytes, content) for url, content in contents.items()}, dataset.title)
    verify(arrays, dict(zip(SHAPES, cycle(urls), strict=False)), dataset.title, dataset.digests)
    return arrays


def _open_bytes(content: bytes, mode: str) -> io.BytesIO:
    return io.BytesIO(content)


def _fetch(urls: list[str]) -> dict[str, bytes]:
    """Each address's content, read under a progress bar. Raises one of NO_DOWNLOAD."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    progress = Progress(*columns, transient=True)
    progress.disable = not (progress.console.is_terminal or progress.console.is_jupyter)
    try:
        return {url: _read_response(url, progress) for url in urls}
    finally:
        progress.stop()


def _read_response(url: str, progress) -> bytes:
    with closing(_open_url(url)) as response:
        progress.start()  # not before there is something to show
        length = int(response.headers.get("Content-Length") or 0) or None
        task = progress.add_task(url.rsplit("/", 1)[-1], total=length)
        content = bytearray()
        while block := response.read(1 << 16):
            content += block
            progress.update(task, completed=len(content))
    if length and len(content) != length:
        raise OSError(f"{len(content)} of {length} bytes arrived")
    return bytes(content)


def _open_url(url: str):
    """The response to a GET, or TimeoutError after CONNECT_SECONDS.

    In a thread, because no timeout of a socket covers the look-up of a name, nor all of a server's addresses together.
    """
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def connect() -> None:
        try:
            context = ssl.create_default_context()
            answers.put(urllib.request.urlopen(url, timeout=STALL_SECONDS, context=context))
        except NO_DOWNLOAD as error:
            answers.put(error)

    threading.Thread(target=connect, daemon=True, name="dataset download").start()
    try:
        answer = answers.get(timeout=CONNECT_SECONDS)
    except queue.Empty:
        raise TimeoutError(f"no answer in {CONNECT_SECONDS:.0f} seconds") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
