"""The A/B report as one HTML page that needs no other file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

import numpy as np

from lambdas.observations.scrolling import STYLE, scrolling
from lambdas.rollout.ab_effects import Effect
from lambdas.rollout.ab_plots import Bar, Point, forest, known_of, running
from lambdas.rollout.ab_types import Report, Segment, Side

NAMES: Final = {
    "failures": "failures",
    "review": "goes to people",
    "latency": "latency",
    "confidence": "confidence",
    "cost": "cost of a decision",
    "disagreement": "disagreement",
}
MOST_SEGMENTS: Final = 30
_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1f2933;--soft:#66727f;--paper:#fff;--panel:#f6f8fa;--rule:#d5dbe1;
--line:#c9d1d9;--blue:#2563a8;--orange:#c2571a;--warn:#fff6e5} @media (prefers-color-scheme:dark){
:root{--ink:#e6eaf0;--soft:#a3aebd;--paper:#12161c;--panel:#1b2129;--rule:#333c48;--line:#4a5563;
--blue:#6aa9ea;--orange:#f0935a;--warn:#33270f}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;
margin:2rem auto;padding:0 1rem}h1{font-size:1.6rem;margin-bottom:.2rem}
h2{margin-top:2.4rem;border-top:1px solid var(--rule);padding-top:1rem}
table{border-collapse:collapse;font-size:13px;margin:.6rem 0}svg{max-width:100%;height:auto}
th,td{text-align:right;padding:.25rem .45rem;border-bottom:1px solid var(--rule);white-space:nowrap}
th{font-weight:600;background:var(--panel);white-space:normal;vertical-align:bottom}
th:first-child,td:first-child{text-align:left}
.faint{color:var(--soft)}.note{background:var(--panel);border-left:4px solid var(--blue);padding:.5rem .8rem}
.bad{background:var(--warn);border-left-color:var(--orange)}.found td{font-weight:600}
.some{display:flex;flex-wrap:wrap}code{overflow-wrap:anywhere}
.wide{width:max-content;min-width:100%;max-width:calc(100% + max(0px,50vw - 31rem - 2.5rem))}
.plot svg{min-width:600px}
@media (max-width:600px){td:first-child{white-space:normal;min-width:6rem}
.sides td{white-space:normal}}
"""


def page(report: Report) -> str:
    """The page."""
    title = f"{report.service}: A/B report"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p class=faint>A is <code>{escape(report.a.version)}</code>, B is <code>{escape(report.b.version)}"
        f"</code>; {_time(report.since)} to {_time(report.until)} UTC.</p>",
        _short(report),
        "<h2>Who had what</h2>",
        _sides(report.a, report.b),
        f'<p class="note{" bad" if report.assignment.state == "broken" else ""}">'
        f"{escape(report.assignment.sentence)}{_split(report)}</p>",
        "<h2>Effects of B against A</h2>",
        _forest(report.effects, [_name(each) for each in report.effects]),
        _table(report.effects, [_name(each) for each in report.effects], "metric"),
        *_running(report),
        *_segments(report.segments),
        *_paired(report),
        "<h2>How to read it</h2>",
        _reading(report),
    ]
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{escape(title)}</title>"
        f'<meta name=viewport content="width=device-width,initial-scale=1"><style>{_STYLE}{STYLE}</style>'
        f"</head><body>{''.join(parts)}</body></html>\n"
    )


def sentence(effect: Effect) -> str:
    """One effect in words: what both versions had, and how sure the difference is."""
    interval = f"{value_of(effect, effect.valid_low)} to {value_of(effect, effect.valid_high)}"
    return (
        f"{_name(effect)}: A {level_of(effect, effect.a)}, B {level_of(effect, effect.b)} "
        f"({value_of(effect, effect.effect)}, {interval})"
    )


def _short(report: Report) -> str:
    if report.assignment.state == "broken":
        return ""
    found = [each for each in report.effects if each.found]
    if not found:
        return "<p class=note>No effect is surely there yet, by the intervals that hold at any time.</p>"
    lines = "".join(f"<li>{escape(sentence(each))}" for each in found)
    return f"<p>Surely there, by the intervals that hold at any time:</p><ul>{lines}</ul>"


def _sides(a: Side, b: Side) -> str:
    rows = [
        ("decisions", f"{a.decisions:,}", f"{b.decisions:,}"),
        ("entities", f"{a.entities:,}", f"{b.entities:,}"),
        ("answered by somebody else", f"{a.failed:,}", f"{b.failed:,}"),
        ("with a label", f"{a.labelled:,}", f"{b.labelled:,}"),
        ("acted on, with a label", f"{a.labelled_acted:,}", f"{b.labelled_acted:,}"),
        ("of these wrong", _part(a.wrong_acted, a.labelled_acted), _part(b.wrong_acted, b.labelled_acted)),
        ("first", _time(a.first) if a.decisions else "", _time(b.first) if b.decisions else ""),
        ("last", _time(a.last) if a.decisions else "", _time(b.last) if b.decisions else ""),
    ]
    body = "".join(f"<tr><td>{name}<td>{left}<td>{right}" for name, left, right in rows)
    return _wide(f"<table class=sides><tr><th><th>A<th>B{body}</table>", "Who had what")


def _split(report: Report) -> str:
    found = report.assignment
    said = ""
    if found.evidence is not None and found.p_classic is not None:
        said += f" Evidence against a right split: e = {found.evidence:.3g} (broken from 1,000 on); "
        said += f"chi-square p = {found.p_classic:.3g}."
    if found.both:
        said += f" {found.both:,} entities had both, one after the other."
    return escape(said)


def _forest(effects: Sequence[Effect], names: Sequence[str]) -> str:
    """Each metric in its own unit: the difference that the judge of rollouts would let pass is 1."""
    bars = []
    for each, name in zip(effects, names, strict=True):
        scale = 1.0 / each.margin if each.margin else 1.0
        text = f"{value_of(each, each.effect)}" if each.effect is not None else "too little to say"
        bars.append(
            Bar(
                name,
                text,
                None if each.effect is None else each.effect * scale,
                _pair(each.valid_low, each.valid_high, scale),
                _pair(each.classic_low, each.classic_high, scale),
                each.found,
            )
        )
    plot = forest(bars, unit="effect, in margins of the judge of rollouts", lines=(-1.0, 1.0))
    return (
        f"{scrolling(plot, 'Effects', 'plot')}"
        "<p class=faint>Thin: the interval that holds at any time. Thick: the "
        "classical one, for a single planned look. Orange: surely there. Dashed: one margin.</p>"
    )


def _table(effects: Sequence[Effect], names: Sequence[str], head: str) -> str:
    rows = []
    for each, name in zip(effects, names, strict=True):
        mark = " class=found" if each.found else ""
        cells = [
            f"{each.n_a:,}",
            f"{each.n_b:,}",
            level_of(each, each.a),
            level_of(each, each.b),
            value_of(each, each.effect),
            _interval(each, each.valid_low, each.valid_high),
            _interval(each, each.classic_low, each.classic_high),
            "" if each.p_valid is None else f"{each.p_valid:.2g}",
            "" if each.p_classic is None else f"{each.p_classic:.2g}",
        ]
        rows.append(f"<tr{mark}><td>{escape(name)}" + "".join(f"<td>{escape(cell)}" for cell in cells))
    return _wide(
        f"<table><tr><th>{head}<th>n of A<th>n of B<th>A<th>B<th>effect<th>at any time"
        f"<th>classical<th>p<th>classical p{''.join(rows)}</table>",
        f"Figures by {head}",
    )


def _wide(table: str, label: str) -> str:
    """A table that takes the room beside the text, and scrolls where it is too wide."""
    return scrolling(table, label, "wide")


def _running(report: Report) -> Iterator[str]:
    if not report.running:
        return
    plots, times = [], set[float]()
    for place, first in enumerate(report.running[-1].effects):
        points = [
            Point(
                each.at,
                each.effects[place].effect or 0.0,
                _pair(each.effects[place].valid_low, each.effects[place].valid_high, 1.0),
                _pair(each.effects[place].classic_low, each.effects[place].classic_high, 1.0),
            )
            for each in report.running
        ]
        times |= {each.at for each in known_of(points)}
        percent = first.metric in {"review", "latency"}
        plots.append(running(points, title=f"{_name(first)}, B less A", percent=percent))
    shown = "".join(plots)
    if shown:
        yield "<h2>As it came about</h2>"
        if len(times) == 1:
            yield "<p>There is one point in time so far, so nothing can be seen to change yet.</p>"
            yield f"<div class=some>{shown}</div>"
            yield "<p class=faint>Thin: the interval that holds at any time. Thick: the classical one.</p>"
            return
        yield f"<div class=some>{shown}</div>"
        yield (
            "<p class=faint>Band: the interval that holds at any time. Dashed: the classical one, which is "
            "wrong too often for who looks again and again.</p>"
        )


def _segments(segments: Sequence[Segment]) -> Iterator[str]:
    if not segments:
        return
    yield "<h2>By segment</h2>"
    flat = [(segment, each) for segment in segments for each in segment.effects]
    found = [pair for pair in flat if pair[1].found]
    yield (
        f"<p>{len([each for _, each in flat if each.p_valid is not None]):,} effects are tested together; of "
        f"those marked at most 5 % are expected to be false. Marked: {len(found)}.</p>"
    )
    metric = "cost" if any(each.metric == "cost" for _, each in flat) else "review"
    shown = [pair for pair in flat if pair[1].metric == metric][:MOST_SEGMENTS]
    names = [f"{segment.name} {segment.value}" for segment, _ in shown]
    yield f"<h3>{escape(NAMES[metric])}</h3>"
    yield _forest([each for _, each in shown], names)
    names = [f"{segment.name} {segment.value}: {_name(each)}" for segment, each in flat]
    yield f"<details{' open' if found else ''}><summary>All of them</summary>"
    yield _table([each for _, each in flat], names, "segment and metric")
    yield "</details>"


def _paired(report: Report) -> Iterator[str]:
    if not report.paired:
        return
    yield "<h2>Asked the same</h2>"
    differ = next(each for each in report.paired if each.metric == "disagreement")
    effects = [each for each in report.paired if each.metric != "disagreement"]
    yield (
        f"<p>Both versions were asked for {report.pairs:,} decisions; they said different things for "
        f"{differ.effect or 0.0:.1%}. Here the items are the same, so their differences are sharper.</p>"
    )
    yield _table(effects, [_name(each) for each in effects], "metric")


def _reading(report: Report) -> str:
    notes = "".join(f"<li>{escape(note)}" for note in report.notes)
    return (
        "<ul><li>An entity (customer, card, author) always has one version at a given share, and its "
        "decisions go together: all intervals take an entity as one draw."
        "<li>Like is compared with like: within the times in which the share was the same and both versions "
        f"decided ({report.slices} of them here), averaged over these."
        "<li>The intervals <em>at any time</em> hold however often this report is made and whenever one "
        "stops (asymptotic confidence sequences, Waudby-Smith et al. 2024); the classical ones hold for one "
        "look that was planned before. Marked effects hold the rate of false discoveries to 5 % (Benjamini "
        f"and Hochberg 1995, by the p-values at any time).{notes}</ul>"
    )


def _name(effect: Effect) -> str:
    return f"outcome {effect.about}" if effect.metric == "mix" else NAMES[effect.metric]


def level_of(effect: Effect, value: float | None) -> str:
    """A version's value in its unit."""
    if value is None:
        return ""
    if effect.metric == "latency":
        return f"{value:.3g} ms"
    return f"{value:.3f}" if _plain(effect) else f"{value:.2%}"


def value_of(effect: Effect, value: float | None) -> str:
    """A difference in its unit."""
    if value is None:
        return ""
    if effect.metric == "latency":
        return f"{value:+.1%}"
    return f"{value:+.3f}" if _plain(effect) else f"{100 * value:+.2f} points"


def _plain(effect: Effect) -> bool:
    return effect.metric == "confidence" or effect.metric.startswith("cost")


def _interval(effect: Effect, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    ends = (value_of(effect, end).removesuffix(" points") for end in (low, high))
    return " to ".join(ends)


def _pair(low: float | None, high: float | None, scale: float) -> tuple[float, float] | None:
    return None if low is None or high is None else (low * scale, high * scale)


def _part(part: int, whole: int) -> str:
    return f"{part:,}" + (f" ({part / whole:.1%})" if whole else "")


def _time(at: float) -> str:
    return str(np.datetime64(int(at), "s").astype("datetime64[m]")).replace("T", " ")
