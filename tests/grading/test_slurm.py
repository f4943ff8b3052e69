"""docs/cluster/slurm.py on SLURM itself: its daemons, on this machine's loopback, in a folder of their own. Slow.

Needs root and Debian's slurm-wlm and munge.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from browser import free_port
from common import CHAPTERS, class_of, run
from test_cluster import PAGE, certificates, verdicts
from test_kills import files, gradebook

from autograder.course.folder import Course
from autograder.grading.seeds import SECRET

DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel")
missing = [name for name in DAEMONS if shutil.which(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing), reason=f"no SLURM here: {', '.join(missing)} not installed"),
    pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="SLURM's daemons are started by root"),
]


def until(done, seconds: float = 60.0):
    """What `done` gives, once it gives something."""
    end = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """A cluster of one node with sixteen processors by its own account; yields the environment that reaches it."""
    home = tmp_path_factory.mktemp("slurm")
    key, host = home / "munge.key", socket.gethostname().partition(".")[0]
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    munge = home / "munge.socket"
    config = home / "slurm.conf"
    config.write_text(f"""
ClusterName=course
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={munge}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=40000 State=UNKNOWN
PartitionName=short Nodes={host} Default=YES MaxTime=INFINITE State=UP
""")
    (home / "state").mkdir()
    (home / "spool").mkdir()
    env = {"SLURM_CONF": str(config)}
    own = [f"--{what}-file={home}/munge.{what}" for what in ("pid", "log", "seed")]
    commands = (
        ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={munge}", *own],
        ["slurmctld", "-D", "-f", str(config)],
        ["slurmd", "-D", "-f", str(config)],
    )
    with contextlib.ExitStack() as running:
        log = running.enter_context((home / "log").open("w"))
        for command in commands:
            daemon = subprocess.Popen(command, env={**os.environ, **env}, stdout=log, stderr=log)
            running.callback(daemon.wait, 30)
            running.callback(daemon.terminate)
            if command[0] == "munged":
                until(munge.exists)
        until(lambda: "idle" in run("sinfo", "--noheader", cwd=home, **env).stdout)
        yield env
        run("scancel", "--user=root", cwd=home, **env)
        until(lambda: not run("squeue", "--noheader", cwd=home, **env).stdout)


def test_jobs_of_slurm_grade_as_one_machine_does_and_one_that_ends_is_replaced(slurm, tmp_path):
    (tmp_path / "here").mkdir()
    here = class_of(tmp_path / "here", CHAPTERS[0], {f"s{number:02}": number % 3 > 0 for number in range(30)})
    (here.root / SECRET).write_bytes(b"0123456789abcdef" * 4)
    there = Course(shutil.copytree(here.root, tmp_path / "there"))
    alone = run("course", "grade", "01", cwd=here.root)
    assert alone.returncode == 0, alone.stderr
    certificates(there.root)
    place = {**os.environ, **slurm, "PARTITION": "short", "JOBS": "2", "INTERFACE": "lo"}
    place["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), place["PATH"]])
    with (tmp_path / "log").open("w") as log:
        cluster = subprocess.Popen(
            [sys.executable, PAGE / "slurm.py"],
            cwd=there.root, env=place, stdin=subprocess.PIPE, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            jobs = until(lambda: len(found := running_jobs(there.root, slurm)) == 2 and found)
            address = (
                until(lambda: (there.root / "scheduler-address").exists())
                and (there.root / "scheduler-address").read_text()
            )
            tls = [f"--tls-{name}={what}.pem" for name, what in (("ca", "ca"), ("cert", "cert"), ("key", "key"))]
            grading = subprocess.Popen(
                ["course", "grade", "01", "--scheduler", address, *tls],
                cwd=there.root, env=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            until(lambda: list((there.root / "autograded").glob("*/*/*.ipynb")), 120)
            run("scancel", jobs[0], cwd=there.root, **slurm)
            out, err = grading.communicate(timeout=300)
            assert grading.returncode == 0, err
            until(lambda: (found := running_jobs(there.root, slurm)) != jobs and len(found) == 2)
            cluster.communicate(b"\n", timeout=60)
        finally:
            if cluster.poll() is None:
                cluster.send_signal(signal.SIGINT)
                cluster.wait(60)
    until(lambda: not running_jobs(there.root, slurm))
    table = [text.split("points, ")[1].split(" graded in")[0] for text in (out, alone.stdout)]
    assert table[0] == table[1]
    assert gradebook(there) == gradebook(here)
    assert files(there) == files(here)
    assert verdicts(there) == verdicts(here)
    assert (there.root / "cluster-logs").is_dir()


def running_jobs(folder: Path, slurm: dict) -> list[str]:
    return run("squeue", "--noheader", "--states=RUNNING", "--format=%i", cwd=folder, **slurm).stdout.split()
