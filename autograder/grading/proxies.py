"""The namespace in which a check cell runs: here in the grader, with remote proxies for the student's names.

Names that the course's own cells import or define are real; every other name is looked up in the child. What comes from
there is plain data, or a `Proxy` for what has no plain form. A proxy's answers are data, too: no code of a student's ever
runs here.
"""

from __future__ import annotations

import ast
import builtins
import functools
import time
from types import CodeType
from typing import Any

import numpy as np

from ..execution import Child, ChildError
from ..execution.wire import Tagged

MODULE = "autograder.grading.remote"


class StudentError(Exception):
    """The student's code raised an error whose type is unknown here; its text names the type."""


class ChildGone(Exception):
    """The student's process ended, or ran out of time or memory, before or while a check used it. outcome: a verdict's."""

    def __init__(self, text: str, outcome: str = "killed") -> None:
        super().__init__(text)
        self.outcome = outcome


class Proxy:
    """Something in the child that has no plain form, mostly a function. Calling it calls the student's."""

    def __init__(self, link: Link, handle: int, type_name: str, name: str | None = None) -> None:
        self._link, self._handle, self._type = link, handle, type_name
        self.__name__ = name or type_name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        plain = [to_plain(a) for a in arguments]
        named = {k: to_plain(v) for k, v in named.items()}
        return self._link.ask("call", self._handle, plain, named, given=arguments)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._link.ask("attribute", self._handle, name)

    def __repr__(self) -> str:
        return f"<the student's {self._type} {self.__name__}>"

    def probe(self, requests: list[dict]) -> list[dict]:
        """Exercise it; a record for every request, whatever becomes of the child."""
        seconds = sum(r["seconds"] for r in requests)
        try:
            timeout = self._link.time_left(seconds + 2)
            records = self._link.child.call(f"{MODULE}:probe", self._handle, requests, timeout=timeout)
        except ChildError as error:
            return [_record(error, seconds) for _ in requests]
        return records if _well_formed(records, len(requests)) else [_FORGED for _ in requests]


_FORGED = {
    "status": "raised",
    "type": "Unreadable",
    "message": "what your function returned cannot be read",
    "lines": [],
}


def _record(error: ChildError, seconds: float) -> dict:
    """The record of an answer that took its process with it."""
    if outcome := _outcome(error):
        return {"status": outcome, "seconds": seconds, "why": str(error)[:300]}
    return {**_FORGED, "message": f"{_FORGED['message']} ({error.ename or 'no known type'})"[:300]}


def _outcome(error: ChildError) -> str | None:
    """What a verdict calls this end; None if the child lives on."""
    if error.kind == "timeout" or (error.kind == "died" and ("longer than" in str(error) or "CPU time" in str(error))):
        return "too slow"
    return {"memory": "out of memory", "died": "killed"}.get(error.kind)


def _well_formed(records: Any, count: int) -> bool:
    """Are these records of the shape that `probes.run` gives? The child may send anything."""
    if type(records) is not list or len(records) != count:
        return False
    for record in records:
        if type(record) is not dict or type(record.get("status")) is not str:
            return False
        status = record["status"]
        if status == "ok":
            rebound, changed = record.get("rebound"), record.get("changed")
            if type(rebound) is not list or type(changed) is not dict or "result" not in record:
                return False
            if not all(type(p) is str for p in rebound) or type(record.get("gradient", [])) is not list:
                return False
        elif status == "raised":
            if (
                not all(type(record.get(k)) is str for k in ("type", "message"))
                or type(record.get("lines")) is not list
            ):
                return False
            if not all(type(line) in (list, tuple) and len(line) == 3 for line in record["lines"]):
                return False
        elif status == "too slow":
            if type(record.get("seconds")) not in (int, float):
                return False
        elif status not in ("stub", "missing", "out of memory"):
            return False
        forbidden = record.get("forbidden", [])
        if type(forbidden) is not list or not all(type(name) is str for name in forbidden):
            return False
    return True


class Link:
    """The way to a child's names."""

    def __init__(self, child: Child, seconds: float, altogether: float) -> None:
        """seconds: for one question. altogether: for everything that is asked of the child, from now on."""
        self.child, self.seconds = child, seconds
        self._altogether, self._end = altogether, time.monotonic() + altogether

    def time_left(self, seconds: float) -> float:
        """So many seconds, or what is left of the notebook's time; where nothing is, the child is ended."""
        left = self._end - time.monotonic()
        if left <= 0:
            self.child.kill(f"the notebook ran longer than {self._altogether:g} s")
        return max(0.1, min(seconds, left))

    def ask(self, what: str, *arguments: Any, name: str | None = None, given: tuple = ()) -> Any:
        """One question to the child; the student's error is raised here as the built-in of that name, if there is one.

        given: a call's arguments, in which the child's changes to its copies are made, too.
        """
        try:
            answer = self.child.call(f"{MODULE}:{what}", *arguments, timeout=self.time_left(self.seconds))
        except ChildError as error:
            if error.kind == "error":
                raise _exception(error.ename, error.evalue) from None
            raise ChildGone(str(error), _outcome(error) or "killed") from None
        if answer is None:
            return None
        try:
            for number, value in answer.get("changed", {}).items():
                _change(given[number], from_plain(value))
            if answer["kind"] == "missing":
                raise KeyError(name)
            if answer["kind"] == "handle":
                return Proxy(self, int(answer["handle"]), str(answer["type"])[:100], name)
            return from_plain(answer["value"])
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            raise ChildGone(f"what came back is no answer ({type(error).__name__})") from None


def _change(argument: Any, value: Any) -> None:
    """Make an argument of a check cell's what the call has made of the copy."""
    if type(argument) is type(value) is list:
        argument[:] = value
    elif type(argument) is type(value) is dict:
        argument.clear()
        argument.update(value)
    elif isinstance(argument, np.ndarray) and isinstance(value, np.ndarray):
        argument[...] = value


def _exception(name: str, message: str) -> Exception:
    known = getattr(builtins, str(name), None)
    if isinstance(known, type) and issubclass(known, Exception):
        try:
            return known(message)
        except TypeError:  # UnicodeDecodeError and its kind want other arguments
            pass
    return StudentError(f"{name}: {message}")


def to_plain(value: Any) -> Any:
    """An argument that a check cell gives to a student's function, as plain data."""
    if isinstance(value, Proxy):
        return Tagged("handle", value._handle)
    if hasattr(value, "numpy") and hasattr(value, "dtype"):
        tag = "variable" if hasattr(value, "assign") else "tensor"
        return Tagged(tag, np.asarray(value.numpy()))
    if isinstance(value, (list, tuple)):
        return type(value)(to_plain(v) for v in value)
    if isinstance(value, dict):
        return {k: to_plain(v) for k, v in value.items()}
    return value


def from_plain(value: Any) -> Any:
    """A plain result as a check cell expects it: tensors are tensors again."""
    if isinstance(value, Tagged):
        if value.tag in ("tensor", "variable"):
            import tensorflow as tf

            return tf.constant(value.value)
        if value.tag == "dataset":
            return from_plain(value.value)
        raise ChildGone(f"a result of type {value.tag!r} has no plain form")
    if isinstance(value, (list, tuple)):
        return type(value)(from_plain(v) for v in value)
    if isinstance(value, dict):
        return {k: from_plain(v) for k, v in value.items()}
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def parse(source: str) -> ast.Module:
    """A cell as Python, its magics left out. Raises SyntaxError."""
    return ast.parse("\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()))


@functools.lru_cache(maxsize=1024)  # a judge sees the same cells for every student
def _definitions(source: str, locked: bool) -> list[CodeType]:
    """Of a cell of the course's own its imports, and of a locked one its functions, classes and constants, compiled."""
    try:
        body = parse(source).body
    except SyntaxError:
        return []
    wanted = (ast.Import, ast.ImportFrom) + ((ast.FunctionDef, ast.ClassDef) if locked else ())
    return [
        compile(ast.Module([node], []), "<course>", "exec")
        for node in body
        if isinstance(node, wanted)
        or (locked and isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant))
    ]


class Namespace(dict):
    """The globals of check cells: the course's own names first, then built-ins, then the student's, by proxy."""

    def __init__(self, link: Link, trusted: list[tuple[str, bool]] = (), **own: Any) -> None:
        """trusted: sources of the course's own cells (see `define`). own: names that no student may take."""
        super().__init__(own)
        dict.__setitem__(self, "__builtins__", builtins)
        self._link, self._own, self._deleted = link, set(own), set()
        for source, locked in trusted:
            self.define(source, locked)

    def define(self, source: str, locked: bool) -> None:
        """Take over what a cell of the course's own source imports; of a locked cell also what it defines.

        A cell that is no Python, or an import that fails, adds nothing.
        """
        for code in _definitions(source, locked):
            fresh: dict = {}
            try:
                # in our own globals, so that its functions see what check cells see; into a dict, so that we see it
                exec(code, self, fresh)  # noqa: S102
            except ImportError:
                continue
            for name, value in fresh.items():
                if name not in ("check", "claim"):
                    dict.__setitem__(self, name, value)
                    self._own.add(name)

    def __missing__(self, name: str) -> Any:
        if name in self._deleted or name.startswith("__") or hasattr(builtins, name):
            raise KeyError(name)
        return self._link.ask("get", name, name=name)

    def __setitem__(self, name: str, value: Any) -> None:
        """A name that a check cell sets is its own; one that it gives back to a student's function is theirs again."""
        self._deleted.discard(name)
        if isinstance(value, Proxy) and name not in self._own and not name.startswith("_"):
            self.pop(name, None)
            self._link.ask("assign", name, to_plain(value))
        else:
            dict.__setitem__(self, name, value)

    def __delitem__(self, name: str) -> None:
        if name in self:
            dict.__delitem__(self, name)
        if name not in self._own:
            self._deleted.add(name)
            self._link.ask("delete", name)
