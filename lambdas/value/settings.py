"""The environment of the value job."""

from __future__ import annotations

import msgspec


class ValueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`services` is a comma-separated list."""

    artifacts_bucket: str
    services: str
