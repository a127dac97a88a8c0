"""The decision log's DynamoDB stream, for every service: into people's queue, and to the topic of alerts."""

from __future__ import annotations

from lambdas.alerts.alerts import Alerts
from lambdas.core.aws import Dynamo, Queue, Topic
from lambdas.core.settings import load
from lambdas.core.telemetry import Telemetry
from lambdas.outflow.outflow import Outflow
from lambdas.review.intake import Intake
from lambdas.review.item import Item
from lambdas.review.settings import QueueSettings
from lambdas.review.tables import Tables


class OutflowSettings(QueueSettings, frozen=True, kw_only=True):
    """The queue's tables, the topic, and where an alert goes that the topic does not take for long."""

    alert_topic_arn: str
    untold_queue_url: str


_settings = load(OutflowSettings)
_telemetry = Telemetry("outflow")


def _told(item: Item) -> None:
    """The head of the chain in the log too, where who can write the tables cannot change it."""
    _telemetry.log.info("audit", extra={"review": item.id, "seq": item.seq, "hash": item.hash})


_tables = Tables(
    Dynamo(timeout=2.0), reviews=_settings.reviews_table, audit=_settings.audit_table, told=_told
)
handle = Outflow(
    Intake(_tables, _telemetry),
    Alerts(Topic(_settings.alert_topic_arn), Queue(_settings.untold_queue_url), _telemetry),
)
