"""What a student's function answers when it is asked through the child: records, each a well-formed one whatever comes back."""

from __future__ import annotations

import time
from typing import Any

from ..execution import Child, ChildError

TARGET = "autograder.judging.probes:run_named"
MOST_NAMES = 100  # forbidden functions, or switches, of one record
SPARE_SECONDS = 2.0  # beyond what the answer itself may take

_FORGED = {
    "status": "raised",
    "type": "Unreadable",
    "message": "what your function returned cannot be read",
    "lines": [],
}


class Clock:
    """The time that a notebook has for all its cells and checks."""

    def __init__(self, child: Child, altogether: float) -> None:
        self.child, self.altogether = child, altogether
        self._end = time.monotonic() + altogether

    def left(self, seconds: float) -> float:
        """So many seconds, or what is left; where nothing is, the child is ended."""
        left = self._end - time.monotonic()
        if left <= 0:
            self.child.kill(f"the notebook ran longer than {self.altogether:g} s")
        return max(0.1, min(seconds, left))


def ask(child: Child, clock: Clock, name: str, requests: list[dict]) -> list[dict]:
    """Exercise the student's function of this name; a record for every request, whatever becomes of the child."""
    seconds = sum(r["seconds"] for r in requests)
    try:
        records = child.call(TARGET, name, requests, timeout=clock.left(seconds + SPARE_SECONDS))
    except ChildError as error:
        return [_record(error, seconds) for _ in requests]
    return records if well_formed(records, len(requests)) else [_FORGED for _ in requests]


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


def well_formed(records: Any, count: int) -> bool:
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
        for names in (record.get("forbidden", []), record.get("switches", []), record.get("left", [])):
            if type(names) is not list or len(names) > MOST_NAMES or not all(type(name) is str for name in names):
                return False
    return True
