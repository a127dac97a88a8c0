"""What the models see online is what they were trained on: 100,000 events through the deployed function."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from lambdas.core.bundle import decode_manifest
from lambdas.core.decide import decision_id
from lambdas.transactions.event import event_of
from lambdas.transactions.features import FEATURE_NAMES, matrix
from lambdas.transactions.schema import TransactionRequest
from local.stack import Stack
from model_build.transactions.replay import Known, Replay
from tests.conftest import TrainedTransactions
from tests.support.synthetic_bodies import bodies

FUNCTION = "triage-transactions"
EVENTS = 100_000
BATCH = 100
UNLABELLED = 1e12
"""Seconds: no label becomes known, here as there."""


@pytest.fixture
def patient(stack: Stack) -> Iterator[None]:
    """The function with more time for its feature store: equal features are asked for here, not 50 ms on a
    machine that runs other tests beside."""
    client, name = stack.client("lambda"), FUNCTION
    before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    slow = {"Variables": before | {"FEATURE_STORE_TIMEOUT_MS": "3000"}}
    client.update_function_configuration(FunctionName=name, Environment=slow)
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": before})


@pytest.mark.usefixtures("patient")
def test_100_000_events_replayed_online_and_offline_have_the_same_features(
    stack: Stack, trained_transactions: TrainedTransactions, tmp_path: Path
) -> None:
    """By direct invocation: the usage plan would let through ten batches a second."""
    raw = (trained_transactions.bundle / "manifest.json").read_bytes()
    risks = decode_manifest(raw, "transactions").settings["category_risk"]
    state, function = Replay(UNLABELLED), stack.client("lambda")
    seen = different = 0
    for batch in _batches(tmp_path):
        requests = msgspec.convert(batch, list[TransactionRequest])
        rows = [_offline(state, request) for request in requests]
        offline = matrix(rows, [request.category for request in requests], risks)
        online = np.array(_online(function, batch), dtype=np.float32)
        seen += len(batch)
        different += int((offline.view(np.uint32) != online.view(np.uint32)).any(axis=1).sum())
    assert (seen, different) == (EVENTS, 0)


def _batches(folder: Path) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for body in bodies(folder, EVENTS, seed=100):
        # Of its own, so that no other test's labels or events concern these cards and merchants.
        batch.append({**body, **{name: f"replay-{body[name]}" for name in ("card_id", "merchant_id")}})
        if len(batch) == BATCH:
            yield batch
            batch = []


def _offline(state: Replay, request: TransactionRequest) -> tuple[float, ...]:
    assert request.at is not None and request.transaction_id is not None
    event = event_of(request, decision_id("transactions", request.transaction_id), request.at)
    known = Known(event.at, request.merchant_id, request.category, fraud=False)
    return state.see(request.card_id, event, known)[0]


def _online(function: Any, batch: list[dict[str, Any]]) -> list[list[float]]:
    event = {
        "httpMethod": "POST",
        "resource": "/v1/transactions:scoreBatch",
        "body": json.dumps({"transactions": batch}),
        "isBase64Encoded": False,
    }
    said = function.invoke(FunctionName=FUNCTION, Payload=json.dumps(event).encode())
    answer = json.loads(said["Payload"].read())
    assert answer["statusCode"] == 200, answer["body"]
    decisions = json.loads(answer["body"])["decisions"]
    assert {decision["source"] for decision in decisions} == {"model"}
    assert all(decision["degraded"] == [] for decision in decisions)
    nan = float("nan")
    return [
        [nan if decision["features"][name] is None else decision["features"][name] for name in FEATURE_NAMES]
        for decision in decisions
    ]
