"""`course doctor`: is everything there, and which layers of the sandbox hold on this machine, each tried for real."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..course.folder import Course, CourseError
from ..execution import ChildError, ZygoteError
from ..execution.sandbox.policy import hidden_packages
from .attempts import probe_layers

PACKAGES = ("tensorflow", "keras", "tensorboard", "jupyterlab", "nbgrader", "matplotlib", "numpy")
ROOM = 2 << 30  # bytes that grading a class may need in the temporary folder


def doctor(console: Console, course: Course | None = None) -> bool:
    """Print what was found; True if the course can be taught, and graded, here. course: whose gradebook is looked at."""
    healthy = _packages(console)
    if course is not None:
        healthy = _gradebook(console, course) and healthy
    console.print()
    try:
        attempts, report = probe_layers()
    except (ZygoteError, ChildError, OSError) as error:
        console.print(
            f"[bold red]no child process can be had here[/bold red] ({escape(str(error).splitlines()[0])})",
            soft_wrap=True,
        )
        console.print(
            "course grade grades nothing, but with c.JudgedOutside.without_sandbox = True. Do so in a container."
        )
        return healthy
    table = Table("layer", "in force", "what was tried, and what came of it", box=box.SIMPLE_HEAD, pad_edge=False)
    for attempt in attempts:
        mark = "[green]yes[/green]" if attempt.in_force else "[red]no[/red]"
        told = f"{attempt.tried}: {attempt.outcome}" if attempt.outcome else attempt.tried
        table.add_row(attempt.layer, mark, told)
    console.print(table)
    for path in hidden_packages():
        console.print(f"graded code does not see the packages in {escape(path)}", soft_wrap=True, highlight=False)
    if report.isolated:
        console.print("[bold green]isolated[/bold green]: graded code reaches neither your files nor the network")
    else:
        console.print("[bold red]not isolated[/bold red]: grade in a container or a virtual machine")
    return healthy


def _gradebook(console: Console, course: Course) -> bool:
    """Can it be read? A course that has none yet lacks nothing."""
    from ..course.nbgrader.copy import rows_of
    from ..course.nbgrader.place import db_url_of, is_there, shown

    try:
        if not is_there(course):
            return True
        url = db_url_of(course)
        counts = rows_of(url)
    except CourseError as error:
        console.print(f"  [red]no gradebook[/red]: {escape(str(error))}", highlight=False, soft_wrap=True)
        return False
    told = f"{counts.get('student', 0)} students, {counts.get('submitted_assignment', 0)} submissions"
    console.print(f"  gradebook {escape(shown(url))}: {told}", highlight=False, soft_wrap=True)
    return True


def _packages(console: Console) -> bool:
    healthy = (3, 11) <= sys.version_info[:2] <= (3, 13)
    console.print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}", highlight=False)
    for name in PACKAGES:
        try:
            console.print(f"  {name} {version(name)}", highlight=False)
        except PackageNotFoundError:
            console.print(f"  {name} [red]is missing[/red]: run make setup")
            healthy = False
    free = shutil.disk_usage(".").free
    if free < ROOM:
        console.print(f"  [red]only {free / 1e9:.1f} GB of disk are free[/red]")
        healthy = False
    return healthy
