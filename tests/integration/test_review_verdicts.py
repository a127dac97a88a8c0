"""Verdicts over a DynamoDB that speaks the real protocol: labels, second opinions, samples and appeals."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.core.errors import Conflict, DependencyDown, Forbidden, InvalidRequest, NotFound
from lambdas.review.agreement import agreement_of, quality_of
from lambdas.review.schema import AppealRequest, VerdictRequest
from tests.support.review import ANA, AUDIT, BO, CY, LEA, LOU, QueueWorld

pytestmark = pytest.mark.integration


@pytest.fixture
def world(queue_tables: Any) -> QueueWorld:
    return QueueWorld()


@pytest.fixture
def asked_twice(queue_tables: Any) -> QueueWorld:
    """Every verdict is asked of a second person."""
    return QueueWorld(second_share=1.0)


@pytest.fixture
def client(queue_tables: Any) -> Any:
    return queue_tables


class TestVerdicts:
    def test_a_verdict_labels_the_decision_and_teaches(self, world: QueueWorld) -> None:
        world.decided("transactions.a")
        settled = world.settle(ANA, "transactions.a", "fraud", "a stolen card")
        assert (settled.state, settled.holder) == ("settled", None)
        assert world.label("transactions.a") == ("fraud", ANA.name)
        (sent,) = world.outbox.sent
        assert (sent["decision_id"], sent["label"], sent["by"]) == ("transactions.a", "fraud", ANA.name)
        assert world.claims.next(BO) is None
        assert [each.id for each in world.told] == ["transactions.a"] * 3
        shown = world.opener.open(BO, "transactions.a")
        assert shown.verdict is not None
        assert (shown.verdict.label, shown.verdict.note, shown.intact) == ("fraud", "a stolen card", True)

    def test_learning_that_was_not_told_is_told_when_the_verdict_comes_again(self, world: QueueWorld) -> None:
        world.decided("transactions.a")
        world.outbox.down = True
        with pytest.raises(DependencyDown, match="send it again"):
            world.settle(ANA, "transactions.a", "fraud")
        assert world.label("transactions.a") == ("fraud", ANA.name)
        world.outbox.down = False
        world.verdicts.give(ANA, "transactions.a", VerdictRequest(label="fraud"))
        assert len(world.outbox.sent) == 1
        assert len(world.actions("transactions.a")) == 3, "nothing was written again"
        with pytest.raises(Conflict, match="settled"):
            world.verdicts.give(ANA, "transactions.a", VerdictRequest(label="legitimate"))

    def test_a_label_of_somebody_else_stands_until_a_lead_overrules_it(self, world: QueueWorld) -> None:
        world.decided("transactions.a")
        world.labelling.give("transactions.a", "legitimate", "the bank")
        with pytest.raises(Conflict, match="'legitimate': escalate it"):
            world.settle(ANA, "transactions.a", "fraud")
        assert world.label("transactions.a") == ("legitimate", "the bank")
        assert world.tables.get("transactions.a").state == "claimed", "all of it or nothing"
        world.moves.escalate(ANA, "transactions.a", "the bank says otherwise")
        world.settle(LEA, "transactions.a", "fraud")
        assert world.label("transactions.a") == ("fraud", LEA.name)

    def test_a_decision_that_is_gone_cannot_be_labelled(self, world: QueueWorld, client: Any) -> None:
        world.decided("tickets.a")
        client.delete_item(TableName="decisions", Key={"id": {"S": "tickets.a"}})
        with pytest.raises(NotFound, match="expired"):
            world.settle(ANA, "tickets.a", "Billing")

    @pytest.mark.parametrize("said", [VerdictRequest(), VerdictRequest(label="x", ruling="uphold")])
    def test_what_is_no_verdict(self, world: QueueWorld, said: VerdictRequest) -> None:
        world.decided("tickets.a")
        world.claims.named(ANA, "tickets.a")
        with pytest.raises(InvalidRequest):
            world.verdicts.give(ANA, "tickets.a", said)


class TestSecondOpinions:
    def test_another_person_is_asked_and_not_shown_the_first(self, asked_twice: QueueWorld) -> None:
        world = asked_twice
        world.decided("tickets.a")
        world.settle(ANA, "tickets.a", "Billing", "an invoice")
        assert world.claims.next(ANA) is None, "never the same person"
        with pytest.raises(Forbidden, match="judged it already"):
            world.claims.named(ANA, "tickets.a.second")
        taken = world.claims.next(BO)
        assert taken is not None
        assert (taken.id, taken.kind) == ("tickets.a.second", "second")
        for who in (BO, LEA):
            shown = world.opener.open(who, "tickets.a.second")
            assert (shown.opinions, shown.verdict, shown.intact) == ([], None, True)
            assert "Billing" not in str(shown.history) + str(shown.opinions)
            with pytest.raises(Forbidden, match="second opinion"):
                world.opener.open(who, "tickets.a")
        assert world.opener.open(ANA, "tickets.a").verdict is not None
        world.verdicts.give(BO, "tickets.a.second", VerdictRequest(label="Billing"))
        assert world.opener.open(CY, "tickets.a").verdict is not None
        assert world.label("tickets.a") == ("Billing", ANA.name)
        assert world.actions("tickets.a.second")[-1] == (BO.name, "agreed")
        found = agreement_of("tickets", world.tables.counters("tickets"))
        assert (found.n, found.observed, found.pairs) == (1, 1.0, {"Billing": {"Billing": 1}})

    def test_a_disagreement_goes_to_a_third_person_who_is_a_lead(self, asked_twice: QueueWorld) -> None:
        world = asked_twice
        world.decided("tickets.a", severity=3)
        world.settle(ANA, "tickets.a", "Billing")
        after = world.settle(LEA, "tickets.a.second", "Technical")
        assert (after.shown, after.severity) == ("escalated", 4)
        assert world.label("tickets.a") == ("Billing", ANA.name)
        assert world.claims.next(LEA) is None, "who gave an opinion does not settle it"
        assert world.claims.next(BO) is None
        taken = world.claims.next(LOU)
        assert taken is not None
        shown = world.opener.open(LOU, taken.id)
        assert [(one.by, one.label) for one in shown.opinions] == [
            (ANA.name, "Billing"), (LEA.name, "Technical"),
        ]  # fmt: skip
        world.verdicts.give(LOU, taken.id, VerdictRequest(label="Technical"))
        assert world.label("tickets.a") == ("Technical", LOU.name)
        assert [sent["label"] for sent in world.outbox.sent] == ["Billing", "Technical"]
        found = agreement_of("tickets", world.tables.counters("tickets"))
        assert (found.n, found.observed, found.pairs) == (1, 0.0, {"Billing": {"Technical": 1}})

    def test_a_chain_that_hangs_on_nothing_is_found(self, asked_twice: QueueWorld, client: Any) -> None:
        world = asked_twice
        world.decided("tickets.a")
        world.settle(ANA, "tickets.a", "Billing")
        client.update_item(
            TableName=AUDIT, Key={"review": {"S": "tickets.a.second"}, "seq": {"N": "0"}},
            UpdateExpression="SET previous_hash = :x", ExpressionAttributeValues={":x": {"S": "1" * 64}},
        )  # fmt: skip
        assert not world.opener.open(BO, "tickets.a.second").intact


class TestSamples:
    def test_what_people_would_have_decided_otherwise_is_counted(self, world: QueueWorld) -> None:
        verdicts = {"a": "fraud", "b": "legitimate", "c": "legitimate", "d": "legitimate"}
        for own, label in verdicts.items():
            world.decided(f"transactions.{own}", "approve", queue="sample")
            world.settle(ANA, f"transactions.{own}", label)
        world.decided("transactions.e", "review", queue="review")
        world.settle(ANA, "transactions.e", "fraud")
        found = quality_of("transactions", world.tables.counters("transactions"))
        assert (found.n, found.overturned, found.share) == (4, 1, 0.25)
        assert found.interval == pytest.approx([0.0456, 0.6994], abs=1e-4)

    def test_a_leads_last_word_is_what_counts(self, asked_twice: QueueWorld) -> None:
        world = asked_twice
        world.decided("transactions.a", "approve", queue="sample")
        world.settle(ANA, "transactions.a", "fraud")
        world.settle(BO, "transactions.a.second", "legitimate")
        world.settle(LEA, "transactions.a.second", "legitimate")
        found = quality_of("transactions", world.tables.counters("transactions"))
        assert (found.n, found.overturned) == (1, 0)


class TestAppeals:
    ASKED = AppealRequest("it was my own card", "customer 7")

    def test_an_appeal_goes_to_somebody_else_and_is_overturned(self, world: QueueWorld) -> None:
        world.decided("transactions.a", severity=7)
        world.settle(ANA, "transactions.a", "fraud", "looks stolen")
        filed = world.appeals.file("transactions.a", self.ASKED)
        assert (filed.state, filed.reason, filed.by) == ("open", "it was my own card", "customer 7")
        assert world.appeals.file("transactions.a", self.ASKED) == filed, "sent again it is the same"
        with pytest.raises(Conflict, match="open already"):
            world.appeals.file("transactions.a", AppealRequest("me too", "customer 8"))
        assert world.claims.next(ANA) is None
        with pytest.raises(Forbidden):
            world.claims.named(ANA, "transactions.a.appeal")
        taken = world.claims.next(BO)
        assert taken is not None
        assert (taken.kind, taken.severity) == ("appeal", 7)
        shown = world.opener.open(BO, taken.id)
        assert shown.appeal is not None
        assert (shown.appeal.against, [one.label for one in shown.opinions]) == ("decline", ["fraud"])
        said = VerdictRequest(ruling="overturn", label="legitimate", note="the owner called")
        world.verdicts.give(BO, taken.id, said)
        world.verdicts.give(BO, taken.id, said)
        state = world.appeals.state("transactions.a")
        assert (state.state, state.ruling, state.why, state.label) == (
            "settled", "overturn", "the owner called", "legitimate",
        )  # fmt: skip
        assert world.label("transactions.a") == ("legitimate", BO.name)
        assert world.actions("transactions.a.appeal") == [
            ("caller: customer 7", "appealed"), (BO.name, "claimed"), (BO.name, "overturned"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("ruling", "label", "why", "field"),
        [
            (None, "fraud", "so", "ruling"),
            ("uphold", None, " ", "note"),
            ("overturn", None, "so", "label"),
            ("overturn", "fraud", "so", "label"),
            ("uphold", "legitimate", "so", "label"),
        ],
    )
    def test_a_ruling_says_why_and_fits_its_label(
        self, world: QueueWorld, ruling: Any, label: str | None, why: str, field: str
    ) -> None:
        world.decided("transactions.a", "decline", queue=None)
        world.appeals.file("transactions.a", self.ASKED)
        with pytest.raises(InvalidRequest) as caught:
            world.rule(BO, "transactions.a", ruling, label, why)
        assert caught.value.field == field

    def test_what_is_upheld_may_be_appealed_again_to_a_third_person(self, world: QueueWorld) -> None:
        world.decided("transactions.a", "decline", queue=None)
        world.appeals.file("transactions.a", self.ASKED)
        world.rule(ANA, "transactions.a", "uphold")
        assert (world.label("transactions.a"), world.outbox.sent) == (None, [])
        world.appeals.file("transactions.a", AppealRequest("again", "customer 7"))
        assert world.claims.next(ANA) is None
        world.rule(BO, "transactions.a", "overturn", "legitimate")
        assert world.label("transactions.a") == ("legitimate", BO.name)
        assert len(world.actions("transactions.a.appeal")) == 6

    def test_what_waits_about_the_decision_is_closed(self, asked_twice: QueueWorld) -> None:
        world = asked_twice
        world.decided("transactions.a", "decline", queue="sample")
        world.claims.named(ANA, "transactions.a")
        world.appeals.file("transactions.a", self.ASKED)
        with pytest.raises(Conflict, match="settled"):
            world.verdicts.give(ANA, "transactions.a", VerdictRequest(label="fraud"))
        assert world.actions("transactions.a")[-1] == ("triage", "superseded")
        world.decided("transactions.b")
        world.settle(ANA, "transactions.b", "fraud")
        world.appeals.file("transactions.b", self.ASKED)
        assert world.tables.get("transactions.b.second").state == "settled"
        assert world.actions("transactions.b.appeal") == [("caller: customer 7", "appealed")]
        assert {item.kind for item in (world.claims.next(BO), world.claims.next(BO)) if item} == {"appeal"}
        assert world.claims.next(BO) is None

    def test_what_is_not_decided_yet_cannot_be_appealed(self, world: QueueWorld) -> None:
        world.decided("transactions.a")
        with pytest.raises(Conflict, match="not decided yet"):
            world.appeals.file("transactions.a", self.ASKED)
        for call in (world.appeals.state, lambda own: world.appeals.file(own, self.ASKED)):
            with pytest.raises(NotFound):
                call("transactions.nothing")
