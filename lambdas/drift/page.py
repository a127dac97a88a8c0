"""The drift report as one HTML file that needs nothing else: no script, no style or picture from
elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from lambdas.drift import plots
from lambdas.drift.estimate import Estimate
from lambdas.drift.report import Finding, Report
from lambdas.observations.scrolling import STYLE, scrolling

WORST: Final = 6
"""So many histograms are shown: what is off, then what is nearest to it."""

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--paper:#fff;--panel:#f4f6f9;--rule:#d5dbe3;
--bad:#c0362c;--warn:#b7791f;--calm:#7d93ad;--old:#9aa7b6;--new:#2563a8;--band:#2563a82e} @media
(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#a3aebd;--paper:#12161c;--panel:#1b2129;
--rule:#333c48;--bad:#ef6a5f;--warn:#e0a63f;--calm:#67809c;--old:#7b8795;--new:#6aa9ea;--band:#6aa9ea33}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:820px;margin:2rem
auto; padding:0 1rem}h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.4rem 0}
.sub{color:var(--soft)}.panel{background:var(--panel);border-radius:8px;padding:.8rem 1rem;margin:1rem 0}
.panel.bad{border-left:5px solid var(--bad)}.panel.warn{border-left:5px solid var(--warn)}
.panel.calm{border-left:5px solid var(--calm)}svg{max-width:100%;height:auto;display:block} svg
text{fill:var(--ink);font:12px system-ui,sans-serif}svg .small{fill:var(--soft);font-size:11px} svg
.tiny{fill:var(--soft);font-size:9px}rect.bad,circle.bad{fill:var(--bad)}rect.warn{fill:var(--warn)}
rect.calm{fill:var(--calm)}rect.old{fill:var(--old)}rect.new{fill:var(--new)}line.axis{stroke:var(--soft)}
line.grid{stroke:var(--rule)}line.limit{stroke:var(--bad);stroke-dasharray:4 3}path.band{fill:var(--band)}
path.estimate{fill:none;stroke:var(--new);stroke-width:2}circle.measured{fill:var(--ink)}
circle.hollow{fill:var(--paper);stroke:var(--soft);stroke-width:1.5}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(320px,100%),1fr));gap:1rem}
.plot svg{min-width:560px;direction:ltr}b{overflow-wrap:anywhere}.keys{display:block}
.keys span{white-space:nowrap;margin-right:.8em}
table{border-collapse:collapse;width:100%;font-size:13px}th,td{text-align:right;padding:.25rem .4rem;
border-bottom:1px solid var(--rule);white-space:nowrap}th:first-child,td:first-child,.l{text-align:left}
th{white-space:normal;vertical-align:bottom} @media
(max-width:600px){td:first-child{white-space:normal;overflow-wrap:anywhere;min-width:8rem}
.newest{direction:rtl}}
.wide{width:max-content;min-width:100%;max-width:calc(100% + max(0px,50vw - 426px - 1.5rem))}
.key{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.3em}
"""


def page(report: Report) -> str:
    """The whole page."""
    title = f"Drift: {report.service}, {report.until[:10]}"
    ranked = sorted(report.findings, key=lambda each: (each.verdict not in {"alarm", "off"}, -each.score))
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="sub">Bundle {escape(report.version)}, {report.decisions:,} decisions about '
        f"{report.entities:,} customers, {_minute(report.since)} to {_minute(report.until)} UTC.</p>",
        _verdict(report),
    ]
    if report.findings:
        parts += ["<h2>What has changed, and how much</h2>", _plot(plots.scores(report.findings)), _key()]
        worst = "".join(_histogram(each) for each in ranked[:WORST] if each.test)
        parts += ["<h2>Before and now</h2>", f'<div class="two">{worst}</div>' if worst else ""]
    if report.history:
        parts += ["<h2>The windows before</h2>", _plot(plots.history(report.history), newest=True)]
    parts += _quality(report)
    parts += ["<h2>All figures</h2>", _table(ranked), _left_out(report), _reading(report)]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def summary(report: Report) -> str:
    """The verdict in a sentence or two."""
    limits, off, told = report.limits, report.off(), report.labels
    if not report.enough:
        return (
            f"Too few decisions for a verdict: {limits.least} independent ones are needed. The next window "
            "begins where this one does."
        )
    said = []
    if told and told.alarm:
        said.append(f"Labels say that more decisions are wrong than usual: {told.wrong} of {told.n}.")
    if alarms := [each.name for each in off if each.verdict == "alarm"]:
        said.append(f"Drift: {', '.join(alarms)}.")
    if waiting := [f"{e.name} ({e.in_a_row} of {limits.in_a_row})" for e in off if e.verdict == "off"]:
        said.append(f"Off, and not for long enough to alarm: {', '.join(waiting)}.")
    if report.unlike:
        said.append(
            f"Unlike the training data ever since this bundle answers: {', '.join(report.unlike)}. From now "
            "on compared with its own past."
        )
    if not said:
        said.append("Still in alarm: not fine for long enough." if report.alarm else "Nothing has drifted.")
    return " ".join(said)


def _verdict(report: Report) -> str:
    kind = "bad" if report.alarm else "warn" if report.off() or report.unlike or not report.enough else "calm"
    since = f" Alarm since {_minute(report.alarm_since)}." if report.alarm else ""
    return f'<div class="panel {kind}"><p><b>{escape(summary(report))}</b>{escape(since)}</p></div>'


def _key() -> str:
    kinds = (("bad", "alarm"), ("warn", "off, not for long enough"), ("calm", "fine"))
    told = "Beyond the line and fine: large, and no more than chance gives so few decisions."
    return f'<p class="sub">{_keys(kinds)}{told}</p>'


def _keys(kinds: Sequence[tuple[str, str]]) -> str:
    """A line of colours with what each stands for; a colour and its words stay together."""
    keys = (f'<span><i class="key" style="background:var(--{k})"></i>{escape(w)}</span> ' for k, w in kinds)
    return f'<span class="keys">{"".join(keys)}</span>'


def _plot(drawn: str, *, newest: bool = False) -> str:
    """A picture that scrolls, by the keyboard too, where it would be too small to read; `newest`: from its
    right end, where the newest is."""
    return scrolling(drawn, "Picture", "plot newest" if newest else "plot")


def _histogram(each: Finding) -> str:
    told = f"{each.measure} {each.effect:.3f} (limit {each.limit:g}), against {each.against}"
    if each.recent:
        told += ", the newest windows together"
    keys = _keys((("old", "before"), ("new", "now")))
    words = f'<p><b>{escape(each.name)}</b> <span class="sub">{escape(told)}{keys}</span></p>'
    return f"<div>{words}{plots.histogram(each)}</div>"


def _quality(report: Report) -> list[str]:
    """How good the decisions are: estimated, and measured where labels came."""
    lines = []
    if report.estimated:
        lines.append(
            f"Estimated from the confidences: {_interval(report.estimated)} right, of "
            f"{report.estimated.n:,} decisions that say what the item is."
        )
    if report.promised is not None:
        lines.append(f"On the test split: {report.promised:.1%} (dashed).")
    if report.labels and report.labels.n:
        found = report.labels
        usual = "still learning what is usual" if found.expected is None else f"{found.expected:.1f} expected"
        lines.append(
            f"Labels that came in this window: {found.n:,}, of which {found.wrong:,} say that the decision "
            f"was wrong ({usual}). Evidence against “as before”: {found.evidence:.3g}, alarm from "
            f"{found.evidence_from:g}."
        )
    elif report.enough:
        lines.append("No labels came in this window.")
    if not lines:
        return []
    drawn = ""
    if report.history:
        drawn = _plot(plots.performance(report.history, report.promised), newest=True)
    key = "Line and band: estimated. Dots: labelled decisions, measured (full) and as expected (hollow)."
    return [
        "<h2>How good the decisions are</h2>",
        *(f"<p>{escape(each)}</p>" for each in lines),
        drawn,
        f'<p class="sub">{key}</p>' if drawn else "",
    ]


_HEADS: Final = (
    "name", "verdict", "effect", "limit", "p", "test", "worth", "JS", "TV", "moved, sd", "missing",
)  # fmt: skip


def _table(ranked: list[Finding]) -> str:
    head = "".join(f"<th>{name}</th>" for name in _HEADS)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(c)}</td>" for c in _cells(each)) + "</tr>" for each in ranked
    )
    table = f"<table><tr>{head}</tr>{rows}</table>"
    return f'{scrolling(table, "All figures", "wide")}<p class="sub">* against its own past</p>'


def _cells(each: Finding) -> list[str]:
    return [
        each.name + ("*" if each.against == "own past" else ""),
        each.verdict + (f" ×{each.in_a_row}" if each.in_a_row else ""),
        f"{each.measure} {each.effect:.3f}",
        f"{each.limit:g}",
        f"{each.p:.1e}",
        each.test,
        f"{each.effective:,.0f}",
        f"{each.jensen_shannon:.2f}",
        f"{each.total_variation:.2f}",
        "" if each.moved is None else f"{each.moved:.2f}",
        f"{each.before[-1]:.1%} → {each.now[-1]:.1%}" if each.before and each.now else "",
    ]


def _left_out(report: Report) -> str:
    lines = [f"{count:,} decisions left out: {why}" for why, count in report.left_out.items() if count]
    lines += [f"{name}: {why}" for name, why in report.skipped.items()]
    return "".join(f'<p class="sub">{escape(each)}.</p>' for each in lines)


def _reading(report: Report) -> str:
    limits = report.limits
    return (
        '<p class="sub">A thing is off when its test counts among all of them (false discovery rate '
        f"{limits.false_rate:g}) and its effect reaches the limit; it alarms after {limits.in_a_row} windows "
        "in a row. “worth” is how many independent decisions they amount to, those of one customer being "
        "alike. How to read it: docs/drift.md; what to do: docs/runbook.md, section drift.</p>"
    )


def _interval(found: Estimate) -> str:
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
