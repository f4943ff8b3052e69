"""A mount namespace that holds what a child may see, at the paths where it lies outside, and nothing else.

Built as bubblewrap builds one: a small tmpfs becomes the root, the visible paths are bound into it read-only, and the old
root is detached. Since the folders on the way are fresh ones, another user may read an interpreter that lies below a
private home folder. 1–2 ms.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass

from .policy import DEVICES
from .syscalls import (
    CLONE_NEWNS,
    MNT_DETACH,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    mount,
    mount_read_only,
    pivot_root,
    umount,
    unshare,
)

SCRATCH = ("/tmp", "/dev/shm")  # of the child's own; programs write there without asking
SCRATCH_BYTES, WORK_BYTES, FILES = 256 << 20, 512 << 20, 20_000
BASE = SCRATCH[0]  # where it is built; any folder would do: what lies in it is reached below OLD
OLD, NEW, COVERS = "/old", "/new", "/covers"


@dataclass(frozen=True)
class Entry:
    """One thing to put into the new root."""

    path: str
    kind: str  # read, cover, write, scratch, device, link, proc
    source: str  # its real path outside
    folder: bool


def plan(marks: dict[str, bool], workdir: str) -> list[Entry]:
    """What to mount, parents before what lies in them; nothing twice, and no cover over what is not there anyway."""
    wanted = {path: "read" if readable else "cover" for path, readable in marks.items()}
    wanted |= {path: "scratch" for path in SCRATCH}
    wanted |= {path: "device" for path in DEVICES if os.path.exists(path)}
    wanted |= {"/proc": "proc", workdir: "write"}
    chosen: dict[str, Entry] = {}
    for path in sorted(wanted, key=lambda p: (p.count("/"), p)):
        kind, above = wanted[path], os.path.dirname(path)
        while above not in chosen and above != "/":
            above = os.path.dirname(above)
        around = chosen[above].kind if above in chosen else None
        if (kind == "read" and around in ("read", "link")) or (kind == "cover" and around != "read"):
            continue
        if kind == "read" and os.path.islink(path):
            kind = "link"
        chosen[path] = Entry(path, kind, os.path.realpath(path), os.path.isdir(path))
    return list(chosen.values())


def enter(marks: dict[str, bool], workdir: str, own_processes: bool) -> str:
    """Move this process into such a namespace; returns what there is to note. Raises OSError: it then sees what it saw."""
    entries = plan(marks, workdir)
    unshare(CLONE_NEWNS)
    mask = os.umask(0o022)
    try:
        mount(None, "/", None, MS_REC | MS_PRIVATE)
        mount("tmpfs", BASE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=4m")
        for name in (OLD, NEW, COVERS):
            os.mkdir(BASE + name)
        mount(BASE + NEW, BASE + NEW, None, MS_BIND)
        os.chdir(BASE)
        pivot_root(BASE, BASE + OLD)
        os.chdir("/")
        try:
            left_out = _furnish(entries, own_processes)
        except OSError:
            _turn_back()
            raise
        umount(OLD, MNT_DETACH)
        os.chdir(NEW)
        pivot_root(".", ".")
        umount(".", MNT_DETACH)
        os.chdir("/")
    finally:
        os.umask(mask)
    return f"{left_out} of the files that lay in the work folder do not fit" if left_out else ""


def _furnish(entries: list[Entry], own_processes: bool) -> int:
    """Fill the new root; returns how many files were left out of the copy of the work folder."""
    left_out = sum(_place(entry, own_processes) or 0 for entry in entries)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{target}", f"{NEW}/dev/{name}")
    mount(None, NEW, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    return left_out


def _turn_back() -> None:
    """To the root that was: half of a new one holds neither the interpreter nor the work folder."""
    with contextlib.suppress(OSError):
        pivot_root(OLD, OLD + BASE)
        os.chdir("/")
        umount(BASE, MNT_DETACH)


def _place(entry: Entry, own_processes: bool) -> int | None:
    """Put it there; of a copy, returns how many files were left out."""
    target, source = NEW + entry.path, OLD + entry.source
    if entry.kind == "link":
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(entry.source, target)
        return
    if not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if entry.folder or entry.kind in ("proc", "scratch"):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    if entry.kind == "read":
        mount(source, target, None, MS_BIND | MS_REC)
        mount_read_only(target)
    elif entry.kind == "write":
        # not the folder itself: what the child writes is bounded, never reaches the grader's disk, and goes with it
        _mount_memory(target, 0o700, WORK_BYTES)
        return _copy(source, target)
    elif entry.kind == "device":
        mount(source, target, None, MS_BIND)
    elif entry.kind == "scratch":
        _mount_memory(target, 0o1777, SCRATCH_BYTES)
    elif entry.kind == "cover":
        empty = f"{COVERS}/{len(os.listdir(COVERS))}"
        if entry.folder:
            os.mkdir(empty)
        else:
            os.close(os.open(empty, os.O_CREAT | os.O_WRONLY, 0))
        mount(empty, target, None, MS_BIND)
    elif entry.kind == "proc":
        if own_processes:
            with contextlib.suppress(OSError):  # refused where /proc is partly masked, as in some containers
                return mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount(source, target, None, MS_BIND | MS_REC)
    return None


def _mount_memory(target: str, mode: int, size: int) -> None:
    mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, f"mode={mode:o},size={size},nr_inodes={FILES}")


def _copy(source: str, target: str) -> int:
    """The regular files and folders of a folder: no links, no devices. Returns how many of them do not fit.

    Whoever handed them in decides on their number and depth: neither may cost the layer.
    """
    left_out, waiting = 0, [(source, target)]
    while waiting:
        folder, copy = waiting.pop()
        for entry in sorted(os.scandir(folder), key=lambda found: found.name):
            inner = f"{copy}/{entry.name}"
            try:
                if entry.is_dir(follow_symlinks=False):
                    os.mkdir(inner)
                    waiting.append((entry.path, inner))
                elif entry.is_file(follow_symlinks=False):
                    shutil.copyfile(entry.path, inner, follow_symlinks=False)
            except OSError:  # no room left, or a path that is too long
                left_out += 1
                with contextlib.suppress(OSError):
                    os.unlink(inner)
    return left_out
