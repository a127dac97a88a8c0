"""Allow, review or remove: the hardest policy decides, and what could not be seen is never allowed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.content.policies import POLICIES, no_signals
from lambdas.content.verdict import OUTCOMES, Bounds, bounds_of, judge, outcomes, silent
from lambdas.core.bundle import Head
from lambdas.core.errors import BundleError

BOUNDS = {policy: Bounds(0.2, 0.8) for policy in POLICIES} | {"violence": Bounds(0.5, 1.5)}
QUIET = dict.fromkeys(POLICIES, 0.05)
PROBABILITIES = st.lists(st.floats(0, 1, allow_nan=False), min_size=len(POLICIES), max_size=len(POLICIES))


def head(policy: str, review: float, remove: float) -> Head:
    return Head(policy, f"{policy}_probabilities", ["ok", policy], {"ok": 1 - review, policy: remove})


def test_bounds_come_from_the_heads_in_the_order_of_the_policies() -> None:
    heads = [head(policy, 0.25, 0.75) for policy in reversed(POLICIES)]
    assert list(bounds_of(heads)) == list(POLICIES)
    assert bounds_of(heads)["threat"] == Bounds(0.25, 0.75)
    assert bounds_of([head(p, 0.9, 0.6) for p in POLICIES])["sexual"].review == pytest.approx(0.6)
    with pytest.raises(BundleError, match="violence"):
        bounds_of(heads[1:])


@pytest.mark.parametrize(
    ("changed", "outcome", "policies"),
    [
        ({}, "allow", []),
        ({"toxicity": 0.2}, "review", ["toxicity"]),
        ({"toxicity": 0.8}, "remove", ["toxicity"]),
        ({"toxicity": 0.81, "threat": 0.9, "sexual": 0.3}, "remove", ["threat", "toxicity"]),
        ({"violence": 1.0}, "review", ["violence"]),
    ],
)
def test_each_policy_has_its_own_bounds(changed: dict[str, float], outcome: str, policies: list[str]) -> None:
    found = judge(BOUNDS, QUIET | changed)
    assert (found.outcome, found.policies) == (outcome, policies)
    assert bool(found.reasons) == (outcome == "review")


def test_what_could_not_be_read_is_reviewed_unless_the_rest_is_enough_to_remove() -> None:
    damaged = judge(BOUNDS, QUIET, unreadable={"image": "cut off"})
    assert damaged.outcome == "review" and "image" in damaged.reasons[0] and "cut off" in damaged.reasons[0]
    assert judge(BOUNDS, QUIET, pending=["audio"]).outcome == "review"
    known = judge(BOUNDS, QUIET | {"threat": 0.95}, unreadable={"image": "cut off"}, pending=["audio"])
    assert (known.outcome, known.policies) == ("remove", ["threat"])


def test_a_post_without_any_channel_goes_to_people() -> None:
    assert judge(BOUNDS, QUIET, unsaid=POLICIES).outcome == "review"


def test_a_policy_that_nothing_speaks_of_decides_nothing() -> None:
    usual = QUIET | {"toxicity": 0.5}
    assert judge(BOUNDS, usual, unsaid=["toxicity"]).outcome == "allow"


@given(PROBABILITIES, st.sets(st.sampled_from(POLICIES)))
def test_training_measures_with_the_same_rule(values: list[float], unsaid: set[str]) -> None:
    mask = np.array([[policy in unsaid for policy in POLICIES]])
    place = outcomes(BOUNDS, np.array([values]), mask)[0]
    found = judge(BOUNDS, dict(zip(POLICIES, values, strict=True)), unsaid=unsaid)
    assert OUTCOMES[place] == found.outcome
    assert 0.0 <= found.confidence <= 1.0


@given(PROBABILITIES, PROBABILITIES)
def test_more_risk_is_never_a_milder_verdict(one: list[float], two: list[float]) -> None:
    low, high = np.minimum(one, two), np.maximum(one, two)
    nothing = np.zeros((1, len(POLICIES)), dtype=np.bool_)
    assert outcomes(BOUNDS, low[None], nothing)[0] <= outcomes(BOUNDS, high[None], nothing)[0]


def test_silence_is_the_absence_of_every_channel() -> None:
    signals = no_signals(2)
    signals[0, 1, 3] = 0.0
    assert silent(signals).tolist() == [[True, False, True, True], [True] * 4]
