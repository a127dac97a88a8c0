"""A thousand rollouts, looked at at every batch: how often is one stopped that should not be, or should?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

from lambdas.observations.columns import column_of
from lambdas.rollout.judge import judge
from lambdas.rollout.judge_columns import arm, entities
from lambdas.rollout.judge_measures import Measured, bounds, worse
from lambdas.rollout.judge_plan import JudgePlan
from lambdas.rollout.sequential import moments
from tests.support import simulated_rollouts as simulated
from tests.support.simulated_rollouts import LOOKS, OUTCOMES, STEPS, Kinds, Look, Stopped, World, stopped

pytestmark = pytest.mark.unit

RUNS = 1000
PLAN = JudgePlan(
    service="tickets", champion="v1", challenger="v2", share=0.5, steps=len(STEPS), outcomes=list(OUTCOMES)
)


@cache
def kinds(world: World) -> Kinds:
    return Kinds(world, PLAN)


def run(world: World, *, seed: int, says: simulated.Says = worse, runs: int = RUNS, **more: Any) -> Stopped:
    looks: Iterator[Look] = simulated.rollouts(
        kinds(world), kinds(World()), PLAN, runs=runs, seed=seed, says=says, **more
    )
    return stopped(looks, runs)


def most(count: int, runs: int = RUNS) -> float:
    """The exact upper bound of the share (Clopper and Pearson 1934), right 99 times of 100."""
    return float(stats.beta.ppf(0.99, count + 1, runs - count))


def least(count: int) -> float:
    """The exact lower bound of the share, right 99 times of 100."""
    return float(stats.beta.ppf(0.01, count, RUNS - count + 1))


def without_margin(measured: Measured) -> np.ndarray:
    """Any harm at all; for the disagreement, which always is some, more than the margin."""
    if measured.metric == "disagreement":
        return worse(measured)
    return bounds(measured).harm_low > 0


def test_of_a_thousand_rollouts_of_the_same_model_few_are_stopped(
    record_property: pytest.RecordProperty,
) -> None:
    found = run(World(), seed=1)
    count = int(found.at_all.sum())
    record_property("stopped A/A rollouts of 1,000", count)
    assert most(count) <= 0.05, f"{count} of {RUNS} were stopped, for {found.reasons}"


def test_that_is_not_the_margins_doing(record_property: pytest.RecordProperty) -> None:
    found = run(World(), seed=2, says=without_margin)
    count = int(found.at_all.sum())
    record_property("stopped A/A rollouts of 1,000 without margins", count)
    assert most(count) <= 0.05, f"{count} of {RUNS} were stopped, for {found.reasons}"


def test_a_challenger_that_is_as_bad_as_the_margin_allows_is_no_alarm() -> None:
    # 1.2 points more wrong of the 85 % that are acted on cost 0.01 of a wrong decision.
    found = run(World(wrong=0.10 + 0.01 / 0.85), seed=3, runs=300, steps=STEPS[:-1])
    assert most(int(found.at_all.sum()), 300) <= 0.05, found.reasons


def test_a_challenger_that_is_five_points_worse_is_caught(record_property: pytest.RecordProperty) -> None:
    found = run(World(wrong=0.15), seed=4)
    count = int(found.at_all.sum())
    middle, late = np.nanpercentile(found.requests, [50, 95])
    record_property("caught of 1,000 five points worse", count)
    record_property("requests until then", f"median {middle:,.0f}, 95th percentile {late:,.0f}")
    assert least(count) >= 0.95, f"{count} of {RUNS} were caught"
    assert set(found.reasons) <= {"cost", "disagreement", "assignment"}, found.reasons


def test_what_is_simulated_is_what_a_window_gives() -> None:
    """Given one rollout of the simulation as a window, the judge finds the very figures."""
    made, look = simulated.decisions(World(), 1000, seed=5)
    rng = np.random.default_rng(6)
    taken = np.flatnonzero(rng.random(1000) < 0.5)
    mine = rng.random(len(taken)) < 0.5
    counts = [np.bincount(taken[side], minlength=1000).astype(float)[None, :] for side in (mine, ~mine)]
    new, old = (list(kinds(World()).drawn(each))[LOOKS - 1] for each in counts)

    entity = made.entity.astype(int) - 1
    rows = np.isin(entity, taken)
    challenger = np.isin(entity, taken[mine])
    failed = ~made.variant.is_("champion")
    variant = np.where(failed, "none", np.where(challenger, "challenger", "champion"))
    label = np.where(look + World().late <= LOOKS - 1, made.label.codes, -1)
    other = ["v1" if each else "v2" for each in challenger]
    window = replace(
        made,
        assigned=column_of(["challenger" if each else "champion" for each in challenger]),
        version=column_of(["v2" if each else "v1" for each in challenger]),
        variant=column_of([str(each) for each in variant]),
        label=replace(made.label, codes=label.astype(np.int32)),
        other_version=column_of(
            [name if code >= 0 else None for name, code in zip(other, made.other_version.codes, strict=True)]
        ),
    ).where(rows)
    ours = window.assigned.is_("challenger")
    columns = arm(window.where(ours), failed[rows][ours], (*OUTCOMES,), PLAN.costs)
    by_hand = moments(columns, entities(window.where(ours)))
    assert by_hand.clusters == new.moments.clusters[0] == mine.sum()
    np.testing.assert_allclose(by_hand.totals, new.moments.totals[0], atol=1e-8)
    np.testing.assert_allclose(by_hand.cross, new.moments.cross[0], atol=1e-6)

    plan = msgspec.structs.replace(PLAN, outcomes=[])
    said = {(each.metric, each.about): each for each in judge(window, plan).findings}
    alpha = 0.05 / (len(STEPS) * 8)
    for measured in simulated.arms(new.moments, old.moments, OUTCOMES, plan, alpha):
        finding = said[measured.metric, measured.about]
        assert finding.harm_low is not None
        shown = (
            np.expm1(bounds(measured).harm_low) if measured.metric == "latency" else bounds(measured).harm_low
        )
        assert finding.harm_low == pytest.approx(float(shown[0]), rel=1e-4)
    assert said["failures", ""].n_challenger == new.requests[0]
