"""The function of the hourly schedule."""

from __future__ import annotations

from lambdas.core.aws import Bucket
from lambdas.core.settings import load
from lambdas.value.job import Job
from lambdas.value.settings import ValueSettings

_settings = load(ValueSettings)

handle = Job(Bucket(_settings.artifacts_bucket), _settings.services.split(","))
