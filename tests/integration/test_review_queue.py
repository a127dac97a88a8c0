"""The review queue over a DynamoDB that speaks the real protocol: who gets what, in which order, once."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.core.decide import stamp
from lambdas.core.errors import Conflict, Forbidden, NotFound
from lambdas.review import lines
from lambdas.review.reviewer import Reviewer
from lambdas.review.schema import VerdictRequest
from lambdas.review.tables import Place, Tables
from tests.support.review import ANA, AUDIT, BO, LEA, LOU, REVIEWS, QueueWorld

pytestmark = pytest.mark.integration


@pytest.fixture
def world(queue_tables: Any) -> QueueWorld:
    return QueueWorld()


@pytest.fixture
def client(queue_tables: Any) -> Any:
    return queue_tables


def ids(world: QueueWorld, who: Reviewer = ANA, state: Any = None, services: Any = None) -> list[str]:
    at = stamp(world.clock())
    sources = lines.sources(services or ["tickets", "transactions"], state, at, lead=who.lead)
    return [item.id for item in lines.read(world.tables, sources, limit=100).items]


class TestIntake:
    def test_a_decision_comes_once_whatever_the_stream_repeats(self, world: QueueWorld) -> None:
        world.decided("tickets.a", queue="review")
        again = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": {
            "id": {"S": "tickets.a"}, "service": {"S": "tickets"}, "at": {"S": "2020"}, "outcome": {"S": "x"},
            "expires": {"N": "1"}, "queue": {"S": "review"}}}}  # fmt: skip
        assert world.take(again, again) == {"batchItemFailures": []}
        assert ids(world) == ["tickets.a"]
        assert world.actions("tickets.a") == [("triage", "queued")]
        assert world.tables.get("tickets.a").created_at != "2020"

    def test_neither_a_label_nor_what_is_clear_or_broken_comes(self, world: QueueWorld) -> None:
        world.decided("tickets.a", queue=None)
        labelled = {"queue": {"S": "review"}, "label": {"S": "Billing"}, "id": {"S": "tickets.b"}}
        broken = {"queue": {"S": "review"}, "id": {"S": "tickets.c"}}
        for image in ({}, labelled, broken, {"queue": {"S": "other"}}):
            record = {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": "1", "NewImage": image}}
            assert world.take(record, {"eventName": "REMOVE", "dynamodb": {}}) == {"batchItemFailures": []}
        assert ids(world) == []

    def test_a_table_that_is_down_is_tried_again_from_that_record(self, world: QueueWorld) -> None:
        world.decided("tickets.a", queue=None)
        world.intake._tables = Tables(world.tables._dynamo, reviews="nowhere", audit=AUDIT)
        texts = {"id": "tickets.a", "service": "tickets", "at": "1", "outcome": "x", "queue": "review"}
        image = {**{name: {"S": text} for name, text in texts.items()}, "expires": {"N": "1"}}
        records = [{"dynamodb": {"SequenceNumber": "7", "NewImage": part}} for part in ({}, image)]
        assert world.take(*records) == {"batchItemFailures": [{"itemIdentifier": "7"}]}


class TestClaims:
    def test_the_most_severe_comes_first_and_then_the_oldest(self, world: QueueWorld) -> None:
        for own, severity in (("tickets.a", 3), ("tickets.b", 7), ("transactions.c", 7), ("tickets.d", 3)):
            world.decided(own, severity=severity)
        assert ids(world) == ["tickets.b", "transactions.c", "tickets.a", "tickets.d"]
        world.claims._choose = list
        got = [world.claims.next(ANA) for _ in range(5)]
        assert [item.id if item else None for item in got] == [
            "tickets.b", "transactions.c", "tickets.a", "tickets.d", None,
        ]  # fmt: skip
        assert ids(world, state="claimed") == ["tickets.a", "tickets.b", "tickets.d", "transactions.c"]

    def test_a_service_and_a_kind_may_be_asked_for(self, world: QueueWorld) -> None:
        world.decided("tickets.a", severity=9)
        world.decided("tickets.b", "Billing", queue="sample")
        world.decided("transactions.c")
        assert [item.id for item in [world.claims.next(ANA, kind="sample")] if item] == ["tickets.b"]
        assert [item.id for item in [world.claims.next(ANA, service="transactions")] if item] == [
            "transactions.c"
        ]
        assert world.claims.next(ANA, service="transactions") is None

    def test_nobody_else_gets_what_is_claimed_until_the_claim_runs_out(self, world: QueueWorld) -> None:
        world.decided("tickets.a")
        world.decided("tickets.b", severity=9)
        world.claims.named(ANA, "tickets.a")
        with pytest.raises(Conflict, match=r"ana@example\.com has claimed it until 2026-06-01T12:15"):
            world.claims.named(BO, "tickets.a")
        world.clock.pass_(minutes=14)
        world.claims.named(ANA, "tickets.a")
        world.clock.pass_(minutes=14)
        with pytest.raises(Conflict):
            world.claims.named(BO, "tickets.a")
        world.clock.pass_(minutes=1, seconds=1)
        assert ids(world)[0] == "tickets.a", "what was let go comes before what is more severe"
        listed = world.tables.get("tickets.a").summary(ANA.name, stamp(world.clock()))
        assert (listed.state, listed.held_by, listed.mine) == ("open", None, False)
        taken = world.claims.next(BO)
        assert taken is not None
        assert (taken.id, taken.holder) == ("tickets.a", BO.name)
        with pytest.raises(Conflict, match="claim it first"):
            world.verdicts.give(ANA, "tickets.a", VerdictRequest(label="Billing"))
        assert world.actions("tickets.a") == [
            ("triage", "queued"), (ANA.name, "claimed"), (ANA.name, "extended"), (BO.name, "claimed"),
        ]  # fmt: skip

    def test_a_verdict_after_the_claim_ran_out_counts_while_nobody_else_took_it(
        self, world: QueueWorld
    ) -> None:
        world.decided("tickets.a")
        world.claims.named(ANA, "tickets.a")
        world.clock.pass_(hours=1)
        assert world.verdicts.give(ANA, "tickets.a", VerdictRequest(label="Billing")).state == "settled"

    def test_a_stale_line_gives_nothing_away_twice(self, world: QueueWorld) -> None:
        """The index may be moments old: what it shows may be claimed already."""
        world.decided("tickets.a")
        (old,) = lines.read(world.tables, [lines.Source("open#tickets")], limit=5).items
        world.claims.named(ANA, "tickets.a")
        assert world.claims._try(old, BO) is None
        assert world.tables.get("tickets.a").holder == ANA.name

    def test_what_is_not_there(self, world: QueueWorld) -> None:
        for review_id in ("tickets.nothing", "counters#tickets"):
            with pytest.raises(NotFound):
                world.claims.named(ANA, review_id)


class TestMoves:
    def test_what_is_skipped_comes_to_others_at_once_and_back_in_an_hour(self, world: QueueWorld) -> None:
        world.decided("tickets.a")
        world.claims.named(ANA, "tickets.a")
        assert world.moves.skip(ANA, "tickets.a", "not my language").state == "open"
        assert world.claims.next(ANA) is None
        taken = world.claims.next(BO)
        assert taken is not None
        world.moves.release(BO, "tickets.a", "")
        world.clock.pass_(minutes=61)
        assert world.claims.next(ANA) is not None
        notes = [entry.note for entry in world.tables.history("tickets.a")]
        assert notes == ["", "", "not my language", "", "", ""]

    def test_what_is_escalated_is_for_leads(self, world: QueueWorld) -> None:
        world.decided("tickets.a", severity=8)
        world.claims.named(ANA, "tickets.a")
        moved = world.moves.escalate(ANA, "tickets.a", "a threat")
        assert (moved.shown, moved.severity) == ("escalated", 9)
        assert (ids(world, ANA), ids(world, LEA)) == ([], ["tickets.a"])
        assert world.claims.next(BO) is None
        with pytest.raises(Forbidden, match="only a lead"):
            world.claims.named(BO, "tickets.a")
        taken = world.claims.next(LEA)
        assert taken is not None
        with pytest.raises(Conflict, match="escalated already"):
            world.moves.escalate(LEA, "tickets.a", "")
        world.clock.pass_(minutes=16)
        assert world.claims.next(BO) is None, "a lead's claim that ran out is still for leads"
        world.claims.named(LOU, "tickets.a")
        assert world.verdicts.give(LOU, "tickets.a", VerdictRequest(label="Billing")).state == "settled"

    @pytest.mark.parametrize("act", ["skip", "release", "escalate"])
    def test_only_the_holder_moves_an_item(self, world: QueueWorld, act: str) -> None:
        world.decided("tickets.a")
        with pytest.raises(Conflict, match="claim it first"):
            getattr(world.moves, act)(ANA, "tickets.a", "")
        world.claims.named(ANA, "tickets.a")
        with pytest.raises(Conflict, match="claim it first"):
            getattr(world.moves, act)(BO, "tickets.a", "")
        world.verdicts.give(ANA, "tickets.a", VerdictRequest(label="Billing"))
        with pytest.raises(Conflict, match="settled"):
            getattr(world.moves, act)(ANA, "tickets.a", "")


class TestLists:
    def test_a_cursor_goes_on_where_the_page_ended_over_all_lines(self, world: QueueWorld) -> None:
        for k in range(11):
            world.decided(f"{'tickets' if k % 3 else 'transactions'}.{k:02}", severity=k % 4)
        whole = ids(world)
        assert len(whole) == 11
        sources = lines.sources(["tickets", "transactions"], None, stamp(world.clock()), lead=False)
        found: list[str] = []
        places: dict[str, Place] | None = {}
        while places is not None:
            page = lines.read(world.tables, sources, limit=3, places=places)
            found += [item.id for item in page.items]
            cursor = lines.cursor_of(page.places)
            places = lines.places_of(cursor) if cursor else None
        assert found == whole

    def test_settled_ones_come_newest_first(self, world: QueueWorld) -> None:
        for own in ("tickets.a", "tickets.b", "tickets.c"):
            world.decided(own)
            world.settle(ANA, own, "Billing")
        assert ids(world, state="settled") == ["tickets.c", "tickets.b", "tickets.a"]

    def test_filters_look_past_what_does_not_fit(self, world: QueueWorld) -> None:
        for k in range(12):
            world.decided(f"tickets.{k:02}", "Billing", queue="sample" if k % 6 == 5 else "review")
        sources = lines.sources(["tickets"], "open", stamp(world.clock()), lead=False)
        page = lines.read(world.tables, sources, limit=2, wanted=lambda item: item.kind == "sample")
        assert [item.id for item in page.items] == ["tickets.05", "tickets.11"]


class TestAudit:
    def test_a_change_a_gap_and_a_cut_are_found(self, world: QueueWorld, client: Any) -> None:
        for own in ("tickets.a", "tickets.b", "tickets.c"):
            world.decided(own)
            world.settle(ANA, own, "Billing")
            assert world.opener.open(ANA, own).intact
        client.update_item(
            TableName=AUDIT, Key={"review": {"S": "tickets.a"}, "seq": {"N": "1"}},
            UpdateExpression="SET who = :x", ExpressionAttributeValues={":x": {"S": BO.name}},
        )  # fmt: skip
        client.delete_item(TableName=AUDIT, Key={"review": {"S": "tickets.b"}, "seq": {"N": "1"}})
        client.delete_item(TableName=AUDIT, Key={"review": {"S": "tickets.c"}, "seq": {"N": "2"}})
        for own in ("tickets.a", "tickets.b", "tickets.c"):
            assert not world.opener.open(ANA, own).intact, own

    def test_no_entry_can_be_written_over(self, world: QueueWorld) -> None:
        """Two writers who saw the same item: the second finds its entry taken, and changes nothing."""
        world.decided("tickets.a")
        item = world.tables.get("tickets.a")
        world.claims.named(ANA, "tickets.a")
        assert world.claims._try(item, BO) is None
        assert world.actions("tickets.a") == [("triage", "queued"), (ANA.name, "claimed")]

    def test_the_item_table_keeps_to_what_the_log_says(self, world: QueueWorld, client: Any) -> None:
        world.decided("tickets.a")
        world.settle(ANA, "tickets.a", "Billing")
        client.update_item(
            TableName=REVIEWS, Key={"id": {"S": "tickets.a"}}, UpdateExpression="SET #h = :x",
            ExpressionAttributeNames={"#h": "hash"}, ExpressionAttributeValues={":x": {"S": "0" * 64}},
        )  # fmt: skip
        assert not world.opener.open(ANA, "tickets.a").intact
