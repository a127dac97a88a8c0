"""What the judge of a rollout takes a decision to cost."""

from __future__ import annotations

import msgspec
import pytest

from lambdas.rollout.judge_plan import Costs
from lambdas.value.defaults import DEFAULTS
from lambdas.value.worth import SETTING
from model_build.preflight.costs import judge_costs, of_worth
from tests.unit.model_build.fairness.model import manifest

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("service", "label", "outcome"),
    [
        ("tickets", "Billing", "Billing"),
        ("tickets", "Billing", "Technical"),
        ("transactions", "legitimate", "approve"),
        ("transactions", "legitimate", "decline"),
        ("transactions", "fraud", "approve"),
        ("content", "ok", "remove"),
        ("content", "threat", "allow"),
        ("content", "threat", "remove"),
    ],
)
def test_a_mistake_costs_what_the_manifest_says(service: str, label: str, outcome: str) -> None:
    worth = DEFAULTS[service]
    assert of_worth(worth).of(label, outcome) == pytest.approx(worth.money(worth.of_mistake(outcome, label)))
    assert of_worth(worth).review == pytest.approx(worth.money(worth.review))


def test_a_manifest_that_says_nothing_leaves_the_judges_own() -> None:
    assert judge_costs(manifest("v1")) == Costs()
    told = {SETTING: msgspec.to_builtins(DEFAULTS["tickets"])}
    assert judge_costs(msgspec.structs.replace(manifest("v1"), settings=told)).wrong == pytest.approx(7.0)
