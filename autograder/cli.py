"""The `course` command. Each subcommand's work is done elsewhere; here are its words, its errors and its exit code.

It is one module, however long, so that the words of all commands can be read side by side.
"""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .course.folder import Course, CourseError, find_course
from .judging.library import library_of

if TYPE_CHECKING:
    from .grading.cluster.connect import Asked


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
    """Build, check, hand out and grade the course "TensorFlow from first principles", or one of your own."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    context.obj = folder


def course_of(context: click.Context) -> Course:
    folder = context.obj or Path.cwd()
    if not folder.is_dir():
        raise CourseError(f"there is no folder {folder}")
    course = find_course(folder.resolve())
    library_of(course.root)  # a course.toml that does not fit is told before anything is done
    return course


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
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: in dist/")
@click.pass_context
@plain_errors
def bundle(context: click.Context, output: Path | None) -> None:
    """Pack what students get into one zip: notebooks without solutions, the package, how to start."""
    from .course.bundle import bundle as make
    from .course.bundle import name_of

    course = course_of(context)
    path = make(course, output or course.root / "dist" / f"{name_of(course)}.zip")
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


def cluster_options(command: Callable) -> Callable:
    """Where is judged: the options of every command that does. It gets them as `asked`."""
    file = click.Path(path_type=Path)

    @click.option(
        "--local-cluster", "local", type=click.IntRange(1), metavar="N", help="On N Dask workers of this machine."
    )
    @click.option(
        "--scheduler", metavar="ADDRESS", help="On the Dask cluster of this scheduler, such as tls://host:8786."
    )
    @click.option("--tls-ca", type=file, help="Of --scheduler: the certificate of the authority, a file.")
    @click.option("--tls-cert", type=file, help="Of --scheduler: your own certificate, a file.")
    @click.option("--tls-key", type=file, help="Of --scheduler: the key of it, a file.")
    @click.option(
        "--unencrypted", is_flag=True, help="With tcp:// to another machine: the network is encrypted otherwise."
    )
    @functools.wraps(command)
    def run(
        *arguments: Any,
        local: int | None,
        scheduler: str | None,
        tls_ca: Path | None,
        tls_cert: Path | None,
        tls_key: Path | None,
        unencrypted: bool,
        **named: Any,
    ) -> Any:
        from .grading.cluster.connect import Asked

        asked = Asked(local, scheduler, tls_ca, tls_cert, tls_key, unencrypted)
        if named.get("jobs") and asked != Asked():
            raise click.UsageError(
                "--jobs is for this machine alone; a cluster has as many as its workers have threads"
            )
        return command(*arguments, asked=asked, **named)

    return run


@main.command()
@click.argument("chapters", nargs=-1, required=True)
@click.option("--student", "students", multiple=True, help="Only this student; may be given more than once.")
@click.option(
    "--jobs", "-j", type=click.IntRange(1), help="How many notebooks at a time. Default: one for each processor."
)
@click.option("--regrade", is_flag=True, help="Grade again what is graded already.")
@cluster_options
@click.pass_context
@plain_errors
def grade(
    context: click.Context,
    chapters: tuple[str, ...],
    students: tuple[str, ...],
    jobs: int | None,
    regrade: bool,
    asked: Asked,
) -> None:
    """Grade the submissions of CHAPTERS, or of other assignments in source/, into the gradebook and show the grades.

    What is graded stays graded: after a stop, the same command goes on where it was. A submission that has changed since is
    graded again. On more than one machine: docs/cluster.md.

    \b
    Example: course grade 01 --student ada
    Example: course grade 01 --local-cluster 4
    """
    from rich.console import Console

    from .grading.places import executor_for

    # as for Ctrl-C, everything is put away first
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    course = course_of(context)
    picked = course.pick_assignments(chapters)
    wanted = {chapter: course.who_handed_in(chapter, list(students)) for chapter in picked}
    readable(course)
    writable(course)
    failures, console = [], Console()
    with executor_for(course.root, jobs, asked, teller(console)) as executor:
        from .course.made_with import notice as made_with
        from .course.nbgrader.marks import bring_up_to_date
        from .grading.batch import grade as grade_chapter
        from .grading.executor import Failure
        from .reports.table import read_grades, summary, table

        bring_up_to_date(course, picked)
        for chapter in picked:
            notice(made_with(course, chapter))
            outcome = grade_chapter(course, chapter, wanted[chapter], console, executor=executor, regrade=regrade)
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
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page to FILE, and a table for a spreadsheet beside it.",
    metavar="FILE",
)
@click.pass_context
@plain_errors
def report(context: click.Context, chapters: tuple[str, ...], page: Path | None) -> None:
    """Show how the class fared in CHAPTERS ("all": in those that are graded), and its most frequent misconceptions.

    \b
    Example: course report all --html report.html
    """
    from rich.console import Console

    from .reports.report import class_report
    from .reports.report import table as report_table

    course, console = course_of(context), Console()
    if chapters == ("all",):
        chapters = tuple(c for c in course.chapters() if any((course.root / "autograded").glob(f"*/{c}/*.ipynb")))
        if not chapters:
            raise CourseError("nothing is graded yet: run course grade")
    if page is not None:
        write_page(course, course.pick(chapters), page, console)
        return
    for made in [class_report(course, chapter, console) for chapter in course.pick_assignments(chapters)]:
        console.print(report_table(made))
        for stamp, count in sorted(made.stamps.items()):
            console.print(f"{count} {stamp}", highlight=False)
        for fault in made.faults:
            console.print(f"the grader's fault, grade it again with --regrade: {fault}", highlight=False)
        for damaged in made.unreadable:
            console.print(damaged, highlight=False)


def write_page(course: Course, chapters: list[str], page: Path, console: Any) -> None:
    from .course.notebooks import write_text
    from .reports.page import render, sections
    from .reports.page_table import table_text

    if page.suffix.lower() == ".csv":
        raise CourseError(
            f"{page} would be the table, which is written beside the page; name the page: --html report.html"
        )
    if not page.absolute().parent.is_dir():
        raise CourseError(f"there is no folder {page.absolute().parent}")
    made = sections(course, chapters, console)
    write_text(page, render(course, made))
    write_text(page.with_suffix(".csv"), table_text(made))
    click.echo(f"{page} and {page.with_suffix('.csv')}")


@main.command(epilog="Example: course doctor")
@click.pass_context
@plain_errors
def doctor(context: click.Context) -> None:
    """Say whether everything is there, the gradebook too, and try every layer of the sandbox for real."""
    from rich.console import Console

    from .doctor.examine import doctor as examine

    try:
        course = course_of(context)
    except CourseError:
        if context.obj is not None:
            raise
        course = None  # it can be asked anywhere
    if not examine(Console(), course):
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


@main.command(epilog="Example: course new-course ../statistics")
@click.argument("folder", type=click.Path(path_type=Path))
@plain_errors
def new_course(folder: Path) -> None:
    """Make FOLDER for a course of your own, with one small chapter about NumPy to start from; no fork of this one."""
    from .course.new_course import new_course as make

    made = make(folder.absolute())
    click.echo(f"{made.root}: one chapter, {', '.join(made.chapters())}")
    click.echo(f"Read its README.md, then run: cd {folder} && course build")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--chapters", default="", metavar="1-5,9", help="The chapters of this class. Default: all.")
@click.option(
    "--roster",
    type=click.Path(path_type=Path),
    help="Who is in it: a CSV file of yours, or of Canvas, Moodle, Blackboard.",
)
@click.option(
    "--due",
    "dates",
    multiple=True,
    metavar="[CHAPTER=]DATE",
    help="May be given more than once; one DATE alone is the first chapter's, and each other's is a week later.",
)
@click.option(
    "--late",
    type=click.Choice(["none", "per-day", "zero"]),
    default="none",
    show_default=True,
    help="What lateness costs: nothing, a tenth of the score for each day begun, the whole score.",
)
@click.option("--timezone", default="", metavar="Europe/Vienna", help="Of dates without one. Default: this machine's.")
@click.option(
    "--gradebook", default="", metavar="URL", help="An empty database of PostgreSQL's. Default: gradebook.db in FOLDER."
)
@click.pass_context
@plain_errors
def new_class(
    context: click.Context,
    folder: Path,
    chapters: str,
    roster: Path | None,
    dates: tuple[str, ...],
    late: str,
    timezone: str,
    gradebook: str,
) -> None:
    """Make FOLDER for one class: chosen chapters, roster, due dates, a gradebook and a secret of its own.

    \b
    Example: course new-class ../autumn --chapters 1-5,9 --roster canvas.csv --due 2026-11-02 --late per-day
    Then:    cd ../autumn && course class
    """
    from .course.settings import Late
    from .term.new_class import chosen, due_dates
    from .term.new_class import new_class as make

    course = course_of(context)
    picked = chosen(course.pick(()), chapters)
    due = due_dates(course, picked, dates, timezone)
    made, students = make(course, folder.resolve(), picked, roster, due, Late(late), timezone, gradebook)
    click.echo(
        f"{made.root}: {len(picked)} chapter{'s' * (len(picked) != 1)}, {len(students)} student{'s' * (len(students) != 1)}"
    )
    click.echo("Dates and what lateness costs stand in class.toml, names in roster.csv; edit them as you like.")


@main.command("class")
@click.argument("chapters", nargs=-1)
@click.pass_context
@plain_errors
def class_(context: click.Context, chapters: tuple[str, ...]) -> None:
    """Show how the class stands: due dates, who has handed in, what waits for a person. With CHAPTERS: by name.

    \b
    Example: course class 01
    """
    from rich.console import Console

    from .course.roster import read_roster
    from .term.overview import names, overview, overview_table

    course, console = course_of(context), Console()
    states = overview(course, course.pick(chapters), console)
    console.print(overview_table(course, states))
    for state in states if chapters else ():
        for line in names(state, read_roster(course)):
            console.print(line, highlight=False, markup=False)


@main.command()
@click.argument("chapter")
@click.argument("sources", nargs=-1, required=True, metavar="FROM...", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option(
    "--file-times", is_flag=True, help="Where nothing else says when it was handed in, take the files' own dates."
)
@click.pass_context
@plain_errors
def collect(context: click.Context, chapter: str, sources: tuple[Path, ...], dry_run: bool, file_times: bool) -> None:
    """Bring what was handed in for CHAPTER into submitted/, out of downloads: folders, zip archives, notebooks.

    As Canvas, Moodle, Blackboard and Google Classroom name them, from nbgrader's exchange, from clones of GitHub Classroom. The
    latest counts, the earlier ones are kept in earlier/. What is not understood is named, and stays where it is.

    \b
    Example: course collect 01 ~/Downloads/submissions.zip --dry-run
    """
    import tempfile

    from rich.console import Console

    from .course.pool import bar
    from .course.settings import read_settings
    from .term.found import find
    from .term.plan import plan
    from .term.store import store
    from .term.tell import plan_table, sentences

    course, console = course_of(context), Console()
    (picked,) = course.pick([chapter])
    writable(course)
    with tempfile.TemporaryDirectory(prefix="course-collect-") as scratch:
        with bar("unpacking", None, console):
            haul = find(sources, Path(scratch))
        made = plan(course, picked, haul, read_settings(course), file_times=file_times, console=console)
        if not dry_run:
            store(course, made, console)
    console.print(plan_table(course, made))
    for line in sentences(made, dry_run):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if made.troubles:
        for name, why in sorted(made.troubles.items()):
            click.echo(f"{name}: {why}", err=True)
        raise CourseError(
            f"{len(made.troubles)} not understood, and left where they are; put them right, and collect again"
        )


@main.command()
@click.argument("chapters", nargs=-1)
@click.option(
    "--for", "form", type=click.Choice(["canvas", "moodle", "blackboard", "csv"]), default="csv", show_default=True
)
@click.option("--by-exercise", is_flag=True, help="A column an exercise, and one for what lateness costs.")
@click.option("--zero", is_flag=True, help="0, rather than nothing, for who handed in nothing.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: grades-canvas.csv, …")
@click.pass_context
@plain_errors
def export(
    context: click.Context, chapters: tuple[str, ...], form: str, by_exercise: bool, zero: bool, output: Path | None
) -> None:
    """Write the grades of CHAPTERS (all that are graded, if none is named) as a table that an LMS imports.

    Lateness is taken off. Written questions that nobody has read count nothing yet, and are named.

    \b
    Example: course export --for canvas 01 02
    """
    from rich.console import Console

    from .course.notebooks import write_text
    from .term.export import export as make

    course = course_of(context)
    picked = course.pick_assignments(chapters) if chapters else course.assignments()
    made = make(course, picked, form, by_exercise=by_exercise, zero=zero, console=Console())
    path = output or course.root / f"grades-{form}.csv"
    if not path.absolute().parent.is_dir():
        raise CourseError(f"there is no folder {path.absolute().parent}")
    write_text(path, made.text)
    for note in made.notes:
        click.echo(note)
    click.echo(str(path))


@main.command()
@click.argument("chapter")
@click.option(
    "--to",
    "how",
    type=click.Choice(["folder", "canvas", "moodle", "brightspace", "exchange"]),
    default="folder",
    show_default=True,
    help="A folder with one for each student; a zip that Canvas, Moodle or Brightspace takes back; nbgrader's exchange.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Default: feedback-CHAPTER, or .zip, in the course folder."
)
@click.pass_context
@plain_errors
def release_feedback(context: click.Context, chapter: str, how: str, output: Path | None) -> None:
    """Give out everybody's page of feedback on CHAPTER; it is made anew where grades have changed since.

    \b
    Example: course release-feedback 01 --to moodle
    """
    from rich.console import Console

    from .reports.feedback import feedback as write_feedback
    from .term.release import prepare, release

    course = course_of(context)
    (picked,) = course.pick_assignments([chapter])
    prepared = prepare(course, picked, how, output)
    failures = write_feedback(course, picked, Console(), solutions=None).failures
    made = release(course, prepared)
    for note in made.notes:
        click.echo(note)
    click.echo(f"feedback of {len(made.students)} student{'s' * (len(made.students) != 1)}: {made.where}")
    told_failures(failures)


@main.command()
@click.argument("chapter")
@click.option("--student", "students", multiple=True, help="Only this student; may be given more than once.")
@click.option(
    "--jobs", "-j", type=click.IntRange(1), help="How many notebooks at a time. Default: one for each processor."
)
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@cluster_options
@click.pass_context
@plain_errors
def regrade(
    context: click.Context, chapter: str, students: tuple[str, ...], jobs: int | None, dry_run: bool, asked: Asked
) -> None:
    """Judge the submissions of CHAPTER anew: show whose points change, and why, then write them.

    For after an exercise was mended, its points changed, or one was added or taken out. Points and comments that people gave stay.

    \b
    Example: course regrade 01 --dry-run
    """
    from rich.console import Console

    from .grading.places import executor_for

    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    course, console = course_of(context), Console()
    (picked,) = course.pick_assignments([chapter])
    wanted = course.who_handed_in(picked, list(students))
    readable(course)
    writable(course)
    with executor_for(course.root, jobs, asked, teller(console)) as executor:
        from .course.made_with import notice as made_with
        from .course.nbgrader.marks import bring_up_to_date
        from .grading.regrade import judged_anew
        from .reports.changes import changes_table, counted

        notice(made_with(course, picked))
        with judged_anew(course, picked, wanted, console, executor) as made:
            changes = made.changes()
            if changes:
                console.print(changes_table(course, picked, changes))
            console.print(counted(changes, len(made.done)), highlight=False, markup=False)
            if dry_run:
                click.echo("nothing was written, this was --dry-run")
            elif made.done:
                bring_up_to_date(course, [picked])
                for note in made.write():
                    click.echo(note)
                click.echo("written")
            failures = made.failures
    for failure in failures:
        click.echo(f"{failure.student}: {failure.why}", err=True)
    if failures:
        raise CourseError(f"{len(failures)} submission{'s' * (len(failures) > 1)} could not be graded")


@main.command(epilog="Example: course lab --no-browser --port=8890", context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[JUPYTERLAB'S OPTIONS]")
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
    """Grade a copy of your notebook of CHAPTER as the grader will, and put it into hand-in/ with a receipt.

    Where nbgrader's exchange is configured, the same copy is submitted to it.
    """
    from .desk.hand_in import hand_in_chapter

    click.echo("Grading a copy of the notebook as it is saved …", err=True)
    done = hand_in_chapter((context.obj or Path.cwd()).resolve(), chapter)
    click.echo(repr(done))
    if done.refused:
        raise SystemExit(1)


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
    told_failures(failures)


def told_failures(failures: dict[str, str]) -> None:
    """Of pages of feedback: whose could not be made, and why."""
    for student, why in failures.items():
        click.echo(f"{student}: {why}", err=True)
    if failures:
        raise CourseError(f"{len(failures)} page{'s' * (len(failures) > 1)} could not be made")


@main.command(epilog="Example: course move-gradebook postgresql://teacher@db.example.edu/autumn --dry-run")
@click.argument("url", metavar="URL|FILE")
@click.option("--dry-run", is_flag=True, help="Try whether it can be moved there, and do nothing.")
@click.pass_context
@plain_errors
def move_gradebook(context: click.Context, url: str, dry_run: bool) -> None:
    """Move the class's gradebook into an empty database of PostgreSQL's, URL, or back into a FILE: every score, comment and time.

    Afterwards nbgrader_config.py says where it lies. The gradebook from before is kept. Nobody should grade meanwhile. A password
    goes into ~/.pgpass or the environment variable PGPASSWORD, and not into the URL.
    """
    from rich.console import Console

    from .term.move import move, moved_lines

    for line in moved_lines(move(course_of(context), url, Console(), dry_run=dry_run)):
        click.echo(line)


def notice(told: str) -> None:
    if told:
        click.echo(told, err=True)


def teller(console: Any) -> Callable[[str], None]:
    """Tells a sentence beside the progress of a run."""
    return functools.partial(console.print, highlight=False, markup=False, soft_wrap=True)


def readable(course: Course) -> None:
    """Raises, before anything is started, if the class's settings or its roster do not fit."""
    from .course.roster import read_roster
    from .course.settings import read_settings

    read_settings(course), read_roster(course)


def writable(course: Course) -> None:
    """Raises, before anything is done, if the course folder or what grading writes in it cannot be written."""
    for path in (course.root, course.gradebook, course.root / "autograded"):
        if path.exists() and not os.access(path, os.W_OK) and not left_over(course, path):
            raise CourseError(f"{path} cannot be written: {why_not(path)}")


def left_over(course: Course, path: Path) -> bool:
    """Is it a gradebook.db from before the gradebook was moved? Asked of one that cannot be written: nbgrader is imported for it."""
    from .course.nbgrader.place import db_url_of, file_of

    if path != course.gradebook:
        return False
    used = file_of(db_url_of(course))
    return used is None or not used.exists() or not used.samefile(path)


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
