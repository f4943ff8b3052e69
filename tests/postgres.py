"""A real PostgreSQL server on loopback, for the tests with the gradebook in it: made, started and stopped by the session."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from browser import free_port

QUICK = ("fsync=off", "full_page_writes=off", "max_connections=40", "shared_buffers=32MB")
GUARDED, PASSWORD = "guarded", "not-to-be-shown"
"""A role that needs a password; all others are let in."""


def programs() -> Path | None:
    """Where initdb and postgres lie; Debian keeps them out of PATH."""
    found = shutil.which("initdb")
    places = (
        [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    )
    return next((place for place in places if (place / "postgres").exists()), None)


@dataclass
class Server:
    """port: on 127.0.0.1."""

    port: int
    home: Path
    programs: Path
    who: dict = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _process: subprocess.Popen | None = None

    def url(self, database: str, user: str = "postgres") -> str:
        return f"postgresql+psycopg://{user}@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """The URL of a new, empty one."""
        name = f"class{next(self._numbers)}"
        self.run(f"create database {name}")
        return self.url(name)

    def run(self, *statements: str, database: str = "postgres") -> None:
        import psycopg

        with psycopg.connect(f"host=127.0.0.1 port={self.port} user=postgres dbname={database}", autocommit=True) as db:
            for statement in statements:
                db.execute(statement)

    def start(self) -> None:
        """Returns when it serves."""
        import psycopg

        told = ("listen_addresses=127.0.0.1", "unix_socket_directories=", *QUICK)
        command = [self.programs / "postgres", "-D", self.home / "data", "-p", str(self.port)]
        command += [word for one in told for word in ("-c", one)]
        with open(self.home / "log", "a") as log:
            self._process = subprocess.Popen(command, cwd=self.home, stdout=log, stderr=log, **self.who)
        for _ in range(600):
            try:
                return self.run()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.home / "log").read_text()
                time.sleep(0.05)
        raise AssertionError((self.home / "log").read_text())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: it ends every connection in order; SIGQUIT: at once, as if it had crashed."""
        self._process.send_signal(how)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def cut(self) -> None:
        """End every other connection."""
        self.run(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null"
        )


@contextlib.contextmanager
def serving(bin_: Path) -> Iterator[Server]:
    """A fresh server; afterwards nothing is left of it. It refuses to run as root, and then is nobody's."""
    who = {}
    folder = Path(tempfile.mkdtemp(prefix="course-postgres-"))
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    server, data = Server(free_port(), folder, bin_, who), folder / "data"
    try:
        make = [
            bin_ / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        subprocess.run(make, cwd=folder, check=True, stdout=subprocess.DEVNULL, **who)
        hba = data / "pg_hba.conf"
        hba.write_text(f"host all {GUARDED} 127.0.0.1/32 scram-sha-256\n{hba.read_text()}")
        server.start()
        try:
            server.run(f"create role {GUARDED} login password '{PASSWORD}'")
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
