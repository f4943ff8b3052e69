"""`Verdict`: what a check found, and how it reads — a line in a terminal, HTML in a notebook, a number for nbgrader."""

from __future__ import annotations

import base64
import html
import os
from dataclasses import asdict, dataclass, field

MIME = "application/vnd.tf-first-principles.verdict+json"
"""Under this type a check cell's output carries the verdict as data."""

OUTCOMES = (
    "correct",
    "wrong",
    "not attempted",
    "crashed",
    "too slow",
    "out of memory",
    "killed",
    "grader's fault",
)

GOOD, BAD, NEUTRAL = "#00735c", "#b3361e", "#5f6b7a"
"""Grounds for white text, 4.5 : 1 and more. No colour of text is as readable on white and on a dark theme; so text keeps the theme's."""


@dataclass(frozen=True)
class CaseResult:
    """What came of one case: its points if passed, else what is wrong, and in detail on which input.

    example: the smallest input on which it goes wrong, as a call that can be pasted into a cell; told: what is wrong there.
    picture: the answer's result beside the expected one, as SVG; alt: the same in words.
    """

    name: str
    passed: bool
    points: float
    max_points: float
    message: str = ""
    detail: str = ""
    example: str = ""
    told: str = ""
    picture: str = ""
    alt: str = ""


@dataclass(frozen=True)
class Verdict:
    """What became of one answer.

    outcome: one of `OUTCOMES`. passed: the outcome is "correct". mistake: the hint of the typical mistake that the answer
    makes, if it is one. message: what to tell the student. It holds no timings and no addresses: the same answer gives
    the same text on every machine.
    """

    exercise: str
    outcome: str
    points: float
    max_points: float
    mistake: str | None = None
    message: str = ""
    cases: tuple[CaseResult, ...] = field(default=())

    @property
    def passed(self) -> bool:
        return self.outcome == "correct"

    @property
    def name(self) -> str:
        """The exercise's name without its chapter."""
        return self.exercise.rsplit(".", 1)[-1]

    @property
    def headline(self) -> str:
        mark = {"correct": "✓", "not attempted": "○"}.get(self.outcome, "✗")
        return f"{mark} {self.name}: {self.outcome} — {self.points:g} of {self.max_points:g} points"

    @property
    def shown(self) -> CaseResult | None:
        """The failed case whose details are shown, for one tells more than five: that of the smallest input, or else the first."""
        failed = [case for case in self.cases if not case.passed]
        return next((case for case in failed if case.example or case.picture), failed[0] if failed else None)

    def to_text(self) -> str:
        """The verdict in plain text, one line when correct."""
        lines = [self.headline]
        if self.mistake:
            lines.append(f"  Hint: {self.mistake}")
        lines.extend(f"  {line}" for line in self.message.splitlines())
        small = self.shown if self.outcome == "crashed" else None
        if small is not None and small.example:
            lines += [f"  {SMALLEST}:", *(f"      {line}" for line in small.example.splitlines())]
        if self.outcome == "wrong":
            for case in self.cases:
                lines.append(f"  {'✓' if case.passed else '✗'} {case.name} ({case.points:g} of {case.max_points:g})")
                told = [case.message]
                if case is self.shown:
                    small = [f"{SMALLEST}:", *(f"    {line}" for line in case.example.splitlines()), f"  {case.told}"]
                    told = [*(small if case.example else []), case.message, case.detail]
                lines.extend(f"      {line}" for text in told for line in text.splitlines())
        return "\n".join(lines)

    def to_html(self) -> str:
        """The verdict in HTML. Every text is escaped: parts of it come from student code."""
        colour = {"correct": GOOD, "not attempted": NEUTRAL}.get(self.outcome, BAD)
        mark, _, rest = self.headline.partition(" ")
        parts = [f'<div style="font-weight:600">{_badge(mark, colour)} {html.escape(rest)}</div>']
        if self.mistake:
            parts.append(f'<div style="margin:.4em 0"><b>Hint.</b> {html.escape(self.mistake)}</div>')
        if self.message:
            parts.append(f"<pre {_PRE}>{html.escape(self.message)}</pre>")
        small = self.shown if self.outcome == "crashed" else None
        if small is not None and small.example:
            parts.append(f"<div>{SMALLEST}:</div><pre {_PRE}>{html.escape(small.example)}</pre>")
        if self.outcome == "wrong" and self.cases:
            parts.append(f'<ul style="margin:.3em 0;padding-left:1em">{"".join(map(self._item, self.cases))}</ul>')
        return (
            f'<div class="verdict" style="border-left:4px solid {colour};padding:.3em .8em;margin:.3em 0">'
            f"{''.join(parts)}</div>"
        )

    def _item(self, case: CaseResult) -> str:
        """One case in HTML; the first that failed with all that is known of it."""
        badge = _badge("✓", GOOD) if case.passed else _badge("✗", BAD)
        told = f": {html.escape(case.message)}" if case.message else ""
        more = ""
        if case is self.shown:
            if case.example:
                more += (
                    f'<div style="margin:.3em 0 0 1.2em">{SMALLEST}:</div><pre {_PRE}>{html.escape(case.example)}\n'
                    f"<b>{html.escape(case.told)}</b></pre>"
                )
            if case.picture:
                data = base64.b64encode(case.picture.encode()).decode()
                more += (
                    f'<img alt="{html.escape(case.alt)}" src="data:image/svg+xml;base64,{data}" '
                    'style="max-width:100%;margin:.3em 1.2em">'
                )
            if case.detail:
                shown = f"<pre {_PRE}>{html.escape(case.detail)}</pre>"
                whole = f'<details style="margin-left:1.2em"><summary>the whole input</summary>{shown}</details>'
                more += whole if case.example else shown
        return (
            f'<li style="list-style:none">{badge} {html.escape(case.name)} '
            f"({case.points:g} of {case.max_points:g}){told}{more}</li>"
        )

    def __repr__(self) -> str:
        # nbgrader reads the score of a check cell from the text/plain of its result: there it must be the bare number.
        if being_graded():
            return f"{self.points:g}"
        return self.to_text()

    def to_dict(self) -> dict:
        """The verdict as plain data, e.g. for the class report."""
        return asdict(self)

    def _repr_mimebundle_(self, **_: object) -> dict:
        return {"text/plain": repr(self), "text/html": self.to_html(), MIME: self.to_dict()}


def _badge(mark: str, colour: str) -> str:
    return f'<span style="background:{colour};color:#fff;border-radius:3px;padding:0 .35em">{html.escape(mark)}</span>'


SMALLEST = "The smallest input on which it goes wrong"
_PRE = 'style="margin:.2em 0;padding:0 1.2em;white-space:pre-wrap;background:none;color:inherit;font-size:90%"'


def being_graded() -> bool:
    """True while nbgrader executes or validates the notebook."""
    return bool(os.environ.get("NBGRADER_EXECUTION") or os.environ.get("NBGRADER_VALIDATING"))
