"""The zygote's own process: imports once, then forks one child a connection, and never runs an op.

Single-threaded throughout, which is checked before every fork: a fork copies only the calling thread, and whatever lock
another one held stays locked for ever in the child. TensorFlow's first op starts threads, so none is ever run here.

A *connection* stands for one child: the request to fork comes in on it with the child's descriptors, its exit is reported
on it, and closing it kills the child with everything that the child has started.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from . import frames, inside
from .sandbox import cgroups
from .sandbox.policy import Limits
from .sandbox.syscalls import (
    CLONE_NEWPID,
    LINUX,
    setns,
    unshare,
)

NOTE_SECONDS = 5.0  # for the rest of a note that has begun to come
UIDS = 0x7000_0000  # far from every account; a range a zygote
log = logging.getLogger("autograder.zygote")


class Unfit(RuntimeError):
    """This process may not be forked."""


def threads() -> int:
    """Threads of this process; 1 where that cannot be told."""
    if LINUX:
        return len(os.listdir("/proc/self/task"))
    try:
        import psutil
    except ImportError:
        return 1
    return psutil.Process().num_threads()


def preload(names: list[str]) -> None:
    """Import them, without the collector, which finds nothing in that and takes a fifth of the time.

    It stays off (`rehearsal.freeze`); each child turns it on again.
    """
    gc.disable()
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            log.warning("%s is not preloaded: %s", name, error)


@dataclass
class Child:
    pid: int
    connection: socket.socket
    slot: int
    pidfd: int | None
    cgroup: cgroups.Cgroup = field(default_factory=cgroups.Cgroup)


class ForkServer:
    """Forks a child for every connection and looks after it until its end.

    listener: a listening unix socket, or a connected one over which the owner passes the connections. become: runs in the
    child, with the request, its descriptors, and what was set aside for it. owner: a pidfd of the process without which we
    end. idle: seconds without a child after which we end. name: of our control groups.
    """

    def __init__(
        self,
        listener: socket.socket,
        become: Callable[..., None],
        *,
        owner: int | None = None,
        idle: float | None = None,
        name: str = "",
    ) -> None:
        self.listener, self.become, self.idle = listener, become, idle
        self.listening = (
            bool(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)) if LINUX else idle is not None
        )
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ, self.on_listener)
        self.name = name
        self.children: dict[socket.socket, Child] = {}
        self.leftover: list[cgroups.Cgroup] = []
        self.running, self.busy_at, self.count = True, time.monotonic(), 0
        self.self_fd = os.pidfd_open(os.getpid()) if hasattr(os, "pidfd_open") else None
        if owner is not None:
            self.selector.register(owner, selectors.EVENT_READ, self.on_owner)
        self.own_processes: bool | str = "not asked for"
        self.home_processes: int | None = None
        self.cgroup_homes = cgroups.homes()
        self.wake, self.woken = socket.socketpair()
        self.wake.setblocking(False)
        self.selector.register(self.woken, selectors.EVENT_READ, self.on_signal)
        signal.set_wakeup_fd(self.wake.fileno())
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)  # what counts is the byte in the wakeup socket

    # -- the loop

    def serve(self) -> None:
        while self.running:
            wait = 0.02 if self.leftover else min(5.0, self.idle or 5.0)
            events = self.selector.select(wait)
            for key, _ in events:
                if key.fd in self.selector.get_map():  # an earlier event of this round may have ended it
                    self.handle(key.data, key.fileobj)
            if self.self_fd is None:  # no pidfds on this system: SIGCHLD has woken us
                for child in list(self.children.values()):
                    self.on_exit(child)
            self.leftover = [group for group in self.leftover if not group.remove()]
            if self.children:
                self.busy_at = time.monotonic()
            elif self.idle is not None and time.monotonic() - self.busy_at > self.idle:
                break
        for connection in list(self.children):
            self.kill(connection)
        for child in list(self.children.values()):
            self.on_exit(child, wait=True)
        deadline = time.monotonic() + 2
        while self.leftover and time.monotonic() < deadline:
            time.sleep(0.01)
            self.leftover = [group for group in self.leftover if not group.remove()]

    def handle(self, act: Callable[[Any], None], source: Any) -> None:
        """One event. Nonsense on a connection ends that connection, not us."""
        try:
            act(source)
        except (ValueError, KeyError, TypeError, IndexError, TimeoutError) as error:
            log.warning("%s: %s", type(error).__name__, error)
            if source in self.children:
                self.kill(source)
                self.selector.unregister(source)
            elif source is self.listener:
                self.running = False
            elif isinstance(source, socket.socket):
                self.drop(source)

    def on_owner(self, _: Any) -> None:
        self.running = False

    def on_signal(self, woken: socket.socket) -> None:
        if signal.SIGTERM in woken.recv(4096):
            self.running = False

    def on_listener(self, listener: socket.socket) -> None:
        self.busy_at = time.monotonic()
        if self.listening:
            connection, _ = listener.accept()
            if not _same_user(connection):
                connection.close()
                return
        else:
            received = frames.receive_note(listener)
            if received is None:
                self.running = False
                return
            connection = socket.socket(fileno=received[1][0])
        self.selector.register(connection, selectors.EVENT_READ, self.on_request)

    def on_request(self, connection: socket.socket) -> None:
        received = frames.receive_note(connection, time.monotonic() + NOTE_SECONDS)
        if received is None:
            self.drop(connection)
            return
        request, fds = received
        try:
            child = self.fork(connection, request, fds)
        except (Unfit, OSError) as error:
            _tell(connection, {"refused": str(error)})
            self.drop(connection)
            return
        finally:
            for fd in fds:
                os.close(fd)
        self.children[connection] = child
        self.selector.modify(connection, selectors.EVENT_READ, self.on_word)
        _tell(connection, {"pid": child.pid})
        if child.pidfd is not None:
            self.selector.register(child.pidfd, selectors.EVENT_READ, lambda _: self.on_exit(child))

    def on_word(self, connection: socket.socket) -> None:
        """The owner wants a signal sent to its child's group; or has closed, or died."""
        received = frames.receive_note(connection, time.monotonic() + NOTE_SECONDS)
        if received is None:
            self.kill(connection)
            self.selector.unregister(connection)
        elif received[0]["signal"] == signal.SIGKILL:
            self.kill(connection)
        else:
            self.signal(self.children[connection].pid, received[0]["signal"])

    def signal(self, pid: int, number: int) -> None:
        try:
            os.killpg(pid, number)
        except ProcessLookupError:  # a child that has only just been forked has no group of its own yet
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        except PermissionError:  # macOS, for a group that holds only zombies
            pass

    def kill(self, connection: socket.socket) -> None:
        """Kill a child with its group. It is not reaped before that, so the number cannot be somebody else's by now."""
        child = self.children[connection]
        self.signal(child.pid, signal.SIGKILL)
        child.cgroup.kill()

    def on_exit(self, child: Child, wait: bool = False) -> None:
        if child.pidfd is not None:  # it has ended and is not yet reaped: its number still stands for its group alone
            self.signal(child.pid, signal.SIGKILL)
        try:
            pid, status, used = os.wait4(child.pid, 0 if wait else os.WNOHANG)
        except ChildProcessError:
            pid, status, used = child.pid, 0, None
        if pid == 0:
            return
        if child.pidfd is None:
            self.signal(child.pid, signal.SIGKILL)
        child.cgroup.kill()
        if self.idle is None:
            self.kill_orphans()
        if child.pidfd is not None:
            self.selector.unregister(child.pidfd)
            os.close(child.pidfd)
        note: dict[str, Any] = {
            "exit": os.waitstatus_to_exitcode(status),
            "out_of_memory": child.cgroup.ran_out_of_memory(),
        }
        if used is not None:
            unit = 1 if sys.platform == "darwin" else 1024
            note |= {"cpu_seconds": used.ru_utime + used.ru_stime, "max_rss": used.ru_maxrss * unit}
        if not child.cgroup.remove():
            self.leftover.append(child.cgroup)
        del self.children[child.connection]
        _tell(child.connection, note)
        self.drop(child.connection)

    def drop(self, connection: socket.socket) -> None:
        if connection.fileno() in self.selector.get_map():
            self.selector.unregister(connection)
        connection.close()

    def kill_orphans(self) -> None:
        """Processes that detached themselves from a child come to us (we are their subreaper): end them."""
        known = {child.pid for child in self.children.values()}
        for _ in range(100):  # what an orphan leaves behind comes next; with a process namespace there is no such race
            try:
                if os.readlink("/proc/self") != str(os.getpid()):
                    return  # another process namespace's /proc, with other numbers
                with open("/proc/thread-self/children") as listed:
                    orphans = {int(pid) for pid in listed.read().split()} - known
            except OSError:
                return
            if not orphans:
                return
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    # -- forking

    def fork(self, connection: socket.socket, request: dict, fds: list[int]) -> Child:
        if threads() != 1:
            raise Unfit(f"{threads()} threads in the zygote: a fork might hang")
        slot = min(set(range(len(self.children) + 1)) - {child.slot for child in self.children.values()})
        setting, group = self.prepare(request, slot)
        own = "processes" in request.get("policy", {}).get("layers", ()) and self.own_processes is True
        if own:
            unshare(CLONE_NEWPID)
        try:
            pid = os.fork()
            if pid == 0:
                self.in_child(request, fds, setting)
        except OSError:
            group.remove()
            raise
        finally:
            if own:
                setns(self.home_processes, CLONE_NEWPID)
        pidfd = None
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                pidfd = os.pidfd_open(pid)
        return Child(pid, connection, slot, pidfd, group)

    def prepare(self, request: dict, slot: int) -> tuple[dict, cgroups.Cgroup]:
        """What is set aside for a graded child: a user id, control groups. A kernel gets neither."""
        if "limits" not in request:
            return {}, cgroups.Cgroup()
        layers = request["policy"]["layers"]
        group = cgroups.Cgroup()
        if any(name.startswith("cgroup") for name in layers):
            self.count += 1
            group = cgroups.create(f"{self.name}-{self.count}", Limits(**request["limits"]), self.cgroup_homes)
        uid = UIDS + ((os.getpid() & 0xFFFF) << 8 | slot & 0xFF) if os.geteuid() == 0 else None
        return {"uid": uid, "own_processes": self.own_processes, "cgroup": group}, group

    def in_child(self, request: dict, fds: list[int], setting: dict) -> NoReturn:
        code = 1
        try:
            inside.detach(self.self_fd)
            for key in list(self.selector.get_map().values()):
                key.fileobj.close() if hasattr(key.fileobj, "close") else os.close(key.fileobj)
            self.selector.close()
            signal.set_wakeup_fd(-1)
            self.wake.close()
            if self.home_processes is not None:
                os.close(self.home_processes)
            if self.self_fd is not None:
                os.close(self.self_fd)
            self.become(request, fds, **setting)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:  # noqa: BLE001  nothing may return into the zygote's loop
            traceback.print_exc(file=sys.__stderr__)
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.__stderr__.flush()
            os._exit(code & 0xFF)  # not exit: TensorFlow takes half a second to tear down what ends anyway

    # -- pid namespaces

    def try_process_namespaces(self) -> None:
        """Find out whether children can have a process table of their own.

        unshare() makes it for the *next* child; setns() back to our own before the one after.
        """
        if not LINUX:
            self.own_processes = f"not offered by {sys.platform}"
            return
        try:
            self.home_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
            # first the way back: a root whose user namespace does not own ours has none, and would lose its children's init
            setns(self.home_processes, CLONE_NEWPID)
            unshare(CLONE_NEWPID)
            setns(self.home_processes, CLONE_NEWPID)
        except OSError as error:
            self.own_processes = error.strerror or str(error)
        else:
            self.own_processes = True


def _same_user(connection: socket.socket) -> bool:
    import struct

    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder's mode must do
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return uid == os.getuid()


def _tell(connection: socket.socket, note: dict) -> None:
    with contextlib.suppress(OSError):  # the owner is gone: the end of the connection says so next
        frames.send_note(connection, note)
