"""The decision log's DynamoDB stream, for every service."""

from __future__ import annotations

from lambdas.alerts.alerts import Alerts
from lambdas.core.aws import Topic
from lambdas.core.settings import AlertSettings, load
from lambdas.core.telemetry import Telemetry

_settings = load(AlertSettings)
_outcomes = frozenset(name.strip() for name in _settings.alert_outcomes.split(",") if name.strip())

handle = Alerts(Topic(_settings.alert_topic_arn), _outcomes, Telemetry("alerts"))
