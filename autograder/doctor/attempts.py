"""Try each layer of the sandbox for real: a child under that layer alone attempts what the layer is there to refuse.

A layer counts as in force only if the attempt fails. The functions named ``try_…`` run in the child.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..execution.child import Child, ChildError
from ..execution.sandbox.policy import LAYERS, Limits, Policy, SandboxReport
from ..execution.sandbox.syscalls import LINUX
from ..execution.zygote import Zygote

NEEDS = {  # a layer is tried with those without which it is not to be had
    "own user": ("mounts", "rlimits"),  # another user may not be let into a private home; processes are an rlimit
    "landlock": ("privileges",),  # without capabilities these two ask that none can be gained
    "seccomp": ("privileges",),
}
MEMORY = 300 << 20
PROCESSES = 40
ENOUGH = 0.2  # of a processor; what a fair share among the busy processes would leave is far less
LOW = 10  # the numbers of the few processes in a process table of its own
MODULE = __name__


@dataclass(frozen=True)
class Attempt:
    """A row of the table: is the layer in force here, what was tried against it, and what came of it."""

    layer: str
    in_force: bool
    tried: str
    outcome: str


def probe_layers(policy: Policy | None = None) -> tuple[list[Attempt], SandboxReport]:
    """One `Attempt` for every layer of `LAYERS`, and what is in force under all together: what a graded notebook's stamp says.

    In about two seconds. Raises `ZygoteError`, `ChildError` if no child can be had at all.
    """
    policy = policy or Policy()
    with _Outside() as outside, Zygote(preload=()) as zygote:
        attempts = [_probe(zygote, outside, policy, layer) for layer in LAYERS]
        with tempfile.TemporaryDirectory() as workdir, zygote.fork(workdir, policy=policy) as child:
            return attempts, child.report


def _probe(zygote: Zygote, outside: _Outside, policy: Policy, layer: str) -> Attempt:
    tried, attempt = ATTEMPTS[layer]
    layers = (*NEEDS.get(layer, ()), layer)
    limits = Limits(processes=PROCESSES, **({"memory_bytes": MEMORY} if layer == "cgroup memory" else {}))
    with tempfile.TemporaryDirectory() as workdir:
        try:
            with zygote.fork(workdir, limits, Policy(policy.readable, policy.hidden, layers)) as child:
                row = next(row for row in child.report.layers if row.name == layer)
                if not row.in_force:
                    return Attempt(layer, False, tried, row.note)
                got_through = attempt(child, outside, Path(workdir))
        except ChildError as error:
            return Attempt(layer, False, tried, str(error))
    if got_through:
        return Attempt(layer, False, tried, f"not refused: {got_through}")
    return Attempt(layer, True, tried, f"refused ({row.note})" if row.note else "refused")


class _Outside:
    """Things outside a child that it must not reach: a private file, a listening port, a message queue."""

    def __enter__(self) -> _Outside:
        self._stack = contextlib.ExitStack()
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(dir=_beside_tmp())))
        self.secret = self.folder / "gradebook"
        self.secret.write_text("secret")
        self.secret.chmod(0o600)
        self.tcp = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.udp = self._stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.udp.bind(("127.0.0.1", 0))
        self.key = secrets.randbits(30) | 1
        if LINUX:
            libc, create, remove = ctypes.CDLL(None), 0o1600, 0
            queue = libc.msgget(self.key, create)
            self._stack.callback(lambda: libc.msgctl(queue, remove, None))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _beside_tmp() -> str | None:
    """A folder that is no scratch folder, where there is one: a child has a /tmp of its own."""
    return next((d for d in ("/var/tmp", os.path.expanduser("~")) if os.access(d, os.W_OK)), None)


# -- the owner's side of each attempt: None if it was refused, else what got through


def _files(child: Child, outside: _Outside, workdir: Path) -> str | None:
    return child.call(f"{MODULE}:try_files", str(outside.secret))


def _own_user(child: Child, outside: _Outside, workdir: Path) -> str | None:
    return child.call(f"{MODULE}:try_fork_bomb", PROCESSES)


def _processes(child: Child, outside: _Outside, workdir: Path) -> str | None:
    with _somebody() as pid:
        if got := child.call(f"{MODULE}:try_signal", pid):
            return got
    child.call(f"{MODULE}:try_to_outlive")
    child.close()
    before = (workdir / "alive").read_text()
    time.sleep(0.15)
    return "a detached process outlived it" if (workdir / "alive").read_text() != before else None


@contextlib.contextmanager
def _somebody() -> Iterator[int]:
    """A process of ours whose number is none that a child's own few have: in a container we may be the first ourselves."""
    with contextlib.ExitStack() as stack:
        pid = os.getpid()
        while pid <= LOW:
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
            stack.callback(process.kill)
            pid = process.pid
        yield pid


def _network(child: Child, outside: _Outside, workdir: Path) -> str | None:
    return child.call(f"{MODULE}:try_network", outside.tcp.getsockname()[1], outside.udp.getsockname()[1])


def _ipc(child: Child, outside: _Outside, workdir: Path) -> str | None:
    return child.call(f"{MODULE}:try_ipc", outside.key)


def _in_child(name: str, *arguments: Any) -> Callable[[Child, _Outside, Path], str | None]:
    return lambda child, outside, workdir: child.call(f"{MODULE}:{name}", *arguments)


def _group_memory(child: Child, outside: _Outside, workdir: Path) -> str | None:
    try:
        return child.call(f"{MODULE}:try_memory_together", MEMORY)
    except ChildError as error:
        if error.kind == "memory":
            return None
        raise


def _group_cpu(child: Child, outside: _Outside, workdir: Path) -> str | None:
    alone = max(_share() for _ in range(2))  # less than one, where others are busy, too
    child.call(f"{MODULE}:try_to_be_busy", PROCESSES - 5, 1.5)
    best = 0.0
    for _ in range(4):
        best = max(best, _share())
        if best >= min(ENOUGH, alone / 2):
            return None
    return f"{best:.0%} of a processor were left"


def _share() -> float:
    """The share of a processor that this thread gets, measured for a third of a second."""
    started, used = time.monotonic(), time.thread_time()
    while time.monotonic() - started < 0.3:
        pass
    return (time.thread_time() - used) / (time.monotonic() - started)


ATTEMPTS: dict[str, tuple[str, Callable[[Child, _Outside, Path], str | None]]] = {
    "mounts": ("read /etc/shadow and a file of ours; write beside it", _files),
    "landlock": ("read /etc/shadow and a file of ours; write beside it", _files),
    "own user": (f"start {2 * PROCESSES} processes", _own_user),
    "processes": ("signal the grader; leave a detached process behind", _processes),
    "network": ("reach a TCP and a UDP port of this machine", _network),
    "ipc": ("open a message queue of ours", _ipc),
    "seccomp": ("open internet sockets; ptrace; make namespaces; use keys and bpf", _in_child("try_calls")),
    "privileges": ("keep a capability, or gain one through a set-user-id program", _in_child("try_privileges")),
    "rlimits": ("write 100 MB to one file; allocate 8 GB; open 1000 files", _in_child("try_limits")),
    "cgroup memory": (f"use {2 * MEMORY >> 20} MB in two processes", _group_memory),
    "cgroup pids": (f"start {2 * PROCESSES} processes", _in_child("try_fork_bomb", PROCESSES)),
    "cgroup cpu": (f"take all processors with {PROCESSES - 5} busy processes", _group_cpu),
}


# -- what runs in the child: returns what got through, None if nothing did


def _refused(action: Callable[[], Any]) -> bool:
    try:
        action()
    except (OSError, MemoryError):
        return True
    return False


def try_files(names: dict, secret: str) -> str | None:
    beside = os.path.join(os.path.dirname(secret), "planted")
    for what, action in (
        (f"read {secret}", lambda: open(secret).read()),
        ("read /etc/shadow", lambda: open("/etc/shadow").read()),
        (f"list {os.path.dirname(secret)}", lambda: os.listdir(os.path.dirname(secret))),
        (f"wrote {beside}", lambda: open(beside, "w").close()),
        ("wrote into the package", lambda: open(os.path.join(os.path.dirname(__file__), "planted"), "w").close()),
    ):
        if not _refused(action):
            return what
    return None


def try_signal(names: dict, pid: int) -> str | None:
    return None if _refused(lambda: os.kill(pid, 0)) else f"signalled process {pid}"


def try_to_outlive(names: dict) -> None:
    """Leave a process behind in a session of its own, whose parent is gone, and which says every 20 ms that it lives."""
    code = "import os, time\nif os.fork(): os._exit(0)\nos.setsid()\nwhile True: open('alive', 'w').write(str(time.time())); time.sleep(.02)"
    subprocess.run([sys.executable, "-c", code], check=True)
    while not os.path.exists("alive") or not os.path.getsize("alive"):
        time.sleep(0.01)


def try_network(names: dict, tcp: int, udp: int) -> str | None:
    def connect() -> None:
        socket.create_connection(("127.0.0.1", tcp), timeout=2).close()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"x", ("127.0.0.1", udp))

    return "TCP" if not _refused(connect) else "UDP" if not _refused(send) else None


def try_ipc(names: dict, key: int) -> str | None:
    return None if ctypes.CDLL(None).msgget(key, 0) < 0 else "opened it"


def try_calls(names: dict) -> str | None:
    from ..execution.sandbox.seccomp import DENIED
    from ..execution.sandbox.syscalls import CLONE_NEWUSER, machine, syscall, unshare

    column = ("x86_64", "aarch64").index(machine())
    for family in (socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_NETLINK", 16), getattr(socket, "AF_VSOCK", 40)):
        if not _refused(lambda family=family: socket.socket(family, socket.SOCK_DGRAM).close()):
            return f"socket of family {family}"
    for name in ("ptrace", "keyctl", "bpf", "io_uring_setup", "process_vm_readv", "perf_event_open", "userfaultfd"):
        try:
            syscall(name, DENIED[name][column], *[ctypes.c_long(0)] * 6)
        except PermissionError:
            continue
        except OSError as error:
            return f"{name}: {error.strerror}"
        return name
    return None if _refused(lambda: unshare(CLONE_NEWUSER)) else "unshare"


def try_privileges(names: dict) -> str | None:
    with open("/proc/self/status") as f:
        status = {k: v.strip() for k, _, v in (line.partition(":") for line in f)}
    if status.get("NoNewPrivs") != "1":
        return "new privileges"
    held = [name for name in ("CapPrm", "CapEff", "CapAmb") if int(status[name], 16)]
    return f"capabilities {status[held[0]]}" if held else None


def try_limits(names: dict) -> str | None:
    def write() -> None:
        with open("large", "wb", buffering=0) as f:
            for _ in range(100):
                if f.write(bytes(1 << 20)) < 1 << 20:
                    raise OSError("cut short")

    def allocate() -> None:
        bytearray(8 << 30)

    def open_many() -> None:
        with contextlib.ExitStack() as stack:
            for _ in range(1000):
                stack.enter_context(open(os.devnull))

    for what, action in (("wrote 100 MB", write), ("allocated 8 GB", allocate), ("opened 1000 files", open_many)):
        if not _refused(action):
            return what
    return None


@contextlib.contextmanager
def _forks(most: int) -> Iterator[list[int]]:
    pids: list[int] = []
    try:
        with contextlib.suppress(BlockingIOError):
            for _ in range(most):
                pid = os.fork()
                if pid == 0:
                    time.sleep(30)
                    os._exit(0)
                pids.append(pid)
        yield pids
    finally:
        for pid in pids:
            os.kill(pid, 9)
            os.waitpid(pid, 0)


def try_fork_bomb(names: dict, limit: int) -> str | None:
    with _forks(2 * limit) as pids:
        return None if len(pids) <= limit else f"{len(pids)} processes"


def try_to_be_busy(names: dict, count: int, seconds: float) -> None:
    """Busy processes, each in a session of its own, which the system's scheduler would otherwise give a share each.

    They begin when the last of them is there: to start many beside busy ones takes longer than any attempt may.
    """
    gate, opened = os.pipe()
    for _ in range(count):
        if os.fork() == 0:
            os.setsid()
            os.close(opened)
            os.read(gate, 1)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                pass
            os._exit(0)
    os.close(opened)
    os.close(gate)


def try_memory_together(names: dict, limit: int) -> str | None:
    """Two processes that use the limit each; no bound on one process alone would notice."""
    for _ in range(2):
        if os.fork() == 0:
            held = bytearray(limit * 6 // 10)
            held[::4096] = bytes(len(held[::4096]))
            time.sleep(1)
            os._exit(0)
    if any(os.wait()[1] for _ in range(2)):
        return None
    return f"used {limit * 12 // 10 >> 20} MB"
