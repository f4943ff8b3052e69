"""`make demo`: build, make a sample class, grade it, write feedback, and hold every score and hint against what was expected."""

from __future__ import annotations

import argparse
import html
import shutil
import sys
from pathlib import Path

from rich.console import Console

from .course.build import build
from .course.folder import Course, CourseError, find_course
from .course.nbgrader.make import generate_feedback
from .course.notebooks import read_notebook
from .course.samples import (
    SIZE,
    Sample,
    check_outputs,
    model_answer,
    sample_class,
    write_submission,
)
from .grading.batch import grade
from .grading.executor import Executor, LocalExecutor
from .grading.judges import Judges, preload_of
from .reports.table import read_grades, summary, table


def demo(course: Course, target: Path, chapters: list[str], size: int, console: Console) -> list[str]:
    """Run the demo in the folder `target`; every difference from what was expected is a sentence in the result."""
    build(course, chapters, say=console.print)
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    for name in ("nbgrader_config.py", "source", "release"):
        copy = shutil.copytree if (course.root / name).is_dir() else shutil.copy
        copy(course.root / name, target / name)
    with Judges(preload_of(course.root)) as judges:
        by = LocalExecutor(judges)
        return [problem for chapter in chapters for problem in _class(Course(target), chapter, size, console, by)]


def _class(school: Course, chapter: str, size: int, console: Console, executor: Executor) -> list[str]:
    """One chapter: hand in, grade, write feedback, compare."""
    console.print(f"\n[bold]{chapter}[/bold]: {size} students hand in")
    samples = sample_class(school, chapter, size)
    answer = model_answer(school, chapter)
    for sample in samples:
        write_submission(school, chapter, sample, answer)
    outcome = grade(school, chapter, [s.student for s in samples], console, executor=executor)
    problems = [f"{chapter}: {f.student} could not be graded: {f.why}" for f in outcome.failures]
    console.print(summary(outcome), highlight=False)
    console.print(table(school, chapter, read_grades(school, chapter), console.width))
    problems += [f"{chapter}: {p}" for p in compare(school, chapter, samples)]
    problems += [f"{chapter}: {p}" for p in write_feedback(school, chapter, samples)]
    return problems


def compare(course: Course, chapter: str, samples: list[Sample]) -> list[str]:
    """Hold the gradebook's scores and the hints that the students see against what is expected."""
    problems = []
    grades = {row.student: row for row in read_grades(course, chapter)}
    for sample in samples:
        row = grades.get(sample.student)
        if row is None:
            problems.append(f"{sample.student} is not in the gradebook")
            continue
        outputs = check_outputs(read_notebook(course.autograded(sample.student, chapter)))
        for name, expected in sample.expected.items():
            who = f"{sample.student} ({sample.what}), {name}"
            score = row.points.get(name, (float("nan"), 0.0))[0]
            if score != expected.points:
                problems.append(f"{who}: {score:g} points, expected {expected.points:g}")
            shown = "".join(o.get("data", {}).get("text/html", "") for o in outputs.get(name, []))
            if expected.outcome not in html.unescape(shown):
                problems.append(f"{who}: the verdict does not say {expected.outcome!r}")
            if expected.hint and expected.hint not in html.unescape(shown):
                problems.append(f"{who}: the student is not told {expected.hint!r}")
    return problems


def write_feedback(course: Course, chapter: str, samples: list[Sample]) -> list[str]:
    """nbgrader's feedback for everyone; a student without a page is a problem."""
    try:
        generate_feedback(course, chapter)
    except CourseError as error:
        return [str(error)]
    return [f"{s.student} has no feedback" for s in samples if not course.feedback(s.student, chapter).exists()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m autograder.demo", description=__doc__)
    parser.add_argument("chapters", nargs="*", help="default: all")
    parser.add_argument("--students", type=int, default=SIZE, help=f"default: {SIZE}")
    arguments = parser.parse_args()
    console = Console()
    try:
        course = find_course(Path.cwd())
        target = course.root / "demo"
        problems = demo(course, target, course.pick(arguments.chapters), arguments.students, console)
    except CourseError as error:
        sys.exit(f"Error: {error}")
    if problems:
        console.print("\n[bold red]Not as expected:[/bold red]")
        for problem in problems:
            console.print(f"  {problem}", markup=False, soft_wrap=True)
        sys.exit(1)
    console.print("\nEvery score and every hint is as expected. Where to look:")
    console.print(f"  feedback   {target / 'feedback' / 'student-05'}", markup=False, soft_wrap=True)
    console.print(f"  gradebook  {target / 'gradebook.db'}", markup=False, soft_wrap=True)
    console.print(
        f"  formgrader cd {target} && ../.venv/bin/jupyter lab, then Nbgrader → Formgrader",
        markup=False,
        soft_wrap=True,
    )


if __name__ == "__main__":
    main()
