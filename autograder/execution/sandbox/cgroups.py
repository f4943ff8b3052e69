"""Control groups: a bound on memory, processes and share of the processor for a child with all that it starts (v1 and v2).

A child's group is made below the zygote's own (so whatever bounds the grader bounds the child), or on v2, where a group
that holds processes may not have such children, beside it.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from .policy import Limits

NAME = "tf-first-principles"
LIMIT_FILES = {
    (1, "memory"): "memory.limit_in_bytes",
    (2, "memory"): "memory.max",
    (1, "pids"): "pids.max",
    (2, "pids"): "pids.max",
    (1, "cpu"): "cpu.shares",
    (2, "cpu"): "cpu.weight",
}
ONE_SHARE = {1: 1024, 2: 100}  # what a process has that is in no group, by version
CONTROLLERS = ("memory", "pids", "cpu")


@dataclass
class Cgroup:
    """The groups of one child: controller → folder, and why a controller has none."""

    folders: dict[str, Path] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def join(self, controller: str) -> None:
        """Put the calling process into the group. Raises OSError."""
        if controller not in self.folders:
            raise OSError(self.missing.get(controller, "no control groups"))
        (self.folders[controller] / "cgroup.procs").write_text("0")

    def ran_out_of_memory(self) -> bool:
        folder = self.folders.get("memory")
        for name in ("memory.oom_control", "memory.events") if folder else ():
            with contextlib.suppress(OSError):
                if re.search(r"^oom_kill [1-9]", (folder / name).read_text(), re.MULTILINE):
                    return True
        return False

    def kill(self) -> None:
        """Kill all that is left in the group (v2 only; there is no race in it)."""
        for folder in set(self.folders.values()):
            with contextlib.suppress(OSError):
                (folder / "cgroup.kill").write_text("1")

    def remove(self) -> bool:
        """Remove the folders; False while the last process of the child is still on its way out."""
        for controller, folder in list(self.folders.items()):
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return False
            del self.folders[controller]
        return True


def homes(root: Path = Path("/")) -> dict[str, tuple[int, list[Path]]]:
    """Controller → cgroup version, and the folders below which a group for a child may be made, best first."""
    found: dict[str, tuple[int, list[Path]]] = {}
    try:
        mounts = (root / "proc/self/mountinfo").read_text().splitlines()
        groups = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return found
    own = {controllers: path for _, controllers, path in (line.split(":", 2) for line in groups)}
    for line in mounts:
        left, _, right = line.partition(" - ")
        inner, point = left.split()[3:5]
        kind, _, options = right.split()[:3]
        if kind == "cgroup":
            for controllers, path in own.items():
                for controller in set(controllers.split(",")) & set(CONTROLLERS) & set(options.split(",")):
                    found[controller] = (1, [_folder(root, point, inner, path)])
        elif kind == "cgroup2" and "" in own:
            folder = _folder(root, point, inner, own[""])
            for parent in (folder, folder.parent):
                with contextlib.suppress(OSError):
                    for controller in set((parent / "cgroup.subtree_control").read_text().split()) & set(CONTROLLERS):
                        found.setdefault(controller, (2, []))[1].append(parent)
    return found


def _folder(root: Path, point: str, inner: str, path: str) -> Path:
    return root / point.lstrip("/") / os.path.relpath(path, inner)


def create(name: str, limits: Limits, places: dict[str, tuple[int, list[Path]]]) -> Cgroup:
    """Groups for one child below ``places`` (see `homes`), as far as the machine allows."""
    group = Cgroup()
    for controller in CONTROLLERS:
        if controller not in places:
            group.missing[controller] = f"no {controller} control group is delegated to us"
            continue
        version, parents = places[controller]
        limit = {"memory": limits.memory_bytes, "pids": limits.processes, "cpu": ONE_SHARE[version]}[controller]
        for parent in parents:
            folder = parent / f"{NAME}-{name}"
            try:
                folder.mkdir(exist_ok=True)
                (folder / LIMIT_FILES[version, controller]).write_text(str(limit))
            except OSError as error:
                group.missing[controller] = f"control groups: {error.strerror}"
                with contextlib.suppress(OSError):
                    folder.rmdir()
            else:
                group.folders[controller] = folder
                break
    return group


def sweep(places: dict[str, tuple[int, list[Path]]], name: str | None = None) -> None:
    """Remove the groups that a zygote of this name has left; without a name, those of all zygotes whose owner is gone.

    The owner is the first part of the name. A group that still holds a process cannot be removed, so a mistake costs nothing.
    """
    for _, parents in places.values():
        for parent in parents:
            for folder in parent.glob(f"{NAME}-{name}-*" if name else f"{NAME}-*-*-*"):
                if name or not os.path.exists(f"/proc/{folder.name.split('-')[-3]}"):
                    with contextlib.suppress(OSError):
                        folder.rmdir()
