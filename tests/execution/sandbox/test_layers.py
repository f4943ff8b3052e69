"""What the layers are built from, checked without the kernel: the seccomp program, the mount plan, the control groups."""

import itertools
import os
import struct
import subprocess
import sys

import pytest

from autograder.execution import Limits, frames
from autograder.execution.sandbox import cgroups, mounts, seccomp

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


@pytest.mark.parametrize(
    ("architecture", "own_files", "own_processes"), itertools.product(seccomp.AUDIT_ARCH, (True, False), (True, False))
)
def test_the_filter_refuses_what_it_lists_and_nothing_else(architecture, own_files, own_processes):
    column = list(seccomp.AUDIT_ARCH).index(architecture)
    code = seccomp.program(architecture, own_files, own_processes)
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
    for name, numbers in seccomp.ON_ONE.items():
        assert verdict(code, architecture, numbers[column], 0) == ALLOW, name
        assert verdict(code, architecture, numbers[column], 7) == (ALLOW if own_processes else 1), name
    for name, numbers in seccomp.ON_MANY.items():
        assert verdict(code, architecture, numbers[column], 2, 0) == (ALLOW if own_processes else 1), name
    listed |= {n[column] for calls in (seccomp.LASTING, seccomp.ON_ONE, seccomp.ON_MANY) for n in calls.values()}
    for number in set(range(480)) - listed:
        assert verdict(code, architecture, number) == ALLOW
    (memfd,) = seccomp.MEMFD.values()
    unbounded = seccomp.program(architecture, own_files, own_processes, bounded_memory=False)
    assert verdict(unbounded, architecture, memfd[column]) == 38


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


def test_a_copy_of_the_work_folder_is_made_of_files_and_folders_alone(tmp_path):
    source, target = tmp_path / "from", tmp_path / "to"
    (source / "a/b").mkdir(parents=True)
    target.mkdir()
    (source / "a/b/file").write_text("x")
    os.mkfifo(source / "pipe")
    (source / "a/link").symlink_to(source / "a/b/file")
    (source / "folder").symlink_to(source / "a")
    assert mounts._copy(str(source), str(target)) == 0
    assert {p.relative_to(target).as_posix() for p in target.rglob("*")} == {"a", "a/b", "a/b/file"}


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts as root")
def test_a_new_root_that_cannot_be_furnished_is_left_again(tmp_path):
    """Else a process without interpreter and work folder would go on, under fewer layers than it might have."""
    source = (
        "import os\nfrom autograder.execution.sandbox import mounts\nbefore = os.listdir('/')\n"
        "place = mounts._place\n"
        "def fail(entry, own):\n    if entry.kind == 'scratch': raise PermissionError(1, 'no')\n    return place(entry, own)\n"
        "mounts._place = fail\n"
        f"try: mounts.enter({{'/usr': True}}, {str(tmp_path)!r}, False)\nexcept PermissionError: print('refused')\n"
        f"print(os.listdir('/') == before, os.path.exists('/usr/bin'), os.path.exists({str(tmp_path)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert done.stdout == "refused\nTrue True True\n", done.stderr


@pytest.mark.parametrize(("size", "count"), [(10, 100_000), (1_000, 200), (100_000, 10)])
def test_of_a_long_traceback_beginning_and_end_are_kept(size, count):
    lines = [f"{i:0{size}}" for i in range(count)]
    short = frames.shortened(lines, 60_000)
    assert len(short) <= 200 and sum(map(len, short)) <= 60_000
    assert short == [] or (short[0] == lines[0] and (len(short) == 1 or short[-1] == lines[-1]))
    assert short == sorted(short)
    assert frames.shortened(lines[:2], 10**6) == lines[:2] and frames.shortened([], 10) == []


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
        "30 25 0:27 / /cg/memory rw - cgroup cgroup rw,memory\n31 25 0:28 /box /cg/pids rw - cgroup cgroup rw,pids\n"
        "32 25 0:29 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n",
        "4:memory:/jobs/7\n8:pids:/box/3\n9:cpu,cpuacct:/jobs/7\n0::/\n",
    )
    (tmp_path / "cg/cpu,cpuacct/jobs/7").mkdir(parents=True)
    homes = cgroups.homes(tmp_path)
    assert homes == {
        "memory": (1, [tmp_path / "cg/memory/jobs/7"]),
        "pids": (1, [tmp_path / "cg/pids/3"]),
        "cpu": (1, [tmp_path / "cg/cpu,cpuacct/jobs/7"]),
    }
    group = cgroups.create("1-a-1", Limits(), homes)
    assert (group.folders["cpu"] / "cpu.shares").read_text() == "1024", "what one process has"


def test_control_groups_of_version_2_lie_beside_our_own(tmp_path):
    user = "user.slice/app.slice"
    _fake_machine(
        tmp_path,
        "30 25 0:27 / /cg rw - cgroup2 cgroup2 rw\n",
        f"0::/{user}/grader.scope\n",
        **{
            f"cg/{user}/cgroup.subtree_control": "cpu memory pids\n",
            f"cg/{user}/grader.scope/cgroup.subtree_control": "\n",
        },
    )
    homes = cgroups.homes(tmp_path)
    assert homes == {name: (2, [tmp_path / "cg" / user]) for name in ("memory", "pids", "cpu")}
    group = cgroups.create("1-a-1", Limits(memory_bytes=1000, processes=10), homes)
    folder = tmp_path / "cg" / user / "tf-first-principles-1-a-1"
    assert (folder / "memory.max").read_text() == "1000" and (folder / "pids.max").read_text() == "10"
    assert (folder / "cpu.weight").read_text() == "100", "what one process has"
    group.join("cpu")
    assert (folder / "cgroup.procs").read_text() == "0"
    (folder / "memory.events").write_text("oom 1\noom_kill 2\n")
    assert group.ran_out_of_memory()


def test_without_control_groups_the_reason_is_told(tmp_path):
    assert cgroups.homes(tmp_path) == {}
    group = cgroups.create("1-a-1", Limits(), {})
    for controller in cgroups.CONTROLLERS:
        with pytest.raises(OSError, match=f"no {controller} control group"):
            group.join(controller)
    assert not group.ran_out_of_memory() and group.remove()
