"""The environment of the rollout function."""

from __future__ import annotations

import msgspec


class RolloutSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the rollout function needs.

    `rollout_refresh_seconds` is how often functions look at rollout.json: what is decided within it after a
    change is not judged.
    """

    artifacts_bucket: str
    alarm_topic_arn: str
    rollout_refresh_seconds: float = 10.0
    dashboard_url: str = ""
    runbook_url: str = "docs/runbook.md"
