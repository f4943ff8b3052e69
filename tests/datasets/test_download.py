"""The download, from a server of the test's own."""

from __future__ import annotations

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sets import MARK_DRAWN, MARK_REAL, REAL, idx, made_up, mark, write_npz

from autograder.datasets import DatasetError, catalogue, download, files, is_standin, load_fashion_mnist, load_mnist


@pytest.fixture
def server(monkeypatch):
    """A server for the downloads: put contents by file name; a content may be cut short by `promise`."""

    class Handler(BaseHTTPRequestHandler):
        contents: dict[str, bytes] = {}
        promise = 0  # bytes announced beyond those sent
        asked: list[str] = []

        def do_GET(self):
            name = self.path.rsplit("/", 1)[-1]
            self.asked.append(name)
            if name not in self.contents:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.contents[name]) + self.promise))
            self.end_headers()
            self.wfile.write(self.contents[name])

        def log_message(self, *_):
            pass

    Handler.contents, Handler.asked, Handler.promise = {}, [], 0
    service = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    monkeypatch.setattr(download, "ORIGIN", f"http://127.0.0.1:{service.server_port}/")
    monkeypatch.delenv("COURSE_OFFLINE")
    yield Handler
    service.shutdown()
    service.server_close()


def test_mnist_is_downloaded_once(server, tmp_path, capsys):
    server.contents["mnist.npz"] = write_npz(tmp_path / "origin.npz", **REAL).read_bytes()
    for _ in range(2):
        assert mark(load_mnist()) == MARK_REAL and not is_standin("mnist")
    assert server.asked == ["mnist.npz"]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["mnist.npz"]
    assert capsys.readouterr().out == ""


def test_fashion_mnist_is_downloaded_once(server, tmp_path):
    server.contents.update({files.IDX_FILES[key]: idx(array) for key, array in REAL.items()})
    for _ in range(2):
        assert mark(load_fashion_mnist()) == MARK_REAL
    assert sorted(server.asked) == sorted(files.IDX_FILES.values())


@pytest.mark.parametrize("content", ["web page", "another set"])
def test_a_wrong_download_is_an_error_and_is_not_kept(content, server, tmp_path):
    wrong = write_npz(tmp_path / "origin.npz", **made_up(2)).read_bytes()
    server.contents["mnist.npz"] = wrong if content == "another set" else b"<html>Please log in</html>"
    with pytest.raises(DatasetError, match="/mnist.npz .*nothing of it was kept.*COURSE_OFFLINE"):
        load_mnist()
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("failure", ["broken off", "not there"])
def test_a_failed_download_is_tried_once_and_named(failure, server, tmp_path, capsys):
    if failure == "broken off":
        server.contents["mnist.npz"], server.promise = b"PK" * 1000, 500
    for load in (load_mnist, load_mnist, load_fashion_mnist):
        assert mark(load()) == MARK_DRAWN
        (line,) = capsys.readouterr().out.splitlines()
        assert {"broken off": "2000 of 2500 bytes", "not there": "404"}[failure] in line
    assert server.asked == ["mnist.npz"]
    assert not (tmp_path / "cache" / "mnist.npz").exists()


def test_a_silent_network_costs_three_seconds_once(monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # accepts and never answers
        monkeypatch.setattr(download, "ORIGIN", f"http://127.0.0.1:{deaf.getsockname()[1]}/")
        monkeypatch.delenv("COURSE_OFFLINE")
        monkeypatch.setattr(download, "STALL_SECONDS", 60.0)
        start = time.perf_counter()
        with pytest.raises(download.Unreachable, match="no answer in 3 seconds"):
            download.download(catalogue.DATASETS["mnist"])
        assert 2.9 < time.perf_counter() - start < 10  # a busy machine may need longer to notice
        start = time.perf_counter()
        with pytest.raises(download.Unreachable):  # remembered
            download.download(catalogue.DATASETS["fashion_mnist"])
        assert time.perf_counter() - start < 1


def test_offline_asks_nobody(server, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert mark(load_mnist()) == MARK_DRAWN
    assert server.asked == []
