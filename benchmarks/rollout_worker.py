"""Who asks in the rollout benchmark: processes that are warm functions, and a caller of the real gateway."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from collections.abc import Callable, Mapping
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec

ROUTE = "/v1/tickets:classify"


class Answered(NamedTuple):
    """One request: when it was asked and answered (epoch seconds), which ticket for whom, and the answer.

    `late` is by how many seconds it was asked after its turn. Of an answer with another status than 200 the
    rest is empty, and `failed` says what came instead.
    """

    asked: float
    at: float
    late: float
    ticket: int
    entity: str
    failed: str = ""
    version: str = ""
    variant: str = ""
    source: str = ""
    outcome: str = ""
    confidence: float = 0.0
    degraded: tuple[str, ...] = ()


class Pace(NamedTuple):
    """What a process is asked: `rate` a second, ticket `first` first, then every `step`-th of `tickets`."""

    rate: float
    tickets: list[dict[str, Any]]
    first: int = 0
    step: int = 1


class Context:
    """What Lambda hands to a handler beside the event."""

    function_name = "triage-tickets"

    def __init__(self) -> None:
        self.aws_request_id = str(uuid4())


def work(environment: Mapping[str, str], pace: Pace, out: str, ready: Barrier, over: Event) -> None:
    """Be a function with this `environment`, and ask it at this `pace` until `over`.

    The answers are written to the file `out` as msgpack. What the function prints, which goes to CloudWatch
    on AWS, is thrown away.
    """
    os.environ.clear()
    os.environ.update(environment)
    with contextlib.redirect_stdout(io.StringIO()) as lines:
        from lambdas.tickets.handler import handle  # reads the environment, and loads the live bundle

        def call(ticket: dict[str, Any]) -> tuple[int, bytes]:
            lines.seek(0)
            lines.truncate()
            said = handle(event_of(ticket), Context())
            return int(said["statusCode"]), str(said["body"]).encode()

        ready.wait()
        answered = asked_until(over, pace, call)
    Path(out).write_bytes(msgspec.msgpack.encode(answered))


def work_gateway(url: str, key: str, pace: Pace, out: str, ready: Barrier, over: Event) -> None:
    """Ask the deployed function through its API at `url`, at this `pace` until `over`; see `work`."""
    from local.call import Api

    api = Api(url, key)

    def call(ticket: dict[str, Any]) -> tuple[int, bytes]:
        answer = api.call("POST", ROUTE, ticket)
        return answer.status, answer.body

    ready.wait()
    Path(out).write_bytes(msgspec.msgpack.encode(asked_until(over, pace, call)))


def asked_until(
    over: Event, pace: Pace, call: Callable[[dict[str, Any]], tuple[int, bytes]]
) -> list[Answered]:
    """Every answer. A request whose turn passed, because the one before took long, comes late."""
    answered: list[Answered] = []
    started = time.time()
    while not over.is_set():
        due = started + len(answered) / pace.rate
        time.sleep(max(0.0, due - time.time()))
        number = (pace.first + len(answered) * pace.step) % len(pace.tickets)
        answered.append(_ask(call, pace.tickets, number, due))
    return answered


def event_of(ticket: Mapping[str, Any]) -> dict[str, Any]:
    """The proxy event that API Gateway makes of a ticket."""
    return {
        "httpMethod": "POST",
        "resource": ROUTE,
        "path": ROUTE,
        "headers": {"content-type": "application/json"},
        "requestContext": {"requestId": str(uuid4()), "identity": {"apiKeyId": "benchmark"}},
        "body": json.dumps(ticket),
        "isBase64Encoded": False,
    }


def _ask(
    call: Callable[[dict[str, Any]], tuple[int, bytes]],
    tickets: list[dict[str, Any]],
    number: int,
    due: float,
) -> Answered:
    entity = uuid4().hex
    asked = time.time()
    try:
        status, body = call({**tickets[number], "customer_id": entity})
        if status != 200:
            raise ValueError(f"{status}: {body[:300].decode(errors='replace')}")
        said = json.loads(body)
        return Answered(
            asked, time.time(), asked - due, number, entity, "", str(said["model_version"]), said["variant"],
            said["source"], said["outcome"], said["confidence"], tuple(said["degraded"]),
        )  # fmt: skip
    except Exception as error:  # whatever it is, a request has failed, and is counted
        failed = f"{type(error).__name__}: {error}"
        return Answered(asked, time.time(), asked - due, number, entity, failed)
