"""What makes each alarm go off, for real, and is mended at the end of its block."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import msgspec

from lambdas.core.variant import decode_rollout
from lambdas.rollout.record import Asked, Plan, Step
from local import streaming
from local.drills.faults import tampered
from local.drills.world import World
from local.learning import Where
from local.rollout_place import RolloutPlace
from local.stack import Stack
from tests.e2e.transactions import event, eventually, fresh, send

AT_ONCE = 3
"""Callers at the same time; a worker of the embedded AWS each."""
STREAM = "triage-transactions-stream"


@contextmanager
def challenger_that_does_not_load(world: World) -> Iterator[None]:
    """A challenger in whose model a byte was changed; its champion goes on answering."""
    live = decode_rollout(world.rollout("tickets"), "tickets")
    with tampered(world) as found:
        named = msgspec.structs.replace(live, challenger=found, share=0.5)
        with world.object_as("tickets/rollout.json", msgspec.json.encode(named)):
            yield


@contextmanager
def poison(world: World) -> Iterator[None]:
    """A record that can never be decided, on the stream and then among the dead letters."""
    stack, dead = world.stack, world.stack.output("TransactionsDeadLettersUrl")
    before = streaming.waiting(stack.endpoint, dead)
    send(stack, [event(fresh("card"), fresh("poison"), amount=-5)])
    try:
        eventually(lambda: streaming.waiting(stack.endpoint, dead) > before, "a dead letter")
        yield
    finally:
        sqs = stack.client("sqs")
        sqs.purge_queue(QueueUrl=streaming.queue_url(sqs, dead))


@contextmanager
def held_stream(world: World) -> Iterator[None]:
    """Nobody reads the stream of transactions, on which a record waits."""
    functions = world.stack.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=STREAM)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        send(world.stack, [event(fresh("card"))])
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


@contextmanager
def failed_rollout(world: World) -> Iterator[None]:
    """A rollout whose function has lost S3: no step can be done, and none undone."""
    stack = world.stack
    place = RolloutPlace(Where(stack.outputs, {}, stack.client), "tickets")
    asked = Asked(service="tickets", id=fresh("r"), by="a test", version="v", plan=Plan(steps=[Step(1.0)]))
    with impatient_machines(stack), world.gate("rollout", "s3") as gate:
        gate.mode = "gone"
        place.start(asked)
        eventually(lambda: not place.execution(asked.id, 1).runs, "an end of the execution", 180)
        assert place.execution(asked.id, 1).status == "FAILED"
        assert gate.refused >= 12, "four tries to start it, eight to undo it"
    yield


@contextmanager
def impatient_machines(stack: Stack) -> Iterator[None]:
    """The emulator's state machines wait a hundredth of what they should between tries."""

    def scale(by: float) -> None:
        url, said = f"{stack.endpoint}/_ministack/config", {"stepfunctions._SFN_WAIT_SCALE": by}
        request = urllib.request.Request(url, json.dumps(said).encode(), method="POST")  # noqa: S310 - ours
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - ours
            assert json.load(answer) == {"applied": said}

    scale(0.01)
    try:
        yield
    finally:
        scale(1.0)


@contextmanager
def no_model(world: World) -> Iterator[None]:
    """No rollout.json, and functions that start anew: rules answer."""
    s3, key = world.stack.client("s3"), "tickets/rollout.json"
    before = world.rollout("tickets")
    s3.delete_object(Bucket=world.stack.bucket, Key=key)
    try:
        with world.changed("tickets", COLD="yes"):

            def by_rules() -> bool:
                answer = world.stack.call("POST", "/v1/tickets:classify", {"body": "please refund me"})
                return bool(answer.json()["source"] == "rules")

            eventually(by_rules, "rules answer")
            yield
    finally:
        s3.put_object(Bucket=world.stack.bucket, Key=key, Body=before)


def ask_catalog(stack: Stack, *, failed: bool = False, slow: bool = False) -> None:
    """Some callers at once: each answer has `failed` or not, and is `slow` enough for an alarm or may be."""
    (alarm,) = stack.client("cloudwatch").describe_alarms(AlarmNames=["triage-api-latency"])["MetricAlarms"]

    def one(_: int) -> tuple[int, float]:
        began = time.monotonic()
        status = stack.call("GET", "/v1/models").status
        return status, (time.monotonic() - began) * 1000

    with ThreadPoolExecutor(AT_ONCE) as callers:
        answers = list(callers.map(one, range(AT_ONCE)))
    assert all((status >= 500) is failed for status, _ in answers), answers
    assert not slow or all(ms > alarm["Threshold"] for _, ms in answers), answers


def silent(stack: Stack) -> set[tuple[str, str]]:
    """(alarm, what it is a part of) of the alarms that sent no mail of their own."""
    pages = stack.client("logs").get_paginator("filter_log_events")
    found = set()
    for page in pages.paginate(logGroupName="/aws/lambda/triage-mail"):
        for line in page["events"]:
            said: Any = json.loads(line["message"]) if line["message"].startswith("{") else {}
            if said.get("message") == "no mail of its own":
                found.add((said["alarm"], said["part_of"]))
    return found
