"""The judge of rollouts: 1,000 simulated ones each, of the same model, and of worse ones.

Every rollout goes through 1 %, 10 %, 50 % and all of the traffic with twelve looks a step, and is stopped
by the first look that finds something worse. The fixed-horizon test, which is right when it is looked at
once, is looked at as often, to show what that does to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np

from benchmarks.table import Table
from lambdas.rollout.judge_measures import Measured, bounds, worse
from lambdas.rollout.judge_plan import JudgePlan
from tests.support.simulated_rollouts import (
    LAST_LOOKS,
    LOOKS,
    OUTCOMES,
    STEPS,
    Kinds,
    Says,
    Stopped,
    World,
    rollouts,
    stopped,
)

RUNS = 1000
MOST_FALSE, LEAST_CAUGHT = 0.05, 0.95
POINTS = (1, 2, 3, 5, 10)
FAILING = (1, 2, 3, 4, 5)


PLAN = JudgePlan(
    service="simulated",
    champion="old",
    challenger="new",
    share=0.5,
    steps=len(STEPS),
    outcomes=list(OUTCOMES),
)


def run() -> None:
    """Simulate, print, save."""
    table = Table("rollout_judge", "python -m benchmarks rollout_judge")
    same = Kinds(World(), PLAN)
    _same_model(table, same)
    for points in POINTS:
        found = _runs(World(wrong=World.wrong + points / 100), same, seed=10 + points)
        _caught(table, f"{points} points more wrong", found, needed=points == 5)
    # Of few entities hardly any decision would have a label: their effect would not be that of the world.
    few = [
        Kinds(World(wrong=wrong, labelled=0.03), PLAN, kinds=5000)
        for wrong in (World.wrong + 0.05, World.wrong)
    ]
    found = stopped(rollouts(few[0], few[1], PLAN, runs=RUNS, seed=29), RUNS)
    _caught(table, "5 points more wrong, 3 % labelled instead of 30 %", found)
    for percent in FAILING:
        found = _runs(World(failing=percent / 100), same, seed=30 + percent)
        _caught(table, f"fails at {percent} % of its decisions", found)
    _caught(table, "25 % slower", _runs(World(slower=1.25), same, seed=50))
    _caught(table, "10 % slower (15 % is allowed)", _runs(World(slower=1.1), same, seed=51))
    _caught(table, "sends 5 points more to people (3 are allowed)", _runs(World(review=0.2), same, seed=52))
    table.notes += _notes()
    table.save()


def _runs(world: World, old: Kinds, *, seed: int) -> Stopped:
    return stopped(rollouts(Kinds(world, PLAN), old, PLAN, runs=RUNS, seed=seed), RUNS)


def _same_model(table: Table, same: Kinds) -> None:
    def share(seed: int, says: Says, *, counted: bool) -> float:
        looks = rollouts(same, same, PLAN, runs=RUNS, seed=seed, says=says, counted=counted)
        return float(stopped(looks, RUNS).at_all.mean())

    _false(table, "as shipped", share(1, worse, counted=True), asked=True)
    _false(table, "margins of 0", share(2, _without_margin, counted=True), asked=True)
    _false(table, "margins of 0, one metric with all of the 5 %, one step", _alone(same, _always_valid))
    _false(table, "fixed horizon, the 5 % split in the same way", share(2, _fixed_split, counted=False))
    _false(table, "fixed horizon, every metric at 5 %", share(2, _fixed, counted=False))
    _false(table, f"fixed horizon, one metric at 5 %, one step, {LOOKS} looks", _alone(same, _fixed))
    _false(table, "fixed horizon, one metric at 5 %, one step, one look", _alone(same, _fixed, last=True))


def _without_margin(measured: Measured) -> np.ndarray:
    """Any harm at all; of disagreement there always is some, so its margin stays."""
    if measured.metric == "disagreement":
        return worse(measured)
    return bounds(measured).harm_low > 0


def _always_valid(measured: Measured) -> np.ndarray:
    return bounds(measured._replace(alpha=0.05)).harm_low > 0


def _fixed_split(measured: Measured) -> np.ndarray:
    """The z-test with the same estimates, variances and parts of the error budget."""
    return _z(measured, measured.alpha)


def _fixed(measured: Measured) -> np.ndarray:
    return _z(measured, 0.05)


def _z(measured: Measured, alpha: float) -> np.ndarray:
    if measured.metric == "disagreement":
        return np.zeros(len(measured.n_champion), np.bool_)
    z = measured.effect.value / np.sqrt(np.where(measured.enough, measured.effect.variance, np.inf))
    if measured.harm == 0:
        return np.abs(z) > NormalDist().inv_cdf(1 - alpha / 2)
    return measured.harm * z > NormalDist().inv_cdf(1 - alpha)


def _alone(same: Kinds, says: Says, *, last: bool = False) -> float:
    """The share of runs that `says` calls worse for the confidence alone, in the step at 50 % alone."""
    looks = [
        look.worse["confidence"]
        for look in rollouts(same, same, PLAN, runs=RUNS, seed=3, says=says, counted=False)
        if look.step == len(STEPS) - 2
    ]
    return float((looks[-1] if last else np.logical_or.reduce(looks)).mean())


def _false(table: Table, name: str, share: float, *, asked: bool = False) -> None:
    more = {"asked": f"at most {MOST_FALSE:.0%}", "reached": share <= MOST_FALSE} if asked else {}
    table.add(f"the same model, stopped: {name}", f"{share:.1%}", **more)


def _caught(table: Table, name: str, found: Stopped, *, needed: bool = False) -> None:
    share = float(found.at_all.mean())
    value = f"{share:.1%}"
    if found.at_all.any():
        middle, late = np.nanpercentile(found.requests, [50, 95])
        value += f", after {_round(middle)} requests (median), {_round(late)} (95th percentile)"
    more = {"asked": f"at least {LEAST_CAUGHT:.0%}", "reached": share >= LEAST_CAUGHT} if needed else {}
    table.add(f"caught: {name}", value, against=_reasons(found.reasons), **more)


def _reasons(reasons: Mapping[str, int]) -> str:
    total = max(sum(reasons.values()), 1)
    most = sorted(reasons.items(), key=lambda each: -each[1])[:3]
    return ", ".join(f"{name} {count / total:.0%}" for name, count in most if count / total >= 0.01)


def _round(value: float) -> str:
    return f"{round(value, -3):,.0f}"


def _notes() -> list[str]:
    world = World()
    sizes = ", ".join(
        f"{step.share:.0%} of {step.entities * world.decisions:,.0f} requests" for step in STEPS
    )
    return [
        f"{RUNS:,} rollouts each. Steps: {sizes}; {LOOKS} looks each, {len(LAST_LOOKS)} in the last one, "
        "where only what the champion would have said to a tenth is left to compare with. Entities ask "
        f"{world.decisions:g} times a step on average, unevenly, and what they ask is alike. "
        f"{world.wrong:.0%} of the champion's decisions are wrong, {world.review:.0%} go to people. Labels: "
        f"90 % of those that people look at, {world.labelled:.0%} of the others, a sixth of a step late.",
        "Points are of the share of wrong decisions, and all else is equal: only the labels of what was "
        "acted on can show them. `against` is what the rollouts were stopped for. Margins of 0, as a margin "
        "hides what looking does: without any, the always-valid bounds keep their 5 %, and the fixed-horizon "
        "test does not.",
    ]
