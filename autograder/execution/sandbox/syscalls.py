"""The system calls that Python 3.11 has no function for, through ctypes. Importable everywhere, callable on Linux."""

from __future__ import annotations

import ctypes
import os
import platform
import sys

LINUX = sys.platform.startswith("linux")

# The same number on every architecture that Linux was ported to after 2011, and on x86_64.
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
MOUNT_SETATTR = 442
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SECCOMP = {"x86_64": 317, "aarch64": 277}
CAPSET = {"x86_64": 126, "aarch64": 91}

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MS_SLAVE = 4096, 16384, 1 << 18, 1 << 19
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 47, 4

_libc = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None


def machine() -> str:
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def syscall(what: str, number: int | None, *arguments: object) -> int:
    if not LINUX or number is None:
        raise OSError(38, f"no system call {what} on {sys.platform} {machine()}")
    return _check(_libc.syscall(ctypes.c_long(number), *arguments), what)


def prctl(option: int, argument: int = 0, more: int = 0) -> int:
    return _check(
        _libc.prctl(option, ctypes.c_ulong(argument), ctypes.c_ulong(more), ctypes.c_ulong(0), ctypes.c_ulong(0)),
        "prctl",
    )


def unshare(flags: int) -> None:
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd: int, kind: int) -> None:
    _check(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)), "setns")


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    _check(_libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]), f"mount {target}")


def umount(target: str, flags: int = 0) -> None:
    _check(_libc.umount2(os.fsencode(target), ctypes.c_int(flags)), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    syscall("pivot_root", PIVOT_ROOT.get(machine()), os.fsencode(new), os.fsencode(old))


def mount_read_only(target: str) -> None:
    """Make a mount and everything mounted below it read-only, without set-user-id programs and devices (Linux 5.12)."""
    recursive, at_fdcwd = 0x8000, -100
    attributes = (ctypes.c_uint64 * 4)(1 | 2 | 4, 0, 0, 0)  # rdonly, nosuid, nodev; nothing cleared
    arguments = (ctypes.c_int(at_fdcwd), os.fsencode(target), ctypes.c_uint(recursive))
    syscall("mount_setattr", MOUNT_SETATTR, *arguments, ctypes.byref(attributes), ctypes.c_size_t(32))


def drop_capabilities() -> None:
    """Give up every capability for good."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # beyond the last one, or not allowed: then the empty sets below and no_new_privs must do
            break
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    syscall("capset", CAPSET.get(machine()), ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def flush_c_streams() -> None:
    if _libc is not None:
        _libc.fflush(None)


def lacking(capabilities: dict[str, int]) -> list[str]:
    """Which of these capabilities (name → number) this process has not."""
    with open("/proc/self/status") as status:
        held = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff:"))
    return [name for name, number in capabilities.items() if not held >> number & 1]
