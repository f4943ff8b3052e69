"""The data sets: where they are looked for, what is refused, and that the stand-in is fit to learn from.

Most tests use a small lie: a made-up set whose digests the loader is told to expect, so that no download and no real file
is needed. Those of the real sets run where COURSE_DATA names a folder that holds them.
"""

from __future__ import annotations

import gzip
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from autograder import datasets
from autograder.datasets import DatasetError, dataset_name, is_standin, load_fashion_mnist, load_mnist, standin

LOAD = {"mnist": load_mnist, "fashion_mnist": load_fashion_mnist}
SHAPES = {"x_train": (60_000, 28, 28), "y_train": (60_000,), "x_test": (10_000, 28, 28), "y_test": (10_000,)}
MARK_REAL, MARK_DRAWN = 1, 9  # the pixel values by which a test tells the made-up sets apart


def made_up(mark: int) -> dict[str, np.ndarray]:
    """Arrays as a data set has them; every pixel is `mark`."""
    images = {key: np.full(shape, mark, np.uint8) for key, shape in SHAPES.items() if len(shape) == 3}
    labels = {key: (np.arange(shape[0]) % 10).astype(np.uint8) for key, shape in SHAPES.items() if len(shape) == 1}
    return images | labels


REAL = made_up(MARK_REAL)
DATASETS = dict(datasets._DATASETS)  # as the package has them, before a test lies


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """No data anywhere, no network, a cache and a Keras folder of the test's own, and made-up sets to be found."""
    for variable in ("COURSE_DATA", "COURSE_STANDIN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(datasets, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(datasets, "_no_network", None)
    monkeypatch.setattr(datasets, "_standin_in_use", {})
    digests = {key: datasets._digest(array) for key, array in REAL.items()}
    for name, dataset in datasets._DATASETS.items():
        told = replace(dataset, digests=digests, draw=lambda: made_up(MARK_DRAWN))
        monkeypatch.setitem(datasets._DATASETS, name, told)


def write_npz(path: Path, **arrays: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)
    return path


def idx(array: np.ndarray) -> bytes:
    """The array in LeCun's idx format, gzipped."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(header + array.tobytes(), compresslevel=1)


def write_idx(folder: Path, **arrays: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for key, array in arrays.items():
        (folder / datasets.IDX_FILES[key]).write_bytes(idx(array))
    return folder


def mark(loaded) -> int:
    """Which made-up set was loaded; its form is checked on the way."""
    (x_train, y_train), (x_test, y_test) = loaded
    for array, shape in zip((x_train, y_train, x_test, y_test), SHAPES.values(), strict=True):
        assert array.shape == shape and array.dtype == np.uint8 and array.flags.writeable
    return int(x_train[0, 0, 0])


# -- the search --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOAD)
@pytest.mark.parametrize("place", ["course data", "course data, Keras's layout", "cache", "keras"])
def test_found_in_each_place_and_nothing_is_said(name, place, tmp_path, monkeypatch, capsys):
    folder = {"cache": tmp_path / "cache", "keras": tmp_path / "keras" / "datasets"}.get(place, tmp_path / "data")
    if place.startswith("course data"):
        monkeypatch.setenv("COURSE_DATA", str(folder))
    folder = folder / "datasets" if "layout" in place else folder
    if name == "mnist":
        write_npz(folder / "mnist.npz", **REAL)
    else:
        write_idx(folder / "fashion-mnist", **REAL)
    assert mark(LOAD[name]()) == MARK_REAL
    assert capsys.readouterr().out == ""
    assert not is_standin(name)
    assert dataset_name(name) == {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}[name]


def test_course_data_comes_first(tmp_path, monkeypatch):
    """A wrong file further down the search is not even opened."""
    write_npz(tmp_path / "data" / "mnist.npz", **REAL)
    write_npz(tmp_path / "cache" / "mnist.npz", x_train=np.zeros(3))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    assert mark(load_mnist()) == MARK_REAL


def test_the_file_may_be_packed_anew(tmp_path):
    """Arrays are compared, not files: another compression, another order of members, Fortran order."""
    turned = {key: np.asfortranarray(REAL[key]) for key in reversed(REAL)}
    (tmp_path / "cache").mkdir()
    np.savez(tmp_path / "cache" / "mnist.npz", **turned)
    assert mark(load_mnist()) == MARK_REAL


@pytest.mark.parametrize("folder_exists", [True, False])
def test_course_data_without_the_set_says_so_in_one_line(folder_exists, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path if folder_exists else tmp_path / "nowhere"))
    write_npz(tmp_path / "cache" / "mnist.npz", **REAL)
    assert mark(load_mnist()) == MARK_REAL
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("COURSE_DATA=") and "MNIST" in line


def test_a_set_with_a_file_missing_says_which(tmp_path, monkeypatch, capsys):
    folder = write_idx(tmp_path / "data" / "fashion-mnist", **REAL)
    (folder / datasets.IDX_FILES["y_test"]).unlink()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    assert mark(load_fashion_mnist()) == MARK_DRAWN
    first, second = capsys.readouterr().out.splitlines()
    assert str(folder) in first and "t10k-labels-idx1-ubyte.gz" in first
    assert "stand-in" in second


def test_names():
    assert datasets.class_names("mnist") == tuple("0123456789")
    assert datasets.class_names("fashion_mnist") is datasets.FASHION_CLASSES
    assert len(datasets.FASHION_CLASSES) == 10 and datasets.FASHION_CLASSES[9] == "Ankle boot"
    with pytest.raises(ValueError, match="'mnist', 'fashion_mnist'"):
        datasets.class_names("cifar")
    with pytest.raises(DatasetError, match=r"load_mnist\(\)"):
        is_standin("mnist")


def test_importing_the_module_imports_neither_tensorflow_nor_matplotlib():
    code = "import sys, autograder.datasets; print(*{'tensorflow', 'keras', 'matplotlib', 'rich'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


# -- damaged and wrong files -------------------------------------------------------------------------------------------


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def web_page(path: Path) -> None:
    path.write_bytes(b"<html>Please log in</html>")


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def refused(load, path: Path) -> str:
    """The error's sentence; the file must have been left as it was, and no stand-in taken."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(DatasetError) as caught:
        load()
    assert before is None or path.read_bytes() == before
    sentence = str(caught.value)
    assert str(path) in sentence and "expected" in sentence and "load again" in sentence and "\n" not in sentence
    return sentence


@pytest.mark.parametrize("damage", [cut, spoil_a_byte, empty, web_page, folder_instead])
@pytest.mark.parametrize("place", ["data", "cache", "keras/datasets"])
def test_a_damaged_npz_is_refused_wherever_it_lies(damage, place, tmp_path, monkeypatch, capsys):
    path = write_npz(tmp_path / place / "mnist.npz", **REAL)
    if place == "data":
        monkeypatch.setenv("COURSE_DATA", str(tmp_path / place))
    damage(path)
    refused(load_mnist, path)
    assert "stand-in" not in capsys.readouterr().out


@pytest.mark.parametrize("key", SHAPES)
@pytest.mark.parametrize("damage", [cut, spoil_a_byte, empty, web_page])
def test_a_damaged_gz_is_refused_by_its_own_name(damage, key, tmp_path):
    path = write_idx(tmp_path / "cache" / "fashion-mnist", **REAL) / datasets.IDX_FILES[key]
    damage(path)
    refused(load_fashion_mnist, path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x_train": REAL["x_train"][:59_999]}, r"x_train uint8 \[59999, 28, 28\]"),
        ({"x_train": REAL["x_train"].reshape(60_000, 784)}, r"x_train uint8 \[60000, 784\]"),
        ({"y_test": REAL["y_test"].astype(np.int64)}, r"y_test int64 \[10000\]"),
        ({"y_train": REAL["y_train"][::-1]}, "another y_train"),
        ({"x_test": None}, "no array x_test"),
    ],
    ids=["one picture short", "flat", "int64 labels", "labels in another order", "no test pictures"],
)
def test_wrong_arrays_are_refused_and_named(change, said, tmp_path):
    arrays = {key: array for key, array in (REAL | change).items() if array is not None}
    path = write_npz(tmp_path / "cache" / "mnist.npz", **arrays)
    with pytest.raises(DatasetError, match=said):
        load_mnist()
    refused(load_mnist, path)


def test_a_wrong_shape_in_a_gz_is_refused(tmp_path):
    folder = write_idx(tmp_path / "cache" / "fashion-mnist", **(REAL | {"x_train": REAL["x_test"]}))
    assert "[10000, 28, 28]" in refused(load_fashion_mnist, folder / datasets.IDX_FILES["x_train"])


def test_a_gz_whose_header_promises_more_than_it_holds_is_refused(tmp_path):
    folder = write_idx(tmp_path / "cache" / "fashion-mnist", **REAL)
    path = folder / datasets.IDX_FILES["y_test"]
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))
    assert "9999 values" in refused(load_fashion_mnist, path)


def test_pickled_objects_are_not_loaded(tmp_path):
    path = write_npz(tmp_path / "cache" / "mnist.npz", x_train=np.array([print], object))
    refused(load_mnist, path)


def test_no_spoilt_byte_goes_unnoticed(tmp_path):
    """A flipped byte anywhere either changes nothing that is loaded or is a DatasetError; nothing else is raised."""
    rng = np.random.default_rng(0)
    small = {key: array[:20] for key, array in REAL.items()}
    right = write_npz(tmp_path / "right.npz", **small).read_bytes()
    for position in rng.integers(len(right), size=300):
        content = bytearray(right)
        content[position] ^= int(rng.integers(1, 256))
        (tmp_path / "spoilt.npz").write_bytes(content)
        try:
            arrays = datasets._parse({tmp_path / "spoilt.npz": (tmp_path / "spoilt.npz").open}, "MNIST")
        except DatasetError:
            continue
        assert all(np.array_equal(arrays[key], small[key]) for key in arrays if key in small)


def test_a_file_that_may_not_be_read_is_passed_over_aloud(tmp_path, monkeypatch, capsys):
    """A sandbox forbids it; that is no damage. (Simulated: root may read whatever a chmod forbids.)"""
    load_mnist()
    write_npz(tmp_path / "cache" / "mnist.npz", **REAL)
    capsys.readouterr()

    def forbidden(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", forbidden)
    assert mark(load_mnist()) == MARK_DRAWN
    said = capsys.readouterr().out.splitlines()
    assert ["may not be read" in line for line in said] == [True, False, True]
    assert "stand-in" in said[1]


# -- the stand-in and the cache ----------------------------------------------------------------------------------------


def test_the_stand_in_says_so_in_one_line_each_time(capsys):
    for _ in range(2):  # drawn, then from the cache
        assert mark(load_mnist()) == MARK_DRAWN
        (line,) = capsys.readouterr().out.splitlines()
        assert "stand-in" in line and "MNIST" in line and "COURSE_OFFLINE" in line
        assert is_standin("mnist") and dataset_name("mnist") == "MNIST stand-in"


def test_the_stand_in_is_drawn_once(monkeypatch):
    load_mnist()

    def drawn_again():
        raise AssertionError("drawn although cached")

    monkeypatch.setitem(datasets._DATASETS, "mnist", replace(datasets._DATASETS["mnist"], draw=drawn_again))
    assert mark(load_mnist()) == MARK_DRAWN


def test_the_stand_in_can_be_forced(tmp_path, monkeypatch, capsys):
    write_npz(tmp_path / "mnist.npz", **REAL)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_STANDIN", "1")
    assert mark(load_mnist()) == MARK_DRAWN and is_standin("mnist")
    (line,) = capsys.readouterr().out.splitlines()
    assert "COURSE_STANDIN" in line
    monkeypatch.setenv("COURSE_STANDIN", "0")
    assert mark(load_mnist()) == MARK_REAL and not is_standin("mnist")


@pytest.mark.parametrize("damage", [cut, spoil_a_byte, empty])
def test_a_damaged_stand_in_is_refused_too(damage, tmp_path):
    load_mnist()
    (path,) = (tmp_path / "cache").iterdir()
    damage(path)
    assert "stand-in" in refused(load_mnist, path)


def test_another_file_under_the_stand_ins_name_is_refused(tmp_path):
    load_mnist()
    (path,) = (tmp_path / "cache").iterdir()
    write_npz(path, **REAL)
    refused(load_mnist, path)


def test_a_cache_that_cannot_be_written_costs_a_line_and_no_more(tmp_path, capsys):
    (tmp_path / "cache").write_text("a file where the folder should be")
    for _ in range(2):
        assert mark(load_mnist()) == MARK_DRAWN
        said = capsys.readouterr().out.splitlines()
        assert len(said) == 2 and "could not be kept" in said[1]
    assert (tmp_path / "cache").is_file()


def test_a_full_disk_leaves_no_half_file(tmp_path, monkeypatch, capsys):
    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert mark(load_mnist()) == MARK_DRAWN
    assert "No space left on device" in capsys.readouterr().out
    assert list((tmp_path / "cache").iterdir()) == []


def test_processes_that_fill_the_cache_together_do_not_clash(tmp_path):
    code = """
import sys, time, dataclasses, numpy as np
from pathlib import Path
from autograder import datasets
datasets.cache_folder = lambda: Path(sys.argv[1])
def draw():
    time.sleep(max(0, float(sys.argv[2]) - time.time()))  # all write at the same moment
    return {key: np.full(shape, 9, np.uint8) for key, shape in datasets.SHAPES.items()}
datasets._DATASETS["mnist"] = dataclasses.replace(datasets._DATASETS["mnist"], draw=draw)
(x, _), _ = datasets.load_mnist()
assert (x == 9).all()
"""
    command = [sys.executable, "-c", code, str(tmp_path / "shared"), str(time.time() + 3)]
    environment = os.environ | {"COURSE_STANDIN": "1"}
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert len(out.splitlines()) == 1 and err == ""
    assert [path.suffix for path in (tmp_path / "shared").iterdir()] == [".npz"]


# -- the download ------------------------------------------------------------------------------------------------------


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
    monkeypatch.setattr(datasets, "ORIGIN", f"http://127.0.0.1:{service.server_port}/")
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
    server.contents.update({datasets.IDX_FILES[key]: idx(array) for key, array in REAL.items()})
    for _ in range(2):
        assert mark(load_fashion_mnist()) == MARK_REAL
    assert sorted(server.asked) == sorted(datasets.IDX_FILES.values())


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
        monkeypatch.setattr(datasets, "ORIGIN", f"http://127.0.0.1:{deaf.getsockname()[1]}/")
        monkeypatch.delenv("COURSE_OFFLINE")
        monkeypatch.setattr(datasets, "STALL_SECONDS", 60.0)
        start = time.perf_counter()
        with pytest.raises(datasets._Unreachable, match="no answer in 3 seconds"):
            datasets._download(datasets._DATASETS["mnist"])
        assert 2.9 < time.perf_counter() - start < 10  # a busy machine may need longer to notice
        start = time.perf_counter()
        with pytest.raises(datasets._Unreachable):  # remembered
            datasets._download(datasets._DATASETS["fashion_mnist"])
        assert time.perf_counter() - start < 1


def test_offline_asks_nobody(server, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert mark(load_mnist()) == MARK_DRAWN
    assert server.asked == []


# -- what the stand-in looks like to a learner -------------------------------------------------------------------------

DRAW = {"mnist": standin.draw_mnist, "fashion_mnist": standin.draw_fashion_mnist}
MEAN_PIXEL = {"mnist": 33.3, "fashion_mnist": 72.9}  # of the real training pictures
ONE_EPOCH = {"mnist": 0.96, "fashion_mnist": 0.842}  # measured: test accuracy on the real sets, as in `one_epoch` below


@pytest.fixture(scope="module", params=DRAW)
def drawn(request) -> tuple[str, dict[str, np.ndarray]]:
    return request.param, DRAW[request.param]()


def test_the_drawn_sets_have_the_real_ones_form(drawn):
    name, arrays = drawn
    for key, shape in SHAPES.items():
        assert arrays[key].shape == shape and arrays[key].dtype == np.uint8
    x, y = arrays["x_train"], arrays["y_train"]
    share = np.bincount(y, minlength=10) / len(y)
    assert share.shape == (10,) and share.min() > 0.085 and share.max() < 0.12
    assert abs(x.mean() - MEAN_PIXEL[name]) < 6
    assert x.min() == 0 and x.max() == 255 and 0.45 < (x == 0).mean() < 0.85
    assert len(np.unique(y[:100])) == 10, "the labels are not shuffled"
    assert len(np.unique(x[:2000].reshape(2000, -1), axis=0)) == 2000, "the same picture twice"


def test_fashion_is_exactly_balanced(drawn):
    name, arrays = drawn
    if name == "fashion_mnist":
        assert set(np.bincount(arrays["y_train"])) == {6000} and set(np.bincount(arrays["y_test"])) == {1000}


def one_epoch(x, y, x_test, y_test) -> float:
    """Test accuracy after one epoch of the course's network 784-256-128-10, Adam 1e-3, cross-entropy, batch 128."""
    import tensorflow as tf

    tf.random.set_seed(0)
    sizes = [784, 256, 128, 10]
    params = []
    for units_in, units_out in zip(sizes, sizes[1:], strict=False):
        params.append(tf.Variable(tf.random.truncated_normal([units_in, units_out], stddev=0.1)))
        params.append(tf.Variable(tf.zeros([units_out])))
    optimizer = tf.keras.optimizers.Adam(1e-3)
    optimizer.build(params)

    def forward(images):
        hidden = tf.nn.relu(images @ params[0] + params[1])
        return tf.nn.relu(hidden @ params[2] + params[3]) @ params[4] + params[5]

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, forward(images))
            loss = tf.reduce_mean(losses)
        optimizer.apply_gradients(zip(tape.gradient(loss, params), params, strict=True))

    inputs = tf.constant(x.reshape(-1, 784) / np.float32(255))
    labels = tf.constant(y.astype(np.int32))
    for start in range(0, len(y), 128):
        step(inputs[start : start + 128], labels[start : start + 128])
    logits = forward(tf.constant(x_test.reshape(-1, 784) / np.float32(255)))
    return float(np.mean(np.argmax(logits, axis=1) == y_test))


def test_the_drawn_sets_are_about_as_hard_as_the_real_ones(drawn):
    name, arrays = drawn
    assert abs(one_epoch(*(arrays[key] for key in SHAPES)) - ONE_EPOCH[name]) < 0.07


@pytest.mark.parametrize("name", DRAW)
def test_the_same_seed_draws_the_same_bytes(name, monkeypatch):
    monkeypatch.setattr(standin, "TRAIN", 1_500)
    monkeypatch.setattr(standin, "TEST", 700)
    first, again = DRAW[name](seed=0), DRAW[name](seed=0)
    assert [array.tobytes() for array in first.values()] == [array.tobytes() for array in again.values()]


# -- the real sets -----------------------------------------------------------------------------------------------------

COURSE_DATA = os.environ.get("COURSE_DATA")  # before a test takes it away
REAL_DATA = Path(COURSE_DATA or ".").expanduser()
ON_DISK = {"mnist": REAL_DATA / "mnist.npz", "fashion_mnist": REAL_DATA / "fashion-mnist"}


@pytest.fixture(params=LOAD)
def real(request, monkeypatch) -> str:
    name = request.param
    if not COURSE_DATA:
        pytest.skip("COURSE_DATA is not set: the real sets are not tested")
    if not ON_DISK[name].exists():
        pytest.skip(f"COURSE_DATA holds no {ON_DISK[name].name}")
    monkeypatch.setattr(datasets, "_DATASETS", DATASETS)
    return name


def test_the_real_sets_are_accepted(real, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA", str(REAL_DATA))
    (x_train, y_train), (x_test, _) = LOAD[real]()
    assert x_train.shape == (60_000, 28, 28) and x_test.shape == (10_000, 28, 28)
    assert x_train.mean() == pytest.approx(MEAN_PIXEL[real], abs=0.1)
    assert len(np.bincount(y_train)) == 10
    assert not is_standin(real) and capsys.readouterr().out == ""


def test_a_real_file_cut_short_is_refused(real, tmp_path):
    copy = tmp_path / "cache" / ON_DISK[real].name
    copy.parent.mkdir()
    if real == "mnist":
        shutil.copy(ON_DISK[real], copy)
        cut(copy)
        refused(load_mnist, copy)
    else:
        shutil.copytree(ON_DISK[real], copy)
        cut(copy / "train-images-idx3-ubyte.gz")
        refused(load_fashion_mnist, copy / "train-images-idx3-ubyte.gz")


def test_one_real_set_under_the_others_name_is_refused(tmp_path, monkeypatch):
    if not COURSE_DATA or not ON_DISK["fashion_mnist"].exists():
        pytest.skip("COURSE_DATA is not set or holds no fashion-mnist")
    monkeypatch.setattr(datasets, "_DATASETS", DATASETS)
    shutil.copytree(ON_DISK["fashion_mnist"], tmp_path / "cache" / "mnist")
    with pytest.raises(DatasetError, match="another x_train"):
        load_mnist()


def test_the_reals_are_what_the_stand_in_is_compared_with(real, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(REAL_DATA))
    (x, y), (x_test, y_test) = LOAD[real]()
    assert one_epoch(x, y, x_test, y_test) == pytest.approx(ONE_EPOCH[real], abs=0.03)
