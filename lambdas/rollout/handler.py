"""The function behind the state machine: one task a call, each of which may be called again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from lambdas.core.aws import Bucket, Topic
from lambdas.core.errors import NotFound
from lambdas.core.notices import Links
from lambdas.core.settings import load
from lambdas.core.telemetry import Telemetry
from lambdas.rollout.moves import Move, Moves
from lambdas.rollout.record import Asked, Look, Record
from lambdas.rollout.settings import RolloutSettings
from lambdas.rollout.store import RolloutStore
from lambdas.rollout.tell import Tell
from lambdas.rollout.undo import undo

GRACE: Final = 2
"""How many refreshes until every function has the new share, one that failed among them. Decisions by the
share before would look as if entities were not split as they should be."""

_settings = load(RolloutSettings)
_telemetry = Telemetry("rollout")
_bucket = Bucket(_settings.artifacts_bucket)
_tell = Tell(
    Topic(_settings.alarm_topic_arn),
    Links(_settings.dashboard_url, _settings.runbook_url),
    lambda detail: _telemetry.log.error("nobody was told", extra={"detail": detail}),
)


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """The next move after the task `event["task"]` of the execution whose state is `event["input"]`."""
    _telemetry.request(context)
    asked = msgspec.convert(event["input"], Asked)
    store = RolloutStore(_bucket, asked.service)
    grace = GRACE * timedelta(seconds=_settings.rollout_refresh_seconds)
    moves = Moves(store, judge=_look, tell=_tell, grace=grace)
    match event["task"]:
        case "start":
            move = moves.start(asked)
        case "share":
            move = moves.share(asked.id)
        case "look":
            move = moves.look(asked.id)
        case "promote":
            move = moves.promote(asked.id)
        case _:
            move = _undo(store, asked, event["input"].get("error"))
    _telemetry.log.info("rollout", extra={"rollout": asked.id, "task": event["task"], **move._asdict()})
    return move._asdict()


def _look(record: Record, since: datetime, until: datetime) -> Look:
    from lambdas.rollout.looking import look  # noqa: PLC0415 - numpy and scipy, which only this task needs

    return look(_bucket, record, since, until)


def _undo(store: RolloutStore, asked: Asked, error: Mapping[str, Any] | None) -> Move:
    """Undo what the judge or a failed state says; `error` is what the state machine caught."""
    why = f"a step failed: {error.get('Error')}: {str(error.get('Cause'))[:300]}" if error else "asked to"
    try:
        record = undo(store, asked.id, _tell, cause="failure", reason=why)
    except NotFound:  # it failed before it had changed anything
        store.release(asked.id, datetime.now().astimezone())
        _tell.refused(asked, why)
        return Move("refused", why=why)
    return Move("ended", why=f"{record.status}: {record.reason}")
