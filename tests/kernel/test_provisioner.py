"""The warm kernel behaves as an ordinary one, starts from a shared zygote, and gives way to an ordinary one."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager

from autograder.kernel import provisioner, shared
from autograder.kernel.provisioner import PRELOAD, WarmProvisioner, install_kernel, kernel_spec, remove_kernel

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """Jupyter folders of our own, with the kernel installed; ends every zygote that came up in them."""
    root = tmp_path_factory.mktemp("j")
    patch = pytest.MonkeyPatch()
    for name in ("RUNTIME", "DATA", "CONFIG"):
        patch.setenv(f"JUPYTER_{name}_DIR", str(root / name.lower()))
    install_kernel(user=True)
    yield root
    for owner in root.rglob("*.owner"):
        try:
            os.kill(int(owner.read_text()), signal.SIGTERM)
        except (ProcessLookupError, ValueError):
            pass
    patch.undo()


def zygotes(root):
    return sorted(int(path.read_text()) for path in root.rglob("*.owner"))


class Kernel:
    def __init__(self, name="tf-warm", **config):
        self.manager = KernelManager(kernel_name=name)
        if config:
            self.manager.kernel_spec.metadata["kernel_provisioner"] = {"provisioner_name": "tf-warm", "config": config}

    def __enter__(self):
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        return self

    def __exit__(self, *_):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    @property
    def warm(self):
        return self.manager.provisioner.warm

    def run(self, source, timeout=30):
        """Everything the cell showed: texts, and MIME types of what was displayed."""
        shown = []

        def hook(message):
            content = message["content"]
            shown.append(content.get("text") or content.get("evalue") or " ".join(sorted(content.get("data", {}))))
            if "text/plain" in content.get("data", {}):
                shown.append(content["data"]["text/plain"])

        reply = self.client.execute_interactive(source, timeout=timeout, output_hook=hook)
        assert reply["content"]["status"] != "aborted", "the cell was not run"
        return "\n".join(filter(None, shown))


@pytest.fixture(scope="module")
def kernel(jupyter):
    with Kernel() as kernel:
        yield kernel


def test_it_is_warm_and_computes(kernel, jupyter):
    assert kernel.warm, (jupyter / "runtime").rglob("*.log")
    assert "2.0" in kernel.run("import tensorflow as tf\nfloat(tf.constant(1.) + 1)")
    assert str(zygotes(jupyter)[0]) in kernel.run("import os; os.getppid()")


def test_figures_appear(kernel):
    assert "image/png" in kernel.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])")


def test_it_looks_like_an_ordinary_kernel(kernel):
    assert ":memory:" in kernel.run("get_ipython().history_manager.hist_file")
    assert "True" in kernel.run("import os, sys; '' in sys.path or os.getcwd() in sys.path")
    assert "__main__" in kernel.run("__name__")
    assert "hello" in kernel.run("!echo hello")


def test_it_can_be_interrupted_and_restarted(kernel):
    kernel.run("x = 1")
    # stop_on_error=False: after an error a kernel drops the requests that are queued already, which the next one may be
    message = kernel.client.execute("print('asleep', flush=True); import time; time.sleep(60)", stop_on_error=False)
    while kernel.client.get_iopub_msg(timeout=30)["content"].get("text") != "asleep\n":
        pass
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=30)
    while reply["parent_header"].get("msg_id") != message:
        reply = kernel.client.get_shell_msg(timeout=30)
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert "1" in kernel.run("x")
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    assert "not defined" in kernel.run("x") and kernel.warm


def test_two_kernels_share_a_zygote_and_nothing_else(kernel, jupyter):
    with Kernel() as other:
        assert other.warm and len(zygotes(jupyter)) == 1
        draw = "import random, numpy as np; (random.random(), np.random.rand())"
        assert other.run(draw) != kernel.run(draw)
        assert "not defined" in other.run("tf")
        pid = other.manager.provisioner.pid
    deadline = time.monotonic() + 5
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{pid}")


def test_the_socket_is_private(kernel, jupyter):
    for path in (jupyter / "runtime").rglob("*.sock"):
        assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_nonsense_on_its_socket_does_not_end_the_zygote(kernel, jupyter):
    import socket

    for path in (jupyter / "runtime").rglob("*.sock"):
        for nonsense in (b"\xff\xff\xff\xff", b"\x02\0\0\0{}", b"\x01\0\0\0!", b""):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(path))
                sock.sendall(nonsense)
    assert "2" in kernel.run("1 + 1")
    with Kernel() as other:
        assert other.warm


def test_a_kernel_that_dies_is_noticed(jupyter):
    with Kernel() as kernel:
        kernel.client.execute("import os; os._exit(3)")
        deadline = time.monotonic() + 10
        while kernel.manager.is_alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not kernel.manager.is_alive()


def test_when_the_manager_dies_the_kernel_ends(jupyter):
    source = (
        "import time; from jupyter_client.manager import start_new_kernel\n"
        "m, c = start_new_kernel(kernel_name='tf-warm'); print(m.provisioner.pid, m.provisioner.warm, flush=True); time.sleep(60)"
    )
    manager = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    pid, warm = manager.stdout.readline().split()
    assert warm == "True"
    manager.kill()
    manager.wait()
    deadline = time.monotonic() + 5
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{pid}")


def test_it_gives_way_to_an_ordinary_kernel_and_says_why(jupyter, tmp_path, monkeypatch, caplog):
    (tmp_path / "starts_a_thread.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with caplog.at_level(logging.WARNING), Kernel(preload=["starts_a_thread"]) as kernel:
        assert not kernel.warm and "2" in kernel.run("1 + 1")
    assert "2 threads after the imports" in caplog.text


def test_what_must_not_be_preloaded_is_refused(jupyter):
    with Kernel(preload=["matplotlib_inline.backend_inline"]) as kernel:
        assert not kernel.warm


def test_without_a_zygote_there_is_still_a_kernel(jupyter, monkeypatch):
    monkeypatch.setattr(provisioner, "_unavailable", "no module named fcntl")
    with Kernel() as kernel:
        assert not kernel.warm and "2" in kernel.run("1 + 1")


def test_an_idle_zygote_ends_itself(jupyter):
    with Kernel(preload=["json"], idle=0.2) as kernel:
        assert kernel.warm
        pid = int(kernel.run("import os; print(os.getppid())").split()[0])
    deadline = time.monotonic() + 15
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not os.path.exists(f"/proc/{pid}")


def test_the_key_holds_what_is_read_while_modules_are_imported(jupyter):
    env = {"PATH": "/bin", "TF_ENABLE_ONEDNN_OPTS": "0"}
    address = shared.address(sys.executable, PRELOAD, env)
    assert address == shared.address(sys.executable, PRELOAD, {**env, "PATH": "/usr/bin", "EDITOR": "vi"})
    for other in ({**env, "TF_ENABLE_ONEDNN_OPTS": "1"}, {**env, "KERAS_BACKEND": "torch"}, {}):
        assert address != shared.address(sys.executable, PRELOAD, other)
    assert address != shared.address(sys.executable, ["numpy"], env)


def test_installing_and_removing(tmp_path):
    folder = install_kernel(prefix=tmp_path)
    assert folder == tmp_path / "share/jupyter/kernels/tf-warm"
    spec = json.loads((folder / "kernel.json").read_text())
    assert spec == kernel_spec() and spec["display_name"] == "TensorFlow (warm)"
    assert spec["metadata"]["kernel_provisioner"]["provisioner_name"] == "tf-warm"
    assert remove_kernel(prefix=tmp_path) and not folder.exists()
    assert not remove_kernel(prefix=tmp_path)


def test_the_entry_point_is_declared():
    from importlib.metadata import entry_points

    (found,) = [e for e in entry_points(group="jupyter_client.kernel_provisioners") if e.name == "tf-warm"]
    assert found.load() is WarmProvisioner


# -- the programs that use it


def _command(*arguments, cwd):
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # nbgrader calls alembic by name
    env = {**os.environ, "PATH": path}
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture
def notebook(tmp_path):
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "tf-warm", "display_name": "TensorFlow (warm)", "language": "python"}},
        cells=[
            nbformat.v4.new_code_cell(
                "import os, tensorflow as tf\nopen('parent', 'w').write(str(os.getppid()))\nfloat(tf.constant(1.) + 1)"
            ),
        ],
    )
    nbformat.write(book, tmp_path / "book.ipynb")
    return tmp_path / "book.ipynb"


def _was_warm(folder, jupyter):
    return int((Path(folder) / "parent").read_text()) in zygotes(jupyter)


def test_nbconvert_and_nbval_use_it(notebook, jupyter):
    _command("nbconvert", "--to", "notebook", "--execute", "--inplace", "book.ipynb", cwd=notebook.parent)
    executed = nbformat.read(notebook, 4)
    assert executed.cells[0].outputs[-1]["data"]["text/plain"] == "2.0" and _was_warm(notebook.parent, jupyter)
    (notebook.parent / "parent").unlink()
    said = _command("pytest", "-q", "-p", "no:cacheprovider", "--nbval", "book.ipynb", cwd=notebook.parent)
    assert "1 passed" in said and _was_warm(notebook.parent, jupyter)


def test_stock_nbgrader_uses_it(tmp_path, jupyter):
    def cell(source, grade_id, **flags):
        about = {
            "grade": False,
            "solution": False,
            "locked": False,
            "schema_version": 3,
            "task": False,
            "grade_id": grade_id,
        }
        return nbformat.v4.new_code_cell(source, metadata={"nbgrader": about | flags})

    book = nbformat.v4.new_notebook(
        cells=[
            cell(
                "import tensorflow as tf\n### BEGIN SOLUTION\nx = tf.constant(3.)\n### END SOLUTION",
                "answer",
                solution=True,
            ),
            cell(
                "import os; open('parent', 'w').write(str(os.getppid()))\nassert float(x) == 3",
                "check",
                grade=True,
                locked=True,
                points=2,
            ),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    (tmp_path / "source/ps").mkdir(parents=True)
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'course'\n")
    nbformat.write(book, tmp_path / "source/ps/book.ipynb")
    _command("nbgrader", "generate_assignment", "ps", cwd=tmp_path)
    submitted = tmp_path / "submitted/bitdiddle/ps"
    submitted.mkdir(parents=True)
    nbformat.write(book, submitted / "book.ipynb")
    _command("nbgrader", "autograde", "ps", "--Execute.kernel_name=tf-warm", cwd=tmp_path)
    graded = nbformat.read(tmp_path / "autograded/bitdiddle/ps/book.ipynb", 4)
    assert graded.cells[1].outputs == [] and graded.cells[1].execution_count
    assert _was_warm(tmp_path / "autograded/bitdiddle/ps", jupyter)
