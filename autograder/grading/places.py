"""Where is judged, as a command was told: by judges of this process's own, or on a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .cluster.connect import Asked, cluster
from .judges import Judges, preload_of

if TYPE_CHECKING:
    from .executor import Executor


@contextlib.contextmanager
def executor_for(folder: Path, jobs: int | None, asked: Asked, say: Callable[[str], None]) -> Iterator[Executor]:
    """folder: the course's. jobs: how many notebooks at a time on this machine. say: tells a person a sentence meanwhile. Raises `CourseError`."""
    if asked.local or asked != Asked():
        with cluster(asked, say) as executor:
            yield executor
        return
    with Judges(preload_of(folder)) as judges:
        from .executor import LocalExecutor  # nbgrader is imported while the judges import TensorFlow

        yield LocalExecutor(judges, jobs)
