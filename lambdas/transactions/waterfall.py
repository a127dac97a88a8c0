"""A waterfall of Shapley values as SVG: from the average probability of fraud to the transaction's own.

Dark text on white; red steps raise the probability, blue ones lower it. Every bar has its number and its
words beside it, so nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

MOST_STEPS: Final = 9
"""The strongest features have a bar each; all others share one."""

WIDTH: Final = 900
_LEFT, _RIGHT = 430, 80
_ROW, _BAR, _TOP = 34, 20, 86
_TEXT, _FAINT, _RAISES, _LOWERS, _WHOLE = "#1f2933", "#cbd2d9", "#b3261e", "#1f5f99", "#52606d"
_MOST_WORDS = 58


class Step(NamedTuple):
    """One feature in words, and what it adds to the probability."""

    words: str
    value: float


def waterfall(title: str, base: float, steps: Sequence[Step], probability: float) -> str:
    """The drawing as an SVG document; `base` and the steps' values add up to `probability`."""
    shown = _shown(steps)
    scale = _Scale(base, shown)
    height = _TOP + _ROW * (len(shown) + 2) + 46
    digits = 3 if scale.step >= 0.01 else 5
    lines = [_bar(0, "average of usual, legitimate ones", 0.0, base, scale, _WHOLE, f"{base:.{digits}f}")]
    reached = base
    for number, step in enumerate(shown, start=1):
        colour = _RAISES if step.value >= 0 else _LOWERS
        after = reached + step.value
        lines.append(_bar(number, step.words, reached, after, scale, colour, f"{step.value:+.{digits}f}"))
        lines.append(_link(number, reached, scale))
        reached = after
    last = len(shown) + 1
    whole = f"{probability:.{digits}f}"
    lines.append(_bar(last, "this transaction", 0.0, probability, scale, _WHOLE, whole))
    lines.append(_link(last, probability, scale))
    return _document(title, base, shown, probability, height, [*_axis(scale, height), *lines])


def _shown(steps: Sequence[Step]) -> list[Step]:
    """The strongest steps, then all others as one; those that add nothing are left out."""
    ordered = sorted((step for step in steps if step.value), key=lambda step: -abs(step.value))
    if len(ordered) <= MOST_STEPS + 1:
        return ordered
    rest = ordered[MOST_STEPS:]
    return [*ordered[:MOST_STEPS], Step(f"{len(rest)} other features together", sum(s.value for s in rest))]


class _Scale:
    """From a probability to a place on the drawing."""

    def __init__(self, base: float, steps: Sequence[Step]) -> None:
        reached, places = base, [0.0, base]
        for step in steps:
            reached += step.value
            places.append(reached)
        self.least = min(0.0, *places)
        span = max(*places, 0.01) - self.least
        self.step = next((size for size in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1) if span / size <= 8), 0.2)
        self.most = self.least + span * 1.02

    def x(self, value: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (value - self.least) / (self.most - self.least)


def _bar(row: int, words: str, start: float, end: float, scale: _Scale, colour: str, number: str) -> str:
    y = _TOP + _ROW * row
    left, right = sorted((scale.x(start), scale.x(end)))
    weight = ' font-weight="600"' if colour == _WHOLE else ""
    return (
        f'<text x="{_LEFT - 14}" y="{y + 15}" text-anchor="end"{weight}>{escape(_short(words))}</text>'
        f'<rect x="{left:.1f}" y="{y}" width="{max(right - left, 1.5):.1f}" height="{_BAR}" fill="{colour}"/>'
        f'<text x="{right + 6:.1f}" y="{y + 15}"{weight}>{number}</text>'
    )


def _link(row: int, value: float, scale: _Scale) -> str:
    """The thin line from one bar's end to the next bar's start."""
    x, y = scale.x(value), _TOP + _ROW * row
    return f'<line x1="{x:.1f}" y1="{y - _ROW + _BAR}" x2="{x:.1f}" y2="{y}" stroke="{_WHOLE}"/>'


def _axis(scale: _Scale, height: int) -> list[str]:
    out = []
    bottom = height - 38
    first = -int(-scale.least / scale.step)
    for k in range(first, int(scale.most / scale.step) + 1):
        x = scale.x(k * scale.step)
        out.append(f'<line x1="{x:.1f}" y1="{_TOP - 12}" x2="{x:.1f}" y2="{bottom}" stroke="{_FAINT}"/>')
        out.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{k * scale.step:.3g}</text>')
    return out


def _document(
    title: str, base: float, steps: Sequence[Step], probability: float, height: int, parts: list[str]
) -> str:
    told = "; ".join(f"{step.words}: {step.value:+.5f}" for step in steps)
    says = f"From {base:.5f} on average to {probability:.5f}. {told}."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-labelledby="title desc" '
        f'font-family="system-ui, Helvetica, Arial, sans-serif" font-size="13" fill="{_TEXT}">\n'
        f'<title id="title">{escape(title)}</title>\n<desc id="desc">{escape(says)}</desc>\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n'
        f'<text x="24" y="34" font-size="18" font-weight="600">{escape(_short(title, 90))}</text>\n'
        f'<text x="24" y="56">What each feature adds to the probability of fraud</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _short(words: str, most: int = _MOST_WORDS) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
