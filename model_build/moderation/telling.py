"""What a training of a moderation model says at its end, and in its manifest."""

from __future__ import annotations

from typing import Any

from lambdas.core.bundle import Manifest
from model_build.intervals import Interval, rounded_interval
from model_build.job import Job
from model_build.markdown import percents
from model_build.moderation.measures import Ranking
from model_build.moderation.report import PolicyReport, Report
from model_build.thresholds import NEVER

MUCH_REVIEW = 0.5


def tell(job: Job, manifest: Manifest, report: Report) -> None:
    """The figures that matter."""
    say = job.reporter.say
    for each in report.policies:
        say(f"  {each.policy} ({each.severity}): {each.ranking.broken:,} of the rows break it")
        for name, text in _figures(each):
            say(f"    {name:<21} {text}")
    for policy in report.unlabelled:
        say(f"  {policy}: the data has no labels of it; people look at what the packaged models doubt")
    say("  together")
    say(f"    {'removed':<21} {percents(report.removed)}, of those fine {percents(report.wrong_removals)}")
    say(f"    {'for a person':<21} {percents(report.reviewed)} of the rows")
    say(f"    {'missed':<21} {percents(report.missed)} of what breaks a policy")
    ours, everything, _ = report.ways
    currency = report.assumptions.currency
    say(f"    {'costs':<21} {ours.money:,.0f} {currency} per 1,000; to look at all, {everything.money:,.0f}")
    if report.reviewed.value > MUCH_REVIEW:
        job.reporter.warn(
            f"people would look at {report.reviewed.value:.0%} of the posts: ask for less recall "
            "(costs.policies.<policy>.review_recall), or give more labelled rows"
        )


def _figures(each: PolicyReport) -> list[tuple[str, str]]:
    found = each.ranking
    never = each.remove >= NEVER
    lines = [
        ("AUC", f"{found.auc}; average precision {found.average_precision}"),
        ("calibration error", str(each.reliability.ece)),
        ("removed from", "never" if never else f"{each.remove:.3f}: {percents(each.removed)} of the rows"),
        ("looked at from", f"{each.review:.3f}: {percents(each.reviewed)} of the rows"),
        ("caught", f"{percents(each.caught)} of what breaks it"),
    ]
    if not never:
        lines.insert(3, ("right of the removed", percents(each.right_removals)))
    lines += [(peer.name, f"AUC {peer.auc}") for peer in each.peers]
    return lines


def metrics(report: Report) -> dict[str, Any]:
    """The manifest's metrics: the first policy's at the top, every policy's below `policies`."""
    first = report.policies[0]
    return {
        "auc": round(first.ranking.auc.value, 6),
        "average_precision": round(first.ranking.average_precision.value, 6),
        "ece": round(first.reliability.ece.value, 6),
        "review_share": round(report.reviewed.value, 6),
        "remove_share": round(report.removed.value, 6),
        "missed": rounded_interval(report.missed),
        "wrong_removals": rounded_interval(report.wrong_removals),
        "policies": {each.policy: _policy(each) for each in report.policies},
        "unlabelled": report.unlabelled,
    }


def _policy(each: PolicyReport) -> dict[str, Any]:
    shares = ("removed", "reviewed", "right_removals", "caught")
    return {
        **_ranking(each.ranking),
        "ece": rounded_interval(each.reliability.ece),
        **{name: rounded_interval(getattr(each, name)) for name in shares},
        "languages": {spoken.ranking.name: _ranking(spoken.ranking) for spoken in each.languages},
        "alone": {ranked.name: _ranking(ranked) for ranked in each.alone},
        "peers": {ranked.name: _ranking(ranked) for ranked in each.peers},
    }


def _ranking(found: Ranking) -> dict[str, Any]:
    figures: dict[str, Interval | None] = {
        "auc": found.auc,
        "average_precision": found.average_precision,
        "f1": found.f1,
        "brier": found.brier,
    }
    known = {name: rounded_interval(each) for name, each in figures.items() if each is not None}
    return {"rows": found.rows, "broken": found.broken, **known}
