"""From the decision log's stream to the topic: the decisions that people are to hear of at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from lambdas.alerts.message import MOST_SUBJECT, Alert, alert_of
from lambdas.core.aws import Message
from lambdas.core.decide import utc_now
from lambdas.core.decision_log import ALERT
from lambdas.core.errors import DependencyDown
from lambdas.core.telemetry import Telemetry

HOLDS_UP: Final = timedelta(minutes=15)
"""For so long an alert that the topic does not take holds up what comes after it, people's queue among it."""


class Publishes(Protocol):
    """Where alerts go; `lambdas.core.aws.Topic`."""

    def publish(self, subject: str, message: str, attributes: Mapping[str, str] | None = None) -> None:
        """Send one message. Raises DependencyDown."""
        ...


class Sender(Protocol):
    """Where alerts go that were not told; `lambdas.core.aws.Queue`."""

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Why, by index, each message that was not taken was not."""
        ...


class Alerts:
    """A Lambda handler over the log's DynamoDB stream.

    What is new alerts, and what was provisional and is amended; a label or an expiry does not. The log holds
    each decision once, and marks one that has alerted before it was amended, so it alerts once. An alert that
    the topic does not take is tried again until it is HOLDS_UP old, and then put into `untold`, whole.
    """

    def __init__(
        self,
        topic: Publishes,
        untold: Sender,
        telemetry: Telemetry,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._topic = topic
        self._untold = untold
        self._telemetry = telemetry
        self._now = now

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """The partial batch response: from the first record on that nobody took."""
        self._telemetry.request(context)
        for record in event.get("Records") or ():
            try:
                self._tell(record)
            except DependencyDown as error:
                self._telemetry.log.warning("the topic is down", extra={"detail": error.detail})
                return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
        return {"batchItemFailures": []}

    def _tell(self, record: Mapping[str, Any]) -> None:
        image = record.get("dynamodb", {}).get("NewImage") or {}
        outcome = image.get("outcome", {}).get("S")
        if not _is_alert(record.get("eventName"), image):
            return
        attributes = {"outcome": str(outcome)}
        try:
            service = image["service"]["S"]
            asked, answer = (msgspec.json.decode(image[name]["S"]) for name in ("asked", "answer"))
            alert = alert_of(service, asked, answer)
        except (KeyError, TypeError, ValueError, msgspec.DecodeError) as error:
            # Somebody must hear of it, and trying again would stop every later alert.
            self._telemetry.log.error("a decision that cannot be told", extra={"detail": repr(error)})
            text = (
                f"A decision with the outcome '{outcome}' is in the log as {image.get('id', {}).get('S')}.\n"
            )
            alert = Alert(f"Triage: {outcome}"[:MOST_SUBJECT], text)
        else:
            attributes["service"] = service
        try:
            self._topic.publish(alert.subject, alert.text, attributes)
        except DependencyDown as error:
            if self._age(record) < HOLDS_UP:
                raise
            refused = self._untold.send([Message(f"{alert.subject}\n\n{alert.text}", None, None, attributes)])
            if refused:
                raise
            self._telemetry.log.error(
                "an alert that was not told", extra={"detail": error.detail, "decision": image.get("id")}
            )

    def _age(self, record: Mapping[str, Any]) -> timedelta:
        """How long ago the record came into the stream."""
        created = float(record["dynamodb"]["ApproximateCreationDateTime"])
        return self._now() - datetime.fromtimestamp(created, UTC)


def _is_alert(event: object, image: Mapping[str, Any]) -> bool:
    """Whether the record is of a decision that people are to hear of now."""
    marked = image.get("alert", {}).get("S") == ALERT
    return marked and (event == "INSERT" or (event == "MODIFY" and "label" not in image))
