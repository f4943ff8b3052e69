"""What the layers are built from, checked without the kernel: the seccomp program, the mount plan, the control groups."""

import itertools
import struct

import pytest

from autograder.execution import Limits, cgroups, mounts, seccomp

ALLOW, KILL = "allow", "kill"


def verdict(code, architecture, number, *arguments):
    """Interpret a seccomp program for one system call: "allow", "kill" or the errno."""
    data = struct.pack("<IIQ6Q", number, seccomp.AUDIT_ARCH[architecture], 0, *[*arguments, *[0] * 6][:6])
    rows = [struct.unpack("<HBBI", code[i : i + 8]) for i in range(0, len(code), 8)]
    at = accumulator = 0
    while True:
        operation, yes, no, value = rows[at]
        at += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif operation == 0x54:
            accumulator &= value
        elif operation == 0x06:
            return {0x7FFF0000: ALLOW, 0x80000000: KILL}.get(value, value & 0xFFFF)
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[operation]
            at += yes if holds else no


@pytest.mark.parametrize(("architecture", "own_files"), itertools.product(seccomp.AUDIT_ARCH, (True, False)))
def test_the_filter_refuses_what_it_lists_and_nothing_else(architecture, own_files):
    column = list(seccomp.AUDIT_ARCH).index(architecture)
    code = seccomp.program(architecture, own_files)
    listed = {n[column] for n in (*seccomp.DENIED.values(), *seccomp.CALLS.values()) if n[column] is not None}
    for name, numbers in seccomp.DENIED.items():
        if numbers[column] is not None:
            assert verdict(code, architecture, numbers[column]) == 1, name
    quiet = {**seccomp.METADATA, **seccomp.XATTRS}
    for name, numbers in quiet.items():
        if numbers[column] is not None:
            expected = ALLOW if own_files else 0 if name in seccomp.METADATA else 1
            assert verdict(code, architecture, numbers[column]) == expected, name
            listed.add(numbers[column])
    for name, numbers in seccomp.LASTING.items():
        assert verdict(code, architecture, numbers[column]) == (ALLOW if own_files else 38), name
    for calls, other in ((seccomp.BY_FIRST, (7, 0)), (seccomp.BY_SECOND, (0, 7))):
        for name, numbers in calls.items():
            assert verdict(code, architecture, numbers[column], 0, 0) == ALLOW, name
            assert verdict(code, architecture, numbers[column], *other) == (ALLOW if own_files else 1), name
    listed |= {n[column] for n in (*seccomp.LASTING.values(), *seccomp.BY_FIRST.values(), *seccomp.BY_SECOND.values())}
    for number in set(range(480)) - listed:
        assert verdict(code, architecture, number) == ALLOW
    (memfd,) = seccomp.MEMFD.values()
    assert verdict(seccomp.program(architecture, own_files, False), architecture, memfd[column]) == 38


@pytest.mark.parametrize("architecture", list(seccomp.AUDIT_ARCH))
def test_the_filter_looks_at_arguments(architecture):
    column = list(seccomp.AUDIT_ARCH).index(architecture)
    number = {name: numbers[column] for name, numbers in seccomp.CALLS.items()}
    own, shared = (seccomp.program(architecture, own_files) for own_files in (True, False))
    unix, internet, netlink, stream, datagram = 1, 2, 16, 1, 2
    cloexec, new_user, thread = 0o2000000, 0x10000000, 0x3D0F00
    for family in (internet, 10, netlink, 17, 40):
        assert verdict(own, architecture, number["socket"], family, stream) == 95
    assert verdict(own, architecture, number["socket"], unix, stream) == ALLOW
    assert verdict(shared, architecture, number["socket"], unix, stream) == 95
    assert verdict(shared, architecture, number["socketpair"], unix, stream | cloexec) == ALLOW
    assert verdict(shared, architecture, number["socketpair"], unix, datagram | cloexec) == 95
    assert verdict(own, architecture, number["clone"], thread) == ALLOW
    assert verdict(own, architecture, number["clone"], new_user | 17) == 1
    assert verdict(own, architecture, number["clone3"]) == 38
    assert verdict(own, architecture, number["prctl"], 1, 0) == 1
    assert verdict(own, architecture, number["prctl"], 15) == ALLOW
    assert verdict(own, architecture, number["ioctl"], 0, 0x5412) == 1
    assert verdict(own, architecture, number["ioctl"], 0, 0x5413) == ALLOW


def test_other_architectures_and_numberings_are_killed():
    code = seccomp.program("x86_64")
    assert verdict(code, "aarch64", 0) == KILL
    assert verdict(code, "x86_64", 0x40000000) == KILL


def test_the_mount_plan_covers_and_uncovers(tmp_path):
    for name in ("course/venv/lib", "course/package/chapters", "course/source", "work"):
        (tmp_path / name).mkdir(parents=True)
    course, work = str(tmp_path / "course"), str(tmp_path / "work")
    marks = {
        f"{course}/venv": True,
        f"{course}/venv/lib": True,
        f"{course}/package": True,
        f"{course}/package/chapters": False,
        course: False,
    }
    chosen = {entry.path: entry.kind for entry in mounts.plan(marks, work) if entry.path.startswith(str(tmp_path))}
    assert chosen == {
        f"{course}/venv": "read",
        f"{course}/package": "read",
        f"{course}/package/chapters": "cover",
        work: "write",
    }, "what lies in a bound folder is bound with it, and where nothing is bound there is nothing to hide"


def _fake_machine(root, mountinfo, groups, **files):
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text(mountinfo)
    (root / "proc/self/cgroup").write_text(groups)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def test_control_groups_of_version_1_lie_below_our_own(tmp_path):
    _fake_machine(
        tmp_path,
        "30 25 0:27 / /cg/memory rw - cgroup cgroup rw,memory\n31 25 0:28 /box /cg/pids rw - cgroup cgroup rw,pids\n",
        "4:memory:/jobs/7\n8:pids:/box/3\n0::/\n",
    )
    homes = cgroups.homes(tmp_path)
    assert homes == {"memory": (1, [tmp_path / "cg/memory/jobs/7"]), "pids": (1, [tmp_path / "cg/pids/3"])}


def test_control_groups_of_version_2_lie_beside_our_own(tmp_path):
    user = "user.slice/app.slice"
    _fake_machine(
        tmp_path,
        "30 25 0:27 / /cg rw - cgroup2 cgroup2 rw\n",
        f"0::/{user}/grader.scope\n",
        **{
            f"cg/{user}/cgroup.subtree_control": "memory pids\n",
            f"cg/{user}/grader.scope/cgroup.subtree_control": "\n",
        },
    )
    homes = cgroups.homes(tmp_path)
    assert homes == {name: (2, [tmp_path / "cg" / user]) for name in ("memory", "pids")}
    group = cgroups.create("1-a-1", Limits(memory_bytes=1000, processes=10), homes)
    folder = tmp_path / "cg" / user / "tf-first-principles-1-a-1"
    assert (folder / "memory.max").read_text() == "1000" and (folder / "pids.max").read_text() == "10"
    (folder / "memory.events").write_text("oom 1\noom_kill 2\n")
    assert group.ran_out_of_memory()


def test_without_control_groups_the_reason_is_told(tmp_path):
    assert cgroups.homes(tmp_path) == {}
    group = cgroups.create("1-a-1", Limits(), {})
    with pytest.raises(OSError, match="no memory control group"):
        group.join("memory")
    assert not group.ran_out_of_memory() and group.remove()
