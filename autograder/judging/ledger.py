"""What a student's kernel holds that the grader will not: kept while the notebook's cells run, one entry a cell.

While grading, the setup cell and the student's own cells are run; lesson cells are not. So a name that a lesson's cell has bound
last, a function of an older run of a cell that now fails, a switch that a lesson has thrown exist at home only. The ledger
knows them, and `as_graded` puts them out of the way while an answer is judged.

A cell is a lesson's if the notebook's file lists it as such; without a list, if it is tagged `lesson`. A copy of a lesson's
cell, which has the tag but another id, is the student's own. Without a file every cell counts as the student's own.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from . import patches, switches

COURSE, LISTED = "course", "lesson_cells"
"""Where a released notebook's metadata lists the ids of the lesson's cells."""

MAX_NOTEBOOK = 64 << 20  # bytes of a notebook's file that is looked at
TITLE = 60  # characters of a cell's first line


@dataclass(frozen=True)
class Cell:
    """A code cell of the notebook's file."""

    id: str | None
    source: str
    lesson: bool


@dataclass
class Origin:
    """Where a name comes from that the grader will not have. title: of its cell. why: what is to be done about it."""

    title: str
    own: bool = False


@dataclass
class Run:
    """The last run of a student's own cell that binds a name. error: how it ended, if before it bound the name."""

    cell_id: str | None
    source: str
    when: float
    error: str = ""


@dataclass
class Ledger:
    """own: what the setup and the student's cells have bound, by name. gone: what the grader will not have."""

    names: dict
    own: dict[str, Any] = field(default_factory=dict)
    gone: dict[str, Origin] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    switches: dict[str, Any] = field(default_factory=switches.state)
    patches: patches.Patches = field(default_factory=patches.found)
    _before: dict[str, Any] | None = None
    _switches: dict[str, Any] = field(default_factory=dict)
    _patches: patches.Patches = field(default_factory=dict)

    # -- while cells run

    def begin(self, info: Any) -> None:
        """A cell is about to run."""
        self._before, self._switches, self._patches = _visible(self.names), switches.state(), patches.found()

    def end(self, result: Any) -> None:
        """A cell has run."""
        info, before = result.info, self._before
        if info is None or not isinstance(info.raw_cell, str):
            return
        now = _visible(self.names)
        if before is None:  # the cell in which the ledger was made: the setup cell
            before = {}
        self._before = None
        changed = {name: value for name, value in now.items() if name not in before or before[name] is not value}
        deleted = before.keys() - now.keys()
        error = result.error_before_exec or result.error_in_exec
        if error is None:  # a name may be bound to the very object that it had
            changed |= {name: now[name] for name in bound_in(info.raw_cell) if name in now}
        cell = _cell_of(info, notebook_cells())
        if cell is not None and cell.lesson:
            for name in changed:
                self.gone[name] = Origin(_title(info.raw_cell))
            return  # and what it throws stays out of the state in which answers are judged
        self._own_cell(info, changed, deleted, error)
        after = switches.state()
        self.switches |= {call: value for call, value in after.items() if value != self._switches.get(call)}
        self._note_patches()

    def _note_patches(self) -> None:
        """What a cell of the student's own has put in the place of the libraries' functions, and what it has put back."""
        now = patches.found()
        self.patches |= {key: value for key, value in now.items() if self._patches.get(key, self) is not value}
        for key in self._patches.keys() - now.keys():
            self.patches.pop(key, None)

    def _own_cell(self, info: Any, changed: dict[str, Any], deleted: set[str], error: BaseException | None) -> None:
        failed = "" if error is None else f"{type(error).__name__}: {error}".splitlines()[0][:200]
        unreachable = self._unreachable(getattr(info, "transformed_cell", None) or info.raw_cell)
        for name in changed:
            if name in unreachable:
                self.gone[name] = Origin(unreachable[name], own=True)
                self.own.pop(name, None)
            else:
                self.own[name] = changed[name]
                self.gone.pop(name, None)
        for name in deleted:
            self.own.pop(name, None)
            self.gone.pop(name, None)
        run = Run(getattr(info, "cell_id", None), info.raw_cell, time.time())
        for name in bound_in(info.raw_cell):
            stale = bool(failed) and name not in changed
            self.runs[name] = Run(run.cell_id, run.source, run.when, failed if stale else "")

    def _unreachable(self, source: str) -> dict[str, str]:
        """The names that this cell binds from the line on at which it stops while grading: name → the name that is missing there."""
        try:
            body = ast.parse(source).body
        except SyntaxError:
            return {}
        missing, found = "", {}
        for statement in body:
            if not missing and not isinstance(statement, ast.Try):
                used = [name for name in _used_at_once(statement) if name in self.gone and name not in self.own]
                missing = used[0] if used else ""
            if missing:
                found |= dict.fromkeys(_bound_by(statement), missing)
        return found

    # -- while an answer is judged

    @contextlib.contextmanager
    def as_graded(self) -> Iterator[None]:
        """Meanwhile the notebook's names, and all switches, are as the setup and the student's own cells alone would leave them."""
        saved = {name: self.names[name] for name in self.gone if name in self.names}
        thrown = switches.state()
        switches.restore(self.switches)
        for name in saved:
            if name in self.own:
                self.names[name] = self.own[name]
            else:
                del self.names[name]
        try:
            with patches.meanwhile(self.patches):
                yield
        finally:
            self.names.update(saved)
            switches.restore(thrown)

    def missing_for(self, answer: Any, name: str) -> dict[str, Origin]:
        """The names that an answer uses, itself or through functions it calls, and its own, that the grader will not have."""
        used = [name, *_used_by(answer, self.names)]
        return {name: self.gone[name] for name in used if name in self.gone and name not in self.own}

    def stale(self, name: str) -> str:
        """Why what is called so is not what the notebook shows; empty if it is."""
        run = self.runs.get(name)
        if run is None:
            return ""
        if run.error:
            return (
                f"The cell of `{name}` ended with an error when you last ran it ({run.error}), so that an older `{name}` is "
                "still alive here. When you are graded it does not exist: mend the cell, run it, and check again."
            )
        shown = _saved_since(run)
        if shown is None:
            return ""
        if shown == "":
            return f"The cell in which you wrote `{name}` is no longer in the notebook: when you are graded it does not exist."
        return f"The cell of `{name}` was changed after you ran it: run it again, then check again."


def bound_in(source: str) -> set[str]:
    """The functions and names that a cell binds at its top level, as far as its text tells; it need not be valid Python."""
    try:
        return {name for statement in ast.parse(source).body for name in _bound_by(statement)}
    except (SyntaxError, ValueError):
        # line by line: whatever is wrong with the rest, these lines begin a function or give a name
        pattern = re.compile(r"(?:async )?(?:def|class) (\w+)|(\w+) ?=[^=]")
        return {match[1] or match[2] for line in source.splitlines() if (match := pattern.match(line[:200]))}


def _bound_by(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _used_at_once(statement: ast.stmt) -> list[str]:
    """The global names that a statement loads when it runs, not those in the bodies of functions that it defines."""
    try:
        code = compile(ast.Module([statement], []), "<cell>", "exec")
    except (SyntaxError, ValueError):
        return []
    return _loaded(code, at_once=True)


def _loaded(code: CodeType, at_once: bool) -> list[str]:
    import dis

    loads = ("LOAD_NAME", "LOAD_GLOBAL")
    names = [i.argval for i in dis.get_instructions(code) if i.opname in loads]
    for inner in (c for c in code.co_consts if isinstance(c, CodeType)):
        runs_now = (
            inner.co_name in ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>") or "__module__" in inner.co_names
        )
        if runs_now or not at_once:
            names += _loaded(inner, at_once)
    return names


def _used_by(answer: Any, names: dict) -> list[str]:
    """The notebook's names that a function uses, itself or through other functions of the notebook."""
    found: dict[str, None] = {}
    waiting = [answer]
    while waiting:
        thing = waiting.pop()
        for function in (thing, getattr(thing, "python_function", None), vars(type(thing)).get("__call__")):
            code = getattr(function, "__code__", None)
            if code is None or getattr(function, "__globals__", None) is not names:
                continue
            for name in _loaded(code, at_once=False):
                if name in names and name not in found:
                    found[name] = None
                    waiting.append(names[name])
    return list(found)


def borrowed(answer: Any, names: dict) -> list[str]:
    """The data, not functions or modules, that an answer takes from its notebook. Constants in CAPITALS are its own."""
    data = {n: names[n] for n in _used_by(answer, names) if not n.isupper()}
    return sorted(n for n, v in data.items() if not callable(v) and not isinstance(v, ModuleType))


def _visible(names: dict) -> dict[str, Any]:
    """The names that a notebook's cells have bound, without IPython's own."""
    return {
        n: v
        for n, v in names.items()
        if not n.startswith("_") and n not in ("In", "Out", "exit", "quit", "get_ipython")
    }


def _title(source: str) -> str:
    return next((line.strip()[:TITLE] for line in source.splitlines() if line.strip()), "")


def _cell_of(info: Any, cells: list[Cell]) -> Cell | None:
    """The cell of the file that has just run: by its id where the front end tells it, else by its source."""
    name = getattr(info, "cell_id", None)
    for cell in cells:
        if name is not None and cell.id == name:
            return cell
    same = [cell for cell in cells if cell.source.strip() == info.raw_cell.strip()]
    # of a copy and its original the front end would tell; else it does no harm to take it for the student's own
    return None if name is not None or not same else min(same, key=lambda cell: cell.lesson)


def _saved_since(run: Run) -> str | None:
    """The source of a cell as saved after its run, if it is another one; "" if the cell is gone; None if nobody can tell."""
    path = notebook_file()
    try:
        if run.cell_id is None or path is None or path.stat().st_mtime <= run.when + 1:
            return None
    except OSError:
        return None
    cells = notebook_cells()
    for cell in cells:
        if cell.id == run.cell_id:
            return None if cell.source.strip() == run.source.strip() else cell.source
    return "" if cells else None


def notebook_file() -> Path | None:
    """The notebook that this kernel belongs to; None where nobody tells."""
    told = os.environ.get("JPY_SESSION_NAME")
    if told and told.endswith(".ipynb") and Path(told).is_file():
        return Path(told)
    main = sys.modules.get("__main__")
    told = getattr(main, "__vsc_ipynb_file__", None)  # Visual Studio Code
    if isinstance(told, str) and Path(told).is_file():
        return Path(told)
    try:
        here = [path for path in Path.cwd().glob("*.ipynb") if path.is_file()]
    except OSError:
        return None
    return here[0] if len(here) == 1 else None


_read: tuple[Any, list[Cell]] = (None, [])


def notebook_cells() -> list[Cell]:
    """The code cells of this kernel's notebook as it was last saved; none where it cannot be found or read."""
    global _read
    path = notebook_file()
    try:
        if path is None or (about := path.stat()).st_size > MAX_NOTEBOOK:
            return []
        key = (path, about.st_mtime_ns, about.st_size)
        if _read[0] != key:
            _read = (key, _parsed(json.loads(path.read_text(encoding="utf-8"))))
    except (OSError, ValueError, AttributeError, TypeError, KeyError, RecursionError):  # being written, or no notebook
        return []
    return _read[1]


def _parsed(notebook: dict) -> list[Cell]:
    listed = notebook.get("metadata", {}).get(COURSE, {}).get(LISTED)
    cells = []
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "code":
            about, source = cell.get("metadata", {}), cell["source"]
            tagged = "lesson" in about.get("tags", []) and "nbgrader" not in about
            lesson = tagged if listed is None else cell.get("id") in listed
            cells.append(Cell(cell.get("id"), source if isinstance(source, str) else "".join(source), lesson))
    return cells


_ledger: Ledger | None = None


def ledger() -> Ledger | None:
    """This kernel's ledger; None outside of IPython."""
    return _ledger


def keep() -> None:
    """Begin to keep the ledger of this kernel, where there is one; once. A graded child needs none: it is judged from outside."""
    global _ledger
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive else None
    graded = hasattr(shell, "channel")  # which only the shell of a graded child has
    if shell is None or graded or _ledger is not None:
        return
    _ledger = Ledger(shell.user_ns)
    shell.events.register("pre_run_cell", _ledger.begin)
    shell.events.register("post_run_cell", _ledger.end)
