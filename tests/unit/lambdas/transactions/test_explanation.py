"""The explanation: additive, of the version that decided, as JSON and as a drawing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from lambdas.core.errors import BundleError, NotFound
from lambdas.core.http import Asked, Content
from lambdas.core.variant import Rollout
from lambdas.transactions.explanation import Explainer, Explanation
from lambdas.transactions.waterfall import MOST_STEPS, Step, waterfall
from tests.support.fraud_bundles import write_fraud_bundle
from tests.support.fraud_world import FraudWorld

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def world(tmp_path: Path) -> FraudWorld:
    return FraudWorld(tmp_path)


def explained(world: FraudWorld, own: str) -> Explanation:
    return Explainer(world.log, world.store).explain(own)


def test_it_adds_up_and_is_found_by_either_id(world: FraudWorld) -> None:
    decision = world.score(transaction_id="a b/é", amount=900.0, latitude=10.0, longitude=10.0)
    found = explained(world, "a b/é")
    assert found == explained(world, decision.decision_id) == explained(world, quote("a b/é", safe=""))
    total = found.base + sum(each.effect for each in found.contributions)
    assert total == pytest.approx(found.probability, abs=1e-6)
    assert found.probability == pytest.approx(decision.probability, abs=1e-6)
    assert (found.decided_by, found.explained_by, found.note) == ("v1", "v1", None)
    assert found.contributions[0].feature == "log_amount"
    assert found.contributions[0].words == "an amount of 900.00"
    assert abs(found.contributions[0].effect) >= abs(found.contributions[-1].effect)


def test_an_id_that_looks_like_a_decision_may_be_a_transactions(world: FraudWorld) -> None:
    name = f"transactions.{'a' * 32}"
    world.score(transaction_id=name)
    assert explained(world, name).transaction_id == name


def test_the_drawing_alone_for_who_accepts_it(world: FraudWorld) -> None:
    world.score(transaction_id="t")
    route = Explainer(world.log, world.store)
    asked = Asked(None, {"id": "t"}, {}, {"accept": "image/avif,image/svg+xml,*/*"})
    drawing = route(asked)
    assert isinstance(drawing, Content)
    assert drawing.type == "image/svg+xml"
    assert isinstance(route(asked._replace(headers={"accept": "*/*"})), Explanation)


def test_an_unknown_id_is_not_found(world: FraudWorld) -> None:
    with pytest.raises(NotFound, match="'nothing'"):
        explained(world, "nothing")


def test_the_version_that_decided_explains_while_it_is_there(world: FraudWorld, tmp_path: Path) -> None:
    decision = world.score(transaction_id="t", amount=500.0)
    newer = write_fraud_bundle(tmp_path / "built", "v2", meta_bias=-5.0)
    world.shelf.put_bundle(tmp_path / "built", "v2", "transactions")
    world.shelf.put_rollout(Rollout("transactions", newer))
    world.store._next_look = None
    found = explained(world, "t")
    assert (found.explained_by, found.note) == ("v1", None)
    assert found.probability == pytest.approx(decision.probability, abs=1e-6)
    assert world.score(transaction_id="u").model_version == "v2"
    world.store._former = None
    for key in [key for key in world.shelf.objects if "/v1/" in key]:
        del world.shelf.objects[key]
    found = explained(world, "t")
    assert (found.decided_by, found.explained_by) == ("v1", "v2")
    assert "live version v2 explains" in (found.note or "")
    assert found.probability != pytest.approx(decision.probability, abs=1e-3)


def test_what_the_rules_decided_is_explained_by_the_live_model(world: FraudWorld) -> None:
    kept = dict(world.shelf.objects)
    world.shelf.objects.clear()
    world.score(transaction_id="t")
    with pytest.raises(BundleError, match="no model is live"):
        explained(world, "t")
    world.shelf.objects.update(kept)
    world.store._next_look = None
    found = explained(world, "t")
    assert (found.decided_by, found.explained_by) == ("rules", "v1")


@pytest.mark.parametrize("count", [0, 3, 30])
def test_the_drawing_is_well_formed_and_its_bars_meet(count: int) -> None:
    steps = [Step(f"step <{k}> & more {'long ' * 20}", (-1) ** k * 0.3 / (k + 1)) for k in range(count)]
    total = 0.2 + sum(step.value for step in steps)
    root = ElementTree.fromstring(waterfall("Title <&>", 0.2, steps, total))  # noqa: S314 - our own
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "Title <&>"
    bars = root.findall(f"{SVG}rect")[1:]
    assert len(bars) == 2 + min(count, MOST_STEPS + 1)
    assert all(0 <= float(bar.get("x")) <= 900 - float(bar.get("width")) for bar in bars)
    edges = [(float(bar.get("x")), float(bar.get("x")) + float(bar.get("width"))) for bar in bars]
    for one, other in pairwise(edges):
        assert min(abs(a - b) for a in one for b in other) < 2.0
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert f"{total:.3f}" in texts
    ys = [float(line.get("y2")) for line in root.findall(f"{SVG}line")]
    assert max(ys) < float(root.get("height"))
