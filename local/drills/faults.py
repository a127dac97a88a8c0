"""The drills: each breaks one thing for real, asks on, mends it, and says what was lost."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import msgspec
from rich.console import Console

from lambdas.core.bundle import MANIFEST, MODEL
from lambdas.core.variant import ROLLOUT, BundleRef, decode_rollout
from local import daemon, running, streaming
from local.drills.patience import until
from local.drills.report import Report
from local.drills.traffic import Traffic, payments, tickets
from local.drills.world import World
from local.progress import Steps

SOME: Final = 12
"""Answers under a fault: enough to see what callers see."""
CATCH_UP: Final = 120.0
REFRESH: Final = 12.0
"""Seconds until a warm function has surely looked at rollout.json again."""


@dataclass(frozen=True)
class Drill:
    """`alarm` is the one that should fire, None where nobody needs to be woken; `runbook` is the section."""

    name: str
    what: str
    runbook: str
    alarm: str | None
    run: Callable[[World, Report], float]
    """Breaks, asks and mends; returns when the fault began, in seconds since the epoch."""


def storage_gone(world: World, report: Report) -> float:
    """S3 hangs up: first on warm functions, then on ones that start without a model."""
    with world.gate("tickets", "s3") as gate, Traffic(world.stack, tickets()) as callers:
        callers.wait_for(SOME)
        warm, began = callers.seen.answers["by the model"], time.time()
        gate.mode = "gone"
        time.sleep(REFRESH)
        report.notes.append(
            f"{callers.seen.answers['by the model'] - warm} answers of warm functions: the model's"
        )
        if callers.seen.answers["by the rules"]:
            report.wrong.append("a warm function gave up its model")
        with world.changed("tickets", AWS_ENDPOINT_URL_S3=gate.url, DRILL=uuid.uuid4().hex):
            callers.wait_for(SOME)
        if not callers.seen.answers["by the rules"]:
            report.wrong.append("no function that started without S3 answered by the rules")
        keep_until_mail(world, report, began)
        gate.mode = "open"
    _settle(world, report, callers, "tickets", began)
    return began


def table_throttled(world: World, report: Report) -> float:
    """DynamoDB has no capacity left: decisions go out, and into the function's own log."""
    with world.gate("tickets", "dynamodb") as gate, Traffic(world.stack, tickets()) as callers:
        callers.wait_for(SOME)
        began, gate.mode = time.time(), "throttled"
        callers.wait_for(SOME)
        if "by the model, without the decision log" not in callers.seen.answers:
            report.wrong.append("no answer said that the decision log was missing")
        keep_until_mail(world, report, began)
        gate.mode = "open"
        callers.wait_for(SOME, seconds=60)
    _settle(world, report, callers, "tickets", began)
    return began


def feature_store_gone(world: World, report: Report) -> float:
    """The feature store is stopped; the cards' updates wait in a queue until it is back."""
    place = world.stack.place
    with Traffic(world.stack, payments()) as callers:
        callers.wait_for(SOME)
        began = time.time()
        found = running.require(place)
        daemon.stop(running.beside(place)["valkey"])
        try:
            callers.wait_for(3 * SOME, seconds=60)
        finally:
            running.start_valkey(place, found, Steps(Console(quiet=True)))
        callers.wait_for(SOME, seconds=60)
    if not any("feature store" in kind for kind in callers.seen.answers):
        report.wrong.append("no answer said that the feature store was missing")
    queue, back = world.stack.output("TransactionsCatchUpQueueUrl"), time.monotonic()
    if until(lambda: not streaming.waiting(world.stack.endpoint, queue), CATCH_UP):
        report.notes.append(
            f"the updates that waited were caught up with {time.monotonic() - back:.0f} s later"
        )
    else:
        report.wrong.append(f"updates still wait after {CATCH_UP:.0f} s")
    _settle(world, report, callers, "transactions", began)
    return began


def bundle_tampered(world: World, report: Report) -> float:
    """Somebody changes the model of a version that is about to go live."""
    live = decode_rollout(world.rollout("tickets"), "tickets")
    with tampered(world) as found, Traffic(world.stack, tickets()) as callers:
        named = msgspec.to_builtins(live) | {"champion": msgspec.to_builtins(found)}
        callers.wait_for(SOME)
        began = time.time()
        with world.object_as(f"tickets/{ROLLOUT}", msgspec.json.encode(named)):
            time.sleep(REFRESH)
            keep_until_mail(world, report, began)
        if any(answer["model_version"] == found.version for answer in callers.answered.values()):
            report.wrong.append("the tampered model answered")
        if callers.seen.answers["by the rules"]:
            report.wrong.append("the running model was given up")
    _settle(world, report, callers, "tickets", began)
    return began


@contextmanager
def tampered(world: World) -> Iterator[BundleRef]:
    """A copy of the tickets' bundle with another version, in whose model a byte was changed."""
    s3, bucket = world.stack.client("s3"), world.stack.bucket
    version = f"drill-{uuid.uuid4().hex[:8]}"
    live = decode_rollout(world.rollout("tickets"), "tickets").champion.version
    prefix, own = f"tickets/bundles/{version}", f"tickets/bundles/{live}"
    manifest = msgspec.json.decode(s3.get_object(Bucket=bucket, Key=f"{own}/{MANIFEST}")["Body"].read())
    manifest["version"] = version
    raw = msgspec.json.encode(manifest)
    model = bytearray(s3.get_object(Bucket=bucket, Key=f"{own}/{MODEL}")["Body"].read())
    model[len(model) // 2] ^= 0xFF
    s3.put_object(Bucket=bucket, Key=f"{prefix}/{MANIFEST}", Body=raw)
    s3.put_object(Bucket=bucket, Key=f"{prefix}/{MODEL}", Body=bytes(model))
    try:
        yield BundleRef(version, hashlib.sha256(raw).hexdigest())
    finally:
        for name in (MANIFEST, MODEL):
            s3.delete_object(Bucket=bucket, Key=f"{prefix}/{name}")


def error_storm(world: World, report: Report) -> float:
    """A bad deployment: the function cannot even start; then the deployment is rolled back."""
    with Traffic(world.stack, tickets()) as callers:
        callers.wait_for(SOME)
        began = time.time()
        with world.changed("tickets", DECISIONS_TABLE=None):
            callers.wait_for(SOME, seconds=60)
            failed = callers.seen.failed
            keep_until_mail(world, report, began)
        callers.wait_for(SOME, seconds=60)
        now = callers.seen.failed
        callers.wait_for(SOME, seconds=60)
    if not failed:
        report.wrong.append("nobody saw an error: the function was not broken")
    if callers.seen.failed != now:
        report.wrong.append("callers still saw errors after the rollback")
    report.notes.append(f"{callers.seen.failed} callers were told to try again, and had no decision to lose")
    _settle(world, report, callers, "tickets", began)
    return began


def keep_until_mail(world: World, report: Report, began: float) -> None:
    """Leave it broken until people have been told."""
    if report.expected_alarm is not None:
        report.fired = world.mail_of(report.expected_alarm, began)


def _settle(world: World, report: Report, callers: Traffic, function: str, began: float) -> None:
    """Who was answered, and is each answer in the decision log, or at least in the function's own?"""
    report.seen = callers.seen
    missing = world.not_in_the_log(callers.answered)
    if missing:
        report.notes.append(f"{len(missing)} decisions are whole in the function's own log only")
    report.seen.lost = sorted(world.not_in_the_lines(function, missing, began))
