"""The pictures of the drift report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lambdas.drift import svg
from lambdas.drift.report import Finding, Past

WIDTH: Final = 720.0
_ROW: Final = 18.0
_NAMES: Final = 210.0
_MOST_NAME: Final = 28
"""Characters of a name, and of a bin, that there is room for."""
_MOST_BIN: Final = 16
_SLANT: Final = 62.0
"""How far the words below a histogram reach to the left of its first bar."""
_MOST_SCORE: Final = 3.0


def scores(findings: Sequence[Finding]) -> str:
    """A bar a thing, the highest score first; the line is where a change counts."""
    ranked = sorted(findings, key=lambda each: -each.score)
    height = _ROW * len(ranked) + 24
    room = WIDTH - _NAMES - 70
    scale = room / max(_MOST_SCORE, min(max((each.score for each in ranked), default=1.0), 12.0))
    parts = []
    for row, each in enumerate(ranked):
        y = row * _ROW + 18
        parts.append(svg.text(_NAMES - 8, y + 11, each.name, "label", "end", most=_MOST_NAME))
        title = f"{each.name}: {each.measure} {each.effect:.3f}, {each.test} p {each.p:.1e}, {each.verdict}"
        parts.append(svg.rect(_NAMES, y + 1, min(each.score * scale, room), _ROW - 5, _bar(each), title))
        at = _NAMES + min(each.score * scale, room) + 6
        parts.append(svg.text(at, y + 11, f"{each.score:.1f}", "small"))
    limit = _NAMES + scale
    parts.append(svg.line(limit, 12, limit, height, "limit"))
    parts.append(svg.text(limit, 10, "1 = the limit", "small", "middle"))
    return svg.svg(WIDTH, height, parts, "Drift scores, the highest first")


def _bar(each: Finding) -> str:
    return {"alarm": "bad", "off": "warn"}.get(each.verdict, "calm")


def histogram(each: Finding) -> str:
    """The shares of the bins, before beside now."""
    shown = [
        (name, old, new)
        for name, old, new in zip(each.bins, each.before, each.now, strict=True)
        if old > 0 or new > 0
    ]
    width, height, base = WIDTH / 2 + 30, 196.0, 128.0
    step = (width - _SLANT - 10) / max(len(shown), 1)
    top = max((max(old, new) for _, old, new in shown), default=1.0) or 1.0
    parts = [svg.line(_SLANT, base, width - 10, base, "axis")]
    for place, (name, old, new) in enumerate(shown):
        x, wide = _SLANT + place * step, step * 0.4
        for share, at, kind in ((old, x + step * 0.08, "old"), (new, x + step * 0.52, "new")):
            tall = share / top * (base - 14)
            parts.append(svg.rect(at, base - tall, wide, tall, kind, f"{name}: {share:.1%}"))
        parts.append(svg.slanted(x + step / 2 + 3, base + 10, name, most=_MOST_BIN))
    parts.append(svg.text(_SLANT, 10, f"{top:.0%}", "small"))
    return svg.svg(width, height, parts, f"{each.name}: shares before and now")


def history(past: Sequence[Past]) -> str:
    """The highest score of each window, with the limit."""
    height, base = 150.0, 126.0
    top = max(1.5, min(max((each.worst for each in past), default=1.0), 8.0))
    xs = _places(len(past))
    parts = [svg.line(40, base, WIDTH - 10, base, "axis")]
    limit = base - (base - 12) / top
    parts += [svg.line(40, limit, WIDTH - 10, limit, "limit"), svg.text(34, limit + 4, "1", "small", "end")]
    wide = max(2.0, min(16.0, (WIDTH - 60) / max(len(past), 1) * 0.7))
    for x, each in zip(xs, past, strict=True):
        tall = min(each.worst, top) / top * (base - 12)
        kind = "bad" if each.alarms or (each.labels and each.labels.alarm) else "warn" if each.off else "calm"
        title = f"{each.until[:16]}: score {each.worst:.2f}, {each.off} off, {each.alarms} alarms"
        parts.append(svg.rect(x - wide / 2, base - tall, wide, tall, kind, title))
    parts += _days(past, xs, base)
    return svg.svg(WIDTH, height, parts, "The highest score of each window")


def performance(past: Sequence[Past], promised: float | None) -> str:
    """The estimated accuracy with its interval; of the labelled decisions what was measured and expected."""
    height, base = 190.0, 166.0
    xs = _places(len(past))
    estimates = [(x, each.estimated) for x, each in zip(xs, past, strict=True) if each.estimated]
    told = [(x, each.labels) for x, each in zip(xs, past, strict=True) if each.labels and each.labels.n]
    values = [each.low for _, each in estimates] + [1 - each.wrong / each.n for _, each in told]
    low = max(0.0, min([*values, promised if promised is not None else 1.0, 0.98]) - 0.02)

    def y(value: float) -> float:
        return base - (value - low) / (1 - low) * (base - 14)

    parts = [svg.line(40, base, WIDTH - 10, base, "axis")]
    for tick in (low, (1 + low) / 2, 1.0):
        parts += [svg.text(34, y(tick) + 4, f"{tick:.0%}", "small", "end")]
        parts += [svg.line(40, y(tick), WIDTH - 10, y(tick), "grid")]
    parts.append(
        svg.area([(x, y(e.high)) for x, e in estimates], [(x, y(e.low)) for x, e in estimates], "band")
    )
    parts.append(svg.path([(x, y(e.value)) for x, e in estimates], "estimate"))
    if promised is not None and promised >= low:
        parts.append(svg.line(40, y(promised), WIDTH - 10, y(promised), "limit"))
    for x, each in told:
        if each.expected is not None:
            usual = 1 - each.expected / each.n
            parts.append(svg.dot(x, y(usual), "hollow", f"expected of these {each.n}: {usual:.1%}"))
        right = 1 - each.wrong / each.n
        kind = "bad" if each.alarm else "measured"
        parts.append(svg.dot(x, y(right), kind, f"{each.n} labelled, {right:.1%} right"))
    parts += _days(past, xs, base)
    return svg.svg(WIDTH, height, parts, "Estimated and measured accuracy by window")


def _places(count: int) -> list[float]:
    room = WIDTH - 70
    return [50 + room * (k + 0.5) / max(count, 1) for k in range(count)]


def _days(past: Sequence[Past], xs: Sequence[float], base: float) -> list[str]:
    if not past:
        return []
    chosen = sorted({0, len(past) // 2, len(past) - 1})
    ends = {0: "start", len(past) - 1: "end"} if len(past) > 2 else {}
    return [svg.text(xs[k], base + 15, past[k].until[:10], "small", ends.get(k, "middle")) for k in chosen]
