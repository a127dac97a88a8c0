"""Content with AWS's own protocols behind it: uploads, kept media, links, the queue, the amended decision."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest

from lambdas.content.later import Later
from lambdas.content.media import MediaStore
from lambdas.content.schema import UploadRequest
from lambdas.content.transcribing import Transcribing
from lambdas.content.uploads import Uploads
from lambdas.core.assets import Assets, key_of
from lambdas.core.aws import Bucket, Dynamo, Queue
from lambdas.core.bundle import FileEntry
from lambdas.core.decide import Decider
from lambdas.core.decision_log import DecisionLog
from lambdas.core.errors import NotFound
from lambdas.core.http import Asked
from tests.support.content_world import NOW, ContentWorld, post
from tests.support.posts import as_data, png, wav

pytestmark = pytest.mark.integration
BUCKET = "triage-test"


class RealWorld(ContentWorld):
    """The content service with a bucket, a table and a queue that speak AWS's protocols."""

    def __init__(self, tmp_path: Path, queue_url: str) -> None:
        super().__init__(tmp_path)
        self.bucket = Bucket(BUCKET)
        self.media = MediaStore(self.bucket)
        self.service._media, self.service._later = self.media, Later(Queue(queue_url))
        self.log = DecisionLog("decisions", Dynamo(), ttl_days=30)
        self.decider = Decider(
            self.service, store=self.store, log=self.log, telemetry=self.telemetry, now=lambda: NOW
        )
        self.worker = Transcribing(self.service, self.media, self.store, self.log, self.telemetry, sample=0.0)


@pytest.fixture
def queue_url(aws: str) -> str:
    made = boto3.client("sqs").create_queue(QueueName="later.fifo", Attributes={"FifoQueue": "true"})
    return str(made["QueueUrl"])


@pytest.fixture
def world(bucket: Any, table: Any, queue_url: str, tmp_path: Path) -> RealWorld:
    return RealWorld(tmp_path, queue_url)


def test_a_post_with_media_is_kept_and_found_by_a_link(world: RealWorld, table: Any, bucket: Any) -> None:
    (answer,) = world.decider.decide([post(content_id="p", text="hello", image=as_data(png()))])
    item = table.get_item(TableName="decisions", Key={"id": {"S": answer.decision_id}})["Item"]
    kept = json.loads(item["asked"]["S"])["image"]
    assert bucket.head_object(Bucket=BUCKET, Key=kept["key"])["ContentType"] == "image/png"
    with urllib.request.urlopen(world.bucket.link(kept["key"], seconds=60)) as found:  # noqa: S310
        assert found.read() == png()
    assert world.decider.decide([post(content_id="p", text="hello", image=as_data(png()))]) == [answer]


def test_long_speech_goes_through_the_queue_and_is_amended(world: RealWorld, queue_url: str) -> None:
    world.ears.words, world.ears.seconds = "kill", 60.0
    (first,) = world.decider.decide([post(content_id="p", audio=as_data(wav()))])
    assert first.pending == ["audio"]
    (message,) = boto3.client("sqs").receive_message(
        QueueUrl=queue_url, AttributeNames=["ApproximateReceiveCount"]
    )["Messages"]
    record = {
        "messageId": message["MessageId"],
        "body": message["Body"],
        "attributes": message["Attributes"],
    }
    assert world.worker({"Records": [record]}, None) == {"batchItemFailures": []}
    logged = world.log.get(first.decision_id)
    assert (logged.pending, logged.alerted) == ((), True)
    assert json.loads(logged.answer)["outcome"] == "remove"
    assert world.worker({"Records": [record]}, None) == {"batchItemFailures": []}
    assert world.log.get(first.decision_id) == logged


def test_a_form_has_all_that_s3_asks_for(world: RealWorld) -> None:
    form = Uploads(world.bucket)(Asked(UploadRequest("image", "image/png"), {}, {}, {}, "key"))
    assert {"key", "Content-Type", "policy", "x-amz-signature", "x-amz-credential"} <= set(form.fields)
    assert form.url.endswith(f"/{BUCKET}/")
    with pytest.raises(NotFound):
        world.bucket.size(form.key)


def test_an_asset_is_downloaded_in_pieces_and_checked(bucket: Any, tmp_path: Path) -> None:
    body = bytes(range(256)) * 20_000
    entry = FileEntry(hashlib.sha256(body).hexdigest(), len(body))
    bucket.put_object(Bucket=BUCKET, Key=key_of("content", entry.sha256), Body=body)
    assert Bucket(BUCKET).size(key_of("content", entry.sha256)) == len(body)
    folder = Assets("content", Bucket(BUCKET), tmp_path).folder("net", {"net.onnx": entry})
    assert (folder / "net.onnx").read_bytes() == body
