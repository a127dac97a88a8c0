"""The lines and the limits of a small app, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from cdk.cost.assembly import app_of
from cdk.cost.calls import Month
from cdk.cost.durations import COLD, EXPLANATION, IMAGE, SOUND, TEXT, measured
from cdk.cost.limits import capacities, first, limits_of
from cdk.cost.lines import Line, lines_of, total
from cdk.cost.prices import load_prices
from cdk.cost.traffic import SECONDS, Traffic, traffic_of
from cdk.service import Route, Service, Worker

pytestmark = pytest.mark.unit

ROUTES = (Route("POST", "/v1/posts", "A post"),)
POSTS = Service("posts", "lambdas.posts.handler.handle", ROUTES, stream=Worker("x"))
COUNTED = {
    "custom metrics": 12.0, "CloudWatch alarms": 9.0, "dashboards": 4.0, "images kept in ECR": 2.0,
    "disk of instances, GB": 0.0,
}  # fmt: skip
NOBODY = [
    "review_share=0", "sample_share=0", "label_share=0", "alert_share=0", "explained_share=0", "cold_share=0",
    "page_files_a_day=0", "alarm_mails=0", "rollouts=0",
]  # fmt: skip


def function(name: str, memory: int) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": f"triage-{name}",
            "MemorySize": memory,
            "TracingConfig": {"Mode": "Active"},
        },
    }


def table(write: int) -> dict[str, Any]:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {"ProvisionedThroughput": {"WriteCapacityUnits": write, "ReadCapacityUnits": 5}},
    }


TEMPLATE = {
    "Resources": {
        "Posts": function("posts", 1769),
        "PostsMay": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Principal": "apigateway.amazonaws.com",
                "FunctionName": {"Fn::GetAtt": ["Posts", "Arn"]},
            },
        },
        "Stream": function("posts-stream", 1769),
        "FromQueue": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": "Stream"},
                "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
                "BatchSize": 10,
            },
        },
        "Observer": function("observer", 512),
        "FromTable": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": "Observer"},
                "EventSourceArn": {"Fn::GetStackOutput": {"OutputName": "PublishOutputDecisionsStreamArn1"}},
                "BatchSize": 10000,
                "MaximumBatchingWindowInSeconds": 300,
            },
        },
        "Watch": function("watch", 256),
        "Every": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "ScheduleExpression": "rate(5 minutes)",
                "Targets": [{"Arn": {"Fn::GetAtt": ["Watch", "Arn"]}}],
            },
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "triage-posts.fifo"}},
        "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "triage-posts-dlq.fifo"}},
        "Decisions1": table(10),
        "Images": {"Type": "AWS::ECR::Repository", "Properties": {}},
        "Plan": {
            "Type": "AWS::ApiGateway::UsagePlan",
            "Properties": {"Quota": {"Limit": 500_000}, "Throttle": {"RateLimit": 20}},
        },
    }
}
APP = app_of([TEMPLATE])


def month(at: Traffic) -> Month:
    return Month(APP, (POSTS,), at)


def bill(at: Traffic, account: str = "new") -> list[Line]:
    return lines_of(month(at), COUNTED, load_prices(), account)  # type: ignore[arg-type]


def of(lines: list[Line], price: str) -> Line:
    return next(line for line in lines if line.price == price)


def test_the_app_is_read_from_its_templates() -> None:
    triggers = {each.name: each.trigger for each in APP.functions}
    assert {name: trigger.kind for name, trigger in triggers.items()} == {
        "posts": "api", "posts-stream": "queue", "observer": "stream", "watch": "schedule",
    }  # fmt: skip
    assert (triggers["observer"].window, triggers["posts-stream"].batch) == (300, 10)
    assert triggers["watch"].runs == 8760
    assert (APP.quota, APP.rate, APP.dead_letters) == (500_000, 20, 1)


def test_a_million_posts_by_hand() -> None:
    lines = bill(traffic_of(["posts"], 1_000_000, {}, NOBODY))
    assert of(lines, "api calls")[2:5] == (1_000_000, 0, pytest.approx(3.50))
    observer = SECONDS / (300 + SECONDS / 1_000_000)
    assert of(lines, "lambda requests").used == pytest.approx(1_000_000 + observer + 8760)
    assert of(lines, "lambda requests").usd == pytest.approx((observer + 8760) * 0.20 / 1e6)
    # A post takes what a ticket does on a whole core, and 15 ms for AWS.
    seconds = 1_000_000 * (measured(*TEXT["tickets"]) + 15) / 1000
    used = seconds * 1769 / 1024 + observer * 0.05 * 0.5 + 8760 * 0.5 * 0.25
    assert of(lines, "lambda time").used == pytest.approx(used)
    assert of(lines, "lambda time").usd == 0
    # 5 pollers, a request each 20 seconds, one queue; and a look into one dead-letter queue a run.
    assert of(lines, "sqs requests").used == pytest.approx(5 * 180 * 730 + 8760)
    assert of(lines, "dynamodb write units")[2:5] == (7300, 18250, 0)
    assert of(lines, "dynamodb storage").used == pytest.approx(2.4)
    assert of(lines, "s3 writes").used == pytest.approx(observer)
    assert of(lines, "cloudwatch metrics").usd == pytest.approx(2 * 0.30)
    assert of(lines, "cloudwatch dashboards").usd == pytest.approx(3.00)
    assert of(lines, "ecr storage").usd == pytest.approx(0.0464)
    logged = (1_000_000 * (230 + 600) + (1_000_000 + observer + 8760) * 550) / 1e9
    assert of(lines, "logs written").used == pytest.approx(logged)
    assert of(lines, "logs kept").free == pytest.approx(5 - logged), "what is written has used a part of it"
    assert total(lines) == pytest.approx(sum(line.usd for line in lines))


def test_what_an_old_account_has_free_in_its_first_year() -> None:
    traffic = traffic_of(["posts"], 900_000, {}, NOBODY)
    assert of(bill(traffic, "old"), "api calls").usd == 0
    assert of(bill(traffic), "api calls").usd == pytest.approx(3.15)
    assert of(bill(traffic, "old"), "s3 storage").usd == 0


def test_what_comes_on_the_stream_is_no_call() -> None:
    lines = bill(traffic_of(["posts"], 100_000, {}, [*NOBODY, "stream_share=1"]))
    assert of(lines, "api calls").used == 0
    assert of(lines, "sqs requests").used == pytest.approx(5 * 180 * 730 + 8760 + 300_000)


def test_media_are_priced_for_a_service_that_has_them() -> None:
    content = Service("content", "x", ROUTES, media=True)
    own = app_of([{"Resources": {"Content": function("content", 1769)}}])
    traffic = traffic_of(
        ["content"], 1000, {},
        [*NOBODY, "image_share=0.5", "image_mb=2", "audio_share=0.1", "audio_seconds=30",
        "audio_mb_a_second=0.1"],
    )  # fmt: skip
    made = Month(own, (content,), traffic)
    lines = lines_of(made, COUNTED, load_prices(), "new")
    media = 500 * 2e6 + 100 * 30 * 0.1e6
    models = 3 * 20e6 + 250e6
    assert of(lines, "s3 storage").used == pytest.approx((models + media * (1 + 24 / 730)) / 1e9)
    assert of(lines, "s3 writes").used == 2 * 600, "the upload, and what is kept"
    ms = measured(*TEXT["content"]) + 0.5 * measured(*IMAGE) + 0.1 * measured(*SOUND) * 3
    forms = 600 * (measured(*EXPLANATION) + 15) / 1000
    (run,) = made.runs()
    assert run.seconds == pytest.approx(1000 * (ms + 15) / 1000 + forms)


def test_half_the_memory_takes_twice_as_long() -> None:
    half = app_of([{"Resources": {"Posts": function("posts", 1769 // 2)}}])
    (run,) = Month(half, (POSTS,), traffic_of(["posts"], 1000, {}, [*NOBODY, "aws_ms=0"])).runs()
    assert run.seconds == pytest.approx(measured(*TEXT["tickets"]) * 1769 / 884)


def test_starts_are_paid_for() -> None:
    without, with_ = (
        month(traffic_of(["posts"], 1000, {}, [*NOBODY, "aws_ms=0", f"cold_share={share}"])).runs()[0].seconds
        for share in (0, 0.1)
    )
    assert with_ - without == pytest.approx(100 * measured(*COLD["tickets"]) / 1000)


def test_capacities_by_hand() -> None:
    found = {each.what: each for each in capacities(month(traffic_of(["posts"], 876_000, {}, NOBODY)), "new")}
    # A third of a decision a second, three units each, four times as busy at times.
    assert found["decision log's write units"].used == pytest.approx(876_000 / SECONDS * 3 * 4)
    assert found["API key's monthly quota"].used == 876_000
    assert found["functions at once"].most == 10, "what a new account may run"
    batched = month(traffic_of(["posts"], 876_000, {}, [*NOBODY, "batch=100"]))
    found = {each.what: each for each in capacities(batched, "old")}
    # More than ten of them are written in a transaction, which costs twice.
    assert found["decision log's write units"].used == pytest.approx(876_000 / SECONDS * 6 * 4)
    assert found["API key's monthly quota"].used == 8_760
    assert found["functions at once"].most == 1_000


def test_limits_are_where_bisecting_and_arithmetic_agree() -> None:
    traffic = traffic_of(["posts"], 1_000, {}, NOBODY)
    limits = {each.what.partition(":")[0]: each for each in limits_of(traffic, bill, month, "old")}
    assert limits["api calls"].decisions <= 1 and limits["cloudwatch dashboards"].decisions == 0
    assert limits["API key's monthly quota"].decisions == pytest.approx(500_000, abs=60)
    assert limits["dynamodb storage"].decisions == pytest.approx(25e9 / 2400, rel=1e-3)
    assert limits["decision log's write units"].decisions == pytest.approx(10 * SECONDS / 12, rel=1e-3)
    assert "sqs requests" not in limits, "its queue is empty at any traffic in this mix"
    assert list(limits) == [
        each.what.partition(":")[0] for each in sorted(limits.values(), key=lambda x: x.decisions)
    ]


def test_the_first_number_from_which_something_holds() -> None:
    traffic = traffic_of(["posts"], 5, {}, [])
    assert first(traffic, lambda at: at.total > 1234) == pytest.approx(1235, abs=1)
    assert first(traffic, lambda at: True) == 0
    assert first(traffic, lambda at: False) == float("inf")
