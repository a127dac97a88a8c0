"""Writes are conditional, whole, and within DynamoDB's limits."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.core.decision_log import ONE_BY_ONE, TRANSACTION_ITEMS, DecisionLog, Entry, Label
from lambdas.core.errors import Conflict, DependencyDown, NotFound, PreconditionFailed
from lambdas.core.schema import Decision
from tests.support.tables import MemoryTable


def entry(name: str, asked: bytes = b"{}") -> Entry:
    decision = Decision(
        decision_id=name, outcome="A", review=False, reasons=[], confidence=0.5, source="model",
        variant="champion", model_version="v", degraded=[], decided_at="2026-01-01T00:00:00.000Z",
    )  # fmt: skip
    return Entry(decision, "digest", asked, "tickets", None)


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
