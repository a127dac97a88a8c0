"""What one batch of the decision log's stream holds, by service and hour."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from typing import Any, Final

import msgspec

from lambdas.observations.record import Header, Observation, folder

LEAST: Final = 20
"""Decisions whose average confidence says something."""


@dataclass
class Group:
    """The lines of one object. `first` is the place of its first record in the batch, `sequence` its number.

    `decided` are the lines that bring a decision, one a decision: no labels, and nothing provisional.
    """

    service: str
    hour: datetime
    first: int
    sequence: str
    names: tuple[str, ...]
    lines: list[Observation] = field(default_factory=list)
    decided: list[tuple[int, Observation]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Its own of this first record, so that a batch that comes again is written over itself.

        Keys sort by hour and number, which is the order of the changes of each decision.
        """
        return f"{folder(self.service, self.hour)}{self.sequence:0>40}.jsonl.gz"

    def body(self) -> bytes:
        """The object."""
        parts = [Header(self.service, list(self.names)), *self.lines]
        return gzip.compress(b"".join(msgspec.json.encode(part) + b"\n" for part in parts), 6, mtime=0)


def summaries(decided: Sequence[Observation]) -> list[dict[str, Any]]:
    """What the log says of a service's decisions, a line a variant: counts, average confidence, model time.

    A decision counts for the variant that its entity falls to, whoever answered.
    """
    variants: dict[tuple[str, str | None], list[Observation]] = {}
    for each in decided:
        variants.setdefault((each.assigned, each.version), []).append(each)
    return [{"variant": v, "version": version, **_summary(of)} for (v, version), of in variants.items()]


def _summary(decided: Sequence[Observation]) -> dict[str, Any]:
    times = sorted(each.ms for each in decided if each.ms is not None)
    return {
        "decisions": len(decided),
        "confidence": round(fmean(each.confidence for each in decided), 6),
        "reviewed": sum(each.review for each in decided),
        "rules": sum(each.source == "rules" for each in decided),
        "stood_in": sum(each.variant not in {each.assigned, "none"} for each in decided),
        "compared": sum(each.other is not None for each in decided),
        "p50_ms": round(times[len(times) // 2], 3) if times else None,
        "p95_ms": round(times[len(times) * 95 // 100], 3) if times else None,
        "outcomes": dict(Counter(each.outcome for each in decided)),
    }


def shortfall(decided: Sequence[Observation], bound: float) -> float | None:
    """By how much the models' average confidence is below `bound`, 0 when it is not; None for too few.

    What rules answered is left out: it is counted as a fallback, and has an alarm of its own.
    """
    sure = [each.confidence for each in decided if each.source == "model"]
    return max(0.0, bound - fmean(sure)) if len(sure) >= LEAST else None
