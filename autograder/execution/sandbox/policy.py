"""What a child may use and see, as plain data: `Limits`, `Policy`, and the `SandboxReport` of what is in force."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]

# What programs and shared libraries need of a Linux system; none of it says who the students are.
SYSTEM_PATHS = (
    "/usr /bin /sbin /lib /lib32 /lib64 /nix/store "
    "/etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d /etc/passwd /etc/group /etc/nsswitch.conf /etc/hosts "
    "/etc/localtime /etc/timezone /etc/fonts /etc/mime.types /etc/alternatives /etc/protocols /etc/services "
    "/sys/devices/system"
).split()
PROC_FILES = (
    "/proc/self /proc/thread-self /proc/cpuinfo /proc/meminfo /proc/stat /proc/uptime /proc/loadavg /proc/version "
    "/proc/filesystems /proc/mounts /proc/sys/kernel /proc/sys/vm /proc/sys/fs"
).split()
DEVICES = "/dev/null /dev/zero /dev/full /dev/random /dev/urandom".split()
FONT_FOLDERS = ("~/.fonts", "~/.local/share/fonts")  # a font list cached at home may name files in them

LAYERS = {
    "mounts": "a file system of its own, holding only what it may see",
    "landlock": "reads and writes outside what it may see are refused",
    "own user": "a user id of its own",
    "processes": "a process table of its own; whatever it starts dies with it",
    "network": "no network interface",
    "ipc": "no System V or POSIX queues shared with other processes",
    "seccomp": "system calls that reach out of the process are refused, sockets of the internet among them",
    "privileges": "no set-user-id program, no capability",
    "rlimits": "bounds on memory, CPU time, file size, open files and, as a user of its own, processes",
    "cgroup memory": "a bound on the memory of all its processes together",
    "cgroup pids": "a bound on the number of its processes",
    "cgroup cpu": "its processes together get the share of one, beside those of others",
}
SIGNALS_PASS = "signals to other processes are not refused"


def _default_processes() -> int:
    return 128 + 8 * (os.cpu_count() or 1)  # threads count; TensorFlow starts a few for every core


@dataclass(frozen=True)
class Limits:
    """Bounds on one child. Sizes in bytes, times in seconds."""

    wall_seconds: float = 30.0  # a cell; `Child.run(timeout=…)` overrides it
    grace_seconds: float = 2.0  # between the interrupt of a cell that ran out of time and the kill
    cpu_seconds: int = 600  # of all threads, over the child's life
    memory_bytes: int = 4 << 30  # of address space; with 2 GiB TensorFlow aborts, with 3 it trains
    output_bytes: int = 2 << 20  # printed and displayed by one cell, and `frames.FRAME_COST` for each time that it does
    file_bytes: int = 64 << 20  # of one file
    open_files: int = 256
    processes: int = field(default_factory=_default_processes)  # threads included


@dataclass(frozen=True)
class Policy:
    """What a child may see besides its work folder, and which layers are tried.

    A path is visible if the longest of the listed paths that contains it is a readable one; everything else does not
    exist for the child. What Python itself needs (`python_paths`) is readable, this package's ``chapters`` are hidden.
    """

    readable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    layers: tuple[str, ...] = tuple(LAYERS)

    def __post_init__(self) -> None:
        for name in ("readable", "hidden", "layers"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(str(p) for p in value))
        if unknown := set(self.layers) - set(LAYERS):
            raise ValueError(f"no sandbox layer is called {', '.join(sorted(unknown))}; there are: {', '.join(LAYERS)}")

    def marks(self) -> dict[str, bool]:
        """Every listed path that exists → may be read; a path reached through a symbolic link is listed under both names."""
        marks = dict(standing_marks())
        marks |= dict.fromkeys(_existing(self.readable), True)
        return marks | dict.fromkeys(_existing((str(PACKAGE / "chapters"), *self.hidden)), False)

    def to_json(self) -> dict:
        return asdict(self)


@cache
def standing_marks() -> dict[str, bool]:
    """What every child may read. Asked for once in the zygote, before the fork: it takes 2 ms."""
    return dict.fromkeys(_existing((*SYSTEM_PATHS, *python_paths())), True)


def _existing(paths: Iterable[str]) -> list[str]:
    found = []
    for path in paths:
        path = os.path.abspath(os.path.expanduser(path))
        found += [name for name in dict.fromkeys((path, os.path.realpath(path))) if os.path.lexists(name)]
    return found


def python_paths() -> list[str]:
    """Interpreter, standard library, installed packages, this package and fonts, as this process sees them."""
    found = [sys.base_prefix, sys.base_exec_prefix, sys.exec_prefix, os.path.realpath(sys.executable), str(PACKAGE)]
    if sys.prefix != sys.base_prefix:
        found.append(sys.prefix)
    found += [
        path for name, path in sysconfig.get_paths().items() if name in ("stdlib", "platstdlib", "purelib", "platlib")
    ]
    if site.ENABLE_USER_SITE and os.path.isdir(site.getusersitepackages()):
        found.append(site.getusersitepackages())
    return [*dict.fromkeys(found), *_package_folders(), *FONT_FOLDERS]


def hidden_packages() -> list[str]:
    """Where this Python finds packages that a child does not: folders in which more than packages lies."""
    own = os.path.realpath(PACKAGE.parent)
    return [path for path in _outside() if not _harmless(path) and os.path.realpath(path) != own]


def _package_folders() -> list[str]:
    return [path for path in _outside() if _harmless(path)]


def _outside() -> list[str]:
    """Folders and archives that .pth files, PYTHONPATH and editable installs name."""
    found = [path for path in sys.path if os.path.isabs(path)]
    for finder in sys.meta_path:
        mapping = getattr(sys.modules.get(getattr(finder, "__module__", "")), "MAPPING", None)
        if isinstance(mapping, dict):  # of setuptools: package → its folder
            found += [path for path in mapping.values() if isinstance(path, str)]
    ours = [os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix)]
    return [
        path
        for path in dict.fromkeys(found)
        if os.path.exists(path) and not any(Path(os.path.realpath(path)).is_relative_to(prefix) for prefix in ours)
    ]


def _harmless(path: str) -> bool:
    """Does a folder hold packages, and not somebody's home, a course or all that there is?"""
    real = Path(os.path.realpath(path))
    wanted = 0o005 if real.is_dir() else 0o004
    if real.stat().st_mode & wanted != wanted:
        return False  # no other user may read it: nor may a child that is one
    private = [Path(os.path.realpath(p)) for p in (os.path.expanduser("~"), tempfile.gettempdir(), PACKAGE.parent)]
    return not any(one.is_relative_to(real) for one in private) and not os.path.exists(real / "nbgrader_config.py")


def visible(path: str, marks: dict[str, bool]) -> bool:
    """Whether the longest marked path that contains ``path`` is a readable one."""
    while path not in marks:
        parent = os.path.dirname(path)
        if parent == path:
            return False
        path = parent
    return marks[path]


@dataclass(frozen=True)
class Layer:
    """One layer of the sandbox: is it in force, and if not, why not."""

    name: str
    in_force: bool
    note: str = ""


@dataclass(frozen=True)
class SandboxReport:
    """Which layers are in force in a child."""

    layers: tuple[Layer, ...] = ()

    def has(self, name: str) -> bool:
        return any(layer.name == name and layer.in_force for layer in self.layers)

    @property
    def isolated(self) -> bool:
        """True only if the file system, the network and other processes are in fact closed off."""
        files = self.has("landlock") or (self.has("mounts") and self.has("processes"))
        network = self.has("network") or self.has("seccomp")
        scoped = any(layer.name == "landlock" and SIGNALS_PASS not in layer.note for layer in self.layers)
        signals = self.has("landlock") and scoped
        processes = self.has("processes") or self.has("own user") or (signals and self.has("seccomp"))
        return files and network and processes

    def __str__(self) -> str:
        word = "isolated" if self.isolated else "not isolated"
        missing = [
            f"{layer.name} ({layer.note})" if layer.note else layer.name for layer in self.layers if not layer.in_force
        ]
        return word if not missing else f"{word}; not in force: {', '.join(missing)}"

    def to_json(self) -> list:
        return [[layer.name, layer.in_force, layer.note] for layer in self.layers]

    @classmethod
    def from_json(cls, rows: list) -> SandboxReport:
        return cls(tuple(Layer(str(n), bool(f), str(w)) for n, f, w in rows))
