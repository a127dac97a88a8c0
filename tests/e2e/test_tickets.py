"""The deployed ticket service: what a caller sees, on good days and on bad ones."""

from __future__ import annotations

import csv
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import joblib
import msgspec
import numpy as np
import pytest

from lambdas.core.bundle import decode_manifest
from lambdas.tickets.schema import TicketRequest
from local.stack import Stack
from model_build.dataset import Batch
from model_build.publish import publish
from model_build.task import HeadCalibration
from model_build.tickets.synthetic import TicketParameters, write_csv
from tests.conftest import TrainedTickets
from tests.support.bundles import write_bundle

CLASSIFY, BATCH = "/v1/tickets:classify", "/v1/tickets:classifyBatch"


def eventually(look: Callable[[], Any], what: str, seconds: float = 90.0) -> Any:
    """What `look` returns once that is true; fails when it stays false for `seconds`."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what}: not in {seconds:.0f} s"
        pause.wait(0.3)
    return found


def ask(stack: Stack, body: object, **headers: str) -> Any:
    answer = stack.call("POST", CLASSIFY, body, headers)
    assert answer.status == 200, answer.body
    return answer.json()


@pytest.mark.parametrize(
    ("language", "body", "department"),
    [
        ("en", "I was charged twice on my card for this invoice, please refund the payment", "Billing"),
        ("es", "Me han cobrado dos veces la factura, quiero el reembolso del pago", "Billing"),
        ("fr", "J'ai été prélevé deux fois pour la facture, remboursez le paiement svp", "Billing"),
    ],
)
def test_a_ticket_in_each_language(stack: Stack, language: str, body: str, department: str) -> None:
    answer = ask(stack, {"body": body, "language": language, "customer_id": "c-1"})
    assert (answer["outcome"], answer["source"], answer["variant"]) == (department, "model", "champion")
    assert list(answer["outputs"]) == ["department", "urgency"]
    for output in answer["outputs"].values():
        assert sum(output["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)
        assert output["label"] in output["prediction_set"]
    assert answer["terms"]
    assert answer["degraded"] == []
    assert answer["review"] == bool(answer["reasons"])


def test_a_retry_gets_the_same_answer_once_and_the_log_has_one_item(stack: Stack) -> None:
    ticket = {"body": "the app crashes", "ticket_id": f"t-{uuid.uuid4().hex}"}
    first = ask(stack, ticket)
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda _: ask(stack, ticket), range(8)))
    assert all(answer == first for answer in again)
    item = stack.client("dynamodb").get_item(
        TableName=stack.output("DecisionsTable"), Key={"id": {"S": first["decision_id"]}}
    )["Item"]
    assert json.loads(item["answer"]["S"]) == first
    assert int(item["expires"]["N"]) > time.time()
    conflict = stack.call("POST", CLASSIFY, {**ticket, "body": "other"})
    assert conflict.status == 409


def test_a_batch_of_a_hundred_is_its_singles(stack: Stack) -> None:
    tickets = [{"body": f"invoice {k}: the app crashed and I was charged"} for k in range(100)]
    answer = stack.call("POST", BATCH, {"tickets": tickets})
    assert answer.status == 200, answer.body
    decisions = answer.json()["decisions"]
    assert len({decision["decision_id"] for decision in decisions}) == 100
    for k in (0, 99):
        assert ask(stack, tickets[k])["outcome"] == decisions[k]["outcome"]


BAD = [
    (b"{", 400, "$"),
    (b"", 400, "$"),
    (b"\xff\xfe", 400, "$"),
    ([], 400, "$"),
    ({}, 400, "body"),
    ({"body": ""}, 400, "body"),
    ({"body": "   "}, 400, "body"),
    ({"body": 5}, 400, "body"),
    ({"body": None}, 400, "body"),
    ({"body": "x" * 1_000_000}, 400, "body"),
    ({"body": "a\u0000b"}, 400, "body"),
    ({"body": "x", "bdoy": "y"}, 400, "bdoy"),
    ({"body": "x", "previous_tickets": -1}, 400, "previous_tickets"),
    ({"body": "x", "ticket_id": ""}, 400, "ticket_id"),
]
BAD_BATCHES = [
    ({"tickets": []}, 400, "tickets"),
    ({"tickets": [{"body": "x"}] * 1_000}, 400, "tickets"),
    ({"tickets": [{"body": "x"}, {"body": 1}]}, 400, "tickets[1].body"),
    ({"tickets": [{"body": "x"}, {"body": ""}]}, 400, "tickets[1].body"),
    ({"tickets": [{"body": "x", "ticket_id": "a"}] * 2}, 400, "tickets[1].ticket_id"),
]


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [(CLASSIFY, *case) for case in BAD] + [(BATCH, *case) for case in BAD_BATCHES],
    ids=str,
)
def test_bad_input_is_a_problem_that_names_the_field(
    stack: Stack, path: str, body: Any, status: int, field: str
) -> None:
    answer = stack.call("POST", path, body)
    problem = answer.json()
    assert (answer.status, problem.get("field")) == (status, field), problem
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert problem["detail"]
    assert "Traceback" not in answer.body.decode()


def test_decisions_are_counted_with_their_confidence(stack: Stack) -> None:
    before = total(stack, "Confidence", "SampleCount", service="tickets")
    answer = ask(stack, {"body": "please refund my invoice"})
    eventually(
        lambda: total(stack, "Confidence", "SampleCount", service="tickets") >= before + 1,
        "a decision in the metric",
    )
    assert total(stack, "Confidence", "Maximum", service="tickets") >= answer["confidence"] - 1e-6


def total(stack: Stack, name: str, statistic: str = "Sum", **dimensions: str) -> float:
    now = datetime.now(UTC)
    points = stack.client("cloudwatch").get_metric_statistics(
        Namespace="Triage", MetricName=name, Period=7200,
        StartTime=now - timedelta(hours=1), EndTime=now + timedelta(minutes=5),
        Statistics=[statistic],
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
    )["Datapoints"]  # fmt: skip
    values = [float(point[statistic]) for point in points]
    return max(values, default=0.0) if statistic == "Maximum" else sum(values)


@pytest.mark.parametrize("key", ["", "wrong"])
def test_without_the_key_nothing_is_answered(stack: Stack, key: str) -> None:
    assert stack.call("POST", CLASSIFY, {"body": "x"}, {"x-api-key": key}).status == 403


def test_too_many_requests_are_refused_and_none_fails(stack: Stack) -> None:
    """A key of its own with a plan of one request a second, so that the other tests keep theirs."""
    gateway = stack.client("apigateway")
    key = gateway.create_api_key(name="slow", enabled=True)
    plan = gateway.create_usage_plan(
        name="slow", throttle={"rateLimit": 1.0, "burstLimit": 1},
        apiStages=[{"apiId": stack.output("ApiId"), "stage": stack.output("ApiStage")}],
    )  # fmt: skip
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    value = gateway.get_api_key(apiKey=key["id"], includeValue=True)["value"]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(
            pool.map(
                lambda _: stack.call("POST", CLASSIFY, {"body": "x"}, {"x-api-key": value}).status, range(24)
            )
        )
    assert set(statuses) == {200, 429}


def test_what_is_live_and_the_openapi_document(stack: Stack, trained_tickets: TrainedTickets) -> None:
    (live,) = [
        each for each in stack.call("GET", "/v1/models").json()["models"] if each["service"] == "tickets"
    ]
    assert live["champion"]["version"] == trained_tickets.bundle.name
    assert live["champion"]["synthetic"] is True
    document = stack.call("GET", "/v1/openapi.json").json()
    assert {CLASSIFY, BATCH, "/v1/models", "/v1/openapi.json"} <= set(document["paths"])


def live_version(stack: Stack) -> str | None:
    return ask(stack, {"body": "which version are you"})["model_version"]


@pytest.fixture
def put_back(stack: Stack, trained_tickets: TrainedTickets) -> Iterator[None]:
    """Publishes the session's bundle again after a test that published another."""
    yield
    publish(trained_tickets.bundle, "tickets", stack.bucket, client=stack.client("s3"))
    eventually(lambda: live_version(stack) == trained_tickets.bundle.name, "the old bundle is back")


@pytest.mark.usefixtures("put_back")
def test_new_labels_go_live_without_a_deploy_and_no_request_fails(stack: Stack, tmp_path: Any) -> None:
    write_bundle(tmp_path, "20990101T000000Z-00000000", bias=(0.0, 0.0))
    publish(tmp_path / "20990101T000000Z-00000000", "tickets", stack.bucket, client=stack.client("s3"))
    seen = []

    def switched() -> bool:
        answer = ask(stack, {"body": "an invoice for my payment"})
        seen.append(answer["source"])
        return list(answer["outputs"]["department"]["probabilities"]) == ["Billing", "Technical"]

    eventually(switched, "the new labels")
    assert set(seen) == {"model"}


@pytest.mark.usefixtures("put_back")
def test_a_tampered_bundle_never_answers(
    stack: Stack, trained_tickets: TrainedTickets, tmp_path: Any
) -> None:
    version = "20990102T000000Z-00000000"
    write_bundle(tmp_path, version)
    s3 = stack.client("s3")
    failures = total(stack, "ModelLoadFailures")
    publish(tmp_path / version, "tickets", stack.bucket, client=s3)
    key = f"tickets/bundles/{version}/model.onnx"
    content = bytearray(s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read())
    content[len(content) // 2] ^= 1
    s3.put_object(Bucket=stack.bucket, Key=key, Body=bytes(content))

    def noticed() -> bool:
        assert live_version(stack) in {trained_tickets.bundle.name, version}
        return total(stack, "ModelLoadFailures") > failures

    eventually(noticed, "the damage in the metric")
    assert live_version(stack) == trained_tickets.bundle.name


def test_served_is_trained_on_a_thousand_new_tickets(
    stack: Stack, trained_tickets: TrainedTickets, tmp_path: Any
) -> None:
    """Every label of the live endpoint is the one that the fitted estimator gives."""
    path = tmp_path / "new.csv"
    write_csv(path, TicketParameters(rows=1_000, seed=987))
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["subject"] + row["body"]).strip()]
    tickets = [
        TicketRequest(
            subject=row["subject"], body=row["body"], channel=row["channel"] or None,
            customer_tier=row["customer_tier"] or None,
            previous_tickets=int(row["previous_tickets"]) if row["previous_tickets"] else None,
        )
        for row in rows
    ]  # fmt: skip
    expected = fitted_labels(trained_tickets, tickets)
    served: list[tuple[str, ...]] = []
    for start in range(0, len(tickets), 100):
        answer = stack.call("POST", BATCH, {"tickets": msgspec.to_builtins(tickets[start : start + 100])})
        assert answer.status == 200, answer.body
        for decision in answer.json()["decisions"]:
            assert decision["source"] == "model"
            served.append(tuple(output["label"] for output in decision["outputs"].values()))
    assert len(served) >= 990
    assert sum(one != other for one, other in zip(served, expected, strict=True)) == 0


def fitted_labels(trained: TrainedTickets, tickets: list[TicketRequest]) -> list[tuple[str, ...]]:
    """What the estimator, unpickled from training's own folder, says; nothing of it is served."""
    work = trained.build / "tickets" / "work"
    fitted = joblib.load(work / "fitted.joblib")
    calibrated = msgspec.json.decode(
        (work / "calibration.json").read_bytes(), type=dict[str, HeadCalibration]
    )
    manifest = decode_manifest((trained.bundle / "manifest.json").read_bytes(), "tickets")
    n = len(tickets)
    columns = {
        "subject": [t.subject for t in tickets],
        "body": [t.body for t in tickets],
        "channel": [t.channel for t in tickets],
        "customer_tier": [t.customer_tier for t in tickets],
        "previous_tickets": [
            None if t.previous_tickets is None else str(t.previous_tickets) for t in tickets
        ],
    }
    nothing = np.zeros(n, dtype=np.int64)
    logits = fitted.logits(Batch(columns, {}, nothing, nothing, None, None))
    winners = [
        [head.classes[k] for k in calibrated[head.name].calibration.scale(logits[head.name]).argmax(axis=1)]
        for head in manifest.heads
    ]
    return list(zip(*winners, strict=True))
