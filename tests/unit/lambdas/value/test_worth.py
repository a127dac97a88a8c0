"""The figures in a bundle: how they travel, and the defaults for bundles without them."""

from __future__ import annotations

import msgspec
import pytest
import yaml

from lambdas.core.errors import BundleError
from lambdas.value.defaults import DEFAULTS
from lambdas.value.worth import SETTING, Cost, Rate, Worth, worth_of
from model_build import business
from model_build.detection import costs as fraud_costs
from model_build.detection import live as fraud
from model_build.moderation import costs as post_costs
from model_build.moderation import worth as posts

pytestmark = pytest.mark.unit


def as_trained() -> dict[str, Worth]:
    """What training writes with the defaults of params.yaml, the measured rates apart."""
    from pathlib import Path

    raw = yaml.safe_load((Path(__file__).parents[4] / "params.yaml").read_text("utf-8"))
    tickets, transactions, content = (raw[name] for name in ("tickets", "transactions", "content"))
    return {
        "tickets": business.worth_of(business.decode_assumptions(tickets["business"]), None),
        "transactions": fraud.worth_of(
            fraud_costs.decode_costs(transactions["costs"]),
            fraud.decode_assumptions(transactions["business"]),
            {},
        ),
        "content": posts.worth_of(
            posts.decode_assumptions(content["business"]),
            post_costs.decode_costs(content["costs"]).severities(),
            {},
        ),
    }


@pytest.mark.parametrize("service", sorted(DEFAULTS))
def test_the_defaults_are_those_of_training(service: str) -> None:
    trained = as_trained()[service]
    assert trained.assumed, "people are told what is assumed"
    assert msgspec.structs.replace(trained, assumed={}) == DEFAULTS[service]


def test_they_come_back_from_a_manifest_as_they_were() -> None:
    told = Worth(
        currency="EUR",
        cost_an_hour=35.0,
        by_hand=Cost(minutes=2.0),
        review=Cost(money=5.0),
        unhandled={"fraud": Cost(money=500.0, feature="log_amount", log=True)},
        errors={"*": {"*": Rate(0.1, 0.05, 0.2)}},
        assumed={"missed_by_amount": True},
    )
    raw = msgspec.json.decode(msgspec.json.encode({SETTING: msgspec.to_builtins(told)}))
    assert worth_of(raw) == told
    assert worth_of({}) is None


def test_figures_of_a_later_release_are_read_as_far_as_they_are_known() -> None:
    raw = {"currency": "EUR", "cost_an_hour": 1.0, "by_hand": {}, "review": {}, "new": 3}
    assert worth_of({SETTING: raw}) == Worth("EUR", 1.0, Cost(), Cost())
    with pytest.raises(BundleError, match=r"settings\.business.*currency"):
        worth_of({SETTING: {"cost_an_hour": 1.0}})


def test_right_and_wrong_are_told_by_label_and_outcome() -> None:
    content, tickets = DEFAULTS["content"], DEFAULTS["tickets"]
    assert content.is_right("allow", "ok") and content.is_right("remove", "toxicity,threat")
    assert not content.is_right("remove", "ok") and not content.is_right("allow", "toxicity")
    assert content.of_mistake("allow", "toxicity,sexual") == Cost(money=5.0)
    assert tickets.is_right("Billing", "Billing") and not tickets.is_right("Billing", "General")
    assert tickets.of_mistake("Billing", "General") == Cost(minutes=12.0)
