"""Attacks on the sandbox. Each runs under every layer that this machine offers, and under those that need no privilege."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from cells import text
from common import ROOT, run

from autograder.doctor import attempts
from autograder.doctor.attempts import probe_layers
from autograder.execution import Policy, SandboxReport, Zygote
from autograder.execution.sandbox.mounts import FILES
from autograder.execution.sandbox.policy import LAYERS, PACKAGE, SIGNALS_PASS, hidden_packages, visible

LINUX = sys.platform == "linux"
SEEN = ("/tmp", "/dev/shm", "/proc")
EVERY = tuple(LAYERS)
UNPRIVILEGED = ("landlock", "seccomp", "privileges", "rlimits")
NONE = ()


@pytest.fixture(params=[EVERY, UNPRIVILEGED], ids=["every layer", "without privilege"])
def confined(request, make_child):
    """A child that is isolated; skips where the machine does not offer it."""

    def make(limits=None, **policy):
        child = make_child(limits, {"layers": request.param, **policy})
        if not child.report.isolated:
            pytest.skip(f"no isolation here: {child.report}")
        return child

    return make


def needs(child, *layers):
    for layer in layers:
        if not child.report.has(layer):
            pytest.skip(f"layer {layer!r} is not in force: {child.report}")


def refused(child, source):
    """A cell that raises OSError, not one that fails for another reason."""
    result = child.run(source)
    assert result.status == "error", result
    return result.ename in ("PermissionError", "FileNotFoundError", "OSError", "NotADirectoryError")


# -- files


@pytest.fixture
def course(tmp_path_factory):
    """A course folder beside the work folder, with things that graded code must not see."""
    root = Path(tempfile.mkdtemp(dir=attempts._beside_tmp()))
    for name in (
        "gradebook.db",
        "source/01/01.ipynb",
        "submitted/other/01/01.ipynb",
        "lib/probes.py",
        "lib/chapters/a.py",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("SECRET = 1")
        (root / name).chmod(0o644)
    for folder in (root, *root.rglob("*/")):
        folder.chmod(0o755)
    yield root
    shutil.rmtree(root)


def test_nothing_that_is_not_listed_can_be_read(confined, course, tmp_path):
    child = confined()
    for path in (
        course / "gradebook.db",
        course / "source/01/01.ipynb",
        course / "submitted/other/01/01.ipynb",
        "/etc/shadow",
    ):
        assert refused(child, f"open({str(path)!r}).read()")
    for path in (course, Path.home(), Path("/home"), Path("/var"), Path("/")):
        shown = child.run(f"import os\ntry:\n    print(*os.listdir({str(path)!r}), sep='\\n')\nexcept OSError: pass")
        on_the_way = {
            Path(p).relative_to(path).parts[0]
            for p in (*SEEN, tmp_path, *Policy().marks())
            if Path(p).is_relative_to(path) and Path(p) != path
        }
        assert set(text(shown).split()) <= on_the_way, "nothing but folders on the way to what it may see"


def test_a_folder_is_readable_but_for_what_is_hidden_in_it(confined, course):
    lib = course / "lib"
    child = confined(readable=str(lib), hidden=(str(lib / "chapters"), str(course)))
    assert child.run(f"import sys; sys.path.append({str(lib)!r}); import probes; probes.SECRET").status == "ok"
    assert refused(child, f"open({str(lib / 'chapters/a.py')!r}).read()")
    assert refused(child, f"open({str(course / 'gradebook.db')!r}).read()")
    result = child.run("import chapters.a")
    assert result.ename in ("ModuleNotFoundError", "PermissionError")


def test_the_chapters_are_hidden_and_the_probes_are_not(confined):
    child = confined()
    here = PACKAGE / "judging" / "probes.py"
    assert child.run(f"len(open({str(here)!r}).read())").status == "ok"
    for chapter in list((PACKAGE / "chapters").glob("*.py"))[:2]:
        assert refused(child, f"open({str(chapter)!r}).read()")
    assert child.run("import autograder.chapters.any_of_them").status == "error"


def test_tricks_with_links_do_not_help(confined, course):
    child = confined()
    assert refused(child, f"import os; os.symlink({str(course / 'gradebook.db')!r}, 'l'); open('l').read()")
    assert refused(child, f"os.link({str(course / 'gradebook.db')!r}, 'h'); open('h').read()")
    assert refused(child, "open('/proc/1/root/etc/shadow').read()")
    assert refused(child, "open('/proc/self/root/etc/shadow').read()")


@pytest.mark.parametrize("where", ["/", "/usr", "/etc", "/var/tmp", "/dev", str(PACKAGE), sys.prefix, "~"])
def test_nothing_is_written_outside_the_work_folder(confined, where):
    where = os.path.expanduser(where)
    child = confined()
    assert refused(child, f"open({os.path.join(where, 'planted')!r}, 'w')")
    assert not os.path.exists(os.path.join(where, "planted"))
    assert child.run("open('mine', 'w').write('x'); open('mine').read()").status == "ok"


def test_the_interpreter_and_its_libraries_are_read_only(confined):
    child = confined()
    assert refused(child, "import numpy; open(numpy.__file__, 'a')")
    assert refused(child, "import os; os.rename(numpy.__file__, 'numpy.py')")
    assert refused(child, "os.unlink(numpy.__file__)")


def test_modes_and_times_of_other_files_stay(confined, course):
    child = confined(readable=str(course))
    path = course / "gradebook.db"
    before = path.stat()
    for change in (
        "os.chmod(p, 0o777)",
        "os.utime(p, (1, 1))",
        "os.fchmod(os.open(p, os.O_RDONLY), 0o777)",
        "os.setxattr(p, 'user.a', b'1')",
    ):
        child.run(f"import os; p = {str(path)!r}; {change}")
    after = path.stat()
    assert (before.st_mode, before.st_mtime) == (after.st_mode, after.st_mtime)
    assert (
        child.run("import shutil; open('f', 'w').close(); shutil.copy('f', 'g'); shutil.copy2('f', 'h')").status == "ok"
    )


def test_lazy_imports_still_work(confined):
    child = confined()
    for module in ("secrets", "sqlite3", "xml.dom.minidom", "PIL.Image", "tensorboard.compat"):
        assert child.run(f"import {module}").status == "ok", module
    assert "hello" in text(child.run("!echo hello; cat /proc/self/status > /dev/null"))


def test_two_children_do_not_see_each_other(make_child, tmp_path):
    one, other = make_child(), make_child()
    if not one.report.isolated:
        pytest.skip(f"no isolation here: {one.report}")
    one.run("open('answer', 'w').write('42')")
    assert refused(other, f"open({str(tmp_path / 'work0' / 'answer')!r}).read()")
    assert refused(other, f"import os; os.kill({one.pid}, 9)") or one.run("1").status == "ok"
    assert one.run("1").status == "ok"


def test_it_works_on_a_copy_of_what_was_handed_in(confined, tmp_path):
    work = tmp_path / "work0"
    (work / "data").mkdir(parents=True)
    (work / "data/table.csv").write_text("1,2")
    (work / "link").symlink_to("/etc/passwd")
    child = confined()
    assert text(child.run("print(open('data/table.csv').read())")) == "1,2\n"
    own = child.report.has("mounts")
    child.run("open('data/table.csv', 'w').write('3'); open('more', 'w').write('x')")
    assert (work / "data/table.csv").read_text() == ("1,2" if own else "3")
    assert (work / "more").exists() != own
    if own:
        assert child.run("import os; os.path.lexists('link')").outputs[0]["data"]["text/plain"] == "False"
        for own_again in ("os.chmod('data/table.csv', 0o600)", "os.rename('data', 'renamed')"):
            assert child.run(own_again).status == "ok", "the copies belong to it"


def test_more_files_than_fit_cost_no_layer(make_child, tmp_path):
    work = tmp_path / "many"
    work.mkdir()
    for number in range(FILES + 500):
        os.link(work / "0", work / f"{number}") if number else (work / "0").touch()
    child = make_child(workdir=work)
    needs(child, "mounts")
    (note,) = (layer.note for layer in child.report.layers if layer.name == "mounts")
    assert "do not fit" in note
    shown = child.run("import os, tempfile; tempfile.TemporaryFile().close(); len(os.listdir())")
    assert FILES - 10 < int(shown.outputs[-1]["data"]["text/plain"]) <= FILES


def test_folders_deep_in_each_other_are_copied_as_far_as_paths_go(make_child, tmp_path):
    work = tmp_path / "deep"
    work.mkdir()
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(work)
        for _ in range(3000):
            os.mkdir("d")
            os.chdir("d")
        os.fchdir(here)
        child = make_child(workdir=work)
        assert child.run("import os; os.listdir()").status == "ok"
        assert child.report.isolated or not child.report.has("mounts")
    finally:
        os.fchdir(here)
        os.close(here)
        subprocess.run(["rm", "-rf", str(work)], check=False)


@pytest.mark.parametrize("folder", [".", "/tmp", "/dev/shm"])
def test_the_number_of_files_is_bounded(make_child, folder):
    child = make_child()
    needs(child, "mounts")
    shown = child.run(
        f"import os\ntry:\n    for i in range(60_000): os.close(os.open(f'{folder}/{{i}}', os.O_CREAT | os.O_WRONLY))\n"
        "except OSError as e: print(e.strerror)\nprint(i)"
    )
    why, count = text(shown).splitlines()
    assert "space" in why and int(count) <= FILES


def test_files_in_memory_count_as_memory(make_child):
    child = make_child({"memory_bytes": 200 << 20})
    needs(child, "mounts", "cgroup memory")
    fill = "for i in range(6):\n    with open(f'{i}', 'wb', buffering=0) as f:\n        for _ in range(60): f.write(bytes(1 << 20))"
    assert child.run(fill, timeout=20).status == "memory"


# -- network and other processes


def test_no_network(confined):
    child = confined()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert refused(child, f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)")
    assert refused(child, "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 53))")
    assert refused(child, "socket.socket(socket.AF_INET6)")
    assert refused(child, "import urllib.request; urllib.request.urlopen('http://example.org', timeout=2)") or True
    assert child.run("a, b = socket.socketpair(); a.send(b'x'); b.recv(1)").status == "ok", (
        "asyncio and TensorFlow need pairs"
    )


def test_a_refused_socket_says_so_in_the_way_libraries_understand(confined):
    child = confined()
    needs(child, "seccomp")
    child.run(
        "import socket, errno\ntry:\n    socket.socket(socket.AF_INET)\nexcept OSError as e:\n    print(errno.errorcode[e.errno])"
    )
    result = child.run(
        "try:\n    socket.socket(socket.AF_INET)\nexcept OSError as e:\n    print(errno.errorcode[e.errno])"
    )
    assert text(result) in ("EOPNOTSUPP\n", "ENOTSUP\n")


def test_no_way_to_sockets_of_the_host(confined, tmp_path):
    path = str(Path(attempts._beside_tmp() or tmp_path) / f"socket-{os.getpid()}")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        os.chmod(path, 0o777)
        server.listen()
        try:
            child = confined()
            assert refused(child, f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})")
            dgram = "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)"
            assert refused(child, f"{dgram}\na.sendto(b'x', {path!r})")
        finally:
            os.unlink(path)


def test_no_way_to_the_grader(confined):
    child = confined()
    for pid in (os.getpid(), os.getppid()):
        assert refused(child, f"open('/proc/{pid}/environ').read()")
        assert refused(child, f"open('/proc/{pid}/mem', 'rb')")
    result = child.run(f"import os; os.kill({os.getpid()}, 0)")
    assert result.status == "error" or os.geteuid() != 0


def test_no_new_namespaces_devices_or_debuggers(confined):
    child = confined()
    child.run(
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\ndef call(r):\n    if r < 0: raise OSError(ctypes.get_errno(), 'x')\n    return r"
    )
    for call in (
        "libc.unshare(0x10000000)",
        "libc.ptrace(0, 0, 0, 0)",
        "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
        "libc.chroot(b'.')",
        "libc.prctl(1, 0, 0, 0, 0)",
        "libc.personality(0) and -1 or libc.setns(0, 0)",
    ):
        assert refused(child, f"call({call})"), call
    assert refused(child, "os.mknod('disk', 0o60666, os.makedev(8, 0)); open('disk')")


# -- resources


@pytest.mark.parametrize("layers", [UNPRIVILEGED, ("mounts", *UNPRIVILEGED)], ids=["no namespaces", "mounts alone"])
def test_other_processes_of_the_account_keep_what_they_have(make_child, layers):
    """Priorities: not of one process, nor of all of the user's."""
    child = make_child(policy={"layers": layers})
    needs(child, "seccomp")
    if os.geteuid() != 0 and child.report.has("mounts"):
        pytest.skip("the zygote has a process table of its own")
    for which, who in ((os.PRIO_PROCESS, os.getpid()), (os.PRIO_USER, 0), (os.PRIO_PGRP, 0)):
        assert refused(child, f"import os; os.setpriority({which}, {who}, os.getpriority(0, 0))")
    assert refused(child, f"import resource; resource.prlimit({os.getpid()}, resource.RLIMIT_CORE)")
    assert refused(child, f"os.sched_setaffinity({os.getpid()}, os.sched_getaffinity(0))")
    assert child.run("resource.getrlimit(resource.RLIMIT_CORE); os.sched_setaffinity(0, {0})").status == "ok"


def test_no_queue_or_segment_of_the_account_is_within_reach(make_child):
    child = make_child(policy={"layers": UNPRIVILEGED})
    needs(child, "seccomp")
    shown = child.run(
        "import ctypes, errno\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "for call in (libc.shmat, libc.shmctl, libc.semctl, libc.msgctl, libc.msgsnd, libc.semop):\n"
        "    call(0, 0, 0, 0); print(errno.errorcode[ctypes.get_errno()])"
    )
    assert set(text(shown).split()) == {"ENOSYS"}


def test_memory_that_no_limit_counts_is_refused(make_child):
    child = make_child(policy={"layers": UNPRIVILEGED})
    needs(child, "seccomp")
    assert refused(child, "import os; os.memfd_create('x')")


def test_busy_processes_leave_others_their_share(make_child):
    def got_through(layers):
        child = make_child(policy={"layers": layers})
        if "cgroup cpu" in layers:
            needs(child, "cgroup cpu")
        got = attempts._group_cpu(child, None, None)
        child.close()
        return got

    tries = [got_through(EVERY) for _ in range(3)]  # other tests may run beside this one, and want a share too
    assert None in tries, tries
    if os.cpu_count() <= 4:
        without = got_through([layer for layer in EVERY if layer != "cgroup cpu"])
        assert without, "an attempt that never gets through shows nothing"


def test_a_memory_hog_is_told_so(confined):
    child = confined({"memory_bytes": 600 << 20})
    result = child.run("hog = []\nwhile True: hog.append(bytearray(10 << 20))", timeout=20)
    assert result.status == "memory", result


def test_many_processes_share_one_bound_on_memory(make_child):
    child = make_child({"memory_bytes": 400 << 20})
    needs(child, "cgroup memory")
    source = (
        "import os, time\nfor _ in range(6):\n    if os.fork() == 0:\n        b = bytearray(100 << 20); b[::4096] = bytes(len(b[::4096]))\n"
        "        time.sleep(1); os._exit(0)\nb = bytearray(100 << 20); b[::4096] = bytes(len(b[::4096]))\n[os.wait()[1] for _ in range(6)]"
    )
    result = child.run(source, timeout=20)
    assert result.status == "memory" or "9" in result.outputs[-1]["data"]["text/plain"]


def test_a_fork_bomb_is_bounded(make_child):
    child = make_child({"processes": 50, "grace_seconds": 0.5})
    if not (child.report.has("own user") or child.report.has("cgroup pids")):
        pytest.skip(f"nothing bounds processes here: {child.report}")
    started = time.monotonic()
    result = child.run("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", timeout=1)
    assert result.status in ("timeout", "died") and time.monotonic() - started < 10
    child.close()
    assert not os.path.exists(f"/proc/{child.pid}")


def test_cpu_time_is_bounded(confined):
    child = confined({"cpu_seconds": 1})
    started = time.monotonic()
    result = child.run("while True: pass", timeout=20)
    assert result.status == "timeout" and "CPU" in result.evalue and time.monotonic() - started < 10


def test_a_file_is_bounded(confined):
    child = confined({"file_bytes": 5 << 20})
    result = child.run("with open('f', 'wb', buffering=0) as f:\n    while True: f.write(bytes(1 << 20))")
    assert (
        result.ename == "OSError"
        and child.run("import os; os.path.getsize('f') <= 5 << 20").outputs[0]["data"]["text/plain"] == "True"
    )


# -- what is left behind


@pytest.mark.parametrize("layers", [EVERY, UNPRIVILEGED, NONE], ids=["every layer", "without privilege", "no layer"])
def test_a_detached_process_ends_with_the_child(make_child, layers):
    child = make_child(policy={"layers": layers})
    mark = secrets.token_hex(8)
    code = (
        f"import os, time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\ntime.sleep(60)  # {mark}"
    )
    child.run(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {code!r}], start_new_session=True)")

    def alive():
        return [p for p in Path("/proc").glob("[0-9]*/cmdline") if mark.encode() in p.read_bytes()]

    deadline, found = time.monotonic() + 5, alive()
    while not found and time.monotonic() < deadline:  # it may be between two of its forks
        time.sleep(0.02)
        found = alive()
    assert found
    child.close()
    deadline = time.monotonic() + 5
    while alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive()


def test_no_control_group_is_left(make_child):
    from autograder.execution.sandbox import cgroups

    child = make_child()
    if not (child.report.has("cgroup memory") or child.report.has("cgroup pids")):
        pytest.skip(f"no control groups here: {child.report}")

    groups = [f for _, parents in cgroups.homes().values() for p in parents for f in p.glob(f"{cgroups.NAME}-*")]
    folders = [f for f in groups if str(child.pid) in (f / "cgroup.procs").read_text().split()]
    assert folders
    child.close()
    deadline = time.monotonic() + 3
    while any(f.exists() for f in folders) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(f.exists() for f in folders)


# -- reports


def test_a_machine_without_any_layer_still_runs_cells(make_child):
    child = make_child(policy={"layers": NONE})
    assert child.run("1 + 1").status == "ok"
    assert not child.report.isolated and "not isolated" in str(child.report)
    assert {layer.name for layer in child.report.layers} == set(LAYERS)


@pytest.mark.parametrize(
    ("layers", "isolated"),
    [
        (("landlock", "seccomp"), True),
        (("landlock",), False),
        (("seccomp",), False),
        (("landlock", "network"), False),
        (("landlock", "network", "own user"), True),
        (("mounts", "network"), False),
        (("mounts", "processes", "network"), True),
    ],
)
def test_isolated_means_files_network_and_other_processes(layers, isolated):
    report = SandboxReport.from_json([[name, name in layers, ""] for name in LAYERS])
    assert report.isolated is isolated
    assert SandboxReport.from_json(report.to_json()) == report


@pytest.mark.parametrize(("also", "isolated"), [((), False), (("processes",), True), (("own user",), True)])
def test_where_signals_pass_nothing_is_isolated_by_landlock_alone(also, isolated):
    layers = ("landlock", "seccomp", *also)
    notes = {"landlock": f"ABI 5; {SIGNALS_PASS}"}
    assert SandboxReport.from_json([[n, n in layers, notes.get(n, "")] for n in LAYERS]).isolated is isolated


def test_a_refused_layer_is_reported_and_the_rest_applied(make_child, monkeypatch):
    child = make_child(policy={"layers": [name for name in LAYERS if name != "mounts"]})
    report = {layer.name: layer for layer in child.report.layers}
    assert not report["mounts"].in_force and report["mounts"].note == "turned off"
    if report["landlock"].in_force:
        assert child.report.has("rlimits") and child.run("import secrets").status == "ok"


def test_the_longest_listed_path_decides():
    marks = {"/usr": True, "/home/a": False, "/home/a/venv": True, "/home/a/venv/secret": False}
    for path, expected in {
        "/usr/lib/x": True,
        "/etc": False,
        "/home/a/b": False,
        "/home/a/venv/lib": True,
        "/home/a/venv/secret/x": False,
        "/home/a/venvs": False,
    }.items():
        assert visible(path, marks) is expected, path


def test_an_unknown_layer_is_refused():
    with pytest.raises(ValueError, match="no sandbox layer"):
        Policy(layers=("firewall",))


def test_every_layer_is_tried_for_real():
    rows, report = probe_layers()
    assert [row.layer for row in rows] == list(LAYERS)
    for row in rows:
        assert row.tried and row.outcome
        assert not row.outcome.startswith("not refused"), row
        if not row.in_force:
            print(f"not offered here: {row.layer}: {row.outcome}")
    for row in rows:  # what the doctor tells of a layer is what a stamp tells
        if row.layer in ("landlock", "seccomp", "network", "mounts", "processes"):
            assert row.in_force == report.has(row.layer), row


@pytest.mark.skipif(not LINUX, reason="elsewhere nothing is hidden")
def test_packages_from_elsewhere_are_seen_but_no_course(tmp_path, monkeypatch):
    for folder in ("lib", "course", "work"):
        (tmp_path / folder).mkdir()
    (tmp_path / "lib" / "far_away.py").write_text("X = 7\n")
    (tmp_path / "course" / "answers.py").write_text("X = 8\n")
    (tmp_path / "course" / "nbgrader_config.py").write_text("")
    path = os.pathsep.join(str(tmp_path / name) for name in ("lib", "course"))
    with Zygote((), {**os.environ, "PYTHONPATH": path}) as zygote, zygote.fork(tmp_path / "work") as child:
        if not child.report.isolated:
            pytest.skip("this machine has no sandbox")
        assert text(child.run("import far_away\nprint(far_away.X)")) == "7\n"
        assert child.run("import answers").status == "error"
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "lib"), str(tmp_path / "course")])
    assert hidden_packages() == [str(tmp_path / "course")]


MACHINES = {
    "root without capabilities": ["setpriv", "--no-new-privs", "--bounding-set", "-all"],
    "root of a user namespace": ["unshare", "--user", "--map-root-user"],
    "the first process of a container": ["unshare", "--pid", "--fork", "--mount-proc"],
}
TOLD = """
import os, sys, tempfile, nbformat
from autograder.doctor.attempts import probe_layers
from autograder.execution import Limits, Policy
from autograder.grading.judges import Job, Judges
from autograder.grading.stamp import stamp
sys.path.insert(0, "tests/grading")
from school import answer, notebook
rows, report = probe_layers()
print("doctor:", report)
cells = notebook(answer("f", "open('x', 'w').write('written')"))
with Judges(preload=("autograder.grading.judges",)) as judges, judges.lend() as judge:
    for _ in range(2):
        work = tempfile.mkdtemp(dir=judge.scratch)
        done = judge.grade(Job(nbformat.reads(cells, 4), work, "secret", "ada", os.getcwd(), Limits(), Policy()))
        assert done.notebook.cells[0].outputs[0].data["text/plain"] == "7", done.notebook.cells[0].outputs
stamp(done)
told = done.notebook.metadata["graded"]["sandbox"]
print("stamp:", told)
missing = told.partition("; not in force: ")[2]
for row in rows:
    if row.in_force == any(part.startswith((f"{row.layer} (", f"{row.layer},")) for part in missing.split(", ")):
        print("not as in the stamp:", row)
"""


@pytest.mark.skipif(not LINUX or os.geteuid() != 0, reason="takes away what only root has")
@pytest.mark.parametrize("machine", MACHINES)
def test_the_doctor_and_the_stamp_of_a_graded_notebook_say_the_same(machine):
    done = run(*MACHINES[machine], sys.executable, "-c", TOLD, cwd=ROOT)
    if "unshare failed" in done.stderr:
        pytest.skip(f"{machine} is not to be had here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    doctor, stamp, *others = done.stdout.splitlines()
    assert doctor.removeprefix("doctor: ") == stamp.removeprefix("stamp: ")
    assert not others, others
    if "capabilities" in machine:
        assert "own user (root without CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_SETGID, CAP_SETUID)" in stamp


def test_a_child_holds_no_descriptor_but_its_own(make_child):
    """Neither a neighbour's connection, nor anything that the zygote listens to."""
    make_child()
    child = make_child()
    shown = child.run(
        "import os\nfor fd in os.listdir('/proc/self/fd'):\n    try: print(fd, os.readlink(f'/proc/self/fd/{fd}'))\n    except OSError: pass"
    )
    links = [line.split()[1] for line in text(shown).splitlines()]
    assert sum(link.startswith("socket:") for link in links) == 3, (
        "the connection to the owner; the event loop's own pair"
    )
    assert [link for link in links if link.startswith(("pid:", "anon_inode", "mnt:"))] == ["anon_inode:[eventpoll]"]
