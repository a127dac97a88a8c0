"""What the live decisions of a moderation model are counted with: its costs, and how often it was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdas.content.policies import OK
from lambdas.value.worth import SETTING, Rate, Worth
from model_build.intervals import rate_of, wilson
from model_build.moderation.costs import ModerationCosts
from model_build.moderation.report import Report
from model_build.moderation.worth import ALLOW, REMOVE, worth_of


def worth(report: Report, costs: ModerationCosts) -> Worth:
    """The figures of `settings["business"]`."""
    return worth_of(report.assumptions, costs.severities(), errors(report))


def errors(report: Report) -> dict[str, dict[str, Rate]]:
    """Of the allowed posts the share that breaks each policy, of the removed ones the share that breaks none.

    A post may break several policies: the share of those that break any is divided among the policies as
    often as they were broken. What the test split had no post of is left out.
    """
    unclear = report.removed.value + report.reviewed.value
    allowed = round(report.rows * max(1.0 - unclear, 0.0))
    missed = wilson(round(report.missed.value * report.missed.n), allowed)
    by_policy = {each.truth: each.allow for each in report.outcomes if each.truth != OK}
    if not any(by_policy.values()):
        by_policy = dict.fromkeys(by_policy, 1)
    every = sum(by_policy.values())
    found: dict[str, dict[str, Rate]] = {}
    if allowed:
        found[ALLOW] = {
            policy: rate_of(missed, count / every) for policy, count in by_policy.items() if count
        }
    if report.wrong_removals.n:
        found[REMOVE] = {OK: rate_of(report.wrong_removals)}
    return found


def unmeasured(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` of a bundle whose thresholds were moved: the rates were measured with others, so live
    decisions are taken to be as wrong as their confidence leaves open."""
    known = settings.get(SETTING)
    return {**settings, SETTING: {**known, "errors": {}}} if known else dict(settings)
