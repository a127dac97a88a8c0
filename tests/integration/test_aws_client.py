"""Our signed client against a server that speaks S3 and DynamoDB; boto3 reads what it wrote."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from lambdas.core.aws import Bucket, Dynamo, Message, Queue, Topic
from lambdas.core.decision_log import DecisionLog, Entry, Label
from lambdas.core.errors import Conflict, DependencyDown, NotFound, PreconditionFailed
from lambdas.core.schema import Decision

pytestmark = pytest.mark.integration


def entry(name: str, outcome: str = "A") -> Entry:
    decision = Decision(
        decision_id=name, outcome=outcome, review=False, reasons=[], confidence=0.5, source="model",
        variant="champion", model_version="v", degraded=[], decided_at="2026-01-01T00:00:00.000Z",
    )  # fmt: skip
    return Entry(decision, f"digest of {outcome}", b"{}", "tickets", "customer")


@pytest.mark.parametrize("key", ["a/b.json", "with space+plus/é=1.txt"])
def test_an_object_is_read_and_not_read_again_while_its_etag_holds(bucket: Any, key: str) -> None:
    bucket.put_object(Bucket="triage-test", Key=key, Body=b"content")
    reader = Bucket("triage-test")
    found = reader.get(key)
    assert found is not None
    assert found.body == b"content"
    assert reader.get(key, unless_etag=found.etag) is None
    bucket.put_object(Bucket="triage-test", Key=key, Body=b"changed")
    assert reader.get(key, unless_etag=found.etag) == (b"changed", found_etag(bucket, key))


def found_etag(bucket: Any, key: str) -> str:
    return str(bucket.head_object(Bucket="triage-test", Key=key)["ETag"])


def test_a_missing_object_is_not_found(bucket: Any) -> None:
    with pytest.raises(NotFound, match="s3://triage-test/nothing"):
        Bucket("triage-test").get("nothing")


def test_a_decision_is_written_once_and_the_second_writer_sees_the_first(table: Any) -> None:
    log = DecisionLog("decisions", Dynamo(), ttl_days=1)
    assert log.record([entry("tickets.1")]) == [None]
    again = log.record([entry("tickets.1", outcome="B")])[0]
    assert again is not None
    assert (again.digest, json.loads(again.answer)["outcome"]) == ("digest of A", "A")
    item = table.get_item(TableName="decisions", Key={"id": {"S": "tickets.1"}})["Item"]
    assert item["outcome"]["S"] == "A"
    assert item["entity"]["S"] == "customer"


def test_a_batch_is_written_whole_and_keeps_what_stood_there(table: Any) -> None:
    log = DecisionLog("decisions", Dynamo(), ttl_days=1)
    log.record([entry("tickets.3")])
    results = log.record([entry(f"tickets.{k}", outcome="B") for k in range(6)])
    assert [result is None for result in results] == [True, True, True, False, True, True]
    assert table.scan(TableName="decisions")["Count"] == 6


def test_of_many_writers_of_one_id_exactly_one_wins(table: Any) -> None:
    def write(k: int) -> bool:
        log = DecisionLog("decisions", Dynamo(timeout=10.0), ttl_days=1)
        return log.record([entry("tickets.same", outcome=str(k))]) == [None]

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(16))) == 1


def test_a_missing_table_is_a_dependency_down_that_says_why(aws: str) -> None:
    with pytest.raises(DependencyDown, match="ResourceNotFoundException"):
        DecisionLog("nowhere", Dynamo(), ttl_days=1).record([entry("tickets.1")])


def test_an_object_is_written_over_only_what_was_read(bucket: Any) -> None:
    ours = Bucket("triage-test")
    etag = ours.put("state.json", b"1")
    newer = ours.put("state.json", b"2", if_etag=etag)
    with pytest.raises(PreconditionFailed):
        ours.put("state.json", b"3", if_etag=etag)
    with pytest.raises(PreconditionFailed):
        ours.put("state.json", b"3", if_new=True)
    assert ours.get("state.json") == (b"2", newer)
    ours.put("fresh.json", b"1", if_new=True)


def test_keys_are_listed_page_by_page_from_one_on(bucket: Any) -> None:
    keys = [f"listed/{k:04}.json" for k in range(1_003)] + ["listed/with space+plus&é<1>.txt"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: bucket.put_object(Bucket="triage-test", Key=key, Body=b"1"), keys))
    ours = Bucket("triage-test")
    assert list(ours.keys("listed/")) == keys
    assert list(ours.keys("listed/", "listed/1000")) == keys[1_000:]
    assert list(ours.keys("listed/w")) == keys[-1:]
    before = datetime.now(UTC)
    again = ours.put(keys[-1], b"2")
    after = datetime.now(UTC)
    (listed,) = ours.listed("listed/w")
    assert listed[:2] == (keys[-1], again)
    second = timedelta(seconds=1)  # S3 tells no finer
    assert before - second <= datetime.fromisoformat(listed.written) <= after + second
    assert {each.etag for each in ours.listed("listed/0")} == {ours.put("one.json", b"1")} != {again}
    assert list(ours.keys("nothing/")) == []
    with pytest.raises(DependencyDown, match="404 to a listing"):
        list(Bucket("triage-nowhere").keys(""))


def test_a_decision_is_read_and_labelled(table: Any) -> None:
    log = DecisionLog("decisions", Dynamo(), ttl_days=1)
    log.record([entry("tickets.1")])
    assert log.get("tickets.1").label is None
    log.label("tickets.1", Label("A", "1", "ana"))
    log.label("tickets.1", Label("B", "2", "ana"))
    with pytest.raises(Conflict, match="'B'"):
        log.label("tickets.1", Label("A", "3", "bo"))
    assert log.get("tickets.1").label == Label("B", "2", "ana")
    for ask in (log.get, lambda name: log.label(name, Label("A", "1", "ana"))):
        with pytest.raises(NotFound):
            ask("tickets.nothing")


def test_a_message_is_published(aws: str) -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    Topic(topic).publish("Card stopped", "é & more", {"outcome": "decline"})
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    told = json.loads(message["Body"])
    assert (told["Subject"], told["Message"]) == ("Card stopped", "é & more")
    assert told["MessageAttributes"]["outcome"]["Value"] == "decline"


def test_a_topic_that_is_not_there_is_a_dependency_down(aws: str) -> None:
    with pytest.raises(DependencyDown, match="NotFound"):
        Topic("arn:aws:sns:us-east-1:123456789012:nothing").publish("a", "b")


def test_messages_are_sent_in_order_and_what_is_refused_is_told(aws: str) -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="ours.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    queue = Queue(url)
    assert queue.send([Message(f"m{k}", "g", f"id{k}", {"reason": "é"}) for k in range(23)]) == {}
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert [message["Body"] for message in got] == [f"m{k}" for k in range(10)]
    assert got[0]["MessageAttributes"]["reason"]["StringValue"] == "é"
    assert Queue(url).send([Message("x" * 200_000, "g", f"big{k}") for k in range(3)]) == {}
    assert "QueueDoesNotExist" in Queue(f"{url}-nothing").send([Message("a")])[0]
