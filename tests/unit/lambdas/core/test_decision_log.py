"""Writes are conditional, whole, and within DynamoDB's limits."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lambdas.core.decision_log import ONE_BY_ONE, TRANSACTION_ITEMS, DecisionLog, Entry, Label
from lambdas.core.errors import Conflict, DependencyDown, NotFound, PreconditionFailed
from lambdas.core.marks import Marks, queue_of
from lambdas.core.schema import Decision
from tests.support.tables import MemoryTable

PLAIN = Marks()


def decision(name: str, review: bool = False) -> Decision:
    return Decision(
        decision_id=name, outcome="A", review=review, reasons=[], confidence=0.5, source="model",
        variant="champion", model_version="v", degraded=[], decided_at="2026-01-01T00:00:00.000Z",
    )  # fmt: skip


def entry(
    name: str, asked: bytes = b"{}", *, marks: Marks = PLAIN, review: bool = False, sample: float = 0.0
) -> Entry:
    return Entry(decision(name, review), "digest", asked, "tickets", None, marks, sample)


def test_more_than_a_transaction_holds_is_split() -> None:
    table = MemoryTable()
    DecisionLog("d", table, ttl_days=1).record([entry(f"e{k}") for k in range(TRANSACTION_ITEMS + 2)])
    assert table.calls == ["TransactWriteItems", "PutItem", "PutItem"]
    assert len(table.items) == TRANSACTION_ITEMS + 2


def test_a_few_are_written_one_by_one_and_nothing_after_a_failure() -> None:
    class FailsAtThird(MemoryTable):
        def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
            if len(self.items) == 2:
                raise DependencyDown("told to fail")
            return super().call(operation, request)

    table = FailsAtThird()
    with pytest.raises(DependencyDown):
        DecisionLog("d", table, ttl_days=1).record([entry(f"e{k}") for k in range(ONE_BY_ONE)])
    assert list(table.items) == ["e0", "e1"]
    assert table.calls == ["PutItem", "PutItem"]


def test_large_entries_are_split_by_size() -> None:
    table = MemoryTable()
    big = b'"' + b"x" * 300_000 + b'"'
    DecisionLog("d", table, ttl_days=1).record([entry(f"e{k}", big) for k in range(20)])
    assert len(table.calls) >= 2
    assert len(table.items) == 20


def test_a_transaction_cancelled_for_another_reason_is_a_dependency_down() -> None:
    class Busy(MemoryTable):
        def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
            reasons = [{"Code": "TransactionConflict"}, *[{"Code": "None"}] * ONE_BY_ONE]
            raise PreconditionFailed("x", current={"CancellationReasons": reasons})

    with pytest.raises(DependencyDown, match="TransactionConflict"):
        DecisionLog("d", Busy(), ttl_days=1).record([entry(f"e{k}") for k in range(ONE_BY_ONE + 1)])


def test_a_decision_is_found_with_its_label() -> None:
    log = DecisionLog("d", MemoryTable(), ttl_days=1)
    log.record([entry("a", b'{"x":1}')])
    assert (log.get("a").asked, log.get("a").version, log.get("a").label) == (b'{"x":1}', "v", None)
    label = Label("fraud", "2026-01-02T00:00:00Z", "ana")
    assert log.label("a", label).label == label
    assert log.get("a").label == label


def test_a_person_may_change_her_own_label_but_not_anothers() -> None:
    log = DecisionLog("d", MemoryTable(), ttl_days=1)
    log.record([entry("a")])
    log.label("a", Label("fraud", "1", "ana"))
    with pytest.raises(Conflict, match="'fraud'"):
        log.label("a", Label("legitimate", "2", "bo"))
    log.label("a", Label("fraud", "2", "bo"))
    log.label("a", Label("legitimate", "3", "bo"))
    assert log.get("a").label == Label("legitimate", "3", "bo")


def test_an_unknown_decision_is_not_found() -> None:
    log = DecisionLog("d", MemoryTable(), ttl_days=1)
    with pytest.raises(NotFound, match="no decision 'a'"):
        log.get("a")
    with pytest.raises(NotFound):
        log.label("a", Label("fraud", "1", "ana"))


def test_what_is_unclear_or_sampled_is_marked_for_a_queue_and_what_is_pending_is_not() -> None:
    table = MemoryTable()
    DecisionLog("d", table, ttl_days=1).record(
        [
            entry("clear"),
            entry("sampled", sample=1.0),
            entry("unclear", review=True, sample=1.0, marks=Marks(alert=True, severity=9)),
            entry("pending", review=True, sample=1.0, marks=Marks(pending=("audio",))),
        ]
    )
    marked = {name: item.get("queue", {}).get("S") for name, item in table.items.items()}
    assert marked == {"clear": None, "sampled": "sample", "unclear": "review", "pending": None}
    assert table.items["unclear"]["alert"] == {"S": "yes"}
    assert table.items["unclear"]["severity"] == {"N": "9"}
    assert "alert" not in table.items["clear"]


def test_the_sample_is_stable_and_of_the_share_asked_for() -> None:
    names = [f"tickets.{k:032x}" for k in range(20_000)]

    def chosen(share: float) -> set[str]:
        return {n for n in names if queue_of(n, Marks(), review=False, sample=share)}

    few, more = chosen(0.01), chosen(0.05)
    assert few == chosen(0.01) < more
    assert 150 < len(few) < 250


def test_who_knows_an_id_does_not_know_whether_it_is_in_the_sample() -> None:
    names = [f"tickets.{k:032x}" for k in range(400)]

    def chosen(key: str) -> set[str]:
        table = MemoryTable()
        log = DecisionLog("d", table, ttl_days=1, sample_key=key)
        log.record([entry(name, sample=0.5) for name in names])
        return {name for name, item in table.items.items() if item.get("queue") == {"S": "sample"}}

    one, other = chosen("5d1fbc00-5c7b-11f1-9f2e-0a58a9feac02"), chosen("key" * 100)
    assert one == chosen("5d1fbc00-5c7b-11f1-9f2e-0a58a9feac02"), "of one deployment it stays the same"
    assert min(len(one), len(other)) > 150
    assert 50 < len(one & other) < 150, "no more than chance would have it, about 100"


def test_a_provisional_decision_is_amended_once() -> None:
    table = MemoryTable()
    log = DecisionLog("d", table, ttl_days=1)
    log.record([entry("a", review=True, marks=Marks(pending=("audio",)))])
    before = log.get("a")
    assert before.pending == ("audio",)
    final = msgspec.structs.replace(decision("a"), outcome="B")
    assert log.amend(before, final, Marks(alert=True, severity=9), sample=1.0)
    item = table.items["a"]
    assert (item["outcome"], item["queue"], item["alert"]) == ({"S": "B"}, {"S": "sample"}, {"S": "yes"})
    assert log.get("a").pending == ()
    assert not log.amend(before, decision("a"), Marks(), sample=0.0), "it came again"
    assert item["outcome"] == {"S": "B"}


def test_what_alerted_before_it_was_amended_does_not_alert_again() -> None:
    table = MemoryTable()
    log = DecisionLog("d", table, ttl_days=1)
    log.record([entry("a", review=True, marks=Marks(alert=True, pending=("audio",)))])
    assert table.items["a"]["alert"] == {"S": "yes"}
    log.amend(log.get("a"), decision("a"), Marks(alert=True), sample=0.0)
    assert table.items["a"]["alert"] == {"S": "told"}
