"""POST /v1/decisions/{id}/label, for every service."""

from __future__ import annotations

from lambdas.core.aws import Bucket, Dynamo, Queue
from lambdas.core.decision_log import DecisionLog
from lambdas.core.http import Api, Route
from lambdas.core.labelling import Labelling
from lambdas.core.settings import LabelSettings, load
from lambdas.core.telemetry import Telemetry
from lambdas.labels.route import LabelRoute
from lambdas.labels.schema import LabelRequest

_settings = load(LabelSettings)
_label = LabelRoute(
    Labelling(
        # It only labels: how long a decision is kept was settled when it was written.
        DecisionLog(_settings.decisions_table, Dynamo(), ttl_days=0),
        Bucket(_settings.artifacts_bucket),
        Queue(_settings.label_queue_url),
    )
)

handle = Api({("POST", "/v1/decisions/{id}/label"): Route(LabelRequest, _label)}, Telemetry("labels"))
