"""The running laptop stack as a drill sees it: what can be broken, mended, asked and read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from lambdas.core.variant import ROLLOUT
from local import inbox
from local.drills.gate import Gate
from local.drills.patience import until
from local.drills.report import Fired
from local.errors import Misused
from local.stack import Stack

MAIL_SECONDS: Final = 200.0
"""An alarm of the laptop needs a period of a minute, and its evaluation."""
LOG_SECONDS: Final = 20.0


@dataclass
class World:
    """One stack, and the mails that have come since the drills began."""

    stack: Stack
    mails: list[inbox.Mail] = field(default_factory=list)

    @contextmanager
    def changed(self, function: str, **variables: str | None) -> Iterator[None]:
        """The function `triage-<function>` with other variables, None taking one away; all of its instances
        start anew, now and when it is put back."""
        functions = self.stack.client("lambda")
        name = f"triage-{function}"
        before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        after = {**before, **{key: value for key, value in variables.items() if value is not None}}
        for key, value in variables.items():
            if value is None:
                after.pop(key, None)
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": after})
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})

    @contextmanager
    def gate(self, function: str, *services: str) -> Iterator[Gate]:
        """A gate in front of these AWS services (`s3`, `dynamodb`), for this one function."""
        with Gate(self.stack.endpoint) as gate:
            variables = {f"AWS_ENDPOINT_URL_{service.upper()}": gate.url for service in services}
            with self.changed(function, **variables):
                yield gate

    @contextmanager
    def object_as(self, key: str, body: bytes) -> Iterator[None]:
        """The object `key` of the artifacts bucket with other content, and as it was afterwards."""
        s3 = self.stack.client("s3")
        before = s3.get_object(Bucket=self.stack.bucket, Key=key)["Body"].read()
        s3.put_object(Bucket=self.stack.bucket, Key=key, Body=body)
        try:
            yield
        finally:
            s3.put_object(Bucket=self.stack.bucket, Key=key, Body=before)

    def rollout(self, service: str) -> bytes:
        """The service's rollout.json."""
        found = self.stack.client("s3").get_object(Bucket=self.stack.bucket, Key=f"{service}/{ROLLOUT}")
        body: bytes = found["Body"].read()
        return body

    def not_in_the_log(self, ids: Collection[str]) -> set[str]:
        """Those of the decisions that the decision log does not have."""
        table, missing = self.stack.output("DecisionsTable"), set(ids)
        dynamo, left = self.stack.client("dynamodb"), sorted(ids)
        while left:
            part, left = left[:100], left[100:]
            keys = [{"id": {"S": each}} for each in part]
            asked = {table: {"Keys": keys, "ProjectionExpression": "id"}}
            found = dynamo.batch_get_item(RequestItems=asked)["Responses"][table]
            missing -= {item["id"]["S"] for item in found}
        return missing

    def not_in_the_lines(self, function: str, ids: Collection[str], since: float) -> set[str]:
        """Those of the decisions that the function did not write to its own log either, as it does when the
        decision log takes none."""
        missing = set(ids)

        def all_found() -> bool:
            for line in self._lines(f"/aws/lambda/triage-{function}", since) if missing else ():
                if "decision not logged" in line:
                    missing.difference_update([each for each in missing if each in line])
            return not missing

        until(all_found, LOG_SECONDS)
        return missing

    def _lines(self, group: str, since: float) -> Iterator[str]:
        logs: Any = self.stack.client("logs")
        try:
            for page in logs.get_paginator("filter_log_events").paginate(
                logGroupName=group, startTime=int(since * 1000) - 1000
            ):
                yield from (event["message"] for event in page["events"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise

    def calm(self, alarm: str, seconds: float = MAIL_SECONDS) -> None:
        """Return once the alarm is not on any more. Raises Misused when it stays on, or there is none."""
        if not until(lambda: not self.is_on(alarm), seconds, pause=1.0):
            raise Misused(f"triage-{alarm} is on already: see make inbox, mend what it is about first")

    def is_on(self, alarm: str) -> bool:
        """Whether the alarm is on. Raises Misused when there is none."""
        name = f"triage-{alarm}"
        found = self.stack.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        if not found:
            raise Misused(f"there is no alarm {name}: bring the stack up to date with make up")
        return bool(found[0]["StateValue"] == "ALARM")

    def mail_of(self, alarm: str, since: float, seconds: float = MAIL_SECONDS) -> Fired | None:
        """The first mail of an alarm that has started since `since` (seconds since the epoch), waited for."""

        def look() -> Fired | None:
            self.mails += inbox.fetch(
                self.stack.endpoint, self.stack.output("InboxQueueUrl"), self.stack.place.inbox
            )
            for mail in self.mails:
                at = _seconds(mail.time)
                if mail.alarm == f"triage-{alarm}" and mail.state == "ALARM" and at >= since - 1:
                    return Fired(mail.alarm, max(0.0, at - since), mail.subject)
            return None

        return until(look, seconds, pause=1.0)


def _seconds(time: str) -> float:
    """An AWS timestamp in seconds since the epoch."""
    return datetime.fromisoformat(time).timestamp()
