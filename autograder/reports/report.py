"""`course report`: what a class has understood and what it has not, out of the verdicts in its graded notebooks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from ..course.cells import BY_HAND, OPEN, checks, graded, open_checks, verdict_data
from ..course.folder import Course, CourseError
from ..course.notebooks import read_notebook
from ..course.pool import FEW_TO_READ, each, with_bar
from ..grading.stamp import STAMP


@dataclass
class ExerciseReport:
    """One exercise over a class. outcomes: how many of each. hints: how many students made that typical mistake. points, maximum:
    of those that the check could judge."""

    name: str
    outcomes: Counter = field(default_factory=Counter)
    hints: Counter = field(default_factory=Counter)
    points: float = 0.0
    maximum: float = 0.0

    @property
    def handed_in(self) -> int:
        return sum(self.outcomes.values())


@dataclass
class ClassReport:
    """A chapter over a class. stamps: in how many ways the notebooks were graded. faults: "student: check", to grade again."""

    chapter: str
    exercises: list[ExerciseReport]
    stamps: Counter
    faults: list[str]
    unreadable: list[str]


def class_report(course: Course, chapter: str, console: Console | None = None) -> ClassReport:
    """Read every graded notebook of a chapter. console: where a bar shows how far it is. Raises `CourseError` if there is none."""
    reports: dict[str, ExerciseReport] = {}
    stamps, faults, unreadable = Counter(), [], []
    not_found: list[tuple[str, str, str]] = []
    paths = sorted((course.root / "autograded").glob(f"*/{chapter}/*.ipynb"))
    if not paths:
        raise CourseError(f"nothing of {chapter} is graded yet: run course grade {chapter}")
    for found in with_bar(each(_read, paths, len(paths), few=FEW_TO_READ), len(paths), f"{chapter}: reading", console):
        if isinstance(found, str):
            unreadable.append(found)
            continue
        stamps[found.how] += 1
        faults += found.faults
        for name, verdict in found.verdicts.items():
            report = reports.setdefault(name, ExerciseReport(name))
            if name in found.not_found:
                not_found.append((found.student, name, found.not_found[name]))
            else:
                _add(report, verdict)
    if not_found:  # only then: to open the gradebook takes seconds
        from ..course.nbgrader.marks import marks

        unread = {student: mark.unread for student, mark in marks(course, chapter).items()}
        for student, name, cell in not_found:
            reports[name].outcomes[OPEN if cell in unread.get(student, ()) else BY_HAND] += 1
    return ClassReport(chapter, list(reports.values()), stamps, faults, unreadable)


@dataclass(frozen=True)
class _Read:
    """What counts of one graded notebook. verdicts: by exercise. not_found: exercises whose answers were not, and their checks."""

    student: str
    how: str
    faults: list[str]
    verdicts: dict[str, dict | None]
    not_found: dict[str, str]


def _read(path: Path) -> _Read | str:
    """A sentence, if it cannot be read."""
    student = path.parent.parent.name
    try:
        notebook = read_notebook(path)
    except CourseError as error:
        return f"{student}: {error}"
    stamp = notebook.metadata.get(STAMP, {})
    how = stamp.get("mode", "graded by other means")
    kept = ("outcome", "points", "max_points", "mistake")
    verdicts = {
        name: None if verdict is None else {key: verdict[key] for key in kept}
        for name, verdict in ((name, verdict_data(cell)) for name, cell in checks(notebook).items())
    }
    lost = open_checks(notebook)
    not_found = {name: cell for name, c in checks(notebook).items() if (cell := graded(c)["grade_id"]) in lost}
    faults = [f"{student}: {name}" for name in stamp.get("faults", [])]
    how = f"{how}, {'isolated' if stamp.get('isolated') else 'not isolated'}"
    return _Read(student, how, faults, verdicts, not_found)


def _add(report: ExerciseReport, verdict: dict | None) -> None:
    if verdict is None:
        report.outcomes["no verdict"] += 1
        return
    report.outcomes[verdict["outcome"]] += 1
    report.points += verdict["points"]
    report.maximum += verdict["max_points"]
    if verdict["mistake"]:
        report.hints[verdict["mistake"]] += 1


def table(report: ClassReport) -> Table:
    """The exercises, how the class fared, and its most frequent misconceptions."""
    made = Table(title=report.chapter, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, show_lines=False)
    for name, side in (("exercise", "left"), ("correct", "right"), ("points", "right"), ("what went wrong", "left")):
        made.add_column(name, justify=side, no_wrap=name == "exercise")
    for exercise in report.exercises:
        share = f"{exercise.points / exercise.maximum:.0%}" if exercise.maximum else "–"
        wrong = [f"{n} {o}" for o, n in exercise.outcomes.most_common() if o != "correct"]
        lines = [", ".join(wrong)] if wrong else []
        lines += [f"{n} × {hint}" for hint, n in exercise.hints.most_common(3)]
        made.add_row(exercise.name, f"{exercise.outcomes['correct']} of {exercise.handed_in}", share, "\n".join(lines))
    return made
