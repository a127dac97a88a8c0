"""The drift report as the exporter reads it: a real one whole, another one as far as it goes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from lambdas.drift.estimate import Estimate
from lambdas.drift.limits import Limits
from lambdas.drift.report import Finding, Report
from lambdas.exporter.drift import MOST_FEATURES, Drift, drift_of


def finding(name: str, effect: float, verdict: Any = "fine", limit: float = 0.25) -> Finding:
    return Finding(
        name, "feature", verdict, "training", "psi", effect, limit, "g", 1.0, 0.5, 100, 90.0, [], [], [],
        0.0, 0.0,
    )  # fmt: skip


def report(**changed: Any) -> Report:
    said: dict[str, Any] = {
        "service": "tickets", "version": "v1", "since": "2026-11-24T00:00:00+00:00",
        "until": "2026-11-25T00:00:00+00:00", "decisions": 100, "entities": 90,
        "skipped": {}, "promised": 0.9,
        "findings": [
            finding("length", 0.5, "alarm"), finding("words", 0.05), finding("new", 9.0, "learning")
        ],
        "estimated": Estimate(0.82, 0.8, 0.84, 100), "history": [], "limits": Limits(), "alarm": True,
    }  # fmt: skip
    return Report(**{**said, **changed})


def test_a_report_as_the_drift_job_writes_it() -> None:
    assert drift_of(msgspec.json.encode(report())) == Drift(
        scores={"length": 2.0, "words": 0.2},
        alarm=True,
        at=datetime(2026, 11, 25, tzinfo=UTC).timestamp(),
        estimated={("v1", "accuracy"): 0.82},
    )


def test_without_an_estimate_there_is_none() -> None:
    drift = drift_of(msgspec.json.encode(report(estimated=None, alarm=False)))
    assert (drift.estimated, drift.alarm) == ({}, False)


def test_the_worst_features_are_told_when_there_are_too_many() -> None:
    many = [finding(f"f{k}", k / 100) for k in range(MOST_FEATURES + 50)]
    scores = drift_of(msgspec.json.encode(report(findings=many))).scores
    assert len(scores) == MOST_FEATURES
    assert "f249" in scores and "f0" not in scores


@pytest.mark.parametrize("body", [b"{}", b'{"findings": [{"name": "a"}], "more": 1}'])
def test_what_a_report_lacks_is_left_out(body: bytes) -> None:
    assert drift_of(body) == Drift()


@pytest.mark.parametrize("body", [b"", b"[", b'{"findings": 3}', b'{"until": "yesterday"}', b"\xff"])
def test_what_is_no_report_says_why(body: bytes) -> None:
    assert drift_of(body).wrong
