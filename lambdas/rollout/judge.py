"""Judges one step of a rollout, at any number of looks: is the challenger worse, fine, or is it too early?

The chance that a challenger which is no worse than the margins allow is ever called worse is at most
`plan.alpha` over the whole rollout, however often anybody looks. It is split evenly over the steps and the
metrics (Bonferroni), whose tests hold at all looks together (sequential.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from lambdas.observations.window import Bools, Floats, Window
from lambdas.rollout.judge_columns import ArmColumns, Ints, PairColumns, arm, entities, outcomes_of, pairs
from lambdas.rollout.judge_counts import failed_apart, failed_paired, split
from lambdas.rollout.judge_measures import Measured, alpha_of, arms, bounds, disagreement, paired
from lambdas.rollout.judge_plan import Costs, Finding, Judgement, JudgePlan, Margins, Verdict
from lambdas.rollout.judge_words import failed_finding, finding_of, split_finding
from lambdas.rollout.sequential import Moments, moments_of

__all__ = ["Costs", "Finding", "JudgePlan", "Judgement", "Margins", "judge"]

PART: Final = 100_000
"""How many decisions are spread into columns at once: a million take some 200 MB."""


class Asked(NamedTuple):
    """Which rows say what, of the decisions that are judged.

    `failed`: not the variant answered to which the entity fell. `both`: the other variant was asked too, and
    `both_new` is whether that was the challenger; `answered`: both have an answer.
    """

    window: Window
    failed: Bools
    both: Bools
    both_new: Bools
    answered: Bools


def judge(window: Window, plan: JudgePlan) -> Judgement:
    """The judgement on `window`, all observations of this one step so far.

    The window must begin when all functions know the step's share, or entities that fell to the variant
    before are taken for a broken split. Two groups of entities are compared; in shadow, and where the
    champion has no traffic of its own, the two answers to the decisions that both variants were asked for
    are.
    """
    asked = _asked(window, plan)
    outcomes = outcomes_of(asked.window, plan)
    alpha = alpha_of(plan)
    findings = [*_counted(asked, plan, alpha), *_measured(asked, outcomes, plan, alpha)]
    shown = asked.window.where(asked.both_new if plan.shadow else asked.window.assigned.is_("challenger"))
    decisions, seen = len(shown), len(np.unique(entities(shown)))
    labelled = int((shown.label.codes >= 0).sum())
    verdict, reason = _verdict(findings, decisions, seen, labelled, plan)
    return Judgement(
        verdict=verdict,
        reason=reason,
        findings=findings,
        decisions=decisions,
        entities=seen,
        labelled=labelled,
    )


def _asked(window: Window, plan: JudgePlan) -> Asked:
    """The rows of the two versions; a row whose version is not known counts for its variant."""
    word = {"champion": plan.champion, "challenger": plan.challenger}
    kept = np.zeros(len(window), dtype=np.bool_)
    for variant, version in word.items():
        ours = window.version.is_(version) | (window.version.codes < 0)
        kept |= window.assigned.is_(variant) & ours
    window = window.where(kept)
    failed = np.zeros(len(window), dtype=np.bool_)
    for variant in word:
        failed |= window.assigned.is_(variant) & ~window.variant.is_(variant)
    new = window.assigned.is_("challenger")
    both_new = ~new & window.other_version.is_(plan.challenger)
    both = both_new | (new & window.other_version.is_(plan.champion))
    answered = both & ~failed & (window.other_outcome.codes >= 0)
    return Asked(window, failed, both, both_new, answered)


def _counted(asked: Asked, plan: JudgePlan, alpha: float) -> list[Finding]:
    window, needed = asked.window, 1.0 / alpha
    if plan.shadow:
        rows = asked.both
        silent = window.other_outcome.codes[rows] < 0
        ours, new = asked.failed[rows], asked.both_new[rows]
        shadow = window.where(rows)
        found = failed_paired(
            entities(shadow), np.where(new, silent, ours), np.where(new, ours, silent), plan
        )
        return [failed_finding(found, plan, needed)]
    codes = entities(window)
    return [
        split_finding(split(window, codes, plan), plan, needed),
        failed_finding(failed_apart(window, codes, asked.failed, plan), plan, needed),
    ]


def _measured(asked: Asked, outcomes: tuple[str, ...], plan: JudgePlan, alpha: float) -> list[Finding]:
    window = asked.window
    of_pairs = _pairs(asked, outcomes, plan)
    found: list[Measured] = []
    if plan.shadow or plan.share >= 1.0:
        found += paired(of_pairs, outcomes, plan, alpha)
    else:
        new = window.assigned.is_("challenger")
        found += arms(
            _arm(asked, new, outcomes, plan), _arm(asked, ~new, outcomes, plan), outcomes, plan, alpha
        )
    found.append(disagreement(of_pairs, outcomes, plan, alpha))
    return [finding_of(each, bounds(each)) for each in found]


def _arm(asked: Asked, rows: Bools, outcomes: tuple[str, ...], plan: JudgePlan) -> Moments:
    failed = asked.failed[rows]
    width = ArmColumns(len(outcomes)).width
    return _sums(
        asked.window.where(rows), width, lambda part, some: arm(part, failed[some], outcomes, plan.costs)
    )


def _pairs(asked: Asked, outcomes: tuple[str, ...], plan: JudgePlan) -> Moments:
    new = asked.both_new[asked.answered]
    width = PairColumns(len(outcomes)).width
    return _sums(
        asked.window.where(asked.answered),
        width,
        lambda part, some: pairs(part, new[some], outcomes, plan.costs),
    )


def _sums(window: Window, width: int, columns: Callable[[Window, Ints], Floats]) -> Moments:
    """The sums over `window` of the `columns` that are made of a part of it, given its rows' places."""
    entity = entities(window)
    parts = (np.arange(k, min(k + PART, len(window))) for k in range(0, len(window), PART))
    count = int(entity.max()) + 1 if len(entity) else 0
    return moments_of(((columns(window.where(some), some), entity[some]) for some in parts), count, width)


def _verdict(
    findings: list[Finding], decisions: int, seen: int, labelled: int, plan: JudgePlan
) -> tuple[Verdict, str]:
    worse = [finding for finding in findings if finding.state == "worse"]
    if worse:
        # A broken split comes first and alone: what else was found may come of it.
        told = worse[:1] if worse[0].metric == "assignment" else worse
        return "worse", " ".join(finding.sentence for finding in told)
    missing = [
        f"{have:,} of {least:,} {what}"
        for have, least, what in (
            (decisions, plan.least_decisions, "decisions"),
            (seen, plan.least_entities, "entities"),
            (labelled, plan.least_labelled, "labels"),
        )
        if have < least
    ]
    if missing:
        return "wait", f"The challenger has {', '.join(missing)} yet."
    return (
        "fine",
        f"In {decisions:,} decisions on {seen:,} entities nothing shows that the challenger is worse by more "
        "than is allowed.",
    )
