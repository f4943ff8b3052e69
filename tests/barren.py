"""Run a command as a machine would that offers no layer of the sandbox: python barren.py COMMAND ARGUMENT…

A filter that all its processes inherit refuses the system calls that the layers are made of. What they say to that is what
an old kernel or a closed container says.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

from autograder.execution.sandbox import seccomp, syscalls

CALLS = {  # (x86_64, aarch64)
    "landlock_create_ruleset": (444, 444),
    "seccomp": (317, 277),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "pivot_root": (155, 41),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "setgroups": (116, 159),
    "prlimit64": (302, 261),
    "setrlimit": (160, 164),
}


def main() -> None:
    column = ("x86_64", "aarch64").index(syscalls.machine())
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    rows = [seccomp._op(seccomp._LOAD, seccomp._NUMBER)]
    for numbers in CALLS.values():
        rows += [seccomp._op(seccomp._EQUAL, numbers[column], 0, 1), seccomp._op(seccomp._RETURN, seccomp._ERRNO | 1)]
    code = b"".join([*rows, seccomp._op(seccomp._RETURN, seccomp._ALLOW)])
    buffer = ctypes.create_string_buffer(code, len(code))
    described = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    number = syscalls.SECCOMP[syscalls.machine()]
    syscalls.syscall("seccomp", number, ctypes.c_uint(1), ctypes.c_uint(0), ctypes.c_char_p(described))
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
