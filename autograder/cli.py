"""The `course` command. Each subcommand's work is done elsewhere; here are its words, its errors and its exit code."""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .course.folder import Course, CourseError, find_course


def plain_errors(command: Callable) -> Callable:
    """Turn what the user can put right into one sentence and exit code 1."""

    @functools.wraps(command)
    def run(*arguments: Any, **named: Any) -> Any:
        try:
            return command(*arguments, **named)
        except CourseError as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            raise click.ClickException(about_files(error)) from None
        except Exception as error:
            # known by where they come from: not imported for commands that need none
            if type(error).__name__ == "TraitError":
                told = " ".join(str(error).split())
                raise click.ClickException(f"a setting in nbgrader_config.py does not fit: {told}") from None
            if type(error).__name__ == "BrokenExercises":
                raise click.ClickException(str(error)) from None
            raise

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--course",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="The course folder. Default: the one that the current folder lies in.",
)
@click.version_option(package_name="tf-first-principles", prog_name="course")
@click.pass_context
def main(context: click.Context, folder: Path | None) -> None:
    """Build, check, hand out and grade the course "TensorFlow from first principles"."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    context.obj = folder


def course_of(context: click.Context) -> Course:
    folder = context.obj or Path.cwd()
    if not folder.is_dir():
        raise CourseError(f"there is no folder {folder}")
    return find_course(folder.resolve())


@main.command()
@click.argument("chapters", nargs=-1)
@click.option("--force", is_flag=True, help="Run the solved notebooks again even if they are up to date.")
@click.pass_context
@plain_errors
def build(context: click.Context, chapters: tuple[str, ...], force: bool) -> None:
    """Make release/ and notebooks/ from source/ (all CHAPTERS, if none is named)."""
    from .course.build import build as build_chapters

    course = course_of(context)
    writable(course)
    build_chapters(course, course.pick(chapters), force=force, say=click.echo)


@main.command()
@click.argument("chapters", nargs=-1)
@click.pass_context
@plain_errors
def check(context: click.Context, chapters: tuple[str, ...]) -> None:
    """Say whether release/ and notebooks/ are up to date and source/ is as it should be."""
    from .course.audit import audit

    course = course_of(context)
    picked = course.pick(chapters)
    findings = [finding for chapter in picked for finding in audit(course, chapter)]
    for finding in findings:
        click.echo(finding)
    if findings:
        raise CourseError(f"{len(findings)} thing{'s' * (len(findings) > 1)} to put right")
    click.echo(f"{len(picked)} chapter{'s' * (len(picked) > 1)} checked: all is as it should be")


@main.command()
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: dist/tf-first-principles.zip"
)
@click.pass_context
@plain_errors
def bundle(context: click.Context, output: Path | None) -> None:
    """Pack what students get into one zip: notebooks without solutions, the package, how to start."""
    from .course.bundle import bundle as make

    course = course_of(context)
    path = make(course, output or course.root / "dist" / "tf-first-principles.zip")
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


@main.command()
@click.argument("chapters", nargs=-1, required=True)
@click.option("--student", "students", multiple=True, help="Only this student; may be given more than once.")
@click.option(
    "--jobs", "-j", type=click.IntRange(1), help="How many notebooks at a time. Default: one for each processor."
)
@click.option("--regrade", is_flag=True, help="Grade again what is graded already.")
@click.pass_context
@plain_errors
def grade(
    context: click.Context, chapters: tuple[str, ...], students: tuple[str, ...], jobs: int | None, regrade: bool
) -> None:
    """Grade the submissions of CHAPTERS, or of other assignments in source/, into the gradebook and show the grades.

    What is graded stays graded: after a stop, the same command goes on where it was. A submission that has changed since is
    graded again.
    """
    from rich.console import Console

    from .grading.judges import Judges

    # as for Ctrl-C, everything is put away first
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    course = course_of(context)
    picked = course.pick_assignments(chapters)
    wanted = {chapter: course.who_handed_in(chapter, list(students)) for chapter in picked}
    writable(course)
    failures = []
    with Judges() as judges:  # they import TensorFlow while we import nbgrader
        from .grading.batch import grade as grade_chapter
        from .grading.executor import Failure
        from .reports.table import read_grades, summary, table

        console = Console()
        for chapter in picked:
            outcome = grade_chapter(
                course, chapter, wanted[chapter], console, jobs=jobs, regrade=regrade, judges=judges
            )
            console.print(table(course, chapter, read_grades(course, chapter), console.width))
            console.print(summary(outcome), highlight=False, markup=False)
            failures += outcome.failures
            failures += [] if students else [Failure(ascii(name), why) for name, why in course.unfit(chapter).items()]
    for failure in failures:
        click.echo(f"{failure.student}: {failure.why}", err=True)
    if failures:
        raise CourseError(f"{len(failures)} submission{'s' * (len(failures) > 1)} could not be graded")


@main.command()
@click.argument("chapters", nargs=-1, required=True)
@click.pass_context
@plain_errors
def report(context: click.Context, chapters: tuple[str, ...]) -> None:
    """Show how the class fared in CHAPTERS, and its most frequent misconceptions."""
    from rich.console import Console

    from .reports.report import class_report
    from .reports.report import table as report_table

    course, console = course_of(context), Console()
    for made in [class_report(course, chapter) for chapter in course.pick_assignments(chapters)]:
        console.print(report_table(made))
        for stamp, count in sorted(made.stamps.items()):
            console.print(f"{count} {stamp}", highlight=False)
        for fault in made.faults:
            console.print(f"the grader's fault, grade it again with --regrade: {fault}", highlight=False)
        for damaged in made.unreadable:
            console.print(damaged, highlight=False)


@main.command()
@plain_errors
def doctor() -> None:
    """Say whether everything is there, and try every layer of the sandbox for real."""
    from rich.console import Console

    from .doctor.examine import doctor as examine

    if not examine(Console()):
        raise CourseError("something is missing")


@main.group()
def kernel() -> None:
    """Install or remove the Jupyter kernel "TensorFlow (warm)", which starts with TensorFlow imported."""


@kernel.command()
@click.option("--user", is_flag=True, help="For this user, rather than for this environment.")
@plain_errors
def install(user: bool) -> None:
    """Install the kernel."""
    from .kernel.provisioner import install_kernel

    click.echo(f"installed in {install_kernel(user=user)}; choose it in JupyterLab, or name it: --kernel tf-warm")


@kernel.command()
@click.option("--user", is_flag=True, help="For this user, rather than for this environment.")
@plain_errors
def remove(user: bool) -> None:
    """Remove the kernel."""
    from .kernel.provisioner import remove_kernel

    if not remove_kernel(user=user):
        raise CourseError("the kernel is not installed there")
    click.echo("removed")


@main.command(name="try")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1, metavar="[EXERCISE]...")
@click.option("--seed", default=0, show_default=True, help="Another seed draws other inputs.")
@plain_errors
def try_(file: Path, names: tuple[str, ...], seed: int) -> None:
    """Judge the answers in FILE, a notebook or a Python file, without a gradebook.

    FILE's own code runs here and now: use it on your own answers, and `course grade` on those of others.
    """
    from .course.trial import try_file
    from .judging import check  # noqa: F401  TensorFlow, without its start-up log

    verdicts = try_file(file, names, seed)
    for verdict in verdicts:
        click.echo(verdict.to_text())
    if not all(v.passed for v in verdicts):
        raise SystemExit(1)


@main.command()
@click.argument("chapter")
@click.argument("signature")
@click.option("--points", default=3.0, show_default=True)
@click.option("--minutes", default=8, show_default=True)
@click.pass_context
@plain_errors
def new_exercise(context: click.Context, chapter: str, signature: str, points: float, minutes: int) -> None:
    """Add the frame of an exercise to CHAPTER. SIGNATURE is such as "forward(x, params)"."""
    from .course.new_exercise import new_exercise as make

    course = course_of(context)
    (picked,) = course.pick([chapter])
    for path in make(course, picked, signature, points, minutes):
        click.echo(f"changed {path}")
    click.echo("Now write its reference, cases, mistakes, task and solution, then run: course build")


@main.command(epilog="Example: course lab -- --no-browser --port 8890")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[-- JUPYTERLAB'S OPTIONS]")
@click.pass_context
@plain_errors
def lab(context: click.Context, options: tuple[str, ...]) -> None:
    """Open the course in JupyterLab, as a student does: the first page, the chapters, the warm kernel, nothing of a teacher's."""
    from .desk.lab import open_lab

    raise SystemExit(open_lab((context.obj or Path.cwd()).resolve(), options))


@main.command(name="hand-in", epilog="Example: course hand-in 01")
@click.argument("chapter")
@click.pass_context
@plain_errors
def hand_in(context: click.Context, chapter: str) -> None:
    """Grade a copy of your notebook of CHAPTER as the grader will, and put it into hand-in/ with a receipt."""
    from .desk.hand_in import hand_in_chapter

    click.echo("Grading a copy of the notebook as it is saved …", err=True)
    click.echo(repr(hand_in_chapter((context.obj or Path.cwd()).resolve(), chapter)))


@main.command(epilog="Example: course feedback 01 --solutions")
@click.argument("chapters", nargs=-1, required=True)
@click.option("--student", "students", multiple=True, help="Only this student; may be given more than once.")
@click.option("--solutions", is_flag=True, help="With the model solutions: for after the deadline.")
@click.option("--jobs", "-j", type=click.IntRange(1), help="How many pages at a time. Default: one for each processor.")
@click.pass_context
@plain_errors
def feedback(
    context: click.Context, chapters: tuple[str, ...], students: tuple[str, ...], solutions: bool, jobs: int | None
) -> None:
    """Write a page for everybody who is graded in CHAPTERS, into feedback/.

    A page is made anew when a grade, a comment or the notebook has changed; the earlier one is kept beside it, in earlier/.
    """
    from rich.console import Console

    from .reports.feedback import feedback as write_feedback

    course, console = course_of(context), Console()
    failures: dict[str, str] = {}
    for chapter in course.pick_assignments(chapters):
        made = write_feedback(course, chapter, console, students=students, solutions=solutions, jobs=jobs)
        click.echo(f"{chapter}: {made.written} page{'s' * (made.written != 1)} written, {made.unchanged} unchanged")
        failures |= made.failures
    for student, why in failures.items():
        click.echo(f"{student}: {why}", err=True)
    if failures:
        raise CourseError(f"{len(failures)} page{'s' * (len(failures) > 1)} could not be made")


def writable(course: Course) -> None:
    """Raises, before anything is done, if the course folder or what grading writes in it cannot be written."""
    for path in (course.root, course.gradebook, course.root / "autograded"):
        if path.exists() and not os.access(path, os.W_OK):
            raise CourseError(f"{path} cannot be written: {why_not(path)}")


def why_not(path: Path) -> str:
    """Why a file or folder that is there cannot be written, or read."""
    if hasattr(os, "statvfs") and os.statvfs(path).f_flag & os.ST_RDONLY:
        return "it lies on a file system that is read-only"
    if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
        return f"permission denied, it belongs to {owner(path)}"
    return "permission denied"


def owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return f"user {path.stat().st_uid}"


def about_files(error: OSError) -> str:
    """What the system says of a file, as a sentence."""
    where = error.filename or "a file"
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return f"{where} cannot be written: the disk is full"
    return f"{where}: {(error.strerror or str(error)).lower()}"


if __name__ == "__main__":
    main()
