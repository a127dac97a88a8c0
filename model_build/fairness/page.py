"""The fairness report as one HTML page that needs no other file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from model_build.fairness import rates
from model_build.fairness.decided import FLAGGED, REMOVED
from model_build.fairness.measures import GroupFigures, Table
from model_build.fairness.pictures import rates_plot, shifts_plot
from model_build.fairness.report import Audit, Report, widest
from model_build.fairness.rows import OUTCOME
from model_build.fairness.swaps import Swapped
from model_build.intervals import Interval
from model_build.plots import inline

STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;color:#1f2933;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin-bottom:.2rem}h2{margin-top:2.4rem;border-top:1px solid #d5dbe1;padding-top:1rem}
h3{margin:1.6rem 0 .4rem}table{border-collapse:collapse;font-size:13px;width:100%;margin:.6rem 0}
th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #e6eaee;vertical-align:top}
th{font-weight:600;background:#f6f8fa}
img{max-width:100%}.faint{color:#66727f}
.note{background:#fff6e5;border-left:4px solid #c2571a;padding:.5rem .8rem}
details{margin:.5rem 0}summary{cursor:pointer;color:#2563a8}td small{color:#66727f;white-space:nowrap}
"""


def page(report: Report) -> str:
    """The page."""
    title = f"Fairness of content model {report.version}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p class=faint>Trained on {escape(report.trained_on)}. Rates with fewer than "
        f"{report.least_rows} rows behind them are not shown; intervals are 95 %.</p>",
        _warnings(report),
        "<h2>In short</h2>",
        _in_short(report),
    ]
    for each in report.audits:
        parts.append(_audit(each))
    for swaps in report.swaps:
        parts.append(_swaps(swaps))
    parts.append(_reading())
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{escape(title)}</title>"
        f'<meta name=viewport content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _warnings(report: Report) -> str:
    if not report.synthetic:
        return ""
    return (
        "<p class=note>This model was trained on synthetic posts. The figures on its own test rows say how "
        "the generator treats groups, not how people would be treated: audit it on labelled posts of your "
        "own, <code>make fairness CSV=… TEXT=… LABEL=… GROUPS=…</code>.</p>"
    )


def _in_short(report: Report) -> str:
    rows = []
    for audit in report.audits:
        for dimension, gap in widest(audit):
            rows.append(
                f"<tr><td>{escape(audit.source)}<td>{escape(dimension)}<td>{escape(gap.measure)}"
                f"<td>{_cell(gap.value)}<td>{escape(gap.highest)}<td>{escape(gap.lowest)}<td>{gap.groups}"
                f"<td>{gap.by_chance:.3f}"
            )
    for swaps in report.swaps:
        rows.append(
            f"<tr><td>{escape(swaps.kind)}<td>identity<td>pairs of groups with another outcome"
            f"<td>{_cell(swaps.flips)}<td><td><td><td>"
        )
    return (
        "<p>Gaps of the outcome <em>removed or reviewed</em>: highest rate less the lowest.</p>"
        "<table><tr><th>rows<th>groups by<th>gap in<th>gap<th>highest<th>lowest<th>groups<th>by chance"
        + "".join(rows)
        + "</table>"
    )


def _audit(audit: Audit) -> str:
    parts = [
        f"<h2>{escape(_title(audit.source))}</h2>",
        f"<p>{audit.rows:,} rows, {audit.wrong:,} of them with something wrong.</p>",
    ]
    for dimension in audit.dimensions:
        parts.append(f"<h3>By {escape(dimension)}</h3>")
        table = audit.table(dimension)
        if table is not None:
            parts.append(_shown(table))
        for each in audit.answers:
            if each.table.dimension == dimension and (each.target, each.point) != (OUTCOME, FLAGGED):
                said = f"{each.target}, {each.point}"
                parts.append(f"<details><summary>{escape(said)}</summary>{_figures(each.table)}</details>")
    return "".join(parts)


def _title(source: str) -> str:
    """A capital, but not for the name of a file."""
    return source if "." in source.split(maxsplit=1)[0] else source[:1].upper() + source[1:]


def _shown(table: Table) -> str:
    picture = rates_plot(table)
    alt = f"Error rates by {table.dimension}"
    shown = f'<img alt="{escape(alt)}" src="{inline(picture)}">' if picture else ""
    note = ""
    if table.too_few:
        listed = ", ".join(table.too_few[:30]) + (" …" if len(table.too_few) > 30 else "")
        note = f"No verdict on {len(table.too_few)} groups with too few rows: {escape(listed)}."
        note = f"<p class=faint>{note}</p>"
    return f"{shown}{note}<details><summary>the figures</summary>{_figures(table)}</details>"


def _figures(table: Table) -> str:
    rows = [_row(each) for each in (table.everyone, *table.groups)]
    gaps = "".join(
        f"<tr><td>{escape(gap.measure)}<td>{_cell(gap.value)}<td>{escape(gap.highest)}"
        f"<td>{escape(gap.lowest)}<td>{gap.groups}<td>{gap.by_chance:.3f}"
        for gap in table.gaps
    )
    gaps = gaps or "<tr><td colspan=6>fewer than two groups have rows enough"
    return (
        "<table><tr><th>group<th>rows<th>wrong<th>false positive rate<th>false negative rate<th>accuracy"
        f"<th>hit{''.join(rows)}</table>"
        f"<table><tr><th>gap<th>value<th>highest<th>lowest<th>groups<th>by chance{gaps}</table>"
    )


def _row(figures: GroupFigures) -> str:
    found = (
        figures.false_positive_rate, figures.false_negative_rate, figures.accuracy, figures.selection_rate,
    )  # fmt: skip
    cells = "".join(f"<td>{_cell(each)}" for each in found)
    return f"<tr><td>{escape(figures.group)}<td>{figures.n:,}<td>{figures.positives:,}{cells}"


def _cell(found: Interval | None) -> str:
    if found is None:
        return "<small>too few</small>"
    return f"{found.value:.3f} <small>{found.low:.3f} to {found.high:.3f}</small>"


def _swaps(found: Swapped) -> str:
    examples = "".join(
        f"<tr><td>{escape(each.low[:160])}<td>{each.low_probability:.2f} {each.low_outcome}"
        f"<td>{escape(each.high[:160])}"
        f"<td>{each.high_probability:.2f} {each.high_outcome}"
        for each in found.examples
    )
    return (
        f"<h2>One group's name for another's: {escape(found.kind)}</h2>"
        f"<p>{found.cases:,} sentences in {found.versions:,} versions. Two versions of one sentence get "
        f"different outcomes in {_cell(found.flips)} of the pairs; the highest probability of a sentence is "
        f"{_cell(found.spread)} above its lowest.</p>"
        f'<img alt="Shift and flips by group" src="{inline(shifts_plot(found))}">'
        "<details open><summary>the sentences whose versions are furthest apart</summary>"
        f"<table><tr><th>lowest<th>probability<th>highest<th>probability{examples}</table></details>"
    )


def _reading() -> str:
    lines: Sequence[str] = (
        "A <b>false positive</b> is a post without anything wrong that is hit: removed, or kept waiting for "
        "a person. A <b>false negative</b> is one with something wrong that is not.",
        f"<b>{rates.EQUALISED_ODDS.capitalize()}</b>: the wider of the two gaps in error rates (Hardt, Price "
        f"and Srebro 2016). <b>{rates.PARITY.capitalize()}</b>: the gap in how often a group is hit; it is "
        "also wide where more posts about a group really are hostile, so read it beside the error rates.",
        "Groups named in a text are those the text is <em>about</em>, by a list of words; dialect is guessed "
        "from spellings. Neither says who wrote it. A text that names two groups counts in both.",
        "The widest of many gaps is wide by chance too. <b>By chance</b> is what groups of these sizes would "
        "stay within 95 times of 100 if all were treated alike: a gap below it tells nothing.",
        f"“{REMOVED}” and “{FLAGGED}” are the two thresholds of a policy; the figures are by fairlearn.",
    )
    return f"<h2>How to read this</h2><ul>{''.join(f'<li>{line}' for line in lines)}</ul>"
