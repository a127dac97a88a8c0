"""What people are told of drift: what is off, and the mails of the drift job itself.

The alarm `drift` is on while any service's is, and tells of its start and its end. The job's own mails are
what that alarm cannot say: that another service's drift begins or ends while it is on, and what was never
like the training data.
"""

from __future__ import annotations

from typing import Final

from lambdas.core.notices import Notice
from lambdas.drift.report import Finding, Report

ANCHOR: Final = "drift"
"""The section of docs/runbook.md."""
MOST: Final = 10
"""Lines of a service."""


def details(report: Report) -> tuple[str, ...]:
    """What is off, as lines of the alarm's mail, which is about all services."""
    told = report.labels
    said = [f"drifts since {report.alarm_since or report.until}"]
    said += ["people's labels say it is wrong more often than it was"] if told and told.alarm else []
    how_bad = _how_bad(report)
    head = f"{report.service}, bundle {report.version}: {'; '.join([*said, *([how_bad] if how_bad else [])])}"
    return (head, *(f"{report.service}: {_line(each)}" for each in report.off()[: MOST - 1]))


def begun(report: Report) -> Notice:
    """An alarm starts."""
    service, alarms = report.service, [each for each in report.off() if each.verdict == "alarm"]
    names = ", ".join(each.name for each in alarms[:3]) + (" and others" if len(alarms) > 3 else "")
    told = report.labels
    what = f"What {service} decides on, or how, is no longer what it was: {names}." if alarms else ""
    if told and told.alarm:
        what = f"People's labels say that {service} is wrong more often than it was. {what}".rstrip()
    return Notice(
        subject=f"Triage: {service}, drift",
        what=what,
        do=f"make drift SERVICE={service} writes the report with plots; then see the runbook",
        anchor=ANCHOR,
        since=f"{report.limits.in_a_row} windows in a row, up to {report.until}",
        how_bad=_how_bad(report),
        details=tuple(_line(each) for each in report.off()[:MOST]),
    )


def over(report: Report) -> Notice:
    """An alarm ends."""
    return Notice(
        subject=f"Triage: {report.service}, the drift is over",
        what=f"For {report.limits.fine_again} windows nothing of {report.service} has been off.",
        do="nothing",
        anchor=ANCHOR,
        since=report.until,
    )


def replaced(service: str, version: str, former: str) -> Notice:
    """An alarm ends because another bundle answers, which has its own reference."""
    return Notice(
        subject=f"Triage: {service}, the drift is over",
        what=f"Bundle {version} answers in the place of {former}, and brings a reference of its own.",
        do="nothing",
        anchor=ANCHOR,
    )


def unlike(report: Report) -> Notice:
    """Something has been unlike the training data since the bundle answers: no drift, and worth knowing."""
    return Notice(
        subject=f"Triage: {report.service}, live data is unlike the training data",
        what=(
            f"Ever since bundle {report.version} of {report.service} went live, or soon after, these have "
            f"been unlike its training data: {', '.join(report.unlike)}. This is said once; from now on each "
            "is compared with its own past."
        ),
        do="unexpected? See whether a field is filled otherwise than in the training file; else train on it",
        anchor=ANCHOR,
        details=tuple(_line(each) for each in report.findings if each.name in report.unlike),
    )


def _how_bad(report: Report) -> str:
    said = []
    if report.estimated:
        found = report.estimated
        said.append(f"estimated {found.value:.1%} right ({found.low:.1%} to {found.high:.1%})")
    if report.promised is not None:
        said.append(f"{report.promised:.1%} on the test split")
    told = report.labels
    if told and told.expected is not None:
        said.append(f"{told.wrong} of {told.n} labels say wrong, {told.expected:.0f} expected")
    return "; ".join(said)


def _line(each: Finding) -> str:
    moved = "" if each.moved is None else f", moved {each.moved:.2f} standard deviations"
    missing = each.now[-1] - each.before[-1] if each.now and each.before else 0.0
    gone = f", missing {each.before[-1]:.1%} -> {each.now[-1]:.1%}" if abs(missing) > 0.02 else ""
    return f"{each.name}: {each.measure} {each.effect:.2f} (limit {each.limit:g}){moved}{gone}"
