"""`python -m benchmarks replay`: a million transactions through the fold, and what the feature store costs.

The events are the synthetic stream's, in the order of time; each label reaches its terminal when it becomes
known. Measured in a process of its own: from the columns in memory to the finished float32 matrix.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.table import Table
from lambdas.transactions.event import Event, hash_of
from lambdas.transactions.features import FEATURE_NAMES
from lambdas.transactions.profile import MOST_BYTES, NEW, Profile, decode, encode, observe
from lambdas.transactions.terminals import Terminal, label

ROOT = Path(__file__).resolve().parent.parent
EVENTS = 1_000_000
SECONDS, MEGABYTES = 60.0, 2_000.0
CALLS = 3_000
BATCHES = 60
COLD_RUNS = 11
AT_ONCE = 50_000
OTHERS = "import numpy, onnxruntime, lambdas.core.aws, lambdas.core.telemetry"


def run(events: int = EVENTS) -> None:
    """Measure and save the table."""
    table = Table("replay", "python -m benchmarks replay")
    load = os.getloadavg()[0]
    command = [sys.executable, "-m", "benchmarks.replay", str(events)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    table.add(
        f"{events:,} events through the fold, one core", f"{found['seconds']:.1f} s",
        against=f"{found['seconds'] / events * 1e6:.1f} us an event, {found['cards']:,} cards",
        asked=f"at most {SECONDS:.0f} s", reached=found["seconds"] <= SECONDS,
    )  # fmt: skip
    table.add(
        "memory of that process at its peak", f"{found['megabytes']:,.0f} MB",
        against=f"{found['before']:,.0f} MB with the events made and nothing folded",
        asked=f"under {MEGABYTES:,.0f} MB", reached=found["megabytes"] < MEGABYTES,
    )  # fmt: skip
    table.add(
        "bytes of a card's profile, median", f"{found['median']:.0f}",
        against=f"99 %: {found['p99']:.0f}, most: {found['most']:.0f}",
        asked=f"at most {MOST_BYTES:,}", reached=found["most"] <= MOST_BYTES,
    )  # fmt: skip
    table.add("decode and encode one profile", f"{found['code']:.1f} us")
    _cards(table)
    _stores(table)
    _imports(table)
    table.notes.append(
        "Store: two profiles of 850 bytes read by one MGET, one written by one script call, on a Valkey of "
        "this machine. Cold start: what a fresh process that serves takes with the client, less what it "
        "takes without."
    )
    table.notes.append(
        f"Load average before the run: {load:.1f} on {os.cpu_count()} cores. "
        "Whatever else runs slows these figures."
    )
    table.save()


def _fold(events: int) -> dict[str, float]:
    """What folding `events` of the synthetic stream takes; run in a process of its own."""
    from model_build.transactions.synthetic import TransactionParameters, generate

    columns, labels = _columns(generate(TransactionParameters(rows=events)))
    before = _peak_mb()
    profiles: dict[int, Profile] = {}
    terminals: dict[int, Terminal] = {}
    out = np.empty((events, len(FEATURE_NAMES)), dtype=np.float32)
    started = time.process_time()
    due, index = next(labels, None), 0
    for start in range(0, events, AT_ONCE):
        rows = []
        part = [column[start : start + AT_ONCE].tolist() for column in columns]
        for card, *parts in zip(*part, strict=True):
            event = _event(index, *parts)
            while due is not None and due[0] <= event.at:
                _, merchant, at, fraud = due
                terminals[merchant] = label(terminals.get(merchant, Terminal()), at, fraud)
                due = next(labels, None)
            row, profiles[card] = observe(profiles.get(card, NEW), event, terminals.get(event.merchant))
            rows.append(row)
            index += 1
        out[start : start + len(rows)] = rows
    seconds = time.process_time() - started
    assert index == events
    assert np.isfinite(out[:, 0]).all()
    sizes = np.array([len(encode(profile)) for profile in profiles.values()])
    stored = iter([encode(profile) for profile in profiles.values()])
    return {
        "seconds": seconds, "before": before, "megabytes": _peak_mb(), "cards": len(profiles),
        "median": float(np.median(sizes)), "p99": float(np.quantile(sizes, 0.99)), "most": float(sizes.max()),
        "code": _in_turn(lambda: encode(decode(next(stored))), runs=len(profiles))[0],
    }  # fmt: skip


def _columns(stream: Any) -> tuple[list[Any], Any]:
    """The columns that make events, and the labels as (known at, merchant, at, fraud) when they are known."""
    rows, cards, merchants = stream.rows, stream.cards, stream.merchants
    names = np.array([hash_of(f"m{number:06}") for number in range(len(merchants.category))])
    at = 1.78e9 + rows.at * 86_400
    located, known = stream.located, cards.home_known[rows.card]
    columns = [
        rows.card, at, np.round(rows.amount, 2), names[rows.merchant], merchants.category[rows.merchant] + 1,
        located, merchants.latitude[rows.merchant], merchants.longitude[rows.merchant],
        known, cards.latitude[rows.card], cards.longitude[rows.card],
    ]  # fmt: skip
    order = np.argsort(stream.labelled, kind="stable")
    told = (
        1.78e9 + stream.labelled[order] * 86_400,
        names[rows.merchant[order]],
        at[order],
        stream.labels[order],
    )
    return columns, _in_parts(told)


def _in_parts(columns: Any) -> Any:
    """Rows of plain values, made as they are needed."""
    for start in range(0, len(columns[0]), AT_ONCE):
        yield from zip(*(column[start : start + AT_ONCE].tolist() for column in columns), strict=True)


def _event(
    key: int, at: float, amount: float, merchant: int, category: int, located: bool, latitude: float,
    longitude: float, known: bool, home_latitude: float, home_longitude: float,
) -> Event:  # fmt: skip
    place = (latitude, longitude) if located else None
    return Event(
        key + 1, at, amount, merchant, category, place, (home_latitude, home_longitude) if known else None
    )


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def _stores(table: Table) -> None:
    """Our client of the Redis protocol and the kept library, in turn, on a real Valkey."""
    import redis

    from lambdas.transactions.store.interface import Change
    from lambdas.transactions.store.redis import PREFIX, WRITE, RedisStore
    from tests.support.valkey import valkey

    keys, data = ["card:a", "card:b"], bytes(850)
    with tempfile.TemporaryDirectory() as folder, valkey(Path(folder)) as server:
        store, theirs = RedisStore(lambda: server.url, timeout=1.0), redis.Redis.from_url(server.url)
        store.write([Change(key, 0, data) for key in keys])
        names = [PREFIX + key.encode() for key in keys]
        version = iter(range(1, 10 * CALLS))

        def write() -> None:
            assert store.write([Change(keys[0], next(version), data)]) == [True]

        def write_theirs() -> None:
            now = next(version)
            values = now.to_bytes(8, "big"), (now + 1).to_bytes(8, "big") + data
            assert theirs.eval(WRITE, 1, names[0], *values, 1_000) == [1]

        reading = _in_turn(lambda: store.read(keys), lambda: theirs.mget(names))
        writing = _in_turn(write, write_theirs)
    for what, (ours, other) in (("read two profiles", reading), ("write one", writing)):
        table.add(
            f"Valkey: {what}, p50", f"{ours:.0f} us", against=f"redis-py {other:.0f} us: {ours / other:.2f}x"
        )


def _cards(table: Table) -> None:
    """Transactions through the cards on a real Valkey: read, fold, write."""
    from lambdas.transactions.cards import Cards
    from lambdas.transactions.store.redis import RedisStore
    from tests.support.transactions import Lines, Waiting, observe, stream
    from tests.support.valkey import valkey

    updates = stream(CALLS + BATCHES * 100, cards=300)
    later = Waiting()
    with tempfile.TemporaryDirectory() as folder, valkey(Path(folder)) as server:
        cards = Cards(RedisStore(lambda: server.url, timeout=1.0), later, Lines())

        def observe(count: int) -> float:
            part = [updates.pop() for _ in range(count)]
            started = time.perf_counter()
            observe(cards, part)
            return time.perf_counter() - started

        updates.reverse()
        one = sorted(observe(1) for _ in range(CALLS))
        batch = statistics.median(observe(100) for _ in range(BATCHES))
    assert not later.updates
    table.add(
        "one transaction through the cards on Valkey, p50", f"{one[CALLS // 2] * 1e3:.2f} ms",
        against=f"p99 {one[CALLS * 99 // 100] * 1e3:.2f} ms",
    )  # fmt: skip
    table.add("batches of 100 through the cards", f"{100 / batch:,.0f} transactions/s")


def _in_turn(*sides: Callable[[], object], runs: int = CALLS) -> list[float]:
    """The p50 of each side in us, the sides taking turns so that the machine's drift hits them alike."""
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(runs):
        for side, taken in zip(sides, times, strict=True):
            started = time.perf_counter()
            side()
            taken.append(time.perf_counter() - started)
    return [statistics.median(taken[100:]) * 1e6 for taken in times]


def _imports(table: Table) -> None:
    codes = (OTHERS, f"{OTHERS}, lambdas.transactions.store.redis", f"{OTHERS}, redis")
    times: list[list[float]] = [[] for _ in codes]
    for _ in range(COLD_RUNS):
        for code, taken in zip(codes, times, strict=True):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
            taken.append(time.perf_counter() - started)
    base, ours, theirs = (statistics.median(taken) * 1e3 for taken in times)
    table.add(
        "cold start: what the store's client adds", f"{max(ours - base, 0.0):.0f} ms",
        against=f"redis-py {theirs - base:.0f} ms",
    )  # fmt: skip


if __name__ == "__main__":
    os.chdir(ROOT)
    print(json.dumps(_fold(int(sys.argv[1]))))
