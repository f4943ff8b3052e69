"""What is wrong with one record, in one sentence, and what is shown below it: pure, (drawn case, record, reference's record) → text."""

from __future__ import annotations

from typing import Any

from .compare import as_array, describe, difference, show
from .exercise import Drawn

LONGEST = 1000  # characters of one finding: parts of it are what an answer says


def finding_of(drawn: Drawn, record: dict, expected: dict, names: list[str], *, nothing: bool = False) -> str | None:
    """None if this record is right, else a sentence about what is wrong with it.

    names: of the arguments. nothing: there are inputs on which None is the right answer.
    """
    return _wrong(drawn, record, expected, names, nothing) or _left_behind(record, expected)


def _left_behind(record: dict, expected: dict) -> str | None:
    """Does an answer that is right change what others compute after it?"""
    calls = sorted(set(record.get("left", ())) - set(expected.get("left", ())))
    if not calls:
        return None
    return (
        f"your answer is right, but after your function {' and '.join(calls)[: LONGEST // 2]} is in force for the whole notebook: "
        "everything that is computed later changes, too"
    )


def _wrong(drawn: Drawn, record: dict, expected: dict, names: list[str], nothing: bool) -> str | None:
    status, case = record["status"], drawn.case
    if status == "raised":
        if expected["status"] == "raised" and expected["type"] == record["type"]:
            return None
        return f"your function raised {short(record)}"
    if status == "too slow":
        return f"your function was stopped after {record['seconds']:g} s. Is there a loop that does not end?"
    if status == "out of memory":
        return "your function needed more memory than there is"
    if status == "killed":
        return "the process that ran your function was killed" + (f": {record['why']}" if record.get("why") else "")
    if status != "ok":
        return f"your function came to {status!r}"
    if expected["status"] == "raised":
        return f"your function returned {show(record['result'])}, expected {expected['type']} to be raised"
    if record["result"] is None and expected["result"] is not None:
        question = "" if nothing else ". Is a `return` missing on the way there?"
        return f"your function returned None, expected {show(expected['result'])}{question}"
    if case.accept is not None:
        return accepted(drawn, record, expected)
    options = {"rtol": case.rtol, "atol": case.atol, "dtype": case.dtype}
    if found := _changes(record, expected, options, names):
        return found
    if found := difference(record["result"], expected["result"], **options):
        return found
    if case.gradient:
        return _gradients(record, expected, options)
    return None


def accepted(drawn: Drawn, record: dict, expected: dict) -> str | None:
    """What the case's own property check says. It may stumble over a result of another form: that is a finding, too."""
    accept = drawn.case.accept
    try:
        found = accept(record["result"], drawn.inputs, expected["result"])
        return found if found is None else str(found)
    except Exception:  # noqa: BLE001  which error it is depends on what the answer returned
        accept(expected["result"], drawn.inputs, expected["result"])  # if this fails as well, the check is at fault
        return f"your result does not have the form that the task asks for: it is {describe(record['result'])}"


def _changes(record: dict, expected: dict, options: dict, names: list[str]) -> str | None:
    """Did it change its arguments as it should, and no others?"""
    if set(record["rebound"]) - set(expected["rebound"]):
        return "your function put other objects into a list or dict it was given, or took some out; it must stay as the caller made it"
    for path, now in record["changed"].items():
        name = _argument(path, names)
        if path not in expected["changed"]:
            return f"your function changed its argument {name}; the caller still needs it as it was"
        if found := difference(now, expected["changed"][path], what=f"{name}, after the call,", **options):
            return found
    for path in expected["changed"]:
        if path not in record["changed"]:
            return f"{_argument(path, names)} is still as it was before the call; it should have been changed in place"
    return None


def _argument(path: str, names: list[str]) -> str:
    """How to call what lies at a path among the arguments: "params[0]"."""
    first, *rest = path.split("/")
    return f"{names[int(first)]}{''.join(f'[{p}]' for p in rest)}"


def _gradients(record: dict, expected: dict, options: dict) -> str | None:
    options = {**options, "dtype": False}
    for i, (got, want) in enumerate(zip(record.get("gradient") or [], expected.get("gradient") or [], strict=True)):
        if got is None and want is not None:
            return (
                "the value is right, but there is no gradient: the tape cannot see through your computation "
                "(NumPy and Python numbers leave no trace on it)"
            )
        if found := difference(
            got, want, what=f"the value is right, but its gradient (tensor {i + 1} of the inputs)", **options
        ):
            return found
    return None


def detail(drawn: Drawn, record: dict, expected: dict) -> str:
    """The input, and the two results side by side where they are more than a number."""
    shown = ", ".join(_shown_input(value) for value in drawn.inputs)
    lines = [f"input     {shown[:400]}"] if shown else []
    got, want = record.get("result"), expected.get("result")
    if drawn.case.accept is None and record["status"] == expected["status"] == "ok" and _size(want) > 1:
        lines += [f"yours     {show(got)}", f"expected  {show(want)}"]
    return "\n".join(lines)


def _size(value: Any) -> int:
    array = as_array(value)
    return 2 if array is None and isinstance(value, (list, tuple)) else 0 if array is None else array.size


def _shown_input(value: Any) -> str:
    tag = getattr(value, "tag", None)
    if tag == "code":
        return value.value.splitlines()[0][:80]
    if tag == "made":
        return "(an object made for this case)"
    if isinstance(value, (list, tuple)) and any(as_array(v) is not None and as_array(v).ndim for v in value):
        return f"[{', '.join(describe(v) for v in value)}]"  # a list of parameters: their shapes tell enough
    return show(value, 6)


def short(record: dict) -> str:
    told = record["message"].splitlines()[:1]
    return ": ".join([record["type"][:100], *(line[:200] for line in told)])


def traceback(record: dict) -> str:
    lines = [f"line {number} of {function}:  {text}"[:LONGEST] for function, number, text in record["lines"][-5:]]
    return "\n".join([*lines, f"{record['type'][:100]}: {record['message'][:500]}"])


def same_result(one: dict, other: dict) -> bool:
    """Do two records end alike, with results that cannot be told apart?"""
    if not one["status"] == other["status"] == "ok":
        return one["status"] == other["status"]
    return not difference(essence(one["result"]), essence(other["result"]), dtype=False)


def essence(result: Any) -> Any:
    """Of a figure what is drawn in it: not the pixels, in which a font or a border may differ."""
    if getattr(result, "tag", None) == "figure":
        return result.value["axes"]
    return result
