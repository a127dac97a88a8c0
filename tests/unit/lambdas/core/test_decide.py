"""The one path, with a real model: idempotent, sticky, honest when something is down."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from lambdas.core.bundle_cache import BundleCache
from lambdas.core.decide import Decider
from lambdas.core.decision_log import DecisionLog
from lambdas.core.errors import Conflict, DependencyDown, InvalidRequest
from lambdas.core.model_store import ModelStore
from lambdas.core.variant import Rollout
from lambdas.tickets.schema import TicketDecision, TicketRequest
from lambdas.tickets.service import TicketModel, Tickets
from tests.support.bundles import Shelf, write_bundle
from tests.support.events import fresh_telemetry
from tests.support.tables import MemoryTable

BILLING = TicketRequest(body="my invoice has a wrong charge, refund please", ticket_id="t-1")


class World:
    def __init__(self, tmp_path: Path) -> None:
        self.shelf, self.table, self.now = Shelf(), MemoryTable(), 0.0
        self.built = tmp_path / "built"
        self.champion = write_bundle(self.built, "v1")
        self.shelf.put_bundle(self.built, "v1")
        self.shelf.put_rollout(Rollout("tickets", self.champion))
        telemetry = fresh_telemetry()
        store: ModelStore[TicketModel] = ModelStore(
            BundleCache("tickets", self.shelf, tmp_path / "cache"),
            open_model=Tickets().open,
            on_failure=lambda error: telemetry.model_failed(error.detail),
            clock=lambda: self.now,
        )
        log = DecisionLog("decisions", self.table, ttl_days=30, clock=lambda: 1_000.0)
        self.telemetry = telemetry
        self.decider = Decider(Tickets(), store=store, log=log, telemetry=telemetry)

    def decide(self, *tickets: TicketRequest) -> list[TicketDecision]:
        self.now += 11.0
        return self.decider.decide(tickets)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_model_answers_and_the_decision_is_logged(world: World) -> None:
    answer = world.decide(BILLING)[0]
    assert (answer.outcome, answer.source, answer.variant) == ("Billing", "model", "champion")
    assert answer.model_version == "v1"
    item = world.table.items[answer.decision_id]
    assert item["expires"]["N"] == str(1_000 + 30 * 86_400)
    assert json.loads(item["answer"]["S"])["outcome"] == "Billing"
    assert json.loads(item["asked"]["S"])["body"] == BILLING.body
    assert item["version"]["S"] == "v1"


def test_a_retry_gets_the_same_answer_and_counts_once(world: World) -> None:
    first = world.decide(BILLING)[0]
    world.shelf.put_bundle(world.built, write_bundle(world.built, "v2", bias=(-9.0, 9.0)).version)
    world.shelf.put_rollout(Rollout("tickets", write_ref(world, "v2")))
    again = world.decide(BILLING)[0]
    assert again == first
    assert world.decide(msgspec.structs.replace(BILLING, ticket_id="t-2"))[0].outcome == "Technical"
    assert len(world.table.items) == 2


def write_ref(world: World, version: str) -> object:
    import hashlib

    from lambdas.core.variant import BundleRef

    raw = (world.built / version / "manifest.json").read_bytes()
    return BundleRef(version, hashlib.sha256(raw).hexdigest())


def test_the_same_id_with_other_content_is_a_conflict(world: World) -> None:
    world.decide(BILLING)
    with pytest.raises(Conflict, match="different content"):
        world.decide(msgspec.structs.replace(BILLING, body="something else"))


def test_tickets_without_an_id_are_never_taken_for_each_other(world: World) -> None:
    same = TicketRequest(body="hello")
    answers = [world.decide(same)[0].decision_id for _ in range(3)]
    assert len(set(answers)) == 3


def test_a_batch_is_one_transaction_and_equals_singles(world: World) -> None:
    tickets = [TicketRequest(body=f"invoice {k} error crash") for k in range(11)]
    batch = world.decide(*tickets)
    assert world.table.calls == ["TransactWriteItems"]
    singles = [world.decide(ticket)[0] for ticket in tickets]
    assert [b.outputs for b in batch] == [s.outputs for s in singles]


def test_a_batch_with_some_items_seen_before_keeps_their_answers(world: World) -> None:
    first = world.decide(BILLING)[0]
    others = [TicketRequest(body="a crash", ticket_id=f"n{k}") for k in range(3)]
    answers = world.decide(others[0], BILLING, *others[1:])
    assert answers[1] == first
    assert len(world.table.items) == 4


def test_the_same_id_twice_in_a_batch_is_refused(world: World) -> None:
    with pytest.raises(InvalidRequest, match=r"same id as tickets\[0\]") as caught:
        world.decide(BILLING, BILLING)
    assert caught.value.field == "tickets[1].ticket_id"


def test_without_a_model_the_rules_answer_and_a_person_looks(world: World) -> None:
    world.shelf.objects.clear()
    answer = world.decide(BILLING)[0]
    assert (answer.outcome, answer.source, answer.review) == ("Billing", "rules", True)
    assert (answer.degraded, answer.model_version, answer.variant) == (["model"], None, "none")
    assert answer.decision_id in world.table.items


def test_without_the_log_the_caller_is_told_and_the_decision_is_in_the_log_lines(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.table.fail_with = DependencyDown("dynamodb did not answer")
    answer = world.decide(BILLING)[0]
    world.telemetry.flush()
    assert answer.degraded == ["decision_log"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    lost = next(line for line in lines if line.get("message") == "decision not logged")
    assert lost["decision"]["asked"]["body"] == BILLING.body
    assert lost["decision"]["decision"]["outcome"] == "Billing"
    assert any(line.get("LogFailures") == [1.0] for line in lines)


def test_a_dead_log_is_left_alone_after_three_failures(world: World) -> None:
    world.table.fail_with = DependencyDown("dynamodb did not answer")
    for _ in range(6):
        world.decide(TicketRequest(body="hello"))
    assert len(world.table.calls) == 3


def test_each_variant_is_one_model_run_and_entities_stick(world: World) -> None:
    challenger = write_bundle(world.built, "v2", bias=(0.0, 50.0))
    world.shelf.put_bundle(world.built, "v2")
    world.shelf.put_rollout(Rollout("tickets", world.champion, challenger, share=0.5))
    tickets = [TicketRequest(body="hello", customer_id=f"c{k % 20}") for k in range(60)]
    answers = world.decide(*tickets)
    by_customer: dict[str | None, set[str]] = {}
    for ticket, answer in zip(tickets, answers, strict=True):
        by_customer.setdefault(ticket.customer_id, set()).add(answer.variant)
        assert answer.model_version == ("v2" if answer.variant == "challenger" else "v1")
    assert all(len(variants) == 1 for variants in by_customer.values())
    assert {answer.variant for answer in answers} == {"champion", "challenger"}


def test_one_bad_item_does_not_spoil_the_others(world: World) -> None:
    world.decide(msgspec.structs.replace(BILLING, ticket_id="taken"))
    tickets = [
        TicketRequest(body="a crash", ticket_id="good"),
        TicketRequest(ticket_id="empty"),
        msgspec.structs.replace(BILLING, ticket_id="taken", body="other content"),
        msgspec.structs.replace(BILLING, ticket_id="taken-not"),
    ]
    good, empty, taken, last = world.decider.decide_each(tickets)
    assert isinstance(good, TicketDecision)
    assert isinstance(empty, InvalidRequest)
    assert isinstance(taken, Conflict)
    assert isinstance(last, TicketDecision)
    assert set(world.table.items) >= {good.decision_id, last.decision_id}


def test_an_id_that_comes_again_in_a_batch_is_decided_once(world: World) -> None:
    other = msgspec.structs.replace(BILLING, body="other content")
    first, again, conflict = world.decider.decide_each([BILLING, BILLING, other])
    assert again is first
    assert isinstance(conflict, Conflict)
    assert len(world.table.items) == 1


def test_what_must_be_logged_is_no_decision_until_it_is(world: World) -> None:
    world.table.fail_with = DependencyDown("dynamodb did not answer")
    for _ in range(5):
        (refused,) = world.decider.decide_each([BILLING], must_log=True)
        assert isinstance(refused, DependencyDown)
    assert len(world.table.calls) == 3, "a log that is left alone is not asked, and nothing is observed"
