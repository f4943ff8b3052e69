"""The report's pictures as inline SVG, in the course's palette; each says in words what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ..plots import BLUE, GREEN, GREY, ORANGE, PURPLE, RED

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 360, 180, 12, 34, 12  # narrow: its letters are readable on a phone, too
COLOURS = (GREEN, ORANGE, RED, GREY, PURPLE)
"""Of the kinds of answers, `change.KINDS`."""
SMALL = "width:7.5em;height:auto"


def _picture(width: int, height: int, alt: str, body: str, style: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(alt)}" '
        f'style="{style}" font-family="inherit" font-size="12" fill="currentColor">'
        f"<title>{escape(alt)}</title>{body}</svg>"
    )


def histogram(counts: Sequence[int], maximum: float) -> str:
    """How many students have how many points. counts: for each equal part of 0 to `maximum`."""
    step = maximum / len(counts)
    told = [f"{n} from {i * step:g} to {(i + 1) * step:g}" for i, n in enumerate(counts) if n]
    alt = f"Students by points: {', '.join(told) or 'nobody'}."
    room, high = (WIDTH - LEFT) / len(counts), max([*counts, 1])
    floor = HEIGHT - BOTTOM
    parts = [f'<line x1="{LEFT}" x2="{WIDTH}" y1="{floor}" y2="{floor}" stroke="{GREY}"/>']
    for i, n in enumerate(counts):
        tall = (floor - TOP - 14) * n / high
        x = LEFT + i * room
        if n:
            parts.append(
                f'<rect x="{x + 2:.1f}" y="{floor - tall:.1f}" width="{room - 4:.1f}" height="{tall:.1f}" fill="{BLUE}"/>'
            )
            parts.append(f'<text x="{x + room / 2:.1f}" y="{floor - tall - 4:.1f}" text-anchor="middle">{n}</text>')
        if i % 2 == 0:
            parts.append(f'<text x="{x:.1f}" y="{floor + 14}" text-anchor="middle">{i * step:g}</text>')
    parts.append(f'<text x="{WIDTH - 2}" y="{floor + 14}" text-anchor="end">{maximum:g}</text>')
    parts.append(f'<text x="{(WIDTH + LEFT) / 2:.0f}" y="{HEIGHT - 4}" text-anchor="middle">points</text>')
    return _picture(WIDTH, HEIGHT, alt, "".join(parts), "width:100%;max-width:32em;height:auto")


def bar(share: float, alt: str) -> str:
    """A share from 0 to 1, in a line of a table."""
    wide = 120 * max(0.0, min(1.0, share))
    body = f'<rect width="120" height="12" fill="{GREY}" opacity=".25"/><rect width="{wide:.1f}" height="12" fill="{BLUE}"/>'
    return _picture(120, 12, alt, body, SMALL)


def stacked(counts: Mapping[str, int], alt: str) -> str:
    """How many of each kind, one after the other, in a line of a table; the colours are `COLOURS`."""
    x, every, parts = 0.0, max(1, sum(counts.values())), []
    for colour, count in zip(COLOURS, counts.values()):
        wide = 120 * count / every
        parts.append(f'<rect x="{x:.1f}" width="{wide:.1f}" height="12" fill="{colour}"/>')
        x += wide
    return _picture(120, 12, alt, "".join(parts), SMALL)
