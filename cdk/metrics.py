"""The metrics the functions emit: what alarms, dashboard and the free-tier ledger know of them.

docs/contracts.md has the same table; a test compares both with what the functions really write.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lambdas.core.emf import NAMESPACE

OWN = ("Confidence",)
"""Emitted by each deciding service under its own name."""
SHARED = ("Fallbacks", "ModelLoadFailures", "LogFailures", "LowConfidence", "Drift", "DeadLetters")
"""Emitted without a dimension: one of each, however many services there are. Four services make ten."""


class MetricId(NamedTuple):
    """What CloudWatch bills as one custom metric."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def emitted(services: Iterable[str]) -> set[MetricId]:
    """Every custom metric that the functions of `services` write."""
    own = {MetricId(NAMESPACE, name, (("service", service),)) for service in services for name in OWN}
    return own | {MetricId(NAMESPACE, name, ()) for name in SHARED}
