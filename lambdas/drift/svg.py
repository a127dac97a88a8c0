"""Pieces of pictures: plain SVG, coloured by the page's own classes, so that dark and light pages read
alike."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def svg(width: float, height: float, parts: Sequence[str], label: str) -> str:
    """A picture that shrinks with the page; `label` says what it shows to who cannot see it."""
    inner = "".join(parts)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="img" aria-label="{escape(label)}">'
        f"{inner}</svg>"
    )


def rect(x: float, y: float, width: float, height: float, kind: str, title: str = "") -> str:
    """A box; `title` is shown when it is pointed at."""
    told = f"<title>{escape(title)}</title>" if title else ""
    size = f'width="{max(width, 0.0):.1f}" height="{max(height, 0.0):.1f}"'
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" {size}>{told}</rect>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start", *, most: int = 0) -> str:
    """Words at a place; with `most`, of longer ones so many characters, and all when they are pointed at."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{_short(words, most)}</text>'


def slanted(x: float, y: float, words: str, *, most: int) -> str:
    """Small words that end at a place, below an axis; `most` as for `text`."""
    turned = f"translate({x:.1f} {y:.1f}) rotate(-35)"
    return f'<text class="tiny" text-anchor="end" transform="{turned}">{_short(words, most)}</text>'


def _short(words: str, most: int) -> str:
    if not most or len(words) <= most:
        return escape(words)
    return f"{escape(words[: most - 1])}…<title>{escape(words)}</title>"


def dot(x: float, y: float, kind: str, title: str) -> str:
    """A point."""
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{escape(title)}</title></circle>'


def path(points: Sequence[tuple[float, float]], kind: str) -> str:
    """A line through points."""
    if not points:
        return ""
    steps = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path class="{kind}" d="M{steps}"/>'


def area(upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]], kind: str) -> str:
    """What is between two lines."""
    if not upper:
        return ""
    steps = " L".join(f"{x:.1f} {y:.1f}" for x, y in [*upper, *reversed(lower)])
    return f'<path class="{kind}" d="M{steps}Z"/>'
