"""From the decision log's stream to the topic: the decisions that people are to hear of at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from lambdas.alerts.message import alert_of
from lambdas.core.decision_log import ALERT
from lambdas.core.errors import DependencyDown
from lambdas.core.telemetry import Telemetry


class Publishes(Protocol):
    """Where alerts go; `lambdas.core.aws.Topic`."""

    def publish(self, subject: str, message: str, attributes: Mapping[str, str] | None = None) -> None:
        """Send one message. Raises DependencyDown."""
        ...


class Alerts:
    """A Lambda handler over the log's DynamoDB stream.

    What is new alerts, and what was provisional and is amended; a label or an expiry does not. The log holds
    each decision once, and marks one that has alerted before it was amended, so it alerts once.
    """

    def __init__(self, topic: Publishes, telemetry: Telemetry) -> None:
        self._topic = topic
        self._telemetry = telemetry

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """The partial batch response: from the first record on that the topic did not take."""
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
            self._topic.publish(f"Triage: {outcome}"[:100], text, {"outcome": str(outcome)})
            return
        self._topic.publish(alert.subject, alert.text, {"outcome": outcome, "service": service})


def _is_alert(event: object, image: Mapping[str, Any]) -> bool:
    """Whether the record is of a decision that people are to hear of now."""
    marked = image.get("alert", {}).get("S") == ALERT
    return marked and (event == "INSERT" or (event == "MODIFY" and "label" not in image))
