"""The functions' own handlers over a real Valkey and an emulated S3, DynamoDB, SQS and Secrets Manager."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest

from lambdas.core.variant import Rollout
from tests.support.events import CONTEXT, proxy_event
from tests.support.fraud_bundles import write_fraud_bundle
from tests.support.streams import kafka_event, kinesis_event, sqs_event
from tests.support.valkey import Valkey, valkey

pytestmark = pytest.mark.integration
SCORE, EXPLANATION = "/v1/transactions:score", "/v1/transactions/{id}/explanation"


@dataclass
class Stack:
    """What stands behind the handlers."""

    valkey: Valkey
    dynamo: Any
    sqs: Any
    queues: dict[str, str]
    handler: Callable[[dict[str, Any], Any], dict[str, Any]]
    stream: Callable[[dict[str, Any], Any], dict[str, Any]]
    labels: Callable[[dict[str, Any], Any], dict[str, Any]]
    learner: Callable[[dict[str, Any], Any], dict[str, Any]]

    def call(self, method: str, resource: str, body: object = None, **more: Any) -> tuple[int, Any]:
        handle = self.labels if resource.endswith("/label") else self.handler
        answer = handle(proxy_event(method, resource, body, **more), CONTEXT)
        kind = answer["headers"]["Content-Type"]
        return answer["statusCode"], json.loads(answer["body"]) if "json" in kind else answer["body"]

    def item(self, own: str) -> dict[str, Any]:
        return self.dynamo.get_item(TableName="decisions", Key={"id": {"S": own}})["Item"]

    def messages(self, name: str) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.queues[name], MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return answer.get("Messages", [])


def _published(bucket: Any, folder: Path) -> None:
    ref = write_fraud_bundle(folder)
    for path in (folder / "v1").iterdir():
        bucket.put_object(
            Bucket="triage-test", Key=f"transactions/bundles/v1/{path.name}", Body=path.read_bytes()
        )
    rollout = msgspec.json.encode(Rollout("transactions", ref))
    bucket.put_object(Bucket="triage-test", Key="transactions/rollout.json", Body=rollout)


@pytest.fixture
def stack(bucket: Any, table: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    _published(bucket, tmp_path / "built")
    sqs = boto3.client("sqs")
    names = ("catch-up.fifo", "dead.fifo", "labels.fifo")
    queues = {
        name: sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"] for name in names
    }
    secrets = boto3.client("secretsmanager")
    with valkey(tmp_path, password="secret") as server:
        secret = secrets.create_secret(Name=f"store-{server.port}", SecretString=server.url)["Name"]
        for name, value in {
            "ARTIFACTS_BUCKET": "triage-test", "DECISIONS_TABLE": "decisions",
            "MODEL_CACHE_DIR": str(tmp_path / "models"), "FEATURE_STORE_SECRET": secret,
            "FEATURE_STORE_TIMEOUT_MS": "2000",
            "CATCH_UP_QUEUE_URL": queues["catch-up.fifo"], "DEAD_LETTER_QUEUE_URL": queues["dead.fifo"],
            "LABEL_QUEUE_URL": queues["labels.fifo"],
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        made = []
        for module in (
            "lambdas.transactions.handler",
            "lambdas.transactions.stream",
            "lambdas.labels.handler",
            "lambdas.transactions.learning.handler",
        ):
            monkeypatch.delitem(sys.modules, module, raising=False)
            made.append(importlib.import_module(module).handle)
            monkeypatch.delitem(sys.modules, module)
        yield Stack(server, table, sqs, queues, *made)
    for url in queues.values():
        sqs.delete_queue(QueueUrl=url)


def body(number: int, **more: object) -> dict[str, object]:
    return {"card_id": "c", "amount": 20.0, "transaction_id": f"t{number}", **more}


def test_a_transaction_is_scored_explained_and_labelled(stack: Stack) -> None:
    answers = [stack.call("POST", SCORE, body(k)) for k in range(12)]
    assert {status for status, _ in answers} == {200}
    decisions = [decision for _, decision in answers]
    assert [decision["features"]["count_1h"] for decision in decisions] == list(range(1, 13))
    assert (decisions[0]["outcome"], decisions[-1]["outcome"]) == ("approve", "decline")
    assert decisions[-1]["top_reasons"][0]["words"] == "transaction number 12 within an hour"
    assert decisions[-1]["degraded"] == []
    assert stack.call("POST", SCORE, body(3))[1] == decisions[3], "a retry gets the same answer"

    found = {"pathParameters": {"id": "t11"}}
    status, explanation = stack.call("GET", EXPLANATION, **found)
    assert status == 200
    effects = sum(each["effect"] for each in explanation["contributions"])
    assert explanation["base"] + effects == pytest.approx(explanation["probability"], abs=1e-6)
    assert explanation["probability"] == pytest.approx(decisions[-1]["probability"], abs=1e-6)
    _, drawing = stack.call("GET", EXPLANATION, headers={"Accept": "image/svg+xml"}, **found)
    assert drawing.startswith("<svg")
    assert stack.call("GET", EXPLANATION, pathParameters={"id": "nothing"})[0] == 404

    own = decisions[-1]["decision_id"]
    labelled = {"pathParameters": {"id": own}}
    route = "/v1/decisions/{id}/label"
    assert stack.call("POST", route, {"label": "fraud", "by": "ana"}, **labelled)[0] == 200
    assert stack.call("POST", route, {"label": "nonsense", "by": "ana"}, **labelled)[0] == 400
    assert stack.call("POST", route, {"label": "legitimate", "by": "bo"}, **labelled)[0] == 409
    assert stack.item(own)["label"]["S"] == "fraud"
    (message,) = stack.messages("labels.fifo")
    assert json.loads(message["Body"])["decision_id"] == own


def test_bad_input_is_a_clear_problem(stack: Stack) -> None:
    for wrong, field in (
        ({"amount": -1}, "amount"), ({"currency": "ZZZ"}, "currency"), ({"card_id": ""}, "card_id"),
        ({"at": "2099-01-01T00:00:00Z"}, "at"), ({"latitude": 91}, "latitude"),
    ):  # fmt: skip
        status, problem = stack.call("POST", SCORE, body(0, **wrong))
        assert (status, problem["field"]) == (400, field)
    assert stack.call("POST", SCORE, body(0))[0] == 200
    assert stack.call("POST", SCORE, body(0, amount=21.0))[0] == 409
    many = {"transactions": [body(k) for k in range(101)]}
    assert stack.call("POST", "/v1/transactions:scoreBatch", many)[0] == 400


def test_with_the_store_down_it_is_scored_flagged_and_the_update_waits(stack: Stack) -> None:
    stack.call("POST", SCORE, body(0))
    stack.valkey.stop()
    status, decision = stack.call("POST", SCORE, body(1))
    assert (status, decision["degraded"], decision["source"]) == (200, ["feature_store"], "model")
    assert decision["features"]["count_1h"] is None
    (message,) = stack.messages("catch-up.fifo")
    assert json.loads(message["Body"])["request"]["transaction_id"] == "t1"


@pytest.mark.parametrize("shape", [sqs_event, kinesis_event, kafka_event])
def test_the_stream_decides_once_and_poison_says_why(stack: Stack, shape: Callable[..., Any]) -> None:
    now = datetime.now(UTC)
    bodies = [body(k, at=(now - timedelta(minutes=30 - k)).isoformat()) for k in range(8)]
    event = shape([*bodies[:4], "{", body(9, currency="ZZZ"), *bodies[4:]])
    for _ in range(2):
        assert stack.stream(event, CONTEXT) == {"batchItemFailures": []}
    assert stack.dynamo.scan(TableName="decisions")["Count"] == 8
    status, decision = stack.call("POST", SCORE, bodies[7])
    assert (status, decision["features"]["count_1h"]) == (200, 8.0), "the API gives the stream's answer"
    letters = stack.messages("dead.fifo")
    attributes = [{k: v["StringValue"] for k, v in each["MessageAttributes"].items()} for each in letters]
    assert [(each["reason"], each["field"]) for each in attributes] == [
        ("Invalid request", "$"), ("Invalid request", "currency"),
    ], "the second time it is dropped as a duplicate"  # fmt: skip
    assert letters[0]["Body"] == "{"


def test_a_log_that_is_gone_fails_the_records_and_they_come_again(stack: Stack) -> None:
    event = sqs_event([body(0), body(1)])
    stack.dynamo.delete_table(TableName="decisions")
    failed = stack.stream(event, CONTEXT)["batchItemFailures"]
    assert failed == [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]
    stack.dynamo.create_table(
        TableName="decisions", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST",
    )  # fmt: skip
    assert stack.stream(event, CONTEXT) == {"batchItemFailures": []}
    assert stack.dynamo.scan(TableName="decisions")["Count"] == 2


def test_a_label_reaches_the_terminal_and_the_learners_memory(stack: Stack, bucket: Any) -> None:
    decision = stack.call("POST", SCORE, body(0, merchant_id="m"))[1]
    assert decision["features"]["terminal_labels"] == 0.0
    path = {"pathParameters": {"id": decision["decision_id"]}}
    assert stack.call("POST", "/v1/decisions/{id}/label", {"label": "fraud", "by": "ana"}, **path)[0] == 200
    (message,) = stack.messages("labels.fifo")
    event = {"Records": [{"messageId": "m0", "body": message["Body"]}]}
    for _ in range(2):
        assert stack.learner(event, CONTEXT) == {"batchItemFailures": []}
    held = bucket.get_object(Bucket="triage-test", Key="transactions/learning/state.json")["Body"].read()
    state = json.loads(held)
    assert list(state["rows"]) == [decision["decision_id"]]
    assert state["new"] == 1
    later = stack.call("POST", SCORE, body(1, merchant_id="m", card_id="other"))[1]
    assert later["features"]["terminal_labels"] == pytest.approx(1.0, abs=0.01)
    assert later["features"]["terminal_risk_7d"] > 0.3
