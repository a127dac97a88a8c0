"""From a decision to what is read of it later: a real stream feeds the observer and the outflow."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cdk.constructs.observer import OBSERVER
from cdk.service import Worker
from cdk.services import OUTFLOW
from cdk.stacks.review import TO_BE_REVIEWED, TO_BE_TOLD
from lambdas.core.aws import Bucket, Dynamo
from lambdas.core.decision_log import Compared, DecisionLog, Entry, Label
from lambdas.core.marks import Marks
from lambdas.core.service import kept
from lambdas.observations.read import Observations
from lambdas.observations.record import row_id
from lambdas.observations.window import Window
from lambdas.tickets import observed as tickets
from lambdas.tickets.schema import TicketDecision, TicketRequest
from local.daemon import free_port
from local.emulator import launch, stop, wait
from local.environment import aws_environment, client
from local.place import ROOT, Place
from tests.support.review import AUDIT, DECISIONS, REVIEWS, create_tables

pytestmark = pytest.mark.integration

BUCKET = "artifacts"
LIMIT = 30.0


@dataclass
class World:
    """A running embedded AWS in which the log's stream feeds its two readers."""

    endpoint: str
    inbox: str

    def client(self, service: str) -> Any:
        return client(service, self.endpoint)

    def window(self, service: str = "tickets") -> Window:
        now = datetime.now(UTC)
        read = Observations(Bucket(BUCKET), service)
        return read.between(now - timedelta(hours=1), now + timedelta(hours=1))

    def alerts(self) -> list[str]:
        """The subjects of the alerts so far."""
        found = self.client("sqs").receive_message(
            QueueUrl=self.inbox, MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [json.loads(message["Body"])["Subject"] for message in found.get("Messages", ())]

    def reviews(self) -> list[str]:
        return [item["id"]["S"] for item in self.client("dynamodb").scan(TableName=REVIEWS)["Items"]]


def until(look: Callable[[], Any], good: Callable[[Any], object], what: str) -> Any:
    """What `look` returns, as soon as it is `good`."""
    deadline = time.monotonic() + LIMIT
    while not good(found := look()):
        assert time.monotonic() < deadline, f"after {LIMIT:.0f} s still not: {what}"
        time.sleep(0.2)
    return found


def entry(name: str, *, alert: bool = False, review: bool = False) -> Entry:
    ticket = TicketRequest(body=f"my invoice number {name} is wrong", language="en", customer_id="ana")
    decision = TicketDecision(
        decision_id=f"tickets.{name}", outcome="Billing", review=review, reasons=[], confidence=0.8,
        source="model", variant="champion", model_version="v1", degraded=[], ticket_id=None, outputs={},
        terms=[], decided_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )  # fmt: skip
    asked, digest = kept(ticket)
    return Entry(
        decision, digest, asked, "tickets", "ana", Marks(alert=alert), assigned_version="v1", ms=1.5,
        other=Compared("v2", "General", True, 0.5, 2.5),
    )  # fmt: skip


def function(world: World, worker: Worker, stream: str, filters: list[Any], **environment: str) -> None:
    """`worker` as the function that reads the stream, with the mapping's own filters."""
    module = worker.handler.rpartition(".")[0]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr(
            "entry.py", f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom {module} import handle\n"
        )
    name = module.split(".")[1]
    own = {
        name: value
        for name, value in aws_environment({}, world.endpoint).items()
        if name.startswith("AWS_") and not name.endswith("_FILE")
    }
    world.client("lambda").create_function(
        FunctionName=name, Runtime="python3.12", Handler="entry.handle", Timeout=worker.timeout_seconds,
        Role="arn:aws:iam::000000000000:role/any", Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {**own, **environment, "POWERTOOLS_SERVICE_NAME": name}},
    )  # fmt: skip
    world.client("lambda").create_event_source_mapping(
        FunctionName=name, EventSourceArn=stream, StartingPosition="TRIM_HORIZON", BatchSize=100,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)} for pattern in filters]},
    )  # fmt: skip


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    place = Place(root=ROOT, folder=tmp_path / "aws", build=tmp_path / "build")
    place.create()
    emulator = launch(place, free_port())
    try:
        wait(emulator, place)
        for name, value in aws_environment({}, emulator.endpoint).items():
            monkeypatch.setenv(name, value)
        client("s3", emulator.endpoint).create_bucket(Bucket=BUCKET)
        sns, sqs = (client(name, emulator.endpoint) for name in ("sns", "sqs"))
        inbox, untold = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("inbox", "untold"))
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        made = World(emulator.endpoint, inbox)
        dynamodb = made.client("dynamodb")
        create_tables(dynamodb)
        streaming = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
        stream = dynamodb.update_table(TableName=DECISIONS, StreamSpecification=streaming)
        stream = stream["TableDescription"]["LatestStreamArn"]
        function(made, OBSERVER, stream, [{"eventName": ["INSERT", "MODIFY"]}], ARTIFACTS_BUCKET=BUCKET)
        function(
            made, OUTFLOW, stream, [TO_BE_REVIEWED, TO_BE_TOLD], REVIEWS_TABLE=REVIEWS, AUDIT_TABLE=AUDIT,
            ALERT_TOPIC_ARN=topic, UNTOLD_QUEUE_URL=untold,
        )  # fmt: skip
        yield made
    finally:
        stop(emulator)


def test_a_decision_is_observed_queued_and_told_and_its_label_follows(world: World) -> None:
    log = DecisionLog(DECISIONS, Dynamo(timeout=10.0), ttl_days=30)
    log.record([entry("1"), entry("2", alert=True), entry("3", alert=True, review=True)])
    found = until(world.window, lambda window: len(window) == 3, "all are observed")
    assert set(found.id.tolist()) == {row_id(f"tickets.{k}") for k in "123"}
    assert found.names == tickets.NAMES
    assert found.other_outcome.is_("General").all()
    assert found.ms.tolist() == [1.5] * 3
    assert until(world.reviews, bool, "it is in the queue") == ["tickets.3"]
    assert len(until(world.alerts, lambda told: len(told) >= 2, "both are told")) == 2
    log.label("tickets.3", Label("Complaint", "2026-11-03T12:00:00Z", "ana"))
    labelled = until(world.window, lambda window: window.label.is_("Complaint").any(), "its label")
    assert len(labelled) == 3
    assert labelled.id[labelled.label.is_("Complaint")].tolist() == [row_id("tickets.3")]
    assert (world.reviews(), len(world.alerts())) == (["tickets.3"], 2), "a label queues and tells nothing"
