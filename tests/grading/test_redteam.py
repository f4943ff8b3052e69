"""Attacks by a submission on the grading of others, on the grader's machine, and on its own points.

Each got through once, or was thought of as one that might.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from common import CHAPTERS, COURSE, ROOT, class_of, run
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course.cells import graded
from autograder.course.files import remove_tree
from autograder.course.folder import CourseError
from autograder.course.notebooks import notebook_text, read_notebook, write_text
from autograder.execution import Limits, Policy, wire
from autograder.execution.collector import Collector
from autograder.execution.sandbox.mounts import FILES, WORK_BYTES
from autograder.execution.zygote import clean_environment
from autograder.grading.executor import Shares
from autograder.grading.judges import Job, JudgeError, Judges
from autograder.grading.scratch import Scratch
from autograder.judging.verdict import MIME

CHAPTER = CHAPTERS[0]
SETUP = "import numpy as np\nimport tensorflow as tf\nfrom autograder import check"
RIGHT = "def accuracy(out, y):\n    return float(np.mean(np.argmax(out, axis=1) == np.asarray(y)))"
CHANNEL = "from autograder.execution.frames import HEADER, Kind\nch = get_ipython().channel\nch.flush()\n"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="attacks on the Linux sandbox")


@pytest.fixture(scope="module")
def judges():
    with Judges() as judges:
        yield judges


@pytest.fixture
def judge(judges):
    with judges.lend() as lent:
        yield lent


def grade(judge, folder, *cells, name="accuracy", policy=None, seconds=900.0, **limits):
    """Grade a notebook of these cells and one check → (its verdict or None, the graded notebook and how)."""
    check = new_code_cell(f"check({name})")
    check.metadata["nbgrader"] = {"grade": True, "solution": False, "locked": True, "grade_id": name, "points": 3}
    (folder / "work").mkdir(exist_ok=True)
    notebook = new_notebook(cells=[*(new_code_cell(c) for c in (SETUP, *cells)), check])
    job = Job(notebook, str(folder / "work"), "secret", "mallory", str(ROOT), Limits(**limits))
    done = judge.grade(Job(**vars(job) | {"policy": policy or job.policy, "seconds": seconds}))
    found = [o.data[MIME] for o in done.notebook.cells[-1].outputs if MIME in o.get("data", {})]
    return found[0] if found else None, done


def shown(done, number=1):
    """What a cell printed."""
    return "".join(o.get("text", "") for o in done.notebook.cells[number].outputs)


# -- one submission and the run


def damaged(change):
    """A released notebook, changed, as text."""
    notebook = json.loads(COURSE.release(CHAPTER).read_text())
    notebook["cells"].append(
        {"cell_type": "code", "id": "z", "metadata": {}, "source": "", "outputs": [], "execution_count": None}
    )
    change(notebook)
    return json.dumps(notebook)


def nest(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


DAMAGE = {
    "nbgrader's metadata is a text": lambda nb: nb["cells"][-1]["metadata"].update(nbgrader="x"),
    "nbgrader's metadata is null": lambda nb: nb["cells"][-1]["metadata"].update(nbgrader=None),
    "metadata nested 500 deep": lambda nb: nb["cells"][-1]["metadata"].update(x=nest(500)),
    "a minor version in letters": lambda nb: nb.update(nbformat_minor="5"),
}


def test_damaged_notebooks_cost_nobody_else(school):
    for number, how in enumerate(DAMAGE):
        path = school.submission(f"damaged-{number}", CHAPTER)
        path.parent.mkdir(parents=True)
        path.write_text(damaged(DAMAGE[how]))
    shutil.rmtree(school.submission("*", CHAPTER).parent.parent)
    done = run("course", "grade", CHAPTER, cwd=school.root)
    assert "Traceback" not in done.stderr
    assert school.autograded("ada", CHAPTER).is_file()


def test_half_a_surrogate_pair_in_a_source_can_be_written(tmp_path):
    path = tmp_path / "damaged.ipynb"
    path.write_text(damaged(lambda nb: nb["cells"][-1].update(source="x = '\ud800'")))
    try:
        notebook = read_notebook(path)
    except CourseError:
        return
    notebook_text(notebook).encode()


def test_half_a_surrogate_pair_that_is_printed_can_be_written(judge, tmp_path):
    verdict, done = grade(judge, tmp_path, r"print('\ud800')", RIGHT)
    assert verdict["outcome"] == "correct"
    notebook_text(done.notebook).encode()


def test_a_folder_name_that_is_no_utf8_stops_nobody():
    assert Shares(b"secret", ["ada", os.fsdecode(b"\xff")], 1).take(0)


@pytest.fixture
def school(tmp_path):
    """With one who hands in nothing of worth, under a name that is a pattern to nbgrader."""
    return class_of(tmp_path, CHAPTER, {"ada": True, "*": False})


def test_a_folder_name_with_a_wildcard_changes_nobodys_grade(school):
    done = run("course", "grade", CHAPTER, "--student", "*", cwd=school.root)
    assert done.returncode != 0 and "rename" in done.stderr and not school.gradebook.exists()
    done = run("course", "grade", CHAPTER, cwd=school.root)
    assert done.returncode != 0 and "'*'" in done.stderr and "Traceback" not in done.stderr
    with sqlite3.connect(school.gradebook) as db:
        assert db.execute("select student_id from submitted_assignment").fetchall() == [("ada",)]
        assert db.execute("select sum(auto_score) from grade").fetchone()[0] == 20


@pytest.mark.parametrize("command", [("course", "grade"), ("nbgrader", "autograde")], ids=" ".join)
def test_what_a_link_points_to_is_not_copied(school, command):
    secret = school.root / "kept-private.txt"
    secret.write_text("secret")
    os.symlink(secret, school.submission("ada", CHAPTER).parent / "mine.txt")
    shutil.rmtree(school.submission("*", CHAPTER).parent.parent)
    assert run("nbgrader", "generate_assignment", CHAPTER, "--force", cwd=school.root).returncode == 0
    done = run(*command, CHAPTER, cwd=school.root)
    assert done.returncode == 0, done.stderr
    copied = school.autograded("ada", CHAPTER).parent / "mine.txt"
    assert school.autograded("ada", CHAPTER).is_file() and not copied.exists()


def test_a_pipe_in_the_place_of_a_notebook_stops_nobody(school):
    os.rename(school.submission("*", CHAPTER).parent.parent, school.root / "submitted" / "mallory")
    school.submission("mallory", CHAPTER).unlink()
    os.mkfifo(school.submission("mallory", CHAPTER))
    done = run("course", "grade", CHAPTER, cwd=school.root)
    assert done.returncode != 0 and "mallory: the submission is no file" in done.stderr
    assert school.autograded("ada", CHAPTER).is_file()


def test_a_students_markdown_does_nothing_in_a_browser(school):
    path = school.submission("ada", CHAPTER)
    notebook = read_notebook(path)
    live = "<script>document.title = 'mine'</script>\n```\n"
    notebook.cells.append(new_markdown_cell(live))
    next(c for c in notebook.cells if graded(c).get("grade_id") == "written-answer").source = live
    write_text(path, notebook_text(notebook))
    assert run("course", "grade", CHAPTER, "--student", "ada", cwd=school.root).returncode == 0
    assert run("nbgrader", "generate_feedback", CHAPTER, cwd=school.root).returncode == 0
    page = school.feedback("ada", CHAPTER).read_text()
    assert "<script>document.title" not in page


# -- the work folder


def test_folders_deep_in_each_other_are_cleaned_up(judge, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dig = "import os\nfor _ in range(2000):\n    os.mkdir('d')\n    os.chdir('d')"
    scratch = Scratch()
    try:
        verdict, _ = grade(judge, scratch.path, dig, RIGHT)
        assert verdict["outcome"] == "correct"
        scratch.close()
        assert not scratch.path.exists()
    finally:
        subprocess.run(["rm", "-rf", str(scratch.path)], check=False)


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.makedirs('a/b'); open('a/b/f', 'w').close(); os.chmod('a/b', 0); os.chmod('a', 0)",
        "import os\nos.chmod('.', 0)",
        "import os\nos.mkfifo('p'); open('sparse', 'w').close(); os.truncate('sparse', 60 << 20)",
        "import os, shutil\nshutil.copy('/bin/sh', 'sh'); os.chmod('sh', 0o6777)",
        "import os\nfor _ in range(20):\n    os.mkdir('d' * 250); os.chdir('d' * 250)",
    ],
    ids=["closed folders", "itself closed", "a pipe, a hole", "set-user-id", "long names"],
)
def test_whatever_else_lies_in_the_work_folder_is_cleaned_up(judge, tmp_path, source):
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        verdict, _ = grade(judge, Path(folder), source, RIGHT)
        assert verdict["outcome"] == "correct"
    assert not os.path.exists(folder)


def test_a_link_in_a_closed_folder_changes_no_other_file(judge, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("x")
    victim.chmod(0o644)
    source = f"import os\nos.mkdir('ro'); os.symlink({str(victim)!r}, 'ro/link'); os.chmod('ro', 0o500)"
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    grade(judge, folder, source, RIGHT)
    remove_tree(folder)
    assert not folder.exists()
    assert victim.stat().st_mode & 0o777 == 0o644


def test_all_files_together_are_bounded(judge, tmp_path):
    fill = (
        "written = 0\ntry:\n    for i in range(20):\n        with open(f'{i}', 'wb', buffering=0) as f:\n"
        "            written += f.write(bytes(60 << 20))\nexcept OSError: pass\nprint(written)"
    )
    _, done = grade(judge, tmp_path, fill, RIGHT)
    if "mounts" in done.sandbox:
        pytest.skip(f"no file system of its own here: {done.sandbox}")
    assert int(shown(done)) <= WORK_BYTES and not list((tmp_path / "work").iterdir())


@pytest.mark.parametrize("what", ["many files", "deep folders"])
def test_whatever_is_handed_in_is_nobody_elses_fault(judge, tmp_path, what):
    (tmp_path / "work").mkdir()
    if what == "many files":
        for number in range(FILES + 1000):
            (tmp_path / "work" / str(number)).touch()
    else:
        for depth in range(1500):
            os.mkdir(tmp_path / "work" / ("d/" * (depth + 1)))
    try:
        verdict, done = grade(judge, tmp_path, RIGHT)
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "work")], check=False)
    assert verdict["outcome"] == "correct" and not done.faults


# -- the grader's fault, and the time of others


STARVE = """
import os, signal, time
start, n = time.time() + 5, 0
while n < 250:
    try: pid = os.fork()
    except OSError: break
    if pid == 0:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        time.sleep(max(0, start - time.time()))
        while time.time() < start + 50:
            for _ in range(100000): pass
        os._exit(0)
    n += 1
time.sleep(max(0.1, start + 1 - time.time()))
print(n)
"""


@pytest.mark.skipif("REDTEAM_HEAVY" not in os.environ, reason="takes the whole machine for a minute")
def test_starving_the_reference_gives_no_points(judges, tmp_path):
    with judges.lend() as judge:
        judge._end()  # a fresh one, which has worked nothing out yet
        verdict, _ = grade(
            judge, tmp_path, STARVE, "def grad_and_second(f, x):\n    return None", name="grad_and_second"
        )
    assert verdict["points"] == 0, verdict


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_filling_the_disk_gives_no_points(tmp_path, monkeypatch):
    """The disk here is of 100 MB; the reference of this exercise writes files where the work folder lies."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        fill = (
            "try:\n    for i in range(9):\n        with open(f'{i}', 'wb', buffering=0) as f:\n"
            "            for _ in range(60): f.write(bytes(1 << 20))\nexcept OSError: pass\n"
            "for i in range(2000):\n    try:\n        with open(f's{i}', 'wb') as f: f.write(bytes(4096))\n    except OSError: pass"
        )
        with Judges() as judges, judges.lend() as judge:
            verdict, _ = grade(judge, tmp_path, fill, "def read_scalars(*a):\n    return None", name="read_scalars")
        assert verdict["points"] == 0, verdict
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=False)


RECORDS = {
    "a number of 18 million digits": "{'status': 'ok', 'result': 1 << 60000000, 'changed': {}, 'rebound': []}",
    "seconds that no float holds": "{'status': 'too slow', 'seconds': 10 ** 400}",
    "not a number of seconds": "{'status': 'too slow', 'seconds': float('nan')}",
    "thirty dimensions": "{'status': 'ok', 'result': np.zeros((2,) * 4 + (1,) * 26), 'changed': {}, 'rebound': []}",
    "an argument that there is not": "{'status': 'ok', 'result': 1.0, 'changed': {'9/x': 1}, 'rebound': ['9']}",
    "half a surrogate pair": r"{'status': 'ok', 'result': '\ud800', 'changed': {}, 'rebound': [], 'forbidden': ['\ud800']}",
    "the grader's own word": "{'status': \"grader's fault\"}",
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_no_record_is_the_graders_fault(judge, tmp_path, record):
    forge = f"from autograder.judging import probes\nprobes.run_named = lambda n, h, asked: [{record} for _ in asked]\n{RIGHT}"
    verdict, done = grade(judge, tmp_path, forge)
    assert verdict["outcome"] != "grader's fault" and verdict["points"] == 0 and not done.faults


# -- what a judge spends on what a child sends


def test_a_traceback_of_many_lines_is_cut_at_once():
    started = time.monotonic()
    Collector(1 << 20, 1).error("a", "b", ["xxxx"] * 56_000)
    assert time.monotonic() - started < 1


def test_keys_that_collide_are_decoded_fast():
    prime = 2**61 - 1
    keys = [{"t": "tuple", "v": [1.5] * 380 + [{"t": "int", "v": hex(i * prime)}]} for i in range(8, 1600)]
    header = json.dumps({"t": "dict", "v": [[key, 0] for key in keys]}, separators=(",", ":")).encode()
    started = time.monotonic()
    try:
        wire.decode(struct.pack("<I", len(header)) + header)
    except wire.WireError:
        pass
    assert time.monotonic() - started < 1


def test_updates_of_many_outputs_are_bounded(judge, tmp_path):
    flood = CHANNEL + (
        "said = {'data': {'text/plain': 'x'}, 'metadata': {}, 'id': 'a'}\n"
        "for _ in range(1999): ch.send(Kind.DISPLAY, said)\nfor _ in range(20000): ch.send(Kind.UPDATE, said)"
    )
    grade(judge, tmp_path, RIGHT)  # it is ready
    started = time.monotonic()
    verdict, _ = grade(judge, tmp_path, flood, RIGHT)
    assert verdict["outcome"] == "correct"
    assert time.monotonic() - started < 3


def test_text_in_many_pieces_is_put_together_fast(judge, tmp_path):
    flood = CHANNEL + (
        "from autograder.execution.frames import pack\nch.send(Kind.STREAM, {'name': 'stdout', 'text': 'x' * 1_900_000})\n"
        "piece = pack(Kind.STREAM, ch.nonce, {'name': 'stdout', 'text': 'y'})\nfor _ in range(95_000): ch.sock.sendall(piece)"
    )
    grade(judge, tmp_path, RIGHT)  # it is ready
    started = time.monotonic()
    verdict, _ = grade(judge, tmp_path, flood, RIGHT)
    assert verdict["outcome"] == "correct"
    assert time.monotonic() - started < 4


def test_the_size_of_an_image_ends_no_judge(judge, tmp_path):
    image = CHANNEL + (
        "ch.send(Kind.DISPLAY, {'data': {'image/png': 'iVBORw0KGgo='}, 'metadata': {'image/png': {'width': 10 ** 6000}}, 'id': ''})"
    )
    try:
        verdict, _ = grade(judge, tmp_path, image, RIGHT)
    except JudgeError as error:
        pytest.fail(str(error))
    assert verdict["outcome"] == "correct"


def test_what_may_be_printed_may_be_printed_in_any_script(judge, tmp_path):
    verdict, _ = grade(judge, tmp_path, r"print('\U0001f600' * 600_000)", RIGHT, output_bytes=1 << 20)
    assert verdict and verdict["outcome"] == "correct"


def test_a_notebook_of_many_talking_cells_stays_small(judge, tmp_path):
    _, done = grade(judge, tmp_path, *[r"print('\x01' * 1_000_000)"] * 12, RIGHT, output_bytes=1 << 20)
    assert len(json.dumps(done.notebook)) < 32 << 20


def test_a_verdict_stays_short(judge, tmp_path):
    record = "{'status': 'raised', 'type': 'E', 'message': 'x', 'lines': [['f', 1, \"'\" * 2_000_000]]}"
    forge = f"from autograder.judging import probes\nprobes.run_named = lambda n, h, asked: [{record} for _ in asked]\n{RIGHT}"
    verdict, done = grade(judge, tmp_path, forge)
    assert verdict["points"] == 0
    assert len(json.dumps(done.notebook)) < 1 << 20


ENDS = ("not attempted", "too slow", "killed")
SILENT = {
    "it stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "it does not read": "import autograder.execution.frames as f, time\nf.FrameReader.read = lambda *a: time.sleep(1000)",
    "it closes the connection": "import os\nos.close(get_ipython().channel.sock.fileno())",
    "half a frame": CHANNEL + "ch.sock.sendall(HEADER.pack(Kind.DONE, ch.nonce, 1000))\nimport time; time.sleep(1000)",
    "a frame byte by byte": CHANNEL
    + "import os, signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nch.sock.sendall(HEADER.pack(Kind.STREAM, ch.nonce, 60 << 20))\n"
    "while True: os.write(ch.sock.fileno(), b'x')",
    "it ignores every signal": "import signal, time\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass\nwhile True:\n    try: time.sleep(100)\n    except BaseException: pass",
    "what happens at the end": "import atexit, threading, time\natexit.register(time.sleep, 1000)\n"
    "class D:\n    def __del__(self): time.sleep(1000)\nd = D()\nthreading.Thread(target=time.sleep, args=(1000,)).start()",
}


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_a_child_that_does_not_answer_is_ended(judge, tmp_path, source):
    started = time.monotonic()
    verdict, done = grade(judge, tmp_path, source, RIGHT, wall_seconds=1, grace_seconds=0.5)
    assert time.monotonic() - started < 15
    assert not done.faults
    assert verdict["outcome"] == "correct" or (verdict["points"] == 0 and verdict["outcome"] in ENDS), verdict


def test_a_notebook_has_its_time_and_no_more(judge, tmp_path):
    started = time.monotonic()
    slow = ["import time; time.sleep(2)"] * 10
    verdict, done = grade(judge, tmp_path, RIGHT, *slow, seconds=5)
    assert time.monotonic() - started < 15
    assert verdict["outcome"] == "too slow" and verdict["points"] == 0
    assert "longer than 5 s" in json.dumps(done.notebook)


def test_a_forbidden_function_is_noticed_in_a_thread(judge, tmp_path):
    hidden = (
        "import threading\ndef stable_softmax(z):\n    out = []\n"
        "    t = threading.Thread(target=lambda: out.append(tf.nn.softmax(z)))\n    t.start(); t.join()\n    return out[0]"
    )
    verdict, _ = grade(judge, tmp_path, hidden, name="stable_softmax")
    assert verdict["points"] == 0, verdict


# -- where the machine gives little


def test_nothing_of_the_course_is_in_a_childs_memory(judge, tmp_path):
    look = (
        "import gc, sys\nprint([n for n in sys.modules if n.startswith('autograder.chapters')],\n"
        "      [type(o).__name__ for o in gc.get_objects() if type(o).__name__ in ('Exercise', 'Mistake', 'AnswerSheet', 'Job')])"
    )
    _, done = grade(judge, tmp_path, look, RIGHT)
    assert shown(done) == "[] []\n"


def test_no_credential_is_passed_on():
    assert not {"TF_TOKEN_app_terraform_io", "TF_VAR_password"} & set(
        clean_environment({"PATH": "/bin", "TF_TOKEN_app_terraform_io": "secret", "TF_VAR_password": "secret"})
    )


BARE = Policy(layers=("landlock", "seccomp", "privileges", "rlimits"))


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the number of a system call")
@pytest.mark.skipif(os.geteuid() != 0, reason="else the zygote has a process namespace, whatever the policy says")
def test_another_process_is_left_alone(judge, tmp_path):
    """As on a machine that lets nobody have namespaces. The other process is one of ours that waits."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        try:
            attack = (
                "import ctypes\nprlimit, cpu, limit = 302, 0, (ctypes.c_ulong * 2)(1, 1)\n"
                f"print(ctypes.CDLL(None).syscall(prlimit, {other.pid}, cpu, limit, None))"
            )
            _, done = grade(judge, tmp_path, attack, RIGHT, policy=BARE)
        finally:
            other.kill()
    if not done.isolated:
        pytest.skip(f"no isolation here: {done.sandbox}")
    assert shown(done) == "-1\n"


def test_no_shared_memory_is_left(judge, tmp_path):
    made = "import ctypes\nprint(ctypes.CDLL(None).shmget(0, ctypes.c_size_t(1 << 20), 0o1600))"
    _, done = grade(judge, tmp_path, made, RIGHT, policy=BARE)
    segment = int(shown(done))
    if segment >= 0:
        import ctypes

        removed = ctypes.CDLL(None).shmctl(segment, 0, None)
        assert removed == -1, "it was still there"
