"""The report's pictures as inline SVG, in the course's palette; each says in words what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..plots import BLUE, GREY

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 200, 34, 34, 12


def _picture(width: int, height: int, alt: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(alt)}" '
        f'style="max-width:100%;height:auto" font-family="inherit" font-size="12" fill="currentColor">'
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
        parts.append(f'<text x="{x:.1f}" y="{floor + 14}" text-anchor="middle">{i * step:g}</text>')
    parts.append(f'<text x="{WIDTH - 2}" y="{floor + 14}" text-anchor="end">{maximum:g}</text>')
    parts.append(f'<text x="{(WIDTH + LEFT) / 2:.0f}" y="{HEIGHT - 4}" text-anchor="middle">points</text>')
    return _picture(WIDTH, HEIGHT, alt, "".join(parts))


def bar(share: float, alt: str) -> str:
    """A share from 0 to 1, in a line of a table."""
    wide = 120 * max(0.0, min(1.0, share))
    body = f'<rect width="120" height="12" fill="{GREY}" opacity=".25"/><rect width="{wide:.1f}" height="12" fill="{BLUE}"/>'
    return _picture(120, 12, alt, body).replace("max-width:100%", "width:7.5em")
