"""Drift: false alarms and detection delays on the synthetic generators' streams, and a report over a million
decisions. `TRIAGE_DRIFT_BUILD` names a folder whose trained bundles are used again."""

from __future__ import annotations

import gc
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import drift_big
from benchmarks.drift_live import POSTS, TICKETS, TRANSACTIONS, Live, Stream, live, trained
from benchmarks.drift_live import Bundle as Built
from benchmarks.drift_power import FALSE_ONCE, POWER, clear_labels, clear_rates, labels_needed
from benchmarks.drift_watch import Seen, accuracy, first_whole_day, watched, with_labels
from benchmarks.table import Table
from cdk.services import SERVICES
from lambdas.drift.limits import Limits
from lambdas.drift.look import Bundle
from lambdas.drift.reference import decode_reference

CHANGES_ON = 21
"""The day of the stream on which the population changes."""
STRENGTHS = (0.25, 0.5, 1.0)
KINDS = ("covariate", "prior", "concept")
SAMPLES = (0.01, 0.05)
"""The shares of clear decisions that people look at."""


def run() -> None:
    """Everything, into one table."""
    table = Table("drift", "python -m benchmarks drift")
    given = os.environ.get("TRIAGE_DRIFT_BUILD")
    days: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        build = Path(given or folder)
        for stream in (TICKETS, TRANSACTIONS, POSTS):
            days[stream.service] = _stream(table, stream, trained(stream, build))
    _big(table)
    table.notes += [
        "A delay counts windows of a day from the change on, that of the alarm included; three is the least. "
        "In brackets: decisions until then, and what alarmed first. Alarms by labels are told apart, at two "
        "shares of clear decisions that people look at. The streams go on for "
        f"{', '.join(f'{count} ({name})' for name, count in days.items())} days after the change; 'none' "
        "means not within them.",
        "Labels that it takes: for a test of two shares that is false once in "
        f"{FALSE_ONCE:,} looks and finds the change with {POWER:.0%}, at one look, and knowing when the "
        "change was; a look each night takes more (benchmarks/drift_power.py).",
        "Posts are texts alone, and nobody complains of one: labels come from reviews and samples only.",
        "What a kind and a strength of change are: docs/data-tickets.md, docs/data-transactions.md, "
        "docs/content.md.",
    ]
    table.save()


def bundle_of(built: Built) -> Bundle:
    """What the drift job would make of a bundle."""
    manifest = built.manifest
    outcomes = next(dict(s.label_outcomes) for s in SERVICES if s.name == manifest.service)
    reference = decode_reference(built.reference, manifest.version)
    promised = manifest.metrics.get("accuracy")
    head = reference.heads[manifest.heads[0].name]
    return Bundle(manifest.service, manifest.version, reference, head, outcomes or None, promised)


def _stream(table: Table, stream: Stream, built: Built) -> int:
    """All rows of a stream; how many days it goes on for after the change."""
    bundle, still = bundle_of(built), live(stream, built)
    first = first_whole_day(still)
    change = first + timedelta(days=CHANGES_ON)
    quiet = {share: watched(with_labels(still, share), bundle, Limits(), first) for share in SAMPLES}
    windows = len(quiet[SAMPLES[0]])
    alarms = sum(each.report.started for seen in quiet.values() for each in seen)
    a_day = statistics.median(each.decisions for each in quiet[SAMPLES[0]])
    table.add(
        f"{stream.service}: false alarms, nothing changes",
        f"{alarms} in {windows} windows of {a_day:.0f} decisions, with either share of labels",
        asked="at most 1 in 200 (simulated: tests/unit/lambdas/drift)",
    )
    last = quiet[SAMPLES[0]][-1].report.estimated
    if last:
        table.add(
            f"{stream.service}: accuracy, nothing changes",
            f"estimated {last.value:.3f} ({last.low:.3f} to {last.high:.3f})",
            against=f"true {accuracy(_after(still, change), bundle):.3f}",
        )
    for kind in KINDS:
        for strength in STRENGTHS:
            _changed(table, stream, built, bundle, _shift(stream, kind, strength, change), change)
    return windows - CHANGES_ON


def _shift(stream: Stream, kind: str, strength: float, at: datetime) -> Any:
    if stream.service == "tickets":
        from model_build.tickets.synthesis.shift import Shift

        return Shift(kind, at, strength)  # type: ignore[arg-type]
    if stream.service == "content":
        from model_build.content.synthesis.shift import Shift as OfPosts

        row = math.ceil(stream.rows * ((at - stream.start) / (stream.end - stream.start)))
        return OfPosts(kind, row, strength)  # type: ignore[arg-type]
    from model_build.transactions.synthesis.shift import Shift as OfTransactions

    return OfTransactions(kind, at, strength)  # type: ignore[arg-type]


def _changed(
    table: Table, stream: Stream, built: Built, bundle: Bundle, shift: Any, change: datetime
) -> None:
    found = live(stream, built, shift)
    first, told = first_whole_day(found), []
    seen: list[Seen] = []
    for share in SAMPLES:
        seen = watched(with_labels(found, share), bundle, Limits(), first)
        told.append(f"{share:.0%} looked at: {_delay(seen, _by_labels)}")
    inputs = _delay(seen, lambda each: any(f.verdict == "alarm" for f in each.findings), name=True)
    estimate = seen[-1].report.estimated
    table.add(
        f"{stream.service}: {shift.kind} {shift.strength:g}",
        f"{inputs}; labels, {', '.join(told)}",
        against=f"accuracy {accuracy(_after(found, change), bundle):.3f}, estimated {estimate.value:.3f}"
        if estimate
        else "",
    )
    table.tell()
    if shift.kind == "concept":
        _power(table, stream, found, bundle, shift, change)
    gc.collect()


def _power(table: Table, stream: Stream, found: Live, bundle: Bundle, shift: Any, change: datetime) -> None:
    """Whether a changed concept can be found: the labels that it takes, and those that there are."""
    at, first = change.timestamp(), first_whole_day(found)
    rates = clear_rates(found, bundle, at)
    all_told = watched(with_labels(found, 1.0), bundle, Limits(), first)
    there = [
        f"{share:.0%} gives {before:,} and {since:,}"
        for share in SAMPLES
        for before, since in [clear_labels(found, bundle, at, share)]
    ]
    table.add(
        f"{stream.service}: concept {shift.strength:g}: labels on clear decisions that it takes",
        f"{math.ceil(labels_needed(rates)):,} before and as many after; {', '.join(there)}",
        against=f"errors {rates.before:.1%} before, {rates.after:.1%} after; all looked at: "
        f"{_delay(all_told, _by_labels)}",
    )
    table.tell()


def _by_labels(report: Any) -> bool:
    return bool(report.labels and report.labels.alarm)


def _after(found: Live, at: datetime) -> Live:
    return found.where(found.decided.at >= at.timestamp())


def _delay(seen: list[Seen], alarmed: Callable[[Any], bool], *, name: bool = False) -> str:
    """How long after the change it is noticed, in windows and decisions."""
    for number in range(CHANGES_ON, len(seen)):
        if alarmed(seen[number].report):
            decisions = sum(each.decisions for each in seen[CHANGES_ON : number + 1])
            names = [f.name for f in seen[number].report.off() if f.verdict == "alarm"]
            first = (
                f", {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "") if name else ""
            )
            return f"{number - CHANGES_ON + 1} ({decisions:,}{first})"
    return "none"


def _big(table: Table) -> None:
    """A million decisions of 50 features, in a process of its own, whose memory is its own too."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        objects = drift_big.write(Path(folder))
        print(
            f"{drift_big.DECISIONS:,} decisions written in {time.perf_counter() - started:.0f} s", flush=True
        )
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.drift_big", folder], check=True, capture_output=True, text=True
        )
    seconds, busy, megabytes, findings = (float(each) for each in done.stdout.split())
    size = f"{drift_big.DECISIONS:,} decisions of {drift_big.FEATURES} features, {objects} objects"
    value = f"{seconds:.1f} s, of which the processor's {busy:.1f} s"
    table.add(f"report over {size}", value, asked="under 60 s", reached=seconds < 60)
    peak = f"{megabytes:.0f} MB"
    table.add("its memory, the whole process at its peak", peak, asked="under 1 GB", reached=megabytes < 1000)
    table.add("things watched in it", f"{findings:.0f}")
