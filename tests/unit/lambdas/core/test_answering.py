"""Champion and challenger side by side: who answers, who stands in, and what is logged of both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lambdas.core.variant import BundleRef, Rollout
from lambdas.tickets.schema import TicketDecision, TicketRequest
from tests.support.bundles import write_bundle
from tests.unit.lambdas.core.test_decide import World

pytestmark = pytest.mark.unit

TWO = [TicketRequest(body="a crash, an error", ticket_id=f"t{k}", customer_id=f"c{k}") for k in range(2)]
"""Two of different customers; as one group they are too many for a model that takes one ticket."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def challenge(world: World, *, bias: tuple[float, float] = (50.0, 0.0), **made: Any) -> BundleRef:
    ref = write_bundle(world.built, "v2", bias, **made)
    world.shelf.put_bundle(world.built, "v2")
    return ref


def rolled(world: World, challenger: BundleRef, **rollout: Any) -> None:
    world.shelf.put_rollout(Rollout("tickets", world.champion, challenger, **rollout))


def items(world: World, answers: list[TicketDecision]) -> list[dict[str, Any]]:
    return [world.table.items[answer.decision_id] for answer in answers]


def other_of(item: dict[str, Any]) -> dict[str, Any]:
    return json.loads(item["other"]["S"]) if "other" in item else {}


def failures(world: World, capsys: pytest.CaptureFixture[str]) -> list[str]:
    world.telemetry.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line["detail"] for line in lines if line.get("message") == "model failed"]


def test_a_decision_is_logged_with_its_variant_and_its_models_time(world: World) -> None:
    (item,) = items(world, world.decide(TWO[0]))
    assert (item["assigned"]["S"], item["assigned_version"]["S"]) == ("champion", "v1")
    assert float(item["ms"]["N"]) > 0
    assert "other" not in item


def test_a_shadow_is_logged_beside_the_answer_and_never_answers(world: World) -> None:
    rolled(world, challenge(world), share=1.0, shadow=True)
    answers = world.decide(*TWO)
    assert {(answer.outcome, answer.variant, answer.model_version) for answer in answers} == {
        ("Technical", "champion", "v1")
    }
    for item in items(world, answers):
        other = other_of(item)
        assert (item["assigned"]["S"], other["version"], other["outcome"]) == ("champion", "v2", "Billing")
        assert other["confidence"] > 0.99
    (alone,) = items(world, world.decide(TicketRequest(body="an error", ticket_id="alone")))
    assert other_of(alone)["ms"] > 0


def test_only_the_share_that_is_compared_is_run_by_both(world: World) -> None:
    rolled(world, challenge(world), share=0.5, compare=0.5)
    tickets = [TicketRequest(body="an error", ticket_id=f"t{k}", customer_id=f"c{k}") for k in range(80)]
    answers = world.decide(*tickets)
    pairs = [
        (answer.model_version, other_of(item).get("version"))
        for answer, item in zip(answers, items(world, answers), strict=True)
    ]
    assert set(pairs) == {("v1", None), ("v1", "v2"), ("v2", None), ("v2", "v1")}
    assert 20 < sum(other is not None for _, other in pairs) < 60


def test_a_challenger_that_fails_leaves_the_champion_to_answer(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    rolled(world, challenge(world, tickets=1), share=1.0, compare=1.0)
    answers = world.decide(*TWO)
    assert {(a.outcome, a.source, a.variant, a.model_version) for a in answers} == {
        ("Technical", "model", "champion", "v1")
    }
    for item in items(world, answers):
        assert (item["assigned"]["S"], item["assigned_version"]["S"]) == ("challenger", "v2")
        assert (item["variant"]["S"], item["version"]["S"]) == ("champion", "v1")
        assert "other" not in item, "the champion has answered: it is not run again"
    assert len(failures(world, capsys)) == 1


def test_a_challenger_that_fails_unforeseen_leaves_the_champion_to_answer(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    rolled(world, challenge(world, explains=False), share=1.0)
    (answer,) = world.decide(TWO[0])
    assert (answer.outcome, answer.variant) == ("Technical", "champion")
    assert failures(world, capsys) == ["KeyError: 'contributions'"]


@pytest.mark.parametrize("broken", [{"tickets": 1}, {"explains": False}])
def test_a_shadow_that_fails_never_touches_the_answer(
    world: World, broken: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    rolled(world, challenge(world, **broken), shadow=True)
    answers = world.decide(*TWO)
    assert [(a.outcome, a.source, a.degraded) for a in answers] == [("Technical", "model", [])] * 2
    assert [other_of(item) for item in items(world, answers)] == [{"version": "v2"}] * 2
    assert len(failures(world, capsys)) == 1


def test_a_challenger_that_cannot_be_loaded_shows_in_the_log(world: World) -> None:
    ref = challenge(world)
    del world.shelf.objects["tickets/bundles/v2/model.onnx"]
    rolled(world, ref, share=0.5, compare=1.0)
    tickets = [TicketRequest(body="an error", ticket_id=f"t{k}", customer_id=f"c{k}") for k in range(20)]
    logged = items(world, world.decide(*tickets))
    assert {item["variant"]["S"] for item in logged} == {"champion"}
    assert {(item["assigned"]["S"], other_of(item).get("version")) for item in logged} == {
        ("champion", "v2"),
        ("challenger", None),
    }
    assert {item["assigned_version"]["S"] for item in logged} == {"v1", "v2"}
    assert all("outcome" not in other_of(item) for item in logged)


def test_when_both_fail_the_rules_answer_and_the_assignment_stays(world: World, tmp_path: Path) -> None:
    world.champion = write_bundle(tmp_path / "other", "v3", tickets=1)
    world.shelf.put_bundle(tmp_path / "other", "v3")
    rolled(world, challenge(world, tickets=1), share=1.0)
    answers = world.decide(*TWO)
    assert {(answer.source, answer.variant, answer.review) for answer in answers} == {("rules", "none", True)}
    for item in items(world, answers):
        assert (item["assigned"]["S"], item["assigned_version"]["S"]) == ("challenger", "v2")
        assert "ms" not in item, "no model took its time"
        assert "version" not in item


def test_without_any_model_the_assignment_is_the_champions(world: World) -> None:
    world.shelf.objects.clear()
    (item,) = items(world, world.decide(TWO[0]))
    assert item["assigned"]["S"] == "champion"
    assert "assigned_version" not in item


def test_a_retry_adds_nothing_to_the_log(world: World) -> None:
    first = world.decide(TWO[0])
    before = dict(items(world, first)[0])
    rolled(world, challenge(world), shadow=True)
    assert world.decide(TWO[0]) == first
    assert items(world, first) == [before]


def test_the_time_of_a_call_is_shared_by_its_decisions(world: World) -> None:
    tickets = [TicketRequest(body="an error", ticket_id=f"t{k}", customer_id=f"c{k}") for k in range(20)]
    logged = items(world, world.decide(*tickets))
    assert len({item["ms"]["N"] for item in logged}) == 1


def test_while_a_challenger_is_tried_only_a_decision_alone_says_its_time(world: World) -> None:
    """The few of its share in a call would bear what a run costs however many it decides."""
    rolled(world, challenge(world), share=0.5)
    tickets = [TicketRequest(body="an error", ticket_id=f"t{k}", customer_id=f"c{k}") for k in range(20)]
    assert all("ms" not in item for item in items(world, world.decide(*tickets)))
    (alone,) = items(world, world.decide(TicketRequest(body="an error", ticket_id="alone")))
    assert float(alone["ms"]["N"]) > 0


def test_undoing_a_rollout_needs_nothing_but_the_rollout_file(world: World) -> None:
    rolled(world, challenge(world), share=1.0)
    assert world.decide(TWO[0])[0].model_version == "v2"
    world.shelf.objects = {}
    world.shelf.put_rollout(Rollout("tickets", world.champion))
    assert world.decide(TWO[1])[0].model_version == "v1"
