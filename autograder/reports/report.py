"""`course report`: what a class has understood and what it has not, out of the verdicts in its graded notebooks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rich import box
from rich.table import Table

from ..course.cells import BY_HAND, OPEN, checks, graded, open_checks, verdict_data
from ..course.folder import Course, CourseError
from ..course.notebooks import read_notebook
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


def class_report(course: Course, chapter: str) -> ClassReport:
    """Read every graded notebook of a chapter. Raises `CourseError` if there is none."""
    reports: dict[str, ExerciseReport] = {}
    stamps, faults, unreadable = Counter(), [], []
    unread: dict[str, tuple[str, ...]] | None = None  # only if it is asked for: to open the gradebook takes seconds
    paths = sorted((course.root / "autograded").glob(f"*/{chapter}/*.ipynb"))
    if not paths:
        raise CourseError(f"nothing of {chapter} is graded yet: run course grade {chapter}")
    for path in paths:
        student = path.parent.parent.name
        try:
            notebook = read_notebook(path)
        except CourseError as error:
            unreadable.append(f"{student}: {error}")
            continue
        stamp = notebook.metadata.get(STAMP, {})
        how = stamp.get("mode", "graded by other means")
        stamps[f"{how}, {'isolated' if stamp.get('isolated') else 'not isolated'}"] += 1
        faults += [f"{student}: {name}" for name in stamp.get("faults", [])]
        not_found = open_checks(notebook)
        for name, cell in checks(notebook).items():
            report = reports.setdefault(name, ExerciseReport(name))
            if (cell_name := graded(cell)["grade_id"]) in not_found:
                from ..course.nbgrader.marks import marks

                unread = unread if unread is not None else {s: m.unread for s, m in marks(course, chapter).items()}
                report.outcomes[OPEN if cell_name in unread.get(student, ()) else BY_HAND] += 1
            else:
                _add(report, cell)
    return ClassReport(chapter, list(reports.values()), stamps, faults, unreadable)


def _add(report: ExerciseReport, cell) -> None:
    verdict = verdict_data(cell)
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
