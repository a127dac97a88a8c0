"""The function of the nightly schedule."""

from __future__ import annotations

from lambdas.core.aws import Bucket, Topic
from lambdas.core.notices import Links
from lambdas.core.settings import load
from lambdas.drift.job import DriftJob
from lambdas.drift.settings import DriftSettings

_settings = load(DriftSettings)

handle = DriftJob(
    Bucket(_settings.artifacts_bucket, timeout=20.0),
    Topic(_settings.alarm_topic_arn),
    _settings.services.split(","),
    limits=_settings.limits,
    label_outcomes=_settings.outcomes(),
    links=Links(_settings.dashboard_url, _settings.runbook_url),
)
