"""The decision log's DynamoDB stream, for every service."""

from __future__ import annotations

from lambdas.alerts.alerts import Alerts
from lambdas.core.aws import Topic
from lambdas.core.settings import AlertSettings, load
from lambdas.core.telemetry import Telemetry

handle = Alerts(Topic(load(AlertSettings).alert_topic_arn), Telemetry("alerts"))
