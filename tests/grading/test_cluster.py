"""Grading on a cluster: the same gradebook as on one machine, whatever becomes of workers, of the connection, of us."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import yaml
from common import CHAPTERS, ROOT, class_of, run
from distributed import Security
from distributed.cli import dask_scheduler, dask_worker
from school import answer, check, new_course, notebook, put
from test_kills import files, gradebook

from autograder.course.cells import is_check, verdict_data
from autograder.course.folder import Course, CourseError
from autograder.course.nbgrader.config import load_config
from autograder.course.nbgrader.make import masters
from autograder.course.nbgrader.place import LINE
from autograder.course.notebooks import read_notebook
from autograder.execution import Policy
from autograder.grading.cluster import worker
from autograder.grading.cluster.addresses import exposed, parsed
from autograder.grading.cluster.backlog import BATCH_SECONDS, LOSSES, MOST, Backlog, batch_size
from autograder.grading.cluster.connect import Asked, checked
from autograder.grading.cluster.facts import difference, facts
from autograder.grading.cluster.kit import kit_of, lay_out, parcel_of, unpack
from autograder.grading.executor import take_in, workplace
from autograder.grading.outside import JudgedOutside
from autograder.grading.plan import Plan
from autograder.grading.scratch import Scratch
from autograder.grading.seeds import SECRET, course_secret, seed_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
PAGE = ROOT / "docs" / "cluster"
KILLS = int(os.environ.get("KILLS", 6))
DASK = [sys.executable, "-m", "distributed.cli.dask_scheduler"], [sys.executable, "-m", "distributed.cli.dask_worker"]


# -- on this machine ---------------------------------------------------------------------------------------------------


def test_a_cluster_gives_what_one_machine_gives_to_the_last_digit(tmp_path):
    (tmp_path / "here").mkdir()
    here = class_of(tmp_path / "here", CHAPTERS[0], {f"s{number}": number % 2 == 0 for number in range(5)})
    put(here, CHAPTERS[0], {"table.txt": "3"})
    put(here, CHAPTERS[0], {"mine/data.txt": "7", "table.txt": "forged"}, "s0")
    wrong = here.submission("s1", CHAPTERS[0])
    wrong.write_text(here.submission("s0", CHAPTERS[0]).read_text().replace("return", "return 1.0 *", 3))
    (here.root / SECRET).write_bytes(b"0123456789abcdef" * 4)
    (here.root / "submitted" / "s9" / CHAPTERS[0]).mkdir(parents=True)
    there = Course(shutil.copytree(here.root, tmp_path / "there"))
    (tmp_path / "temporary").mkdir()
    alone = run("course", "grade", "01", cwd=here.root)
    done = run("course", "grade", "01", "--local-cluster", "2", cwd=there.root, TMPDIR=str(tmp_path / "temporary"))
    assert (done.returncode, done.stderr) == (alone.returncode, alone.stderr)
    assert "s9: there is no notebook" in done.stderr
    assert (
        done.stdout.split("points, ")[1].split(" graded in")[0]
        == alone.stdout.split("points, ")[1].split(" graded in")[0]
    )
    assert gradebook(there) == gradebook(here)
    assert files(there) == files(here)
    assert verdicts(there) == verdicts(here)
    assert not list((tmp_path / "temporary").iterdir())


def verdicts(course):
    paths = sorted((course.root / "autograded").glob("*/*/*.ipynb"))
    return [verdict_data(cell) for path in paths for cell in read_notebook(path).cells if is_check(cell)]


def test_without_a_cluster_nothing_of_it_is_imported_and_without_the_extra_one_is_told(course):
    look = (
        "import sys, autograder.cli, autograder.grading.places, autograder.grading.batch, autograder.grading.regrade\n"
        "from autograder.grading.executor import LocalExecutor\n"
        "print(sorted({'dask', 'distributed', 'cryptography', 'cloudpickle'} & sys.modules.keys()))\n"
        "sys.path_hooks.clear(); sys.path_importer_cache.clear()\n"
        "from autograder.grading.cluster.connect import Asked, checked\n"
        "checked(Asked(local=2))"
    )
    done = run(sys.executable, "-c", look, cwd=course.root)
    assert done.stdout == "[]\n"
    assert "CourseError: a cluster needs the extra “cluster”, which is not installed: pip install" in done.stderr


# -- what is refused ---------------------------------------------------------------------------------------------------

NONE = Path("/nonexistent")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked(local=1, scheduler="tcp://localhost:1"), "exclude each other"),
        (Asked(unencrypted=True), "--unencrypted goes with --scheduler"),
        (Asked(local=2, tls_ca=NONE), "--tls-ca goes with --scheduler"),
        (Asked(scheduler="host:8786"), "no address"),
        (Asked(scheduler="tcp://host"), "no address"),
        (Asked(scheduler="tls://host:99999"), "no address"),
        (Asked(scheduler="tcp://localhost:1", tls_ca=NONE), "goes with an address tls://"),
        (Asked(scheduler="tcp://10.0.0.3:8786"), "would go unencrypted"),
        (Asked(scheduler="tcp://head.example.org:8786"), "would go unencrypted"),
        (Asked(scheduler="tls://host:8786", tls_ca=NONE), "go together"),
        (Asked(scheduler="tls://host:8786", tls_ca=NONE, tls_cert=NONE, tls_key=NONE), "there is no file"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(asked, told):
    with pytest.raises(CourseError, match=told):
        checked(asked)


@pytest.mark.parametrize(
    ("address", "open_"),
    [
        ("tcp://127.0.0.1:8786", False),
        ("tcp://localhost:8786", False),
        ("tcp://[::1]:8786", False),
        ("tls://10.0.0.3:8786", False),
        ("tcp://10.0.0.3:8786", True),
        ("tcp://[fe80::1]:8786", True),
        ("tcp://127.0.0.1.example.org:8786", True),
        ("ucx://127.0.0.1:8786", True),
    ],
)
def test_what_leaves_this_machine_unencrypted_is_known(address, open_):
    assert exposed(address) is open_
    assert parsed("tls://[::1]:8786") == ("tls", "::1")


def test_nobody_there_is_told(course):
    put(course, CHAPTERS[0], {f"{CHAPTERS[0]}.ipynb": course.release(CHAPTERS[0]).read_text()}, "ada")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    quick = "from autograder.cli import main; from autograder.grading.cluster import connect; connect.CONNECT_SECONDS = 1; main()"
    done = run(sys.executable, "-c", quick, "grade", "01", "--scheduler", address, cwd=course.root)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: the scheduler at {address} cannot be reached: ")
    assert done.stderr.count("\n") == 1
    assert not (course.root / "autograded").exists() and not course.gradebook.exists()


def test_another_machine_must_be_as_this_one():
    assert difference(facts(), dict(facts())) == ""
    for name in facts():
        assert difference(facts(), facts() | {name: "other"})
    assert difference(facts(), {"trouble": "cannot be imported"}) == "cannot be imported"
    assert "unknown" in difference(facts(), {})


def test_a_worker_without_the_sandbox_refuses_unless_the_configuration_does_without(tmp_path, monkeypatch):
    course = class_of(tmp_path, CHAPTERS[0], {"ada": True})
    config = load_config(course)
    plan = Plan(course, CHAPTERS[0], masters(config, CHAPTERS[0]), ("ada",), 0)
    monkeypatch.setattr(worker, "preload_of", lambda _: ())
    warm = worker.WarmJudges()
    assert warm.take_up(kit_of(JudgedOutside(config=config), plan), "somebody") == ""
    monkeypatch.setattr(worker, "Policy", lambda **_: Policy(layers=()))
    told = warm.take_up(kit_of(JudgedOutside(config=config), plan), "somebody")
    assert told.startswith("its sandbox is not in force: ")
    config.JudgedOutside.without_sandbox = True
    assert warm.take_up(kit_of(JudgedOutside(config=config), plan), "somebody") == ""
    warm.leave("somebody")
    assert not warm.knows(kit_of(JudgedOutside(config=config), plan).digest)


# -- what travels ------------------------------------------------------------------------------------------------------


def test_the_secret_does_not_travel_and_what_a_worker_lays_out_is_what_was_handed_in(tmp_path):
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "forward_pass.py").write_text("# of our own")
    course = class_of(tmp_path, CHAPTERS[0], {"ada": True})
    put(course, CHAPTERS[0], {"mine/data.txt": "7"}, "ada")
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write("\nc.JudgedOutside.memory = 3 << 30\n")
    secret = course_secret(course.root)
    config = load_config(course)
    plan = Plan(course, CHAPTERS[0], masters(config, CHAPTERS[0]), ("ada",), 0)
    engine, scratch = JudgedOutside(config=config), Scratch()
    place = workplace(engine, plan, scratch.path)
    parcel = parcel_of(plan, "ada", place, *take_in(plan, "ada", place), secret)
    kit = kit_of(engine, plan)
    sent = pickle.dumps((kit, parcel))
    assert secret not in sent
    assert parcel.seeds["forward_pass.forward"] == seed_of(secret, "ada", "forward_pass.forward")
    (tmp_path / "worker").mkdir()
    kit_there, parcel_there = pickle.loads(sent)
    assert kit_there.digest == kit.digest
    engine_there, plan_there = lay_out(kit_there, tmp_path / "worker")
    assert plan_there.digest == plan.digest and engine_there.limits == engine.limits
    assert (plan_there.course.root / "exercises" / "forward_pass.py").read_text() == "# of our own"
    place_there = workplace(engine_there, plan_there, scratch.path)
    unpack(parcel_there, place_there)
    assert (place_there.handed_in / "mine/data.txt").read_text() == "7"
    assert place_there.notebook(CHAPTERS[0]).read_bytes() == place.notebook(CHAPTERS[0]).read_bytes()
    scratch.close()


# -- who is next -------------------------------------------------------------------------------------------------------


def test_a_lost_worker_costs_its_batch_and_a_submission_that_loses_them_itself_alone():
    backlog = Backlog("abcdef")
    assert backlog.take(3) == ["a", "b", "c"]
    assert backlog.lost(["a", "b", "c"]) == []
    assert backlog.take(2) == ["d", "e"]
    backlog.put_back(["d", "e"])
    assert backlog.take(9) == ["d", "e", "f"]
    lost: list[str] = []
    graded = []
    while backlog:
        (student,) = backlog.take(9)
        if student == "b":
            lost += backlog.lost([student])
        else:
            graded.append(student)
    assert (sorted(graded), lost) == (["a", "c"], ["b"])
    backlog = Backlog("a")
    for _ in range(LOSSES):
        assert not lost or lost == ["b"]
        gone = backlog.lost(backlog.take(1))
    assert gone == ["a"] and not backlog


def test_batches_are_as_large_as_measured_and_small_at_the_end():
    assert batch_size(None, 1000, 2) == 1
    assert batch_size(0.2, 1000, 2) == int(BATCH_SECONDS / 0.2)
    assert batch_size(0.0, 10_000, 2) == MOST
    assert batch_size(30.0, 1000, 2) == 1
    assert batch_size(0.2, 4, 2) == 1


# -- a scheduler and workers of their own --------------------------------------------------------------------------------


class Site:
    """A scheduler, and the workers that are started on it."""

    def __init__(self, folder: Path):
        self.folder, self.processes = folder, []
        about = folder / "scheduler.json"
        self._start(*DASK[0], "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", about)
        while not (about.exists() and '"address"' in about.read_text()):
            assert self.processes[0].poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        self.address = json.loads(about.read_text())["address"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else ():
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            process.kill()
            process.wait()

    def _start(self, *command):
        with (self.folder / "log").open("a") as log:
            made = subprocess.Popen([str(word) for word in command], cwd=self.folder, stdout=log, stderr=log)
        self.processes.append(made)
        return made

    def worker(self, *words):
        local = ("--no-dashboard", "--local-directory", self.folder, "--host", "127.0.0.1", "--nthreads", "1")
        return self._start(*DASK[1], self.address, *local, *words)


def certificates(folder: Path) -> None:
    """As docs/cluster.md says, word for word."""
    page = (ROOT / "docs" / "cluster.md").read_text()
    commands = page.split("<!-- certificates -->\n```sh\n")[1].split("```")[0]
    subprocess.run(["sh", "-euc", commands], cwd=folder, check=True, capture_output=True)
    assert (folder / "key.pem").stat().st_mode & 0o077 == 0


OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to make certificates with")


@OPENSSL
def test_the_certificates_of_the_page_are_an_authoritys_and_dask_takes_them(tmp_path):
    certificates(tmp_path)
    said = subprocess.run(
        ["openssl", "verify", "-CAfile", "ca.pem", "cert.pem"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert said.stdout == "cert.pem: OK\n"
    files_ = {f"tls_{name}": str(tmp_path / f"{name.rpartition('_')[2]}.pem") for name in ("client_cert", "client_key")}
    security = Security(require_encryption=True, tls_ca_file=str(tmp_path / "ca.pem"), **files_)
    assert security.get_connection_args("client")["ssl_context"].verify_mode == ssl.CERT_REQUIRED


@OPENSSL
@pytest.mark.slow
def test_over_tls_by_who_is_one_of_us_and_by_nobody_else(tmp_path):
    """docs/cluster/ssh.sh on two hosts, on one of which the package was changed; in the place of ssh, a shell on this machine."""
    course = class_of(tmp_path, CHAPTERS[0], {"ada": True, "bob": False})
    home = tmp_path / "home"
    shutil.copytree(ROOT / "autograder", home / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    with (home / "autograder" / "tasks.py").open("a") as module:
        module.write("\n# changed\n")
    certificates(home)
    ssh = home / "ssh"
    ssh.write_text(f'#!/bin/sh\nhost=$1; shift\n[ $host = good ] || export PYTHONPATH={home}\nexec "$@"\n')
    ssh.chmod(0o700)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    tls = [word for what in ("ca", "cert", "key") for word in (f"--tls-{what}", home / f"{what}.pem")]
    command = ("course", "grade", "01", "--scheduler", f"tls://127.0.0.1:{port}")
    about = {"VENV": sys.prefix, "CERTIFICATES": str(home), "NOTEBOOKS": "2", "PORT": port, "SSH": str(ssh)}
    with (home / "log").open("w") as log:
        site = subprocess.Popen(
            ["sh", PAGE / "ssh.sh", "127.0.0.1", "changed", "good"],
            **{"cwd": home, "env": {**os.environ, **about}, "stdout": log, "stderr": log, "start_new_session": True},
        )
    try:
        while (home / "log").read_text().count("Registered to:") < 2:
            assert site.poll() is None, (home / "log").read_text()
            time.sleep(0.1)
        done = run(*command, *tls, cwd=course.root)
        assert done.returncode == 0, done.stderr
        assert "2 graded" in done.stdout
        refusal = "does not grade: its engine or its exercises are not the same as here"
        assert refusal in done.stdout and done.stdout.count("tls://") == 1
        for process in psutil.Process(site.pid).children(recursive=True):
            if "spawn_main" in " ".join(process.cmdline()) and "PYTHONPATH" not in process.environ():
                process.parent().kill()  # its nanny, and so it
        done = run(*command, *tls, "--regrade", cwd=course.root)
        assert done.returncode == 1 and refusal in done.stdout
        assert f"no worker of the scheduler at tls://127.0.0.1:{port} can grade: its engine" in done.stderr
        done = run(*command, "--regrade", cwd=course.root)
        assert done.returncode == 1 and "needs certificates" in done.stderr
    finally:
        os.killpg(site.pid, signal.SIGTERM)
        site.wait(30)


class Proxy:
    """Between us and the scheduler; what goes through it can be cut."""

    def __init__(self, address: str):
        self._target = ("127.0.0.1", int(address.rpartition(":")[2]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs, self._barred = [], threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            ours, _ = self._listener.accept()
            if self._barred.is_set():
                ours.close()
                continue
            pair = (ours, socket.create_connection(self._target))
            self._pairs.append(pair)
            for one, other in (pair, pair[::-1]):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self, seconds: float):
        self._barred.set()
        for pair in self._pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        time.sleep(seconds)
        self._barred.clear()


def workers_of(pid: int) -> list[psutil.Process]:
    """The processes that Dask's nannies, of this process, have started."""
    found = psutil.Process(pid).children(recursive=True)
    return [p for p in found if "spawn_main" in " ".join(p.cmdline())]


def plain_class(folder: Path, students: int) -> tuple[Course, Course]:
    """The same class twice."""
    (folder / "quiet").mkdir()
    quiet = new_course(folder / "quiet")
    (quiet.root / "course.toml").write_text('library = "numpy"\n')
    cells = [answer("f", "def f(): ..."), check("f-check", "assert f() == 1")]
    put(quiet, "ps1", {"p.ipynb": notebook(*cells)})
    for number in range(students):
        cells = [answer("f", f"import time\ntime.sleep(.2)\ndef f():\n    return {number % 3}"), cells[1]]
        put(quiet, "ps1", {"p.ipynb": notebook(*cells), "data.txt": str(number)}, f"s{number:03d}")
    return quiet, Course(shutil.copytree(quiet.root, folder / "killed"))


@pytest.mark.slow
@pytest.mark.parametrize("where", ["SQLite", "PostgreSQL"])
def test_workers_killed_the_connection_cut_and_we_killed_it_still_gives_the_same_gradebook(tmp_path, where, request):
    """With PostgreSQL its server is started anew meanwhile, too: in order, and as after a crash."""
    random.seed(os.environ.get("KILLS_SEED", "16"))
    server = request.getfixturevalue("postgres") if where == "PostgreSQL" else None
    quiet, killed = plain_class(tmp_path, 15 * KILLS + 20)
    if server:
        with (killed.root / "nbgrader_config.py").open("a") as config:
            config.write(f"\n{LINE}{server.database()!r}\n")
        killed.gradebook.unlink()
    assert run("course", "grade", "ps1", cwd=quiet.root, timeout=1200).returncode == 0
    (tmp_path / "site").mkdir()
    scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with Site(tmp_path / "site") as site, (tmp_path / "told").open("w") as told:
        nannies = site.worker("--nworkers", "2")
        proxy = Proxy(site.address)
        command = ["course", "grade", "ps1", "--scheduler", proxy.address]

        def graded():
            return len(list((killed.root / "autograded").glob("*/ps1/p.ipynb")))

        def start():
            environment = {**os.environ, "PATH": scripts}
            return subprocess.Popen(command, cwd=killed.root, env=environment, stdout=told, stderr=told)

        def wait_for(count):
            while graded() < count and process.poll() is None:
                time.sleep(0.05)

        process = start()
        for number in range(KILLS):
            wait_for(4 + 15 * number)
            assert process.poll() is None, (tmp_path / "told").read_text()
            time.sleep(random.uniform(0, 2))
            if number == 1:
                proxy.cut(3)
            if number == 3:
                process.kill()
                process.wait()
                process = start()
            if server and number in (2, 4):
                server.stop(signal.SIGINT if number == 2 else signal.SIGQUIT)
                time.sleep(2)
                server.start()
            victims = workers_of(nannies.pid)
            random.choice(victims).kill()
        assert process.wait(1200) == 0, (tmp_path / "told").read_text()
    text = (tmp_path / "told").read_text()
    print(text[-3000:])
    assert text.count("was lost; what it had not finished is graded again") >= KILLS - 3
    assert "was cut; it is made again" in text
    assert gradebook(killed) == gradebook(quiet)
    assert files(killed) == files(quiet)


@pytest.mark.slow
def test_a_submission_that_kills_workers_costs_itself_alone_and_ctrl_c_leaves_nothing(tmp_path):
    _, course = plain_class(tmp_path, 8)
    put(course, "ps1", {"killer.txt": "x"}, "s003")
    scratch = tmp_path / "temporary"
    scratch.mkdir()
    scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": scripts, "TMPDIR": str(scratch)}
    command = ["course", "grade", "ps1", "--local-cluster", "1"]

    def start():
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=course.root, env=environment, **pipes)

    process, kills = start(), 0
    while process.poll() is None:
        time.sleep(0.02)
        # the main process has taken it in, too: a folder `work` only a worker makes
        if [path for path in scratch.glob("*/*/submitted/killer.txt") if list(path.parents[1].glob("work-*"))]:
            for worker in workers_of(process.pid):
                worker.kill()
                kills += 1
            time.sleep(1)
            for path in scratch.glob("*/*/work-*"):  # of the killed one
                shutil.rmtree(path, ignore_errors=True)
    out, err = process.communicate()
    assert (process.returncode, kills) == (1, LOSSES + ("was lost" in out and kills > LOSSES)), (out, err)
    assert "s003: the worker that graded it was lost, 3 times; it was left out" in err
    assert "7 graded" in out and len(list((course.root / "autograded").glob("*/ps1/p.ipynb"))) == 7
    shutil.rmtree(course.root / "autograded")
    for number in range(8, 120):  # so many that there is work left when the first are written, which go together
        shutil.copytree(course.root / "submitted" / "s000", course.root / "submitted" / f"s{number:03d}")
    process = start()
    while not list((course.root / "autograded").glob("*/ps1/p.ipynb")):
        assert process.poll() is None
        time.sleep(0.02)
    mine = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    stopped = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err and process.returncode == 1, err
    psutil.wait_procs(mine, 10)
    assert [p for p in mine if p.is_running()] == []
    assert time.monotonic() - stopped < 30
    assert not list(scratch.iterdir())


def test_what_kubernetes_is_told_fits_together():
    """The form of a DaskCluster, as the operator's own definition has it; the options, as Dask's commands know them."""
    made = yaml.safe_load((PAGE / "kubernetes.yaml").read_text())
    assert (made["apiVersion"], made["kind"]) == ("kubernetes.dask.org/v1", "DaskCluster")
    worker, scheduler = made["spec"]["worker"], made["spec"]["scheduler"]
    assert worker.keys() == {"replicas", "spec"} and scheduler.keys() == {"spec", "service"}
    for role, what, known in ((worker, "worker", dask_worker.main), (scheduler, "scheduler", dask_scheduler.main)):
        (container,) = role["spec"]["containers"]
        assert container["image"] == "registry.example.org/course:1"
        assert container["args"][:2] == ["dask", what]
        known.make_context(what, [re.sub(r"/tls/\w+\.pem", __file__, word) for word in container["args"][2:]])
        assert [m["name"] for m in container["volumeMounts"]] == [v["name"] for v in role["spec"]["volumes"]]
    name = made["metadata"]["name"]
    assert f"tls://{name}-scheduler:8786" in worker["spec"]["containers"][0]["args"]
    assert scheduler["service"]["selector"] == {"dask.org/cluster-name": name, "dask.org/component": "scheduler"}
    there = {port["name"] for port in scheduler["spec"]["containers"][0]["ports"]}
    assert {port["targetPort"] for port in scheduler["service"]["ports"]} == there
    assert "-r requirements.lock -r requirements-cluster.lock" in (PAGE / "Dockerfile").read_text()


# -- docs/cluster.md -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "words"), [("slurm", ["#SBATCH -p short", "#SBATCH --cpus-per-task=8", "#SBATCH -A cs101"]),
                                             ("pbs", ["#PBS -q short", "#PBS -l select=1:ncpus=8:mem=16gb", "#PBS -A cs101"])])  # fmt: skip
def test_the_job_that_a_batch_system_gets_is_a_worker_of_ours(tmp_path, name, words):
    (tmp_path / "ca.pem").touch()
    command = (
        f"import {name}, distributed\n"
        f"{name}.SECURITY = distributed.Security.temporary()\n"
        f"with {name}.cluster() as made: print(made.scheduler_address); print(made.job_script())"
    )
    place = {"PARTITION": "short", "QUEUE": "short", "ACCOUNT": "cs101", "INTERFACE": "lo", "PYTHONPATH": str(PAGE)}
    done = run(sys.executable, "-c", command, cwd=tmp_path, **place)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tls://127.0.0.1:")
    for word in [
        *words,
        "dask worker tls://" if "dask worker" in done.stdout else "distributed.cli.dask_worker tls://",
        "--nthreads 8",
        "--protocol tls://",
        "--tls-ca-file",
    ]:
        assert word in done.stdout, done.stdout
