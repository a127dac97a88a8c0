"""The function behind the label queue."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from lambdas.core.aws import Bucket, Dynamo
from lambdas.core.decision_log import DecisionLog
from lambdas.core.drain import drained
from lambdas.core.settings import LearningSettings, load
from lambdas.core.telemetry import Telemetry
from lambdas.transactions.learning.learner import Learner
from lambdas.transactions.learning.publish import SERVICE
from lambdas.transactions.live import live_cards

_settings = load(LearningSettings)

handle = drained(
    Learner(
        # It only labels: how long a decision is kept was settled when it was written.
        DecisionLog(_settings.decisions_table, Dynamo(), ttl_days=0),
        Bucket(_settings.artifacts_bucket, timeout=20.0),
        live_cards(Logger(service="transactions")),
        Telemetry("transactions"),
        after=_settings.learn_after_labels,
    ),
    only=SERVICE,
)
