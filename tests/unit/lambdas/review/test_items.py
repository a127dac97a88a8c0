"""Items: where they stand in line, what DynamoDB holds of them, who gets them, and their chain."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from lambdas.core.errors import DependencyDown, InvalidRequest, PreconditionFailed, SettingsError
from lambdas.review import audit, lines
from lambdas.review.item import IN_INDEX, Barred, Detail, Item, decoded, encoded
from lambdas.review.meaning import decode_outcomes, outcome_of
from lambdas.review.moves import MOST_SKIPS, _skipped
from lambdas.review.reviewer import Reviewer
from lambdas.review.schema import Opinion
from lambdas.review.tables import Lost, Place, Tables
from lambdas.review.verdicts import asks_again

NOW = "2026-06-01T12:00:00.000Z"
ITEM = Item(
    id="tickets.a", decision_id="tickets.a", service="tickets", kind="review", severity=7, created_at=NOW,
    expires=1_900_000_000,
)  # fmt: skip


def test_the_more_severe_and_the_older_stand_before_others() -> None:
    later = replace(ITEM, id="tickets.b", created_at="2026-06-01T12:00:00.001Z")
    severe = replace(later, severity=9)
    ranks = [item.rank for item in (severe, ITEM, later, replace(ITEM, severity=0))]
    assert ranks == sorted(ranks)
    assert {item.line for item in (severe, ITEM, later)} == {"open#tickets"}


def test_each_state_has_its_line() -> None:
    assert replace(ITEM, escalated=True).line == "leads#tickets"
    claimed = replace(ITEM, state="claimed", holder="ana", claim_until="2026-06-01T12:15:00.000Z")
    assert (claimed.line, claimed.rank) == ("claimed#tickets", "2026-06-01T12:15:00.000Z#tickets.a")
    assert replace(claimed, escalated=True).line == "claimed#tickets"
    assert claimed.held(NOW)
    assert not claimed.held("2026-06-01T12:15:00.000Z")
    settled = replace(ITEM, state="settled", settled_at=NOW, escalated=True)
    assert (settled.line, settled.shown) == ("settled#tickets", "settled")


def test_an_item_comes_back_as_it_was_and_from_the_index_without_its_detail() -> None:
    full = replace(
        ITEM, holder="ana", claim_until=NOW, state="claimed", escalated=True, seq=3, hash="f" * 64,
        barred=Barred(("bo",), {"cy": NOW}),
        detail=Detail("Billing", opinions=(Opinion(by="bo", at=NOW, label="é"),)),
    )  # fmt: skip
    raw = encoded(full)
    assert decoded(raw) == full
    keys = {"id", "line", "rank"}
    assert set(raw) == {*IN_INDEX, *keys, "detail"} - {"settled_at"}
    from_index = {name: value for name, value in raw.items() if name in {*IN_INDEX, *keys}}
    assert decoded(from_index) == replace(full, detail=Detail())


def test_who_skipped_it_is_barred_for_a_while_and_only_so_many_are_remembered() -> None:
    item = replace(ITEM, barred=Barred(("bo",), {f"p{k:02}": f"2026-06-01T13:{k:02}" for k in range(30)}))
    barred = _skipped(item, Reviewer("ana"), "2026-06-01T14:00", "2026-06-01T13:05")
    assert len(barred.until) == MOST_SKIPS
    assert "ana" in barred.until and "p05" not in barred.until
    assert barred.now("ana", "2026-06-01T13:59") and not barred.now("ana", "2026-06-01T14:01")
    assert barred.now("bo", "2036-06-01T14:01")


def chain(*actions: str) -> tuple[list[audit.Entry], Item]:
    """The chain of an item to which `actions` happened."""
    tables, before, entries = Tables(Nothing(), reviews="r", audit="a"), None, []
    for action in actions:
        after = replace(before or ITEM, severity=len(entries))
        step = tables.step(before, after, who="ana", action=action, at=NOW, note="why")
        entries.append(audit.decoded(step.writes[1]["Put"]["Item"]))
        before = step.item
    assert before is not None
    return entries, before


class Nothing:
    """A DynamoDB that answers with what it is given."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


def test_a_chain_holds_as_it_was_written() -> None:
    entries, item = chain("queued", "claimed", "decided")
    assert audit.verify(entries, item) == []
    assert [entry.seq for entry in entries] == [0, 1, 2]
    assert (entries[0].before, entries[1].before["severity"], entries[1].after["severity"]) == ({}, 0, 1)


@pytest.mark.parametrize("field", ["at", "who", "action", "note", "decision", "previous_hash", "hash"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_any_change_of_any_entry_is_found(field: str, place: int) -> None:
    entries, item = chain("queued", "claimed", "decided")
    entries[place] = replace(entries[place], **{field: "other"})
    assert audit.verify(entries, item)


def test_what_is_sealed_again_is_found_too() -> None:
    """Whoever changes an entry and its hash breaks the next one, or the item's own."""
    for place in range(3):
        entries, item = chain("queued", "claimed", "decided")
        entries[place] = replace(entries[place], who="eve").sealed()
        assert audit.verify(entries, item)


def test_gaps_cuts_and_strangers_are_found() -> None:
    entries, item = chain("queued", "claimed", "decided")
    assert audit.verify(entries[:2], item) == ["there are 2 entries, the item says 3"]
    assert audit.verify([entries[0], entries[2]], item) == ["entry 1 is missing"]
    assert audit.verify(entries[1:], item) == ["entry 0 is missing"]
    assert audit.verify(entries, replace(item, id="tickets.other"))
    assert audit.verify([], item)


def test_a_damaged_entry_is_read_and_found() -> None:
    entries, item = chain("queued")
    raw = audit.encoded(entries[0])
    raw["before"] = {"S": "{"}
    del raw["note"]
    assert audit.verify([audit.decoded(raw)], item) == ["entry 0 is not what was written"]


def cancelled(*codes: str) -> PreconditionFailed:
    reasons = [{"Code": code, **({"Item": {"x": 1}} if "Check" in code else {})} for code in codes]
    return PreconditionFailed("cancelled", current={"CancellationReasons": reasons})


class TestWriting:
    def tables(self, *answers: Any) -> tuple[Tables, Nothing, list[float]]:
        waits: list[float] = []
        dynamo = Nothing(*answers)
        return Tables(dynamo, reviews="r", audit="a", sleep=waits.append), dynamo, waits

    def step(self, tables: Tables) -> Any:
        return tables.step(None, ITEM, who="ana", action="queued", at=NOW)

    def test_another_transaction_in_the_way_is_waited_for(self) -> None:
        tables, dynamo, waits = self.tables(cancelled("TransactionConflict", "None"), {})
        tables.write([self.step(tables)])
        tokens = {request["ClientRequestToken"] for request in dynamo.asked}
        assert (len(waits), len(tokens)) == (1, 1), "one token: what was written already counts once"

    def test_it_is_given_up_in_the_end(self) -> None:
        tables, _, waits = self.tables(*[cancelled("TransactionConflict")] * 3)
        with pytest.raises(Lost, match="try again"):
            tables.write([self.step(tables)], tries=3)
        assert len(waits) == 2

    def test_a_false_condition_is_lost_at_once_and_says_where(self) -> None:
        tables, _, waits = self.tables(cancelled("None", "ConditionalCheckFailed", "None"))
        with pytest.raises(Lost) as caught:
            tables.write([self.step(tables)])
        assert (caught.value.refused, waits) == ({1: {"x": 1}}, [])

    def test_a_table_without_units_is_waited_for_and_then_down(self) -> None:
        busy = cancelled("ThrottlingError", "None")
        tables, _, waits = self.tables(busy, cancelled("None", "ProvisionedThroughputExceeded"), {}, busy)
        tables.write([self.step(tables)])
        assert len(waits) == 2
        with pytest.raises(DependencyDown, match="busy: ThrottlingError"):
            tables.write([self.step(tables)], tries=1)

    def test_a_change_writes_what_changed_on_the_condition_that_nothing_else_did(self) -> None:
        tables, _, _ = self.tables()
        first = self.step(tables)
        claimed = replace(first.item, state="claimed", holder="ana", claim_until=NOW)
        second = tables.step(first.item, claimed, who="ana", action="claimed", at=NOW)
        update = second.writes[0]["Update"]
        assert update["ConditionExpression"] == "#seq = :before"
        assert update["ExpressionAttributeValues"][":before"] == {"N": "0"}
        changed = set(update["ExpressionAttributeNames"].values())
        assert changed == {"state", "holder", "claim_until", "line", "rank", "seq", "hash"}
        freed = replace(second.item, state="open", holder=None, claim_until=None)
        back = tables.step(second.item, freed, who="ana", action="released", at=NOW).writes[0]["Update"]
        assert back["UpdateExpression"].endswith(" REMOVE #holder, #claim_until")


@pytest.mark.parametrize("cursor", ["x", "%%%", "e30x", "W10", "eyJhIjoxfQ"])
def test_what_is_no_cursor(cursor: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        lines.places_of(cursor)
    assert caught.value.field == "cursor"


def test_a_cursor_comes_back() -> None:
    places = {"open#tickets": Place("2#x", "é"), "claimed#tickets": Place("", "")}
    assert lines.places_of(lines.cursor_of(places)) == places
    assert lines.cursor_of(None) is None
    assert lines.places_of(None) == {}


def test_second_opinions_are_asked_for_a_stable_share() -> None:
    ids = [f"tickets.{k}" for k in range(20_000)]
    chosen = {own for own in ids if asks_again(own, 0.1)}
    assert 0.092 < len(chosen) / len(ids) < 0.108
    assert chosen == {own for own in ids if asks_again(own, 0.1)}
    assert chosen < {own for own in ids if asks_again(own, 0.2)}
    assert not any(asks_again(own, 0.0) for own in ids)
    assert all(asks_again(own, 1.0) for own in ids)


def test_what_a_label_would_have_decided() -> None:
    outcomes = decode_outcomes('{"content": {"ok": "allow", "*": "remove"}, "t": {"fraud": "decline"}}')
    said = [
        ("content", "ok"),
        ("content", "threat,toxicity"),
        ("t", "fraud"),
        ("t", "x"),
        ("tickets", "Billing"),
    ]
    found = [outcome_of(outcomes, service, label) for service, label in said]
    assert found == ["allow", "remove", "decline", "x", "Billing"]
    with pytest.raises(SettingsError, match="LABEL_OUTCOMES"):
        decode_outcomes('{"content": 3}')
