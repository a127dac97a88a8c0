"""Where a rollout runs: the bucket, the state machine, and the topic that people read."""

from __future__ import annotations

import getpass
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.core.errors import DependencyDown, NotFound
from lambdas.core.notices import Links
from lambdas.rollout.record import FOLDER, Asked, Record
from lambdas.rollout.store import RolloutStore
from lambdas.rollout.tell import Tell
from local.errors import Misused
from local.learning import STACKS, Where
from model_build.objects import BotoObjects

NEEDED: Final = (*STACKS, "Triage-Operations")


@dataclass(frozen=True)
class Execution:
    """How the state machine fares: `status` in Step Functions' words, `next` and `why` once it is over."""

    status: str
    next: str = ""
    why: str = ""

    @property
    def runs(self) -> bool:
        """Whether it goes on by itself."""
        return self.status == "RUNNING"


class RolloutPlace:
    """The rollouts of one service, on the laptop or in an account."""

    def __init__(self, found: Where, service: str) -> None:
        self.service = service
        self.bucket = found.output("ArtifactsBucket")
        self._objects = BotoObjects(found.s3, self.bucket)
        self.store = RolloutStore(self._objects, service)
        self._states = found.client("stepfunctions")
        self._machine = found.output("RolloutMachineArn")
        self._topic = _Topic(found.client("sns"), found.output("AlarmTopicArn"))
        self._links = Links(found.output("DashboardUrl"))

    def tell(self, on_failure: Any) -> Tell:
        """What sends the mails of an undoing; `on_failure` hears of one that cannot be sent."""
        return Tell(self._topic, self._links, on_failure)

    def newest(self) -> Record | None:
        """The record of the rollout that was started last; None when there never was one."""
        keys = [key for key in self._objects.keys(f"{self.service}/{FOLDER}/") if "/active." not in key]
        return self.record(keys[-1].rpartition("/")[2].removesuffix(".json")) if keys else None

    def record(self, rollout_id: str) -> Record | None:
        """The record of a rollout; None while it is not written yet."""
        try:
            return self.store.record(rollout_id).value
        except NotFound:
            return None

    def start(self, asked: Asked) -> None:
        """Let the state machine run it. Raises ClientError."""
        self._states.start_execution(
            stateMachineArn=self._machine,
            name=_name(asked.id, asked.attempt),
            input=msgspec.json.encode(asked).decode(),
        )

    def execution(self, rollout_id: str, attempt: int) -> Execution:
        """How the state machine fares with an attempt; `MISSING` where it knows nothing of it."""
        try:
            found = self._states.describe_execution(executionArn=self._arn(rollout_id, attempt))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return Execution("MISSING")
            raise
        done = msgspec.json.decode(found["output"]).get("done", {}) if found.get("output") else {}
        why = done.get("why") or found.get("cause") or ""
        return Execution(str(found["status"]), str(done.get("next", "")), str(why))

    def stop(self, rollout_id: str, attempt: int) -> None:
        """Stop the state machine's work on an attempt, if it still works."""
        if self.execution(rollout_id, attempt).runs:
            self._states.stop_execution(
                executionArn=self._arn(rollout_id, attempt), error="Undone", cause="make rollback"
            )

    def _arn(self, rollout_id: str, attempt: int) -> str:
        machine = self._machine.replace(":stateMachine:", ":execution:", 1)
        return f"{machine}:{_name(rollout_id, attempt)}"


class _Topic:
    """An SNS topic through boto3; what `lambdas.core.aws.Topic` is to a function."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client = client
        self._arn = arn

    def publish(self, subject: str, message: str, attributes: Mapping[str, str] | None = None) -> None:
        """Send one message. Raises DependencyDown."""
        given = {
            name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()
        }
        try:
            self._client.publish(
                TopicArn=self._arn, Subject=subject, Message=message, MessageAttributes=given
            )
        except (ClientError, BotoCoreError) as error:
            raise DependencyDown(f"sns: {error}") from error


def new_id(now: datetime | None = None) -> str:
    """An id for a rollout; ids are in the order of their starts."""
    return f"{now or datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def who() -> str:
    """Who runs this command, for the others to see."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # a user id without a name, as in a container
        return f"somebody@{socket.gethostname()}"


def require_newest(place: RolloutPlace) -> Record:
    """The newest rollout. Raises Misused when there never was one."""
    found = place.newest()
    if found is None:
        raise Misused(f"There never was a rollout of {place.service}. To start one: make rollout "
                      f"SERVICE={place.service}")  # fmt: skip
    return found


def _name(rollout_id: str, attempt: int) -> str:
    return f"{rollout_id}-{attempt}"
