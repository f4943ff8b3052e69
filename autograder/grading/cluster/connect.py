"""How a cluster is reached: a scheduler at an address, with certificates where there is a network; or one on this machine."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...course.folder import CourseError
from .addresses import exposed, parsed

if TYPE_CHECKING:
    from .dispatch import ClusterExecutor

CONNECT_SECONDS = 10.0
SILENCE = {"logging": dict.fromkeys(("distributed", "distributed.client", "bokeh", "tornado"), "critical")}


@dataclass(frozen=True)
class Asked:
    """What a command was told. local: so many workers on this machine. scheduler: else, of which cluster.

    tls_ca, tls_cert, tls_key: files; without them what Dask's own configuration says counts. unencrypted: a network may be
    used that is not encrypted by us.
    """

    local: int | None = None
    scheduler: str | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    unencrypted: bool = False

    @property
    def files(self) -> dict[str, Path]:
        found = {"--tls-ca": self.tls_ca, "--tls-cert": self.tls_cert, "--tls-key": self.tls_key}
        return {name: path for name, path in found.items() if path is not None}


def checked(asked: Asked) -> None:
    """Raises `CourseError` for what cannot be meant, and where the libraries are missing."""
    if asked.local and asked.scheduler:
        raise CourseError("--local-cluster and --scheduler exclude each other")
    if not asked.scheduler:
        if asked.files or asked.unencrypted:
            raise CourseError(f"{next(iter(asked.files), '--unencrypted')} goes with --scheduler")
    elif (found := parsed(asked.scheduler)) is None:
        raise CourseError(f"{asked.scheduler!r} is no address of a scheduler, such as tls://host:8786")
    elif found[0] == "tcp" and asked.files:
        raise CourseError(f"{next(iter(asked.files))} goes with an address tls://…, not tcp://…")
    elif exposed(asked.scheduler) and not asked.unencrypted:
        raise CourseError(
            f"{asked.scheduler} is another machine, to which submissions and draws would go unencrypted: give the scheduler"
            " certificates and a tls:// address (docs/cluster.md), or say --unencrypted where the network itself is encrypted"
        )
    if asked.files and len(asked.files) < 3:
        raise CourseError("--tls-ca, --tls-cert and --tls-key go together")
    for name, path in asked.files.items():
        if not path.is_file():
            raise CourseError(f"{name}: there is no file {path}")
    if importlib.util.find_spec("distributed") is None:
        raise CourseError(
            "a cluster needs the extra “cluster”, which is not installed: pip install 'tf-first-principles[cluster]'"
            " (in a clone: pip install -r requirements-cluster.lock)"
        )


@contextlib.contextmanager
def cluster(asked: Asked, say: Callable[[str], None]) -> Iterator[ClusterExecutor]:
    """An executor on the cluster that was asked for. Raises `CourseError`."""
    checked(asked)
    import dask

    dask.config.set(SILENCE)  # before it is imported: what it logs is told in our words
    from .dispatch import ClusterExecutor

    with _on_this_machine(asked.local) if asked.local else _elsewhere(asked) as (connect, where):
        executor = ClusterExecutor(connect, where, say, encrypted=not asked.unencrypted)
        with contextlib.closing(executor):
            yield executor


@contextlib.contextmanager
def _elsewhere(asked: Asked) -> Iterator[tuple[Callable, str]]:
    from distributed import Client, Security

    security = Security()  # as Dask's own configuration has it
    if asked.files:
        files = {"tls_ca_file": asked.tls_ca, "tls_client_cert": asked.tls_cert, "tls_client_key": asked.tls_key}
        security = Security(require_encryption=True, **{name: str(path) for name, path in files.items()})
    if asked.scheduler.startswith("tls:") and security.tls_ca_file is None:
        raise CourseError(
            f"{asked.scheduler} needs certificates: --tls-ca, --tls-cert and --tls-key, or Dask's own settings"
        )

    def connect() -> Client:
        try:
            return Client(asked.scheduler, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
        except (ValueError, TypeError, RuntimeError) as error:  # files that are no certificates
            raise CourseError(f"{asked.scheduler} cannot be reached: {' '.join(str(error).split())[:200]}") from None

    yield connect, f"the scheduler at {asked.scheduler}"


@contextlib.contextmanager
def _on_this_machine(workers: int) -> Iterator[tuple[Callable, str]]:
    """Processes of ours, which go when we do. Certificates for this one run: other users have this machine's loopback, too."""
    import dask
    from distributed import Client, LocalCluster, Security

    from ..scratch import Scratch

    with contextlib.closing(Scratch()) as scratch, dask.config.set({"temporary-directory": str(scratch.path)}):
        made = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            worker_dashboard_address=None,
            memory_limit=0,  # judges and children have their own
            local_directory=str(scratch.path),
            security=Security.temporary(),
            silence_logs=100,
        )
        with made:
            yield lambda: Client(made, timeout=CONNECT_SECONDS, set_as_default=False), "the cluster on this machine"
