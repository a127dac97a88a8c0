"""The decision log's DynamoDB stream, for every service: into the queue."""

from __future__ import annotations

from lambdas.core.aws import Dynamo
from lambdas.core.settings import load
from lambdas.core.telemetry import Telemetry
from lambdas.review.intake import Intake
from lambdas.review.item import Item
from lambdas.review.settings import QueueSettings
from lambdas.review.tables import Tables

_settings = load(QueueSettings)
_telemetry = Telemetry("review-intake")


def _told(item: Item) -> None:
    """The head of the chain in the log too, where who can write the tables cannot change it."""
    _telemetry.log.info("audit", extra={"review": item.id, "seq": item.seq, "hash": item.hash})


handle = Intake(
    Tables(Dynamo(timeout=2.0), reviews=_settings.reviews_table, audit=_settings.audit_table, told=_told),
    _telemetry,
)
