"""The A/B report's plots as SVG, which stands in the page as it is.

Bars, lines and bands are a few hundred characters each: no library is imported for them, they stay sharp, and
their words can be searched and copied.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final, NamedTuple

BLUE, ORANGE, FAINT, INK, PAPER = (f"var(--{name})" for name in ("blue", "orange", "line", "ink", "paper"))
"""The page's own colours, so that dark and light pages read alike."""
WIDTH: Final = 960
LABELS: Final = 230
VALUES: Final = 190
ROW: Final = 26
_TICKS: Final = 5

Place = Callable[[float], float]
"""Where a value stands on the drawing."""


class Bar(NamedTuple):
    """A row: its value with the wide and the narrow interval in the plot's unit, None where not known."""

    label: str
    text: str
    value: float | None
    wide: tuple[float, float] | None
    narrow: tuple[float, float] | None
    marked: bool = False


class Point(NamedTuple):
    """A value at a time (seconds since the epoch) with the wide and the narrow interval."""

    at: float
    value: float
    wide: tuple[float, float] | None
    narrow: tuple[float, float] | None


def forest(bars: Sequence[Bar], *, unit: str, lines: Sequence[float] = ()) -> str:
    """Rows of values with two intervals around 0; dashed at `lines`. `unit` names the axis."""
    low, high = _range([*bars], [*lines, 0.0])
    left, right = LABELS, WIDTH - VALUES
    height = ROW * len(bars) + 52

    def x(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return left + share * (right - left)

    bottom = ROW * len(bars) + 10
    parts = [_line(x(0.0), 4, x(0.0), bottom, INK)]
    parts += [_line(x(each), 4, x(each), bottom, FAINT, dash=True) for each in lines]
    for number, bar in enumerate(bars):
        y = ROW * number + 20
        colour = ORANGE if bar.marked else BLUE
        parts.append(_text(LABELS - 10, y + 4, bar.label, anchor="end", bold=bar.marked))
        parts.append(_text(right + 12, y + 4, bar.text, size=12, bold=bar.marked))
        for interval, thick in ((bar.wide, 2.0), (bar.narrow, 6.0)):
            if interval is not None:
                parts.append(_line(x(interval[0]), y, x(interval[1]), y, colour, thick=thick))
        if bar.value is not None:
            parts.append(
                f'<circle cx="{x(bar.value):.1f}" cy="{y}" r="4.5" fill="{colour}" stroke="{PAPER}"/>'
            )
    parts += _axis(low, high, x, bottom)
    parts.append(_text((left + right) / 2, height - 7, unit, anchor="middle", size=12))
    return _svg(height, f"effects, {unit}", parts)


def running(
    points: Sequence[Point], *, title: str, percent: bool, width: int = 480, height: int = 200
) -> str:
    """A value over time: the wide interval as a band, the narrow one as dashed lines.

    A single time is a dot with both intervals as lines, as in `forest`. Empty when nothing is known.
    """
    known = known_of(points)
    if not known:
        return ""
    low, high = _span([each.value for each in known] + _middle([each.wide for each in known]))
    left, right, top, bottom = 52, width - 12, 26, height - 26
    first, last = known[0].at, known[-1].at

    def x(at: float) -> float:
        return left + ((at - first) / (last - first) if last > first else 0.5) * (right - left)

    def y(value: float) -> float:
        return bottom - (min(max(value, low), high) - low) / (high - low) * (bottom - top)

    parts = [_line(left, y(0.0), right, y(0.0), INK)]
    parts += _over_time(known, x, y) if last > first else _alone(known[-1], x, y)
    for tick in _ticks(low, high):
        parts.append(_text(left - 6, y(tick) + 4, _number(tick, percent=percent), anchor="end", size=11))
        parts.append(_line(left - 3, y(tick), left, y(tick), INK))
    parts.append(_text(left, 14, title, bold=True))
    days = ((first, "start"), (last, "end")) if last > first else ((first, "middle"),)
    for at, anchor in days:
        parts.append(_text(x(at), height - 8, _day(at), anchor=anchor, size=11))
    return _svg(height, f"{title} over time", parts, width=width)


def known_of(points: Sequence[Point]) -> list[Point]:
    """Those of which an interval is known: they are drawn."""
    return [each for each in points if each.wide is not None]


def _over_time(known: Sequence[Point], x: Place, y: Place) -> list[str]:
    """The band, the line in it, and the dashed ones."""

    def path(values: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in values)

    wide = [(each.at, each.wide) for each in known if each.wide is not None]
    band = [(at, ends[1]) for at, ends in wide] + [(at, ends[0]) for at, ends in reversed(wide)]
    middle = path([(each.at, each.value) for each in known])
    parts = [
        f'<polygon points="{path(band)}" fill="{BLUE}" fill-opacity="0.15"/>',
        f'<polyline points="{middle}" fill="none" stroke="{BLUE}" stroke-width="2"/>',
    ]
    for side in (0, 1):
        edge = [(p.at, p.narrow[side]) for p in known if p.narrow]
        parts.append(
            f'<polyline points="{path(edge)}" fill="none" stroke="{ORANGE}" stroke-dasharray="4 3"/>'
        )
    return parts


def _alone(point: Point, x: Place, y: Place) -> list[str]:
    """A dot on its intervals."""
    at, intervals = x(point.at), ((point.wide, 2.0), (point.narrow, 6.0))
    parts = [_line(at, y(ends[0]), at, y(ends[1]), BLUE, thick=thick) for ends, thick in intervals if ends]
    return [
        *parts,
        f'<circle cx="{at:.1f}" cy="{y(point.value):.1f}" r="4.5" fill="{BLUE}" stroke="{PAPER}"/>',
    ]


def _range(bars: Sequence[Bar], more: Sequence[float]) -> tuple[float, float]:
    """What to show: all values and the narrow intervals; a wide interval may be cut off."""
    values = [*more, *(bar.value for bar in bars if bar.value is not None)]
    for bar in bars:
        values += bar.narrow or ()
    wide = [end for bar in bars for end in (bar.wide or ())]
    far = 2.0 * max(map(abs, values), default=1.0)
    return _span([*values, *(min(max(end, -far), far) for end in wide)])


def _middle(intervals: Sequence[tuple[float, float] | None]) -> list[float]:
    """The ends of the later three quarters: the first ones are so wide that nothing else would be seen."""
    return [end for each in intervals[len(intervals) // 4 :] for end in (each or ())]


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min([0.0, *values]), max([0.0, *values])
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between the two, about _TICKS of them."""
    rough = (high - low) / _TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * each for each in (1, 2, 5, 10) if size * each >= rough)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _axis(low: float, high: float, x: Place, y: float) -> list[str]:
    parts = [_line(x(low), y, x(high), y, FAINT)]
    for tick in _ticks(low, high):
        parts.append(_line(x(tick), y, x(tick), y + 4, INK))
        parts.append(_text(x(tick), y + 17, _number(tick), anchor="middle", size=11))
    return parts


def _number(value: float, *, percent: bool = False) -> str:
    value = 0.0 if abs(value) < 1e-12 else value
    return f"{100 * value:.3g} %" if percent else f"{value:.3g}"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %H:%M")


def _line(
    x: float, y: float, to_x: float, to_y: float, colour: str, *, thick: float = 1.0, dash: bool = False
) -> str:
    more = ' stroke-dasharray="4 3"' if dash else ""
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}" '
        f'stroke-width="{thick:g}"{more}/>'
    )


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 13, bold: bool = False
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{INK}"{weight}>'
        f"{escape(words)}</text>"
    )


def _svg(height: int, title: str, parts: Sequence[str], *, width: int = WIDTH) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
