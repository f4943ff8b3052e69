"""The zygote as its owner sees it: a process that has imported TensorFlow once, and forks a graded child on request.

A *private* zygote belongs to one grading process. They talk over an inherited socketpair: there is no path in the file
system and no daemon; when the owner ends or dies, the zygote and all its children are gone. ``python -m
autograder.execution.zygote`` is its process (`forkserver`); the shared zygote of the Jupyter kernels (`shared`) is too.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from . import frames, rehearsal
from .child import Child, ChildError, ask_to_fork
from .processes import Usage, children_of
from .sandbox import cgroups
from .sandbox.policy import Limits, Policy, standing_marks

# The large ones, and what the first cells of a notebook would otherwise import one by one in every child.
DEFAULT_PRELOAD = tuple(
    """
    numpy numpy.random numpy.testing matplotlib.pyplot matplotlib.backends.backend_agg matplotlib_inline.backend_inline
    contourpy PIL.BmpImagePlugin PIL.GifImagePlugin PIL.JpegImagePlugin PIL.PngImagePlugin PIL.PpmImagePlugin
    tensorflow tensorflow.compat.v1 tensorflow.keras tensorflow.summary tensorboard.summary.v2 keras
    tensorflow.python.data.ops.concatenate_op tensorflow.python.data.ops.filter_op
    tensorflow.python.data.ops.flat_map_op tensorflow.python.data.ops.from_tensors_op
    tensorflow.python.data.ops.interleave_op tensorflow.python.data.ops.range_op tensorflow.python.data.ops.shard_op
    tensorflow.python.data.ops.skip_op tensorflow.python.data.ops.take_op tensorflow.python.data.ops.window_op
    tensorflow.python.data.ops.zip_op
    IPython.core.magics.execution IPython.core.magics.ast_mod IPython.core.magic_arguments IPython.core.pylabtools
    IPython.utils.timing stack_data executing pure_eval pygments.lexers.python pygments.formatters.terminal256
    secrets sqlite3 rich._emoji_codes
    """.split()
)

# What a child may inherit: how to find things, and what is read while modules are imported. A prefix is shared with others
# (TF_ with Terraform; LC_, which ssh passes on, with whatever people smuggle through it): so no secret's name goes, either.
PASSED_ON = re.compile(
    r"^(?!.*(TOKEN|SECRET|PASS(WORD|WD|PHRASE)|CREDENTIAL|AUTH|_KEY$|_KEY_))"
    r"(PATH|HOME|LANG|LANGUAGE|LC_[A-Z]+|TZ|TZDIR|TMPDIR|LD_LIBRARY_PATH|DYLD_[A-Z_]+_PATH|VIRTUAL_ENV|CONDA_PREFIX|PYTHON[A-Z]+"
    r"|TF_(CPP|ENABLE|DISABLE|NUM|XLA|FORCE|DETERMINISTIC|USE|GPU|CUDNN|INTER|INTRA)_[A-Z0-9_]+|TENSORFLOW_[A-Z_]+"
    r"|(KERAS|XLA|OMP|MKL|OPENBLAS|NUMEXPR|MALLOC)_[A-Z0-9_]+|MPL(BACKEND|CONFIGDIR)|NBGRADER_(EXECUTION|VALIDATING))$"
)
INLINE = "module://matplotlib_inline.backend_inline"
START_SECONDS = 180.0


class ZygoteError(RuntimeError):
    """No zygote could be had; the message says why."""


def clean_environment(base: Mapping[str, str]) -> dict[str, str]:
    """Of an environment what graded code may see, with what a zygote needs."""
    env = {name: value for name, value in base.items() if PASSED_ON.match(name)}
    env["OPENBLAS_NUM_THREADS"] = "1"  # the only thread that any of the imports would start
    env["MPLBACKEND"] = INLINE  # what a notebook has; it counts only before pyplot is imported
    env["TF_CPP_MIN_LOG_LEVEL"] = "3"  # at 2, the first op reports on stderr that there is no graphics device
    env = rehearsal.QUICK_START | env
    env.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the sandbox holds no graphics device
    return env


class Zygote:
    """A private zygote: start it (or enter it), then `fork` children, from any thread, as many at once as you like.

    preload: modules to import once; whatever they hold in memory, student code can read. env: the environment of zygote
    and children; by default what `clean_environment` leaves of our own. log: where its own messages go at the end. The
    process starts at once and imports while the owner does something else; the first `fork` waits for it.
    """

    def __init__(
        self,
        preload: Sequence[str] = DEFAULT_PRELOAD,
        env: Mapping[str, str] | None = None,
        log: logging.Logger | None = None,
        python: str = sys.executable,
    ) -> None:
        self.preload, self.python = tuple(preload), python
        self.env = clean_environment(os.environ if env is None else env)
        self.log = log or logging.getLogger("autograder.zygote")
        self.warm: bool | None = None
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._inner: int | None = None  # its process id, if it lives in a process namespace of its own
        self._children: list[Child] = []

    def __enter__(self) -> Zygote:
        self.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        return self._inner or (self._process.pid if self._process else None)

    def start(self) -> None:
        """Start the process; does not wait for its imports."""
        with self._lock:
            if self._process is not None:
                return
            self._control, theirs = socket.socketpair()
            self._messages = tempfile.TemporaryFile()  # noqa: SIM115  closed in close()
            self._name = f"{os.getpid()}-{secrets.token_hex(3)}"
            command = [self.python, "-m", __name__, "--control", str(theirs.fileno()), "--owner", str(os.getpid())]
            command += ["--name", self._name]
            with theirs:
                self._process = subprocess.Popen(
                    [*command, *self.preload],
                    env=_with_package(self.env),
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=self._messages,
                    stderr=self._messages,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # Ctrl-C in a terminal is for us, not for the children
                )

    def wait_ready(self, timeout: float = START_SECONDS) -> None:
        """Wait until the imports are done. Raises `ZygoteError`."""
        self.start()
        with self._lock:
            self._wait_ready(timeout)

    def _wait_ready(self, timeout: float) -> None:
        if self._process is None:
            raise ZygoteError("this zygote is closed")
        if self.warm is not None:
            return
        try:
            received = frames.receive_note(self._control, time.monotonic() + timeout)
        except TimeoutError:
            raise ZygoteError(f"the zygote was not ready within {timeout:g} s\n{self._said()}") from None
        if received is None:
            raise ZygoteError(f"the zygote ended while it started\n{self._said()}")
        self.warm = received[0]["warm"]
        if received[0]["nested"]:
            self._inner = next(iter(children_of(self._process.pid)), None)
        if not self.warm:
            self.log.warning("children start cold, each importing by itself: %s", received[0]["why"])

    def fork(
        self,
        workdir: str | os.PathLike,
        limits: Limits | None = None,
        policy: Policy | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Child:
        """A fresh child whose only writable folder is ``workdir``; ``env`` is added to its environment.

        Where the child has mounts of its own it works on a copy, in memory, of the files that lie there (no links, no
        devices; `mounts.WORK_BYTES` and `mounts.FILES` at most): what it writes is gone with it. Elsewhere it works in the
        folder itself, which should hold nothing else of value, and which, as root, is given to the child's own user. So do
        not rely on what lies there afterwards, nor on its being gone. Raises `ZygoteError` if there is no zygote,
        `ChildError` if the child does not come up.
        """
        limits = limits or Limits()
        request = child_request(workdir, limits, policy or Policy(), env)
        child = Child(self.connect(), request, limits, self._inner)
        with self._lock:
            self._children = [other for other in self._children if other.alive] + [child]
        return child

    def connect(self) -> socket.socket:
        """A connection for one child, to fork it here or, handed on, in a trusted fork. Raises `ZygoteError`.

        A zygote that was ready and has been killed since is started again.
        """
        with self._lock:
            killed = self._process is not None and self.warm is not None and self._process.poll() is not None
            if killed:
                self.log.warning("the zygote has ended, and is started again\n%s", self._said())
                self._close()
        self.start()
        ours, theirs = socket.socketpair()
        with self._lock:
            try:
                self._wait_ready(START_SECONDS)
                frames.send_note(self._control, {}, (theirs.fileno(),))
            except (ZygoteError, OSError) as error:
                ours.close()
                raise (
                    error if isinstance(error, ZygoteError) else ZygoteError(f"the zygote has ended\n{self._said()}")
                ) from None
            finally:
                theirs.close()
        return ours

    def fork_trusted(self, target: str) -> Trusted:
        """A fork that runs our own ``"module:function"``, in no sandbox, with all that the zygote has imported.

        The function is called with a socket whose other end the result has. Raises `ZygoteError`.
        """
        return Trusted(self.connect(), target)

    def usage(self) -> Usage:
        """What the zygote itself uses."""
        return Usage.of(self.pid) if self.pid else Usage()

    def close(self) -> None:
        """End the zygote and every child of it; returns when they are gone."""
        with self._lock:
            if self._process is not None:
                self._close()

    def _close(self) -> None:
        for child in self._children:
            with contextlib.suppress(ChildError, OSError):
                child.close()
        self._control.close()
        if self.warm is None:  # it has no children yet, and will not hear us before its imports are done
            self._process.kill()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        cgroups.sweep(cgroups.homes(), self._name)  # if it was killed, nobody else has
        if said := self._said():
            self.log.debug("zygote: %s", said)
        self._messages.close()
        self._process, self._inner, self.warm, self._children = None, None, None, []

    def _said(self) -> str:
        self._messages.seek(0)
        return self._messages.read(1 << 16).decode("utf-8", "replace").strip()


def child_request(
    workdir: str | os.PathLike, limits: Limits, policy: Policy, env: Mapping[str, str] | None = None
) -> dict:
    """What a `Child` asks the zygote for (see `Zygote.fork`)."""
    workdir = os.path.realpath(workdir)
    if not os.path.isdir(workdir):
        raise NotADirectoryError(workdir)
    return {
        "workdir": workdir,
        "limits": asdict(limits),
        "policy": policy.to_json(),
        "env": dict(env or {}),
    }


class Trusted:
    """A fork of the zygote that runs our own code, and never a student's. sock: the connection to it.

    It ends when it is closed, when the zygote ends, or by itself, which is noticed as the end of the connection.
    """

    def __init__(self, connection: socket.socket, target: str) -> None:
        self._connection = connection
        self.sock, theirs = socket.socketpair()
        try:
            with theirs:
                ask_to_fork(connection, {"target": target}, (theirs.fileno(),), START_SECONDS)
        except (ChildError, OSError) as error:
            self.close()
            raise ZygoteError(str(error) or "the zygote did not fork in time") from None

    def close(self) -> None:
        """End it with all that it has started; who waits for it in another thread is told so."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self._connection.close()


def _with_package(env: Mapping[str, str]) -> dict[str, str]:
    """The environment, in which this very package can be imported also where it is not installed."""
    root = str(Path(__file__).resolve().parents[2])
    if root not in map(os.path.abspath, sys.path):
        return dict(env)
    return {**env, "PYTHONPATH": os.pathsep.join(filter(None, (root, env.get("PYTHONPATH"))))}


def main(arguments: Sequence[str] | None = None) -> None:
    """The process of a private zygote: ``--control FD --owner PID MODULE…``."""
    from . import forkserver, inside, privacy

    parser = argparse.ArgumentParser(
        prog=f"python -m {__spec__.name if __spec__ else __name__}", description=main.__doc__
    )
    parser.add_argument("--control", type=int, required=True, help="descriptor of the connection to the owner")
    parser.add_argument("--owner", type=int, required=True, help="process id of the owner: when it ends, so do we")
    parser.add_argument("--name", required=True, help="of our control groups")
    parser.add_argument("--cold", help="we start for the second time: why nothing is preloaded")
    parser.add_argument("--owner-fd", type=int, help="then: a pidfd of the owner")
    parser.add_argument("--nested", action="store_true", help="then: we are in namespaces already")
    parser.add_argument("modules", nargs="*")
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with contextlib.suppress(ValueError):
        sys.path.remove("/")  # our working folder, which -m has put there
    control = socket.socket(fileno=asked.control)
    owner, nested = asked.owner_fd, asked.nested
    if not asked.cold:
        with contextlib.suppress(OSError, AttributeError):  # no pidfds on this system: the connection must do
            owner = os.pidfd_open(asked.owner)
        cgroups.sweep(cgroups.homes())
        nested = privacy.become_private()
    from .shell import prepare

    shell = prepare()
    if not asked.cold:
        forkserver.preload(asked.modules)
        rehearsal.registries()
        rehearsal.direct_ops()
        rehearsal.rehearse(shell)
        if (count := forkserver.threads()) != 1:
            why = f"{count} threads after the imports, where a fork might hang"
            again = ["--control", str(asked.control), "--owner", str(asked.owner), "--name", asked.name]
            again += ["--cold", why]
            again += ["--nested"] if nested else []
            again += [] if owner is None else ["--owner-fd", str(owner)]
            for fd in filter(None, (asked.control, owner)):
                os.set_inheritable(fd, True)
            os.execv(sys.executable, [sys.executable, "-m", __spec__.name, *again])
    server = forkserver.ForkServer(control, inside.run, owner=owner, name=asked.name)
    server.try_process_namespaces()
    privacy.protect()
    standing_marks()
    rehearsal.freeze()
    frames.send_note(control, {"warm": not asked.cold, "why": asked.cold or "", "nested": nested})
    server.serve()


if __name__ == "__main__":
    main()
