"""Landlock: an unprivileged process gives up, for good, every file that it was not granted (Linux 5.13; abi 1 to 7)."""

from __future__ import annotations

import ctypes
import os
import struct

from .policy import visible
from .syscalls import LANDLOCK_ADD_RULE, LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF, syscall

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = EXECUTE | READ_FILE | READ_DIR
SIGNALS = 6  # the version that refuses them to processes outside


def abi() -> int:
    """The version that this kernel offers. Raises OSError where there is none."""
    return syscall("landlock_create_ruleset", LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1))


def handled(version: int) -> int:
    """Every file system right that this version knows: what is handled and not granted is refused."""
    rights = (1 << 13) - 1
    for since, right in ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV)):
        rights |= right if version >= since else 0
    return rights


def restrict(rules: dict[str, int]) -> int:
    """Confine this process to ``rules``, path → rights; also no TCP, no signals or abstract sockets to the outside.

    Returns the ABI version in force. Needs no_new_privs. Raises OSError where the kernel has no Landlock.
    """
    version = abi()
    rights = handled(version)
    network = 3 if version >= 4 else 0  # bind and connect TCP
    scopes = 3 if version >= SIGNALS else 0  # abstract unix sockets, signals
    attributes = struct.pack("<QQQ", rights, network, scopes)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = syscall(
        "landlock_create_ruleset",
        LANDLOCK_CREATE_RULESET,
        ctypes.c_char_p(attributes),
        ctypes.c_size_t(len(attributes)),
        ctypes.c_uint(0),
    )
    try:
        for path, granted in rules.items():
            try:
                fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue  # not there, or not for us: then it need not be granted
            try:
                if not os.path.isdir(path):
                    granted &= FILE_RIGHTS
                rule = ctypes.c_char_p(struct.pack("<Qi", granted & rights, fd))
                syscall(
                    "landlock_add_rule",
                    LANDLOCK_ADD_RULE,
                    ctypes.c_int(ruleset),
                    ctypes.c_int(1),
                    rule,
                    ctypes.c_uint(0),
                )
            finally:
                os.close(fd)
        syscall("landlock_restrict_self", LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0))
    finally:
        os.close(ruleset)
    return version


def read_rules(marks: dict[str, bool]) -> dict[str, int]:
    """Rules that let read exactly what is visible under ``marks``.

    Landlock can only add: a readable folder with a hidden path somewhere below is granted entry by entry, and may itself
    be listed (the names in the hidden folder too, not what is in its files).
    """
    rules: dict[str, int] = {}
    hidden = [path for path, readable in marks.items() if not readable]

    def grant(path: str) -> None:
        if not any(h.startswith(path.rstrip("/") + "/") for h in hidden):
            rules[path] = READ
            return
        rules[path] = READ_DIR
        try:
            entries = os.listdir(path)
        except OSError:
            return
        for entry in entries:
            inner = os.path.join(path, entry)
            if os.path.islink(inner):
                continue  # what it points to is granted, or not, under its own name
            if visible(inner, marks):
                grant(inner)

    for path, readable in marks.items():
        if readable and not os.path.islink(path):
            grant(path)
    return rules
