"""What the scheduled jobs ask of S3, by hand and against the job itself."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cdk.cost.assembly import app_of
from cdk.cost.calls import Month
from cdk.cost.jobs import DAYS, looked_at, report_requests, value_requests
from cdk.cost.traffic import SECONDS, traffic_of
from cdk.service import Route, Service
from lambdas.value.accounts import rests
from lambdas.value.ledger import Latest
from lambdas.value.sums import Sums

pytestmark = pytest.mark.unit

ROUTES = (Route("POST", "/v1/posts", "A post"),)
SERVICES = tuple(Service(name, "x", ROUTES) for name in ("posts", "mails"))
ALONE = ["review_share=0", "sample_share=0", "label_share=0"]


def scheduled(name: str, expression: str) -> dict[str, Any]:
    return {
        name: {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": f"triage-{name.lower()}"}},
        f"{name}Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "ScheduleExpression": expression,
                "Targets": [{"Arn": {"Fn::GetAtt": [name, "Arn"]}}],
            },
        },
    }


JOBS = {
    **scheduled("Value", "cron(10 * * * ? *)"),
    **scheduled("Drift", "cron(40 3 * * ? *)"),
    **scheduled("Fairness", "cron(10 4 * * ? *)"),
}


def month(posts: float) -> Month:
    own = {"posts": posts, "mails": 0.0}
    return Month(app_of([{"Resources": JOBS}]), SERVICES, traffic_of(list(own), None, own, ALONE))


def test_where_nothing_comes_a_third_of_the_runs_look() -> None:
    idle = value_requests(month(0))
    assert idle.writes == pytest.approx(2 * (730 / 3 + 2 * DAYS))
    assert idle.reads == pytest.approx(2 * (730 + 5 * 730 / 3))
    assert report_requests(month(0)) == (pytest.approx((2 * 5 + 1) * DAYS), pytest.approx((2 * 6 + 2) * DAYS))


def test_where_decisions_come_each_run_looks_and_the_other_service_rests() -> None:
    assert looked_at(month(1e6), SERVICES[0]) == pytest.approx(1.0)
    assert looked_at(month(1e6), SERVICES[1]) == pytest.approx(1 / 3)


def test_of_few_decisions_it_is_what_the_job_itself_does() -> None:
    """Decisions at random, two in three days; the job's own rule at each hour of a long time."""
    chance, few = random.Random(3), 20.0  # noqa: S311
    begin = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
    at, last, looks, hours = begin, "", 0, 24 * 2_000
    coming = begin + timedelta(seconds=chance.expovariate(few / SECONDS))
    newest = ""
    for _ in range(hours):
        while coming <= at:
            newest = coming.isoformat()
            coming += timedelta(seconds=chance.expovariate(few / SECONDS))
        known = Latest("posts", "", at.date().isoformat(), "", Sums(), Sums(), newest=last)
        if not rests(known, at):
            looks, last = looks + 1, newest
        at += timedelta(hours=1)
    assert looked_at(month(few), SERVICES[0]) == pytest.approx(looks / hours, abs=0.03)
