"""seccomp: a filter on system calls, for what neither Landlock nor a user id refuses."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator

from .syscalls import PR_SET_PDEATHSIG, SECCOMP, machine, syscall

EPERM, ENOSYS, EOPNOTSUPP = 1, 38, 95
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: (x86_64, aarch64); None where the architecture never had it
DENIED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "lookup_dcookie": (212, 18),
    "fanotify_init": (300, 262),
    "mbind": (237, 235),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}
CALLS = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "clone": (56, 220),
    "clone3": (435, 435),
    "prctl": (157, 167),
    "ioctl": (16, 29),
}
# Landlock does not know these: where the files of the account are not out of sight, they must not be done to them
METADATA = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
}
XATTRS = {
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
}
# What reaches other processes of the account, where the child has no process table of its own. These name one by their
# first argument, and 0 is oneself.
ON_ONE = {
    "prlimit64": (302, 261),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
}
ON_MANY = {"setpriority": (141, 140), "ioprio_set": (251, 30)}  # all of a user too, by 0
# What outlives the child, and what others of the account have left, by numbers that can be guessed
LASTING = {
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
}
MEMFD = {"memfd_create": (319, 279)}  # memory that no rlimit counts
NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW* flag
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
AF_UNIX, SOCK_TYPE_MASK, SOCK_DGRAM = 1, 0xF, 2

_LOAD, _EQUAL, _ATLEAST, _ANYBIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; an argument's low half


def program(
    architecture: str, own_files: bool = True, own_processes: bool = True, bounded_memory: bool = True
) -> bytes:
    """The filter as BPF code.

    Of sockets only unix ones may be opened. A refused ``socket`` says EOPNOTSUPP, as a kernel without that family would:
    libzmq aborts on EPERM. own_files: the child has a file system of its own. Where it has not, a daemon of the host may
    listen in it, so that only connected stream pairs remain; and a change of modes and times, which Landlock lets pass on
    every file of the account, is not done and reported as done, since ``shutil.copy`` would fail otherwise. own_processes:
    it has a process table of its own. bounded_memory: a control group counts what is in no process's address space.
    """
    column = ("x86_64", "aarch64").index(architecture)
    rows = list(_head(architecture)) + _refuse(DENIED, column, EPERM)
    rows += [] if bounded_memory else _refuse(MEMFD, column, ENOSYS)
    if not own_processes:
        rows += _refuse(ON_MANY, column, EPERM)
        for numbers in ON_ONE.values():
            other = [_op(_LOAD, _ARGUMENT), _op(_EQUAL, 0, 1, 0), _op(_RETURN, _ERRNO | EPERM)]
            rows += _case(numbers[column], other)
    number = {name: numbers[column] for name, numbers in CALLS.items()}
    refused = _ERRNO | EOPNOTSUPP
    if own_files:
        rows += _case(number["socket"], [_op(_LOAD, _ARGUMENT), _op(_EQUAL, AF_UNIX, 1, 0), _op(_RETURN, refused)])
    else:
        for calls, answer in ((METADATA, 0), (XATTRS, EPERM), (LASTING, ENOSYS)):
            rows += _refuse(calls, column, answer)
        rows += _case(number["socket"], [_op(_RETURN, refused)])
        kind = [
            _op(_LOAD, _ARGUMENT + 8),
            _op(_AND, SOCK_TYPE_MASK),
            _op(_EQUAL, SOCK_DGRAM, 0, 1),
            _op(_RETURN, refused),
        ]
        rows += _case(number["socketpair"], kind)
    # clone3 keeps its flags in memory, where no filter can read them; told that there is none, libc uses clone
    rows += _case(number["clone3"], [_op(_RETURN, _ERRNO | ENOSYS)])
    rows += _case(
        number["clone"], [_op(_LOAD, _ARGUMENT), _op(_ANYBIT, NEW_NAMESPACES, 0, 1), _op(_RETURN, _ERRNO | EPERM)]
    )
    # else student code could outlive a dead grader
    rows += _case(
        number["prctl"], [_op(_LOAD, _ARGUMENT), _op(_EQUAL, PR_SET_PDEATHSIG, 0, 1), _op(_RETURN, _ERRNO | EPERM)]
    )
    typing = [
        _op(_LOAD, _ARGUMENT + 8),
        _op(_EQUAL, TIOCSTI, 1, 0),
        _op(_EQUAL, TIOCLINUX, 0, 1),
        _op(_RETURN, _ERRNO | EPERM),
    ]
    rows += _case(number["ioctl"], typing)
    rows.append(_op(_RETURN, _ALLOW))
    return b"".join(rows)


def _op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)


def _head(architecture: str) -> Iterator[bytes]:
    yield _op(_LOAD, _ARCH)
    yield _op(_EQUAL, AUDIT_ARCH[architecture], 1, 0)
    yield _op(_RETURN, _KILL)
    yield _op(_LOAD, _NUMBER)
    if architecture == "x86_64":  # the x32 calls have other numbers
        yield _op(_ATLEAST, 0x40000000, 0, 1)
        yield _op(_RETURN, _KILL)


def _refuse(calls: dict[str, tuple], column: int, answer: int) -> list[bytes]:
    """These calls are not made, and answer so."""
    found = [numbers[column] for numbers in calls.values() if numbers[column] is not None]
    return [row for number in found for row in (_op(_EQUAL, number, 0, 1), _op(_RETURN, _ERRNO | answer))]


def _case(number: int, body: list[bytes]) -> list[bytes]:
    """``body`` for this call; what falls through it is allowed, since the accumulator no longer holds the call's number."""
    body = [*body, _op(_RETURN, _ALLOW)]
    return [_op(_EQUAL, number, 0, len(body)), *body]


def install(own_files: bool = True, own_processes: bool = True, bounded_memory: bool = True) -> None:
    """Put the filter in force for this process and all it starts. Needs no_new_privs. Raises OSError where it cannot."""
    architecture = machine()
    if architecture not in AUDIT_ARCH:
        raise OSError(ENOSYS, f"no filter is written for {architecture}")
    code = program(architecture, own_files, own_processes, bounded_memory)
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    described = Program(len(code) // 8, ctypes.addressof(buffer))
    mode_filter = 1
    syscall("seccomp", SECCOMP[architecture], ctypes.c_uint(mode_filter), ctypes.c_uint(0), ctypes.byref(described))
