"""What a gate says of a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from model_build.errors import BuildError


class GateFailed(BuildError):
    """A candidate may not take the place that was asked for: the gates that it did not pass are named."""


class Verdict(msgspec.Struct, frozen=True):
    """`passed` is None where the gate could not tell; `said` is one sentence with the figures."""

    gate: str
    passed: bool | None
    said: str
    figures: dict[str, Any] = {}

    def __str__(self) -> str:
        mark = {True: "passed", False: "FAILED", None: "not told"}[self.passed]
        return f"{mark:<8} {self.gate}: {self.said}"


def failed(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Those that forbid it."""
    return [verdict for verdict in verdicts if verdict.passed is False]


def require(verdicts: Sequence[Verdict], what: str) -> None:
    """Raise GateFailed saying what was not passed, if anything was not."""
    if missed := failed(verdicts):
        listed = "\n".join(f"  - {verdict.gate}: {verdict.said}" for verdict in missed)
        raise GateFailed(f"{what}:\n{listed}\n  --force publishes it all the same, and the log says so")
