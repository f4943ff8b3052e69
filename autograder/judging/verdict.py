"""`Verdict`: what a check found, and how it reads — a line in a terminal, HTML in a notebook, a number for nbgrader."""

from __future__ import annotations

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

GOOD, BAD, NEUTRAL = "#00735c", "#b3361e", "#5f6b7a"  # readable on white and on JupyterLab's dark theme


@dataclass(frozen=True)
class CaseResult:
    """What came of one case: its points if passed, else what is wrong, and in detail on which input."""

    name: str
    passed: bool
    points: float
    max_points: float
    message: str = ""
    detail: str = ""


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
    def first_failed(self) -> CaseResult | None:
        """The case whose details are shown: one example tells more than five."""
        return next((case for case in self.cases if not case.passed), None)

    def to_text(self) -> str:
        """The verdict in plain text, one line when correct."""
        lines = [self.headline]
        if self.mistake:
            lines.append(f"  Hint: {self.mistake}")
        lines.extend(f"  {line}" for line in self.message.splitlines())
        if self.outcome == "wrong":
            for case in self.cases:
                lines.append(f"  {'✓' if case.passed else '✗'} {case.name} ({case.points:g} of {case.max_points:g})")
                told = f"{case.message}\n{case.detail}" if case is self.first_failed else case.message
                lines.extend(f"      {line}" for line in told.splitlines())
        return "\n".join(lines)

    def to_html(self) -> str:
        """The verdict in HTML. Every text is escaped: parts of it come from student code."""
        colour = {"correct": GOOD, "not attempted": NEUTRAL}.get(self.outcome, BAD)
        parts = [f'<div style="font-weight:600;color:{colour}">{html.escape(self.headline)}</div>']
        if self.mistake:
            parts.append(f'<div style="margin:.4em 0"><b>Hint.</b> {html.escape(self.mistake)}</div>')
        if self.message:
            parts.append(f"<pre {_PRE}>{html.escape(self.message)}</pre>")
        if self.outcome == "wrong" and self.cases:
            items = []
            for case in self.cases:
                mark, tint = ("✓", GOOD) if case.passed else ("✗", BAD)
                told = f": {html.escape(case.message)}" if case.message else ""
                detail = (
                    f"<pre {_PRE}>{html.escape(case.detail)}</pre>" if case is self.first_failed and case.detail else ""
                )
                items.append(
                    f'<li style="list-style:none"><span style="color:{tint}">{mark}</span> {html.escape(case.name)} '
                    f"({case.points:g} of {case.max_points:g}){told}{detail}</li>"
                )
            parts.append(f'<ul style="margin:.3em 0;padding-left:1em">{"".join(items)}</ul>')
        return (
            f'<div class="verdict" style="border-left:4px solid {colour};padding:.3em .8em;margin:.3em 0">'
            f"{''.join(parts)}</div>"
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


_PRE = 'style="margin:.2em 0;padding:0 1.2em;white-space:pre-wrap;background:none;color:inherit;font-size:90%"'


def being_graded() -> bool:
    """True while nbgrader executes or validates the notebook."""
    return bool(os.environ.get("NBGRADER_EXECUTION") or os.environ.get("NBGRADER_VALIDATING"))
