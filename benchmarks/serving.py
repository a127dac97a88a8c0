"""Serving against the textbook handler: cold start, warm latency, batches, memory.

Both sides are trained on the same rows, asked the same tickets in the same process run after run, and
read and write the same embedded AWS. The baseline predicts one output, ours both.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.serving_setup import Setup, prepared
from benchmarks.table import Table

COLD_RUNS = 9
WARM_RUNS = 400
BLOCK, WARM_UP = 50, 10
BATCH_RUNS = 40
ONCE = """
import json, sys, importlib
handler = importlib.import_module(sys.argv[1])
answer = handler.handle(json.loads(sys.argv[2]), None)
assert answer["statusCode"] == 200, answer
import psutil
print(psutil.Process().memory_info().rss)
"""
OURS, BASELINE = "lambdas.tickets.handler", "benchmarks.baseline"


def run() -> None:
    """Measure and save the table."""
    table = Table("serving", "python -m benchmarks serving")
    with prepared() as setup:
        _quality(table, setup)
        _cold(table, setup)
        _warm(table, setup)
        _batch(table, setup)
    table.notes += [
        "Cold: from the start of a fresh process to its first answer, import and download from the embedded "
        "S3 included; the two sides take turns. Memory: what the same process then has resident.",
        "Warm, whole handler: with every call it makes, answered by the embedded AWS on this machine: "
        "PutMetricData for the baseline and a conditional PutItem for ours. Compute: the same handlers with "
        "that one call answered in the process.",
        "The graph cannot tokenise accents exactly, so the raw model is `features.py` and the ONNX session.",
    ]
    table.save()


def _quality(table: Table, setup: Setup) -> None:
    ours, theirs = setup.accuracy()
    table.add("department accuracy on the same held-out tickets", f"{ours:.3f}", against=f"{theirs:.3f}")


def _cold(table: Table, setup: Setup) -> None:
    times: dict[str, list[float]] = {OURS: [], BASELINE: []}
    memory: dict[str, list[float]] = {OURS: [], BASELINE: []}
    for turn in range(COLD_RUNS + 1):
        for module in (OURS, BASELINE):
            setup.forget_downloads()
            started = time.perf_counter()
            resident = _fresh(module, setup.event(turn))
            if turn:  # the first turn only warms the file cache
                times[module].append(time.perf_counter() - started)
                memory[module].append(resident / 1e6)
    ours, theirs = statistics.median(times[OURS]), statistics.median(times[BASELINE])
    table.add(
        "cold start to first answer", f"{ours * 1e3:.0f} ms", asked="1/3", reached=ours <= theirs / 3,
        against=f"{theirs * 1e3:.0f} ms: {ours / theirs:.2f}x",
    )  # fmt: skip
    ours, theirs = statistics.median(memory[OURS]), statistics.median(memory[BASELINE])
    table.add(
        "memory after the first request", f"{ours:.0f} MB", against=f"{theirs:.0f} MB: {ours / theirs:.2f}x",
        asked="1/2", reached=ours <= theirs / 2,
    )  # fmt: skip


def _fresh(module: str, event: dict[str, Any]) -> int:
    done = subprocess.run(
        [sys.executable, "-c", ONCE, module, json.dumps(event)], capture_output=True, text=True, check=True
    )
    return int(done.stdout.splitlines()[-1])


def _warm(table: Table, setup: Setup) -> None:
    ours, theirs = importlib.import_module(OURS), importlib.import_module(BASELINE)
    whole = _in_turn(
        lambda k: ours.handle(setup.event(k), None), lambda k: theirs.handle(setup.event(k), None)
    )
    table.add(
        "one ticket, warm, whole handler, p50", f"{whole[0]:.2f} ms", asked="1/5",
        against=f"{whole[1]:.2f} ms: {whole[0] / whole[1]:.2f}x", reached=whole[0] <= whole[1] / 5,
    )  # fmt: skip
    with _answered_here(ours, theirs):
        compute = _in_turn(
            lambda k: ours.handle(setup.event(k), None), lambda k: theirs.handle(setup.event(k), None)
        )
    table.add(
        "one ticket, warm, compute, p50", f"{compute[0]:.2f} ms",
        against=f"{compute[1]:.2f} ms: {compute[0] / compute[1]:.2f}x", asked="1.5 ms and 1/5",
        reached=compute[0] <= 1.5 and compute[0] <= compute[1] / 5,
    )  # fmt: skip


def _in_turn(*sides: Callable[[int], object], runs: int = WARM_RUNS) -> list[float]:
    """The p50 of each side in ms.

    The sides take turns, so that the machine's drift hits them alike, in blocks, the first calls of which
    do not count: a warm function does not share its processor's caches with the other one.
    """
    times: list[list[float]] = [[] for _ in sides]
    with contextlib.redirect_stdout(io.StringIO()):
        for first in range(0, runs, BLOCK):
            for side, taken in zip(sides, times, strict=True):
                for k in range(WARM_UP + BLOCK):
                    started = time.perf_counter()
                    side(first + k)
                    if k >= WARM_UP:
                        taken.append(time.perf_counter() - started)
    return [statistics.median(taken) * 1e3 for taken in times]


@contextlib.contextmanager
def _answered_here(ours: Any, theirs: Any) -> Iterator[None]:
    """Both sides' one call to AWS a request answered in the process: what is left is their own work."""

    class Table:
        def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
            return {}

    log, cloudwatch = ours._decider.log, theirs.cloudwatch
    dynamo, log._dynamo = log._dynamo, Table()
    theirs.cloudwatch = type("Quiet", (), {"put_metric_data": lambda self, **_: None})()
    try:
        yield
    finally:
        log._dynamo, theirs.cloudwatch = dynamo, cloudwatch


def _batch(table: Table, setup: Setup) -> None:
    ours, theirs = importlib.import_module(OURS), importlib.import_module(BASELINE)
    tickets = setup.tickets(100)
    event = setup.batch_event(100)
    model = next(iter(ours._decider.store._loaded.values())).model
    feeds = model.feeds(tickets)[1]
    with _answered_here(ours, theirs):
        whole, raw, session = _in_turn(
            lambda _: ours.handle(event, None), lambda _: model.run(tickets), lambda _: model.onnx.run(feeds),
            runs=BATCH_RUNS,
        )  # fmt: skip
    table.add(
        "batch of 100, compute, rows/s", f"{1e5 / whole:,.0f}",
        against=f"raw model {1e5 / raw:,.0f}: {raw / whole:.2f}x", asked="0.70", reached=raw / whole >= 0.70,
    )  # fmt: skip
    table.add("the same, session alone", f"{1e5 / session:,.0f}", against=f"{session / whole:.2f}x")
    with_log = _in_turn(lambda k: ours.handle(setup.batch_event(100, k), None), runs=BATCH_RUNS)[0]
    table.add("the same with its transaction on the embedded DynamoDB", f"{1e5 / with_log:,.0f}")


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    run()
