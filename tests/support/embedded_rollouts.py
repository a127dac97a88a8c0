"""The real state machine and its function in an embedded AWS of their own, without the rest of the app."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from cdk.constructs.rollout_machine import MACHINE, definition
from lambdas.core.variant import Rollout, assign, decode_rollout
from lambdas.observations.record import Observation, folder
from lambdas.rollout.record import Asked, Plan, Record, Step
from lambdas.rollout.store import RolloutStore
from local.daemon import free_port
from local.emulator import launch, stop, wait
from local.environment import client
from local.learning import Where
from local.place import ROOT, Place
from local.rollout_place import RolloutPlace
from model_build.objects import BotoObjects
from tests.support.observations import object_of
from tests.support.rollouts import SERVICE, manifest_of, passed, ref

BUCKET = "artifacts"
HANDLER = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from lambdas.rollout.handler import handle
"""
PLAN = Plan(
    steps=[Step(0.1), Step(0.5), Step(1.0)], wait_seconds=1, most_wait_seconds=60, least_decisions=40,
    least_entities=10, compare=0.5,
)  # fmt: skip
LIMIT = 60.0


@dataclass
class Embedded:
    """The clients of a running embedded AWS, and the rollouts of one service in it."""

    endpoint: str
    queue: str
    outputs: dict[str, dict[str, str]]

    def __post_init__(self) -> None:
        self.objects = BotoObjects(self.client("s3"), BUCKET)
        self.store = RolloutStore(self.objects, SERVICE)

    def client(self, service: str) -> Any:
        return client(service, self.endpoint)

    @property
    def where(self) -> Where:
        return Where(self.outputs, {}, self.client)

    @property
    def place(self) -> RolloutPlace:
        return RolloutPlace(self.where, SERVICE)

    def fresh(self) -> None:
        """`v1` answers, nothing was ever rolled out, and `v2` has passed its pre-flight."""
        s3 = self.client("s3")
        for key in list(self.objects.keys("")):
            s3.delete_object(Bucket=BUCKET, Key=key)
        for version in ("v1", "v2", "v3"):
            self.objects.put(f"{SERVICE}/bundles/{version}/manifest.json", manifest_of(version))
        self.publish(Rollout(service=SERVICE, champion=ref("v1")))
        self.store.set_preflight(passed("v2"))
        self.mails()

    def publish(self, rollout: Rollout) -> None:
        self.objects.put(f"{SERVICE}/rollout.json", msgspec.json.encode(rollout))

    def start(self, rollout_id: str, attempt: int = 1, plan: Plan = PLAN) -> None:
        self.place.start(
            Asked(service=SERVICE, id=rollout_id, by="ana@desk", version="v2", plan=plan, attempt=attempt)
        )

    def until(self, done: Callable[[], Any], what: str) -> Any:
        """What `done` returns as soon as that is true."""
        deadline = time.monotonic() + LIMIT
        while not (found := done()):
            assert time.monotonic() < deadline, f"after {LIMIT:.0f} s still not: {what}"
            time.sleep(0.1)
        return found

    def ended(self, rollout_id: str, attempt: int = 1) -> Record:
        """The record once the state machine has ended."""
        self.until(lambda: not self.place.execution(rollout_id, attempt).runs, "the machine has ended")
        return self.store.record(rollout_id).value

    def mails(self) -> list[tuple[str, str]]:
        """The (subject, text) of the mails that came since the last time."""
        sqs, found = self.client("sqs"), []
        while batch := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                body = json.loads(message["Body"])
                found.append((body["Subject"], body["Message"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found


@contextmanager
def embedded_rollouts(folder_: Path) -> Iterator[Embedded]:
    """An embedded AWS with the bucket, the topic with an inbox, the function and the state machine."""
    place = Place(root=ROOT, folder=folder_ / "aws", build=folder_ / "build")
    place.create()
    emulator = launch(place, free_port())
    try:
        wait(emulator, place)
        endpoint = emulator.endpoint
        client("s3", endpoint).create_bucket(Bucket=BUCKET)
        topic, queue = _inbox(endpoint)
        machine = _machine(endpoint, _function(endpoint, topic))
        outputs = {
            "Triage-Artifacts": {"ArtifactsBucket": BUCKET},
            "Triage-Operations": {
                "RolloutMachineArn": machine, "AlarmTopicArn": topic, "DashboardUrl": "https://dash",
            },
        }  # fmt: skip
        yield Embedded(endpoint, queue, outputs)
    finally:
        stop(emulator)


def _inbox(endpoint: str) -> tuple[str, str]:
    sns, sqs = client("sns", endpoint), client("sqs", endpoint)
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, queue


def _function(endpoint: str, topic: str) -> str:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("entry.py", HANDLER)
    made = client("lambda", endpoint).create_function(
        FunctionName="rollout", Runtime="python3.12", Handler="entry.handle", Timeout=60,
        Role="arn:aws:iam::000000000000:role/any", Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {
            "ARTIFACTS_BUCKET": BUCKET, "ALARM_TOPIC_ARN": topic, "ROLLOUT_REFRESH_SECONDS": "0.1",
            "POWERTOOLS_SERVICE_NAME": "rollout", "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
        }},
    )  # fmt: skip
    return str(made["FunctionArn"])


def _machine(endpoint: str, function: str) -> str:
    states = json.dumps(definition()).replace("${Function}", function)
    made = client("stepfunctions", endpoint).create_state_machine(
        name=MACHINE, definition=states, roleArn="arn:aws:iam::000000000000:role/any"
    )
    return str(made["stateMachineArn"])


class Traffic:
    """Entities that come and are decided by whoever rollout.json names, and what the observer writes of it.

    A challenger that is `broken` fails, so that the rules answer in its place.
    """

    def __init__(self, embedded: Embedded, *, broken: bool = False) -> None:
        self._embedded = embedded
        self._broken = broken
        self._objects = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.2):
            now = datetime.now(UTC)  # before it looks, as a function does
            raw = self._embedded.objects.get(f"{SERVICE}/rollout.json")
            assert raw is not None
            live = decode_rollout(raw.body, SERVICE)
            lines = [self._decision(live, now, k) for k in range(150)]
            key = f"{folder(SERVICE, now)}{self._objects:08d}.jsonl.gz"
            self._objects += 1
            self._embedded.objects.put(key, object_of(SERVICE, [], lines))

    def _decision(self, live: Rollout, now: datetime, k: int) -> Observation:
        entity = f"{(self._objects * 150 + k):016x}"
        assigned = assign(live, entity)
        named = live.challenger if assigned == "challenger" else live.champion
        failed = self._broken and assigned == "challenger"
        return Observation(
            id=f"{self._objects}-{k}",
            at=now.isoformat(timespec="milliseconds"),
            outcome="Billing" if k % 3 else "Technical",
            review=failed,
            confidence=0.0 if failed else 0.9,
            assigned=assigned,
            variant="champion" if failed else assigned,
            version=named.version if named else None,
            ms=2.0,
            entity=entity,
        )


__all__ = ["BUCKET", "PLAN", "Embedded", "Traffic", "embedded_rollouts"]
