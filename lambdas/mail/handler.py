"""The function behind the topic of alarms."""

from __future__ import annotations

import msgspec

from lambdas.core.aws import Bucket, Topic
from lambdas.core.notices import Links
from lambdas.core.settings import load
from lambdas.core.telemetry import Telemetry
from lambdas.mail.alarms import Alarms
from lambdas.mail.drifted import Drifted
from lambdas.mail.mailer import Mailer


class MailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the function needs: the topic that people read, where its mails link to, and where the drift
    reports are of `services`, a comma-separated list."""

    artifacts_bucket: str
    services: str
    alarm_topic_arn: str
    dashboard_url: str = ""
    runbook_url: str = "docs/runbook.md"


_settings = load(MailSettings)

_telemetry = Telemetry("mail")

handle = Mailer(
    Topic(_settings.alarm_topic_arn, timeout=5.0),
    Alarms(),
    _telemetry,
    Links(_settings.dashboard_url, _settings.runbook_url),
    Drifted(Bucket(_settings.artifacts_bucket, timeout=3.0), _settings.services.split(","), _telemetry),
)
