"""What the content benchmarks run on: an embedded AWS, and a content and a ticket bundle published to it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.embedded import BUCKET, Embedded, embedded_aws, run_module
from local.place import ROOT

UPLOADS = "triage-bench-uploads"
TEXTS = (
    "Thank you all for the lovely evening, see you next week at the library",
    "Eres un idiota y un inútil, nadie te quiere aquí, vete ya",
    "Tu es vraiment pathétique, va pleurer ailleurs et laisse-nous tranquilles",
    "Has anybody seen my keys? I left them on the table after the meeting yesterday",
    "You are such a loser, everybody laughs about your stupid posts",
)


ENCODED = "triage-bench-encoded"
"""The bucket with a ticket model that has the content model's encoder."""


@dataclass
class Content(Embedded):
    """The embedded AWS; `build` holds what was trained."""

    build: Path

    def forget_downloads(self) -> None:
        """Empty the function's /tmp, as a new sandbox would have it."""
        shutil.rmtree(self.folder / "models", ignore_errors=True)


def event(resource: str, body: object) -> dict[str, Any]:
    """A proxy event."""
    return {"httpMethod": "POST", "resource": resource, "body": json.dumps(body), "isBase64Encoded": False}


def post(**said: Any) -> dict[str, Any]:
    """A proxy event for one post."""
    return event("/v1/content:moderate", said)


@contextmanager
def prepared(*, tickets: bool = True, rows: int = 3_000) -> Iterator[Content]:
    """Both services trained on generated rows and published; the environment points at them.

    `TRIAGE_BENCH_BUILD` names a build folder whose bundles are taken instead.
    """
    os.environ.setdefault("TRIAGE_PRETRAINED", str(ROOT / "build" / "pretrained"))
    given = os.environ.get("TRIAGE_BENCH_BUILD")
    with embedded_aws() as aws:
        aws.client("s3").create_bucket(Bucket=UPLOADS)
        queue = aws.client("sqs").create_queue(QueueName="later.fifo", Attributes={"FifoQueue": "true"})
        os.environ.update(
            UPLOADS_BUCKET=UPLOADS, LATER_QUEUE_URL=queue["QueueUrl"], POWERTOOLS_LOG_LEVEL="CRITICAL"
        )
        build = Path(given) if given else aws.folder / "build"
        _publish("content", build, rows)
        if tickets:
            _publish("tickets", build, rows)
            aws.client("s3").create_bucket(Bucket=ENCODED)
            _publish("tickets", build / "encoded", rows, "--encoder", "use", bucket=ENCODED)
        yield Content(aws.folder, aws.endpoint, build)


def _publish(service: str, build: Path, rows: int, *options: str, bucket: str = BUCKET) -> None:
    """A model trained on `rows` generated rows, unless `build` has one, published to `bucket`."""
    given = ["--build-dir", str(build), "--no-tracking"]
    if not (build / service / "bundles").is_dir():
        print(f"training {service} {' '.join(options)} ...", flush=True)
        run_module("model_build", "train", service, "--rows", str(rows), *options, *given)
    run_module("model_build", "publish", service, "--bucket", bucket, *given, "--force")
