"""One warm function of the rollout benchmark: a process with the real Decider, asked at an even pace."""

from __future__ import annotations

import contextlib
import io
import time
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import NamedTuple

import msgspec


class Answered(NamedTuple):
    """One request: when it was asked and answered (epoch seconds), who asked, and by what it was answered."""

    asked: float
    at: float
    entity: str
    version: str | None
    variant: str
    outcome: str
    degraded: tuple[str, ...]
    failed: str = ""


def work(number: int, rate: float, cache: str, out: str, ready: Barrier, over: Event) -> None:
    """Ask `rate` times a second until `over`; the answers are written to the file `out` as msgpack."""
    from lambdas.core.function import decision_function
    from lambdas.core.settings import DecisionSettings, load
    from lambdas.tickets.service import Tickets

    settings = msgspec.structs.replace(load(DecisionSettings), model_cache_dir=Path(cache))
    decider, telemetry = decision_function(Tickets(), settings)
    answered: list[Answered] = []
    ready.wait()
    started = time.time()
    with contextlib.redirect_stdout(io.StringIO()) as lines:
        while not over.is_set():
            due = started + len(answered) / rate
            time.sleep(max(0.0, due - time.time()))
            answered.append(_ask(decider, f"{number}-{len(answered)}"))
            if len(answered) % 100 == 0:
                telemetry.flush()
                lines.seek(0)
                lines.truncate()
    Path(out).write_bytes(msgspec.msgpack.encode(answered))


def _ask(decider: object, entity: str) -> Answered:
    from lambdas.tickets.schema import TicketRequest

    asked = time.time()
    try:
        (answer,) = decider.decide(  # type: ignore[attr-defined]
            [TicketRequest(body="please look at this", customer_id=entity)]
        )
    except Exception as error:  # whatever it is, a request has failed, and is counted
        return Answered(asked, time.time(), entity, None, "", "", (), f"{type(error).__name__}: {error}")
    return Answered(
        asked,
        time.time(),
        entity,
        answer.model_version,
        answer.variant,
        answer.outcome,
        tuple(answer.degraded),
    )
