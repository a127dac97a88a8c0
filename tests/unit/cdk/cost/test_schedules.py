"""How often schedules run, by hand: a month has 730 hours."""

from __future__ import annotations

import pytest

from cdk.cost.errors import CostError
from cdk.cost.schedules import runs_a_month

pytestmark = pytest.mark.unit

DAYS = 730 / 24


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("rate(5 minutes)", 8760),
        ("rate(1 hour)", 730),
        ("rate(1 day)", DAYS),
        ("cron(10 * * * ? *)", 730),
        ("cron(10 4 * * ? *)", DAYS),
        ("cron(0/15 8-17 ? * MON-FRI *)", 4 * 10 * DAYS * 5 / 7),
        ("cron(0,30 0 1 * ? *)", 2),
        ("cron(0 0 ? * SUN *)", DAYS / 7),
    ],
)
def test_runs_a_month(expression: str, runs: float) -> None:
    assert runs_a_month(expression) == pytest.approx(runs)


@pytest.mark.parametrize("expression", ["at(2026-01-01T00:00:00)", "rate(0.5 hours)", "cron(? * * * ? *)"])
def test_another_is_not_guessed(expression: str) -> None:
    with pytest.raises(CostError, match="how often"):
        runs_a_month(expression)
