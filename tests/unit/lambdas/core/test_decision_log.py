"""Writes are conditional, whole, and within DynamoDB's limits."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.core.decision_log import TRANSACTION_ITEMS, DecisionLog, Entry
from lambdas.core.errors import DependencyDown, PreconditionFailed
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
    assert table.calls == ["TransactWriteItems", "TransactWriteItems"]
    assert len(table.items) == TRANSACTION_ITEMS + 2


def test_large_entries_are_split_by_size() -> None:
    table = MemoryTable()
    big = b'"' + b"x" * 300_000 + b'"'
    DecisionLog("d", table, ttl_days=1).record([entry(f"e{k}", big) for k in range(20)])
    assert len(table.calls) >= 2
    assert len(table.items) == 20


def test_a_transaction_cancelled_for_another_reason_is_a_dependency_down() -> None:
    class Busy(MemoryTable):
        def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
            reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
            raise PreconditionFailed("x", current={"CancellationReasons": reasons})

    with pytest.raises(DependencyDown, match="TransactionConflict"):
        DecisionLog("d", Busy(), ttl_days=1).record([entry("a"), entry("b")])
