"""Grade one notebook: its cells run in a sandboxed child, its check cells run here, with proxies for the student's names.

`grade_notebook` is a function of its arguments: the same notebook and seeds give the same grades, wherever it is called. The
graders call it in a judge (`judges`), a process for each notebook that is graded at a time.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_output

from ..course.cells import graded, is_check, is_lesson, is_solution
from ..execution import Child, ChildError
from ..judging.judge import answer_sheet, judge_with
from ..judging.probes import quiet
from ..judging.registry import UnknownExercise, find
from ..judging.verdict import MIME, Verdict
from .proxies import ChildGone, Link, Namespace, Proxy, parse

PLAIN_CHECK_SECONDS = 10.0
NOTEBOOK_SECONDS = 900.0
MAX_OUTPUT = 16 << 20  # bytes of all outputs of a notebook, as JSON


@dataclass(frozen=True)
class Graded:
    """A graded notebook, how it was graded, and what a person should look at.

    mode: "judged outside" or "judged in the kernel". isolated: was the student's code in a sandbox? faults: check cells
    whose verdict is the grader's fault, to be graded again. inside: plain check cells that were decided in the child.
    """

    notebook: NotebookNode
    mode: str
    isolated: bool
    sandbox: str = ""
    faults: tuple[str, ...] = field(default=())
    inside: tuple[str, ...] = field(default=())

    @property
    def stamp(self) -> str:
        inside = ", some checks in the child" if self.inside else ""
        return f"{self.mode}{inside}, {'isolated' if self.isolated else 'not isolated'}"


def grade_notebook(
    notebook: NotebookNode,
    child: Child,
    seed: Callable[[str], int],
    trusted: list[tuple[str, bool]] = (),
    seconds: float = NOTEBOOK_SECONDS,
    fallback: bool = True,
) -> Graded:
    """Run and judge a sanitized notebook; it is changed in place.

    child: a fresh one. seed: of an exercise's full name. trusted: the course's own cells (source, is it locked?), whose
    imports check cells may use. seconds: for all cells and checks; then the child is ended. fallback: what a plain check
    cell does not pass here may be passed in the child, see `_again_inside`. Not for two threads at once: the reference's
    standard streams are redirected.
    """
    prepare_answers(notebook, seed)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    faults: list[str] = []
    inside: list[str] = []
    link = Link(child, PLAIN_CHECK_SECONDS, seconds)
    namespace = Namespace(link, trusted, check=_Checker(seed))
    gone, room = "", MAX_OUTPUT
    for cell in notebook.cells:
        if cell.cell_type != "code" or is_lesson(cell):
            continue
        if is_check(cell):
            _examine(cell, namespace)
            if any(o.get("data", {}).get(MIME, {}).get("outcome") == "grader's fault" for o in cell.outputs):
                faults.append(graded(cell)["grade_id"])
            if fallback and child.alive and is_plain(cell) and not _passed(cell):
                _again_inside(cell, child, link.time_left(child.limits.wall_seconds))
                inside.append(graded(cell)["grade_id"])
        elif gone:
            cell.outputs = [_error("ChildGone", gone)]
        else:
            try:
                result = child.run(cell.source, link.time_left(child.limits.wall_seconds))
            except ChildError as error:
                gone = str(error)
                cell.outputs = [_error("ChildGone", gone)]
                continue
            cell.outputs, cell.execution_count = [from_dict(o) for o in result.outputs], result.execution_count
            room -= len(json.dumps(result.outputs))
            if room < 0:
                cell.outputs = [
                    _error("OutputLimit", f"the outputs of this notebook take more than {MAX_OUTPUT >> 20} MiB")
                ]
    report = child.report
    return Graded(notebook, "judged outside", report.isolated, str(report), tuple(faults), tuple(inside))


def prepare_answers(notebook: NotebookNode, seed: Callable[[str], int]) -> None:
    """Have the references answer all that will be asked, before any student's code runs that could be in their way."""
    for cell in notebook.cells:
        if is_check(cell):
            with contextlib.suppress(Exception):  # whatever is wrong here is told when the check is made
                exercise = find(graded(cell)["grade_id"].removesuffix("-check"))
                answer_sheet(exercise, seed(exercise.key))


def is_plain(cell: NotebookNode) -> bool:
    """Is this a check cell of asserts, in which our `check` judges nothing?"""
    try:
        calls = [n for n in ast.walk(parse(cell.source)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    except SyntaxError:
        return True
    names = [a.id for call in calls if call.func.id == "check" for a in call.args if isinstance(a, ast.Name)]
    for name in names:
        with contextlib.suppress(UnknownExercise):
            find(name)
            return False
    return True


def _passed(cell: NotebookNode) -> bool:
    """Is this check cell worth all its points, as nbgrader will read its outputs?"""
    for output in cell.outputs:
        if output.output_type == "error":
            return False
        if output.output_type == "execute_result":
            with contextlib.suppress(ValueError):
                return float(output.data.get("text/plain", "")) >= graded(cell).get("points", 0)
    return True


def _again_inside(cell: NotebookNode, child: Child, seconds: float) -> None:
    """Run a plain check cell where the student's names are no proxies.

    A proxy cannot be everything that it stands for: a class to inherit from, a list that is changed in place, an exception to
    catch. Where a check of another course needs that, the sandboxed child decides, as a kernel does for stock nbgrader.
    """
    try:
        result = child.run(cell.source, seconds)
    except ChildError as error:
        cell.outputs = [_error("ChildGone", str(error))]
        return
    # what is written to stderr is no mistake, but would cost all points
    shown = [o for o in result.outputs if o.get("name") != "stderr"]
    cell.outputs, cell.execution_count = [from_dict(o) for o in shown], result.execution_count


class _Checker:
    """`check` as check cells know it, judging the child's answer here."""

    def __init__(self, seed: Callable[[str], int]) -> None:
        self.seed = seed

    def __call__(self, answer: Any) -> Verdict:
        if not isinstance(answer, Proxy):
            text = f"check() wants the function you wrote, not {type(answer).__name__}."
            return Verdict("?", "wrong", 0.0, 0.0, message=text)
        try:
            exercise = find(answer.__name__)
        except UnknownExercise as error:
            return Verdict(answer.__name__, "wrong", 0.0, 0.0, message=f"{str(error).capitalize()}.")
        return judge_with(exercise, answer.probe, self.seed(exercise.key))


def _examine(cell: NotebookNode, namespace: Namespace) -> None:
    """Run a check cell here and write its outputs: a verdict and its points, or what a plain assert says."""
    cell.execution_count = None
    printed = io.StringIO()
    try:
        tree = parse(cell.source)
        value = None
        with quiet(), contextlib.redirect_stdout(printed):
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "<check>", "exec"), namespace)  # noqa: S102  the course's own cell, restored from its source
            if last is not None and not cell.source.rstrip().endswith(";"):
                value = eval(compile(ast.Expression(last.value), "<check>", "eval"), namespace)  # noqa: S307
        outputs = [] if value is None else [_result(value)]
    except NameError as error:
        outputs = [_missing(error)]
    except ChildGone as error:
        outputs = [_gone(cell, error)]
    except Exception as error:  # noqa: BLE001  a check cell fails by raising, whatever it raises
        text = str(error)[:2000]
        outputs = [_error(type(error).__name__, text)]
    if printed.getvalue():
        outputs.insert(0, new_output("stream", name="stdout", text=printed.getvalue()[:20_000]))
    cell.outputs = outputs


def _result(value: Any) -> NotebookNode:
    """The value of a check cell's last expression, as nbgrader reads partial credit: a bare number."""
    if isinstance(value, Verdict):
        data = {"text/plain": f"{value.points:g}", "text/html": value.to_html(), MIME: value.to_dict()}
    else:
        try:
            data = {"text/plain": repr(value if isinstance(value, bool) else float(value))}
        except (TypeError, ValueError):
            data = {"text/plain": repr(value)[:2000]}
    return new_output("execute_result", data, execution_count=None)


def _missing(error: NameError) -> NotebookNode:
    """A check whose function does not exist: its cell was deleted, or failed before it defined anything."""
    name = getattr(error, "name", None) or ""
    try:
        exercise = find(name)
    except UnknownExercise:
        return _error("NameError", str(error))
    text = f"There is no function called {name}: its cell is missing, or stopped before it defined one."
    return _result(Verdict(exercise.key, "not attempted", 0.0, exercise.points, message=text))


def _gone(cell: NotebookNode, error: ChildGone) -> NotebookNode:
    """A check for which there is no student's process any more."""
    try:
        exercise = find(graded(cell)["grade_id"].removesuffix("-check"))
    except UnknownExercise:
        return _error("ChildGone", str(error))
    text = f"The process that ran your notebook is gone: {error}"
    return _result(Verdict(exercise.key, error.outcome, 0.0, exercise.points, message=text))


def _error(name: str, text: str) -> NotebookNode:
    return new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])


def trusted_cells(notebook: NotebookNode) -> list[tuple[str, bool]]:
    """Of a source notebook what check cells may rely on: every code cell but solutions and checks, and whether it is locked."""
    return [
        (c.source, bool(graded(c).get("locked")))
        for c in notebook.cells
        if c.cell_type == "code" and not is_solution(c) and not is_check(c)
    ]
