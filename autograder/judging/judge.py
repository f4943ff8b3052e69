"""From records to a verdict: pure, (exercise, records of the answer, draw) → `Verdict`.

    draw(exercise, seed) → requests → probe the answer, wherever it lives → records
                                    → probe the reference, here           → records      → judge_records → Verdict

A check is only worth what it rejects: whatever an answer returns is compared here, never where the answer ran. It is one module
of more than 400 lines: verdict, hint and smallest example are read from one answer sheet.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..execution import wire
from . import literal, probes, shrink, switches
from .calls import calls_of, writable
from .compare import difference
from .exercise import Drawn, Exercise, Mistake, draw, draw_case, words_of
from .findings import LONGEST, accepted, detail, essence, finding_of, same_result, short, traceback
from .picture import picture
from .verdict import CaseResult, Verdict

ENDINGS = ("too slow", "out of memory", "killed")
HOME = 0  # the draw with which every check at home begins
MOST_DRAWS = 20  # of one check
SHRINK_SECONDS = 0.25  # for the smallest input of one check
SLOW_SECONDS = 1.0  # for the slowest case: of such an exercise no smaller input is looked for
TRY_SECONDS = 2.0  # for one of the inputs that are tried
MOST_TRIED = 300  # inputs of which a sheet keeps what the reference does
GIST = 4  # words of an error by which it is known


def judge(exercise: Exercise, answer: Callable, seed: int = HOME) -> Verdict:
    """Judge an answer in this process. The seed draws the inputs; the same seed gives the same verdict."""
    return judge_with(exercise, lambda requests: probes.run(answer, requests), seed)


def judge_fresh(exercise: Exercise, answer: Callable, seconds: float) -> Verdict:
    """Judge an answer in this process on one draw after another, as many as the time allows; the first that fails counts.

    The draws are 0, 1, 2, …: the first is always the same, so that what a check says can be compared.
    """
    started, verdict, seed = time.monotonic(), judge(exercise, answer), HOME
    while verdict.passed and seed + 1 < MOST_DRAWS:
        spent = time.monotonic() - started
        if spent + spent / (seed + 1) > seconds:  # one more takes about as long as one so far
            break
        seed += 1
        verdict = judge(exercise, answer, seed)
    return explained(exercise, lambda requests: probes.run(answer, requests), seed, verdict)


def explained(exercise: Exercise, ask: Ask, seed: int, verdict: Verdict) -> Verdict:
    """A verdict on a failing answer with the smallest input on which it fails, and with a picture where there is something to see.

    To be asked for when all else has been asked of the answer: what it does with other inputs may end its process.
    """
    if all(case.passed for case in verdict.cases) or verdict.outcome not in ("wrong", "crashed"):
        return verdict
    try:
        sheet = answer_sheet(exercise, seed)
        number, can_be_written = _simplest_case(sheet, verdict)
        found, hint = _example(sheet, ask, number, verdict, can_be_written)
        told = {} if found is None else _shown(sheet, ask, found)
        result = replace(verdict.cases[number], **told, **_picture(sheet, ask, number))
    except Exception:  # noqa: BLE001  an example is a kindness: without it the verdict stands as it is
        return verdict
    return replace(verdict, mistake=hint, cases=(*verdict.cases[:number], result, *verdict.cases[number + 1 :]))


def _simplest_case(sheet: AnswerSheet, verdict: Verdict) -> tuple[int, bool]:
    """The failed case that drew the fewest numbers, of those whose calls can be written, and True; else the first that failed.

    Of a crash one that fails as the first does, whose traceback is told.
    """
    failed = [number for number, case in enumerate(verdict.cases) if not case.passed]
    kinds = [shrink.kind_of(verdict.cases[number].message) for number in failed]
    alike = [n for n, kind in zip(failed, kinds, strict=True) if verdict.outcome != "crashed" or kind == kinds[0]]
    for number in sorted(alike, key=lambda n: shrink.count_of(sheet.drawn[n].inputs)):
        if writable(sheet.exercise, sheet.drawn[number]):
            return number, True
    return failed[0], False


def _shown(sheet: AnswerSheet, ask: Ask, found: shrink.Found) -> dict[str, str]:
    """An example as a call, and what is wrong there; nothing where no call can be written.

    Where a case makes several calls, the first that goes wrong by itself; all of them, if it takes all of them.
    """
    exercise, case, told = sheet.exercise, found.drawn.case, found.finding
    every = calls_of(exercise, found.drawn)
    if len(every) > 1 and case.accept is None:
        alone = replace(case, probe=None, gradient=False)
        wrong = _wrong(sheet, ask)
        for inputs in every:
            asked = probes.request(inputs, forbid=exercise.forbid, seconds=exercise.seconds)
            if (finding := wrong(Drawn(alone, inputs, asked))) is not None:
                every, told = [inputs], finding
                break
    text = literal.call(exercise.name, *every) if every else ""
    return {"example": text, "told": told[:LONGEST]} if text else {}


def _example(
    sheet: AnswerSheet, ask: Ask, number: int, verdict: Verdict, can_be_written: bool
) -> tuple[shrink.Found | None, str | None]:
    """The smallest draw of a case that fails as the case did; and the verdict's hint, if it is right there as well.

    Found once for a typical mistake, on the draw that everybody has at home, it serves all who make it. Whoever does something
    else there made another mistake, which only looks alike on the draw that was judged: zero everywhere, say.
    """
    if sheet.is_slow:  # what trains is not seen through on a small input either
        return None, verdict.mistake
    hint = verdict.mistake
    mistake = next((m for m in sheet.exercise.mistakes if m.hint == hint), None)
    if not can_be_written:  # nothing could be shown: no search, only the hint is tried
        return None, hint if mistake and _holds(sheet, ask, number, mistake) else None
    if mistake and (known := (home := answer_sheet(sheet.exercise, HOME)).example(mistake, number)):
        record, expected = _tried(home, ask, known.drawn)
        told = _finding(home, known.drawn, record, expected)
        there = home.of_example(mistake, number, known.drawn, expected)
        if not _agrees(home, number, mistake, there, record):
            hint = None
        if told is not None and shrink.kind_of(told) == shrink.kind_of(verdict.cases[number].message):
            return replace(known, finding=told), hint
    return _search(sheet, number, _wrong(sheet, ask)), hint


def _holds(sheet: AnswerSheet, ask: Ask, number: int, mistake: Mistake) -> bool:
    """Does an answer do what a typical mistake does on another draw of a case as well?"""
    exercise, case = sheet.exercise, sheet.drawn[number].case
    one = draw_case(exercise, case, np.random.default_rng([*words_of(exercise, number, sheet.seed), 1]))
    record, expected = _tried(sheet, ask, one)
    there = AnswerSheet(exercise, sheet.seed, [one], [expected], [0.0])
    return not _answers(expected, one) or _agrees(sheet, number, mistake, there, record)


def _agrees(sheet: AnswerSheet, number: int, mistake: Mistake, there: AnswerSheet, record: dict) -> bool:
    """Does nothing speak against a mistake in an answer's record of another draw of a case? there: that draw's sheet.

    What was too slow tells nothing: it had less time than when it was judged.
    """
    too_slow = record["status"] == "too slow"
    return too_slow or _alike(there, record, mistake, 0) or _by_chance(sheet, number, mistake)


def _by_chance(sheet: AnswerSheet, number: int, mistake: Mistake) -> bool:
    """Is what a mistake does in a case a throw of dice, which only a sentence of the case's own can tell?"""
    return sheet.drawn[number].case.accept is not None and not sheet.is_steady(mistake, number)


def _search(sheet: AnswerSheet, number: int, wrong: Callable[[Drawn], str | None]) -> shrink.Found | None:
    started = time.monotonic()
    finding = wrong(sheet.drawn[number])
    if finding is None or time.monotonic() - started > SHRINK_SECONDS / 4:  # too slow for a search
        return None
    if "was stopped after" in finding or "needed more memory" in finding:
        return None
    case = sheet.drawn[number].case
    return shrink.smallest(sheet.exercise, case, number, sheet.seed, finding, wrong, SHRINK_SECONDS)


def _wrong(sheet: AnswerSheet, ask: Ask) -> Callable[[Drawn], str | None]:
    """What an answer does wrong with a draw: None if nothing, or if the reference does not answer it."""

    def wrong(one: Drawn) -> str | None:
        try:
            record, expected = _tried(sheet, ask, one)
        except Exception:  # noqa: BLE001  it has ended its process, say: then it is no example
            return None
        return _finding(sheet, one, record, expected)

    return wrong


def _tried(sheet: AnswerSheet, ask: Ask, one: Drawn) -> tuple[dict, dict]:
    """What an answer does with a draw, and what the reference does; where that gives no answer, the first is not asked for."""
    quick = {**one.request, "seconds": min(sheet.exercise.seconds, TRY_SECONDS)}
    expected = sheet.tried(quick)
    return (ask([quick])[0] if _answers(expected, one) else expected), expected


def _answers(expected: dict, one: Drawn) -> bool:
    """Has the reference come to what its case is about?"""
    return expected["status"] == ("raised" if one.case.raises else "ok")


def _finding(sheet: AnswerSheet, one: Drawn, record: dict, expected: dict) -> str | None:
    """What is wrong with an answer's record; None if nothing, or if the reference does not answer."""
    if not _answers(expected, one):
        return None
    try:
        return finding_of(one, record, expected, sheet.names, nothing=sheet.nothing)
    except Exception:  # noqa: BLE001  of a form that no comparison foresaw: then it is no example
        return None


def _picture(sheet: AnswerSheet, ask: Ask, number: int) -> dict[str, str]:
    """The answer's result in a case beside the expected one, for exercises whose results can be looked at."""
    if not sheet.exercise.picture or sheet.is_slow:
        return {}
    record, expected = ask([sheet.drawn[number].request])[0], sheet.expected[number]
    if not record["status"] == expected["status"] == "ok":
        return {}
    svg, alt = picture(sheet.exercise.picture, record["result"], expected["result"])
    return {"picture": svg, "alt": alt}


def judge_with(exercise: Exercise, ask: Ask, seed: int = HOME) -> Verdict:
    """Judge an answer that lives elsewhere: `ask` carries the requests to it and brings its records back."""
    try:
        sheet = answer_sheet(exercise, seed)
    except Exception as error:  # noqa: BLE001  whatever fails here is ours, and must not cost a point
        return _our_fault(exercise, error)
    records = ask([d.request for d in sheet.drawn])
    try:
        return judge_records(sheet, records)
    except Exception as error:  # noqa: BLE001  an answer may be of a form that no comparison foresaw
        try:
            judge_records(sheet, sheet.expected)
        except Exception:  # noqa: BLE001  then it is not the answer
            return _our_fault(exercise, error)
        text = f"Your result does not have the form that the task asks for ({type(error).__name__})."
        return Verdict(exercise.key, "wrong", 0.0, exercise.points, message=text)


Ask = Callable[[list[dict]], list[dict]]
"""Carries requests to an answer, wherever it lives, and brings its records back (see `probes`)."""


@dataclass(eq=False)
class AnswerSheet:
    """One draw of an exercise with what the reference makes of it and, once asked for, what the mistakes make of it.

    taken: seconds that the reference took for each case.
    """

    exercise: Exercise
    seed: int
    drawn: list[Drawn]
    expected: list[dict]
    taken: list[float] = field(default_factory=list)
    _mistaken: dict[tuple[str, int], dict] = field(default_factory=dict)
    _again: dict[str, AnswerSheet] = field(default_factory=dict)
    _examples: dict[tuple[str, int], shrink.Found | None] = field(default_factory=dict)
    _of_examples: dict[tuple[str, int], AnswerSheet] = field(default_factory=dict)
    _tried: dict[bytes, dict] = field(default_factory=dict)

    @functools.cached_property
    def is_slow(self) -> bool:
        """Does the reference take long for one of the cases? Also when asked again: what TensorFlow does once does not count."""
        with switches.as_it_comes():
            return any(
                took > SLOW_SECONDS and _timed(self.exercise, one)[1] > SLOW_SECONDS
                for one, took in zip(self.drawn, self.taken, strict=True)
            )

    @property
    def nothing(self) -> bool:
        """Is None the right answer in one of the cases?"""
        return any(record["status"] == "ok" and record["result"] is None for record in self.expected)

    @property
    def names(self) -> list[str]:
        """Of the arguments."""
        return list(inspect.signature(self.exercise.reference).parameters)

    def mistaken(self, mistake: Mistake, number: int) -> dict:
        """What a typical mistake does in one case: its record, made when first asked for."""
        if (mistake.name, number) not in self._mistaken:
            request = {**self.drawn[number].request, "forbid": []}
            with switches.as_it_comes():
                self._mistaken[mistake.name, number] = probes.run(mistake.answer, [request])[0]
        return self._mistaken[mistake.name, number]

    def is_steady(self, mistake: Mistake, number: int) -> bool:
        """Does a mistake give the same results each time? Where chance decides, only its sentences can be compared.

        Asked of this case and of all others that do not take long: in one of them two throws of the dice may well be equal.
        """
        if mistake.name not in self._again:
            self._again[mistake.name] = AnswerSheet(self.exercise, self.seed, self.drawn, self.expected)
        again = self._again[mistake.name]
        quick = (n for n, took in enumerate(self.taken) if n != number and took <= SLOW_SECONDS)
        return all(same_result(self.mistaken(mistake, n), again.mistaken(mistake, n)) for n in [number, *quick])

    def example(self, mistake: Mistake, number: int) -> shrink.Found | None:
        """The smallest draw of a case on which a typical mistake shows, looked for when first asked for."""
        if (mistake.name, number) not in self._examples:
            wrong = _wrong(self, lambda requests: probes.run(mistake.answer, [{**r, "forbid": []} for r in requests]))
            with switches.as_it_comes():
                self._examples[mistake.name, number] = _search(self, number, wrong)
        return self._examples[mistake.name, number]

    def of_example(self, mistake: Mistake, number: int, drawn: Drawn, expected: dict) -> AnswerSheet:
        """The sheet of that smallest draw alone."""
        if (mistake.name, number) not in self._of_examples:
            self._of_examples[mistake.name, number] = AnswerSheet(self.exercise, self.seed, [drawn], [expected])
        return self._of_examples[mistake.name, number]

    def tried(self, request: dict) -> dict:
        """What the reference does when it is asked for less than was drawn. Kept: whoever fails, many try the same inputs."""
        key = hashlib.blake2b(wire.encode(request), digest_size=16).digest()
        if (record := self._tried.get(key)) is None:
            with switches.as_it_comes():
                (record,) = probes.run(self.exercise.reference, [{**request, "forbid": []}])
            if len(self._tried) < MOST_TRIED and record["status"] != "too slow":
                self._tried[key] = record
        return record


def _timed(exercise: Exercise, one: Drawn) -> tuple[dict, float]:
    """What the reference does in a case, and in how many seconds. Without a limit: it is ours, and a busy machine is nobody's mistake."""
    started = time.monotonic()
    (record,) = probes.run(exercise.reference, [{**one.request, "forbid": [], "seconds": math.inf}])
    return record, time.monotonic() - started


@functools.lru_cache(maxsize=256)
def answer_sheet(exercise: Exercise, seed: int) -> AnswerSheet:
    """Draw the inputs and ask the reference. Kept, for the same draw often serves several answers.

    Raises RuntimeError if the reference itself fails.
    """
    drawn = draw(exercise, seed)
    with switches.as_it_comes():
        asked = [_timed(exercise, one) for one in drawn]
    expected, taken = [record for record, _ in asked], [seconds for _, seconds in asked]
    for one, record in zip(drawn, expected, strict=True):
        if not _answers(record, one):
            told = f": {short(record)}" if record["status"] == "raised" else ""
            raise RuntimeError(f"the reference came to {record['status']!r} in {one.case.name!r}{told}")
    return AnswerSheet(exercise, seed, drawn, expected, taken)


def judge_records(sheet: AnswerSheet, records: list[dict]) -> Verdict:
    """Compare what the answer did with what the reference did, case by case."""
    exercise, drawn, expected = sheet.exercise, sheet.drawn, sheet.expected
    if len(records) != len(drawn):
        raise ValueError(f"{len(records)} records for {len(drawn)} cases")
    if all(r["status"] in ("stub", "missing") for r in records):
        text = "" if records[0]["status"] == "stub" else f"There is no function called {exercise.name} yet."
        return Verdict(exercise.key, "not attempted", 0.0, exercise.points, message=text)
    findings = [
        finding_of(d, r, e, sheet.names, nothing=sheet.nothing)
        for d, r, e in zip(drawn, records, expected, strict=True)
    ]
    forbidden = sorted({name for r in records for name in r.get("forbidden", ())})
    if not any(findings) and not forbidden:
        cases = tuple(CaseResult(d.case.name, True, d.case.points, d.case.points) for d in drawn)
        return Verdict(exercise.key, "correct", exercise.points, exercise.points, cases=cases)
    mistake = _matching_mistake(sheet, records, findings) if any(findings) else None
    cases = []
    for d, r, e, finding in zip(drawn, records, expected, findings, strict=True):
        worth = 0.0 if finding or forbidden else d.case.points
        told = detail(d, r, e)[: 4 * LONGEST] if finding else ""
        cases.append(CaseResult(d.case.name, finding is None, worth, d.case.points, (finding or "")[:LONGEST], told))
    outcome, message = _outcome(records, findings)
    if forbidden:
        outcome = "wrong"
        message = (
            f"This exercise is about building it yourself: your answer calls {' and '.join(forbidden)[:LONGEST]}, "
            "which is not allowed here, whatever name it is given."
        )
    if calls := sorted({call for r in records for call in r.get("switches", ())}):
        what = "TensorFlow, Keras or NumPy do" if exercise.tensors else "NumPy does"
        told = (
            f"In your notebook stands {' and '.join(calls)[:LONGEST]}, which changes what {what} "
            "everywhere. Take it out, and restart the kernel."
        )
        message = f"{told}\n{message}".strip()
    hint = mistake.hint if mistake else None
    # where there are more cases than half points to share, some are worth none: yet whoever fails one has not all points
    points = max(0.0, min(sum(c.points for c in cases), exercise.points - 0.5))
    return Verdict(exercise.key, outcome, points, exercise.points, hint, message, tuple(cases))


def _outcome(records: list[dict], findings: list[str | None]) -> tuple[str, str]:
    """How a failing answer failed, and what to say of it as a whole."""
    statuses = [r["status"] for r in records]
    for ending in ENDINGS:
        if ending in statuses:
            return ending, findings[statuses.index(ending)] or ""
    failed = [r for r, f in zip(records, findings, strict=True) if f]
    if failed and all(r["status"] == "raised" for r in failed):
        return "crashed", traceback(failed[0])
    return "wrong", ""


def _matching_mistake(sheet: AnswerSheet, records: list[dict], findings: list[str | None]) -> Mistake | None:
    """The typical mistake that this answer makes: the first that does the same in every case. Rather none than a wrong one."""
    # the failed cases first, the quickest before the others: most mistakes part there, and what they do in the rest need not
    # be found out
    order = sorted(range(len(findings)), key=lambda number: (not findings[number], sheet.taken[number]))
    for mistake in sheet.exercise.mistakes:
        if all(_alike(sheet, records[n], mistake, n) for n in order):
            return mistake
    return None


def _alike(sheet: AnswerSheet, record: dict, mistake: Mistake, number: int) -> bool:
    """Does the record of an answer in a case tell of the same behaviour as a mistake's?"""
    drawn, other, expected = sheet.drawn[number], sheet.mistaken(mistake, number), sheet.expected[number]
    if record["status"] != other["status"]:
        return False
    if record["status"] == "raised":
        return record["type"] == other["type"] and _gist(record["message"]) == _gist(other["message"])
    if record["status"] != "ok":
        return True
    case = drawn.case
    if case.accept is not None:
        told = accepted(drawn, record, expected)
        if told != accepted(drawn, other, expected):
            return False
        if told is None or (not same_result(record, other) and not sheet.is_steady(mistake, number)):
            return True  # both right, each in its way; or chance decides
    options = {"rtol": case.rtol, "atol": case.atol, "dtype": case.dtype}
    if difference(essence(record["result"]), essence(other["result"]), **options) or set(record["changed"]) != set(
        other["changed"]
    ):
        return False
    if record["rebound"] != other["rebound"]:
        return False
    if any(difference(now, other["changed"][path], **options) for path, now in record["changed"].items()):
        return False
    return not (
        case.gradient and difference(record.get("gradient"), other.get("gradient"), **{**options, "dtype": False})
    )


def _gist(message: str) -> str:
    """How an error begins, without its numbers and names: of two errors of one type it tells whether they are one."""
    unnamed = re.sub(r"['\"][^'\"]{0,200}['\"]", "…", message[:200])
    said = shrink.kind_of(re.sub(r"\w{1,100}\.<locals>\.", "", unnamed))  # of what a function has inside: not where
    return " ".join(said.split()[:GIST])


def _our_fault(exercise: Exercise, error: Exception) -> Verdict:
    text = f"The check itself failed, which is not your fault and costs you nothing: {type(error).__name__}: {error}"
    return Verdict(exercise.key, "grader's fault", exercise.points, exercise.points, message=text[:1000])
