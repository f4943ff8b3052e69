"""What the system tells of other processes, from /proc."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """What a process has used: CPU seconds, and bytes. None where the system does not tell, or the process is gone."""

    cpu_seconds: float | None = None
    max_rss: int | None = None
    private: int | None = None
    pss: int | None = None

    @classmethod
    def of(cls, pid: int) -> Usage:
        """Of a running process, from /proc."""
        try:
            with open(f"/proc/{pid}/stat") as f:
                ticks = f.read().rpartition(")")[2].split()
            cpu = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
            rows = {}
            for name in ("status", "smaps_rollup"):
                with open(f"/proc/{pid}/{name}") as f:
                    rows |= {k: v.split() for k, _, v in (line.partition(":") for line in f)}
            kb = {k: int(v[0]) * 1024 for k, v in rows.items() if len(v) == 2 and v[1] == "kB"}
            return cls(cpu, kb["VmHWM"], kb["Private_Clean"] + kb["Private_Dirty"], kb["Pss"])
        except (OSError, KeyError, ValueError, IndexError):
            return cls()


def children_of(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as listed:
            return [int(child) for child in listed.read().split()]
    except OSError:
        return []


def pid_here(parent: int, inner: int) -> int:
    """The number, among our processes, of the child that its parent's process namespace calls ``inner``; 0 if it is gone."""
    for pid in children_of(parent):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:
            numbers = next((line.split()[1:] for line in status if line.startswith("NSpid:")), [])
            if str(inner) in numbers[1:]:
                return pid
    return 0
