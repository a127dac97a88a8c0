"""A real Prometheus scrapes the deployed stack, with the files that `make prometheus` writes."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lambdas.observations.read import Observations
from local import prometheus as scraping
from local.call import Answer
from local.place import Place
from local.stack import Stack
from model_build.objects import BotoObjects
from tests.support.prometheus import eventually, program, prometheus

CLASSIFY = "/v1/tickets:classify"
TICKETS = 'sum(ml_predictions_total{service="tickets"})'


@pytest.fixture
def folder(laptop: Place, stack: Stack) -> Path:
    """What `make prometheus` writes."""
    program("prometheus")
    said = io.StringIO()
    made = scraping.write(laptop, Console(file=said, width=300), on_aws=False)
    assert f"--config.file={made / 'prometheus.yml'}" in said.getvalue()
    return made


def logged_today(stack: Stack) -> int:
    """How many tickets the decision log has of today."""
    pages = (
        stack.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=stack.output("DecisionsTable"),
            FilterExpression="service = :service AND begins_with(#at, :day)",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={
                ":service": {"S": "tickets"},
                ":day": {"S": f"{datetime.now(UTC):%Y-%m-%d}"},
            },
        )
    )
    return sum(page["Count"] for page in pages)


def observed_today(stack: Stack) -> int:
    """How many tickets the observer has seen today: not what was decided while the stack went down."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    bucket = BotoObjects(stack.client("s3"), stack.bucket)
    return len(Observations(bucket, "tickets").between(today, today + timedelta(days=1)))


def ask(stack: Stack, number: int) -> dict[str, Any]:
    body = {"body": f"Please refund invoice {number}, I was charged twice", "customer_id": f"m-{number}"}
    answer = stack.call("POST", CLASSIFY, body)
    assert answer.status == 200, answer.body
    decision: dict[str, Any] = answer.json()
    return decision


def metrics(stack: Stack, **headers: str) -> Answer:
    return stack.call("GET", "/metrics", headers={"x-api-key": "", **headers})


def test_prometheus_counts_the_requests_that_were_sent(stack: Stack, folder: Path) -> None:
    with prometheus(folder) as server:
        eventually(lambda: server.target()["health"] == "up", "a target that is up", 120)
        before = eventually(
            lambda: (seen := server.value(TICKETS)) == observed_today(stack) and (seen or 0.1),
            "what was decided before this test",
            120,
        )
        logged = logged_today(stack)
        sent = [ask(stack, number) for number in range(25)]
        assert {each["source"] for each in sent} == {"model"}
        (version,) = {each["model_version"] for each in sent}
        eventually(lambda: server.value(TICKETS) == int(before) + 25, "25 more decisions", 120)
        assert logged_today(stack) == logged + 25
        live = f'service="tickets", variant="champion", version="{version}"'
        outcomes = {each["outcome"] for each in sent}
        for outcome in outcomes:
            series = f'ml_predictions_total{{{live}, outcome="{outcome}", source="model"}}'
            assert (server.value(series) or 0) >= sum(each["outcome"] == outcome for each in sent)
        assert (server.value(f"ml_prediction_latency_seconds_count{{{live}}}") or 0) >= 25
        assert (server.value(f"ml_prediction_latency_seconds_sum{{{live}}}") or 0) > 0
        assert server.value(f"ml_rollout_share{{{live}}}") == 1
        tested = f'service="tickets", version="{version}", metric="accuracy", kind="test"'
        assert 0 < (server.value(f"ml_model_performance{{{tested}}}") or 0) <= 1
        services = server.api("label/service/values", **{"match[]": "ml_rollout_share"})
        assert services == ["content", "tickets", "transactions"]


def test_only_the_metrics_key_opens_it_and_it_opens_nothing_else(stack: Stack, folder: Path) -> None:
    key = (folder / scraping.KEY).read_text()
    answer = metrics(stack, authorization=f"Bearer {key}")
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "text/plain"), (
        answer.body
    )
    for headers in (
        {}, {"authorization": f"Bearer {stack.api.key}"}, {"authorization": f"Basic {key}"},
        {"x-api-key": key}, {"x-api-key": stack.api.key},
    ):  # fmt: skip
        refused = metrics(stack, **headers)
        assert refused.status == 401, headers
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["www-authenticate"] == "Bearer"
    assert stack.call("POST", CLASSIFY, {"body": "x"}, {"x-api-key": key}).status == 403
