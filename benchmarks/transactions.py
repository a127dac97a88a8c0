"""`python -m benchmarks transactions`: one scored transaction, the stream's throughput, an explanation.

Through the functions' own handlers in this process, over a live Valkey. The baseline is the same four models
in their own libraries, asked one after the other about the same features, as a textbook ensemble does it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.table import Table
from benchmarks.transactions_setup import (
    Setup,
    in_turn,
    kinesis_event,
    prepared,
    score_event,
    sqs_event,
)

HISTORY = 20_000
"""Transactions that the cards have seen before anything is measured."""
SINGLE_RUNS, WARM_UP, BLOCK = 3_000, 200, 100
STREAMED = 12_000
P50_MS, P99_RATIO, FASTER, RATE = 3.0, 5.0, 4.0, 1_500.0


def run(build: Path | None = None) -> None:
    """Measure and save the table; `build` is a build folder with a trained bundle, made when left out."""
    table = Table("transactions", "python -m benchmarks transactions")
    with prepared(build) as setup:
        gc.collect()
        gc.freeze()  # the transactions to come are not the functions' burden
        handler = importlib.import_module("lambdas.transactions.handler")
        stream = importlib.import_module("lambdas.transactions.stream")
        with _quiet(), _answered_here(handler, stream):
            for _ in range(HISTORY // 500):
                stream.handle(kinesis_event(setup.take(500)), None)
        _single(table, setup, handler, stream)
        _explained(table, setup, handler)
        _streamed(table, setup, stream)
    table.notes += [
        "One transaction: the whole handler, from the proxy event to the answer, with one read of the card "
        "and its terminal and one write of the card on a live Valkey of this machine. The conditional write "
        "of the decision log is answered in the process, except where the row says otherwise.",
        "The p99 is wall time and needs a machine with nothing else to do: where others run, it is the "
        "length of their turns. The row of processor time is what this process itself did.",
        "Baseline: XGBClassifier.predict_proba, LightGBM's predict, MLPClassifier.predict_proba and "
        "IsolationForest.score_samples on one row each, one thread, the features ready made: no store, no "
        "meta-model, no answer.",
        "Stream: from the records of a Lambda event to the partial batch response; wall time of one process. "
        "Every record is another transaction, in the order of the stream's time.",
    ]
    table.save()


def _single(table: Table, setup: Setup, handler: Any, stream: Any) -> None:
    rows = _features(setup, handler, 400)
    baseline = in_turn(setup.members())
    model = handler._decider.store.champion().model
    with _answered_here(handler, stream):
        whole, theirs, session = _in_turn(
            [score_event(each) for each in setup.take(SINGLE_RUNS)],
            lambda event, _: _answered(handler.handle(event, None)),
            lambda _, k: baseline(rows[k % len(rows)][None]),
            lambda _, k: model.score(rows[k % len(rows)][None]),
        )
    p50, p99, theirs_p50 = _at(whole, 50), _at(whole, 99), _at(theirs, 50)
    table.add(
        "one transaction, warm, p50", f"{p50:.2f} ms", against=f"the graph alone {_at(session, 50):.3f} ms",
        asked=f"at most {P50_MS:.0f} ms", reached=p50 <= P50_MS,
    )  # fmt: skip
    table.add(
        "the same, p99", f"{p99:.2f} ms", against=f"{p99 / p50:.1f}x p50",
        asked=f"at most {P99_RATIO:.0f}x p50", reached=p99 <= P99_RATIO * p50,
    )  # fmt: skip
    work = _processor_times([score_event(each) for each in setup.take(SINGLE_RUNS)], handler, stream)
    table.add(
        "its processor time, p50: what a busy machine cannot hide", f"{_at(work, 50):.2f} ms",
        against=f"p99 {_at(work, 99):.2f} ms: {_at(work, 99) / _at(work, 50):.1f}x p50",
    )  # fmt: skip
    table.add(
        "one transaction against the four models one by one, p50", f"{p50:.2f} ms",
        against=f"{theirs_p50:.2f} ms: {theirs_p50 / p50:.1f}x faster", asked=f"{FASTER:.0f}x faster",
        reached=theirs_p50 >= FASTER * p50,
    )  # fmt: skip
    events = [score_event(each) for each in setup.take(SINGLE_RUNS // 5 + WARM_UP)]
    (logged,) = _in_turn(events, lambda event, _: _answered(handler.handle(event, None)))
    table.add("one transaction with its write to the embedded DynamoDB, p50", f"{_at(logged, 50):.2f} ms")


def _processor_times(events: list[Any], handler: Any, stream: Any) -> list[float]:
    """This process's own work for each event, in ms."""
    taken = []
    with _quiet(), _answered_here(handler, stream):
        for event in events:
            started = time.process_time()
            _answered(handler.handle(event, None))
            taken.append((time.process_time() - started) * 1e3)
    return taken[WARM_UP:]


def _explained(table: Table, setup: Setup, handler: Any) -> None:
    (asked,) = setup.take(1)
    with _quiet():
        own = json.loads(handler.handle(score_event(asked), None)["body"])["decision_id"]
    event = {
        "httpMethod": "GET", "resource": "/v1/transactions/{id}/explanation", "pathParameters": {"id": own},
    }  # fmt: skip
    (taken,) = _in_turn([event] * (WARM_UP + 20), lambda one, _: _answered(handler.handle(one, None)))
    answer = json.loads(_answered(handler.handle(event, None)))
    total = answer["base"] + sum(each["effect"] for each in answer["contributions"])
    off = abs(total - answer["probability"])
    table.add(
        "an explanation with its drawing, p50", f"{_at(taken, 50):.0f} ms",
        against=f"adds up to {off:.0e}; largest standard error {answer['standard_error']:.4f}",
        asked="additive to 1e-6", reached=off <= 1e-6,
    )  # fmt: skip


def _streamed(table: Table, setup: Setup, stream: Any) -> None:
    for size, kind, event in (
        (500, "Kinesis or Kafka", kinesis_event), (100, "Kinesis or Kafka", kinesis_event),
        (10, "SQS FIFO, its largest", sqs_event),
    ):  # fmt: skip
        batches = [event(setup.take(size)) for _ in range(STREAMED // size if size > 10 else 400)]
        with _quiet(), _answered_here(stream):
            seconds = _run_through(batches, stream)
        rate = sum(len(batch["Records"]) for batch in batches) / seconds
        table.add(
            f"stream, batches of {size} ({kind}), transactions/s", f"{rate:,.0f}",
            asked=f"{RATE:,.0f}", reached=rate >= RATE,
        )  # fmt: skip
    batches = [kinesis_event(setup.take(500)) for _ in range(6)]
    with _quiet():
        seconds = _run_through(batches, stream)
    table.add("the same in batches of 500, written to the embedded DynamoDB", f"{3_000 / seconds:,.0f}")


def _run_through(batches: list[dict[str, Any]], stream: Any) -> float:
    started = time.perf_counter()
    for batch in batches:
        if stream.handle(batch, None) != {"batchItemFailures": []}:
            raise RuntimeError("the stream failed")
    return time.perf_counter() - started


def _features(setup: Setup, handler: Any, count: int) -> Any:
    """The feature rows of some transactions, as the graph gets them."""
    from lambdas.transactions.features import FEATURE_NAMES

    rows = []
    with _quiet():
        for each in setup.take(count):
            answer = json.loads(_answered(handler.handle(score_event(each), None)))
            if answer["degraded"] or answer["source"] != "model":
                raise RuntimeError(f"degraded: {answer['degraded']}")
            rows.append([answer["features"][name] for name in FEATURE_NAMES])
    return np.array(rows, dtype=np.float64).astype(np.float32)


def _answered(response: dict[str, Any]) -> str:
    if response["statusCode"] != 200:
        raise RuntimeError(response["body"])
    return str(response["body"])


def _in_turn(events: list[Any], *sides: Callable[[Any, int], object]) -> list[list[float]]:
    """The times of each side in ms, taking turns of BLOCK so that the machine's drift hits them alike.

    Not one by one: what holds the processor for 10 ms would hand ours a scheduler that owes it nothing.
    """
    times: list[list[float]] = [[] for _ in sides]
    with _quiet():
        for first in range(0, len(events), BLOCK):
            for side, taken in zip(sides, times, strict=True):
                for k, event in enumerate(events[first : first + BLOCK], first):
                    started = time.perf_counter()
                    side(event, k)
                    taken.append((time.perf_counter() - started) * 1e3)
    return [taken[WARM_UP:] for taken in times]


def _at(times: list[float], percent: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


@contextlib.contextmanager
def _answered_here(*functions: Any) -> Iterator[None]:
    """The decision log's writes answered in the process: what is left is our own work, and the store's."""

    class Table:
        def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
            return {}

    logs = [function._decider.log for function in functions]
    kept = [log._dynamo for log in logs]
    for log in logs:
        log._dynamo = Table()
    try:
        yield
    finally:
        for log, dynamo in zip(logs, kept, strict=True):
            log._dynamo = dynamo


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()):
        yield


if __name__ == "__main__":
    run(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
