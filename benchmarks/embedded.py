"""The embedded AWS and a real Valkey for a benchmark; the environment points at them while they run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.daemon import free_port
from local.emulator import launch, stop, wait
from local.environment import aws_environment, client
from local.place import ROOT, Place
from tests.support.valkey import Valkey, valkey

BUCKET, DECISIONS, SECRET = "triage-bench", "triage-bench-decisions", "triage/bench-store"


@dataclass
class Embedded:
    """A running embedded AWS at `endpoint`; `folder` goes when it ends."""

    folder: Path
    endpoint: str

    def client(self, service: str) -> Any:
        """A boto3 client of it."""
        return client(service, self.endpoint)


@dataclass
class FraudAws(Embedded):
    """The same with what the transaction functions need, and their bundle's version published."""

    store: Valkey
    catch_up_url: str
    dead_letter_url: str
    version: str


@contextmanager
def embedded_aws() -> Iterator[Embedded]:
    """An embedded AWS with the artifacts bucket and the decision log."""
    folder = Path(tempfile.mkdtemp(prefix="triage-bench-"))
    place = Place(root=ROOT, folder=folder / "aws", build=folder / "build")
    place.create()
    emulator = launch(place, free_port())
    before = dict(os.environ)
    try:
        wait(emulator, place)
        os.environ.update(aws_environment(os.environ, emulator.endpoint))
        os.environ.update(
            ARTIFACTS_BUCKET=BUCKET, DECISIONS_TABLE=DECISIONS, MODEL_CACHE_DIR=str(folder / "models"),
            PYTHONPATH=str(ROOT), ROLLOUT_REFRESH_SECONDS="3600",
        )  # fmt: skip
        made = Embedded(folder, emulator.endpoint)
        made.client("s3").create_bucket(Bucket=BUCKET)
        made.client("dynamodb").create_table(
            TableName=DECISIONS,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield made
    finally:
        os.environ.clear()
        os.environ.update(before)
        stop(emulator)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fraud_aws(rows: int, build: Path | None = None) -> Iterator[FraudAws]:
    """What the transaction functions need, with a model trained on `rows` synthetic rows and published.

    A `build` folder with a trained bundle saves the training.

    Their modules read the environment when they are imported: import them inside.
    """
    with embedded_aws() as aws:
        (aws.folder / "valkey").mkdir()
        with valkey(aws.folder / "valkey") as store:
            aws.client("secretsmanager").create_secret(Name=SECRET, SecretString=store.url)
            queues = {name: _fifo(aws, name) for name in ("catch-up", "dead-letters", "labels")}
            os.environ.update(
                FEATURE_STORE_SECRET=SECRET, CATCH_UP_QUEUE_URL=queues["catch-up"],
                DEAD_LETTER_QUEUE_URL=queues["dead-letters"], LABEL_QUEUE_URL=queues["labels"],
                POWERTOOLS_SERVICE_NAME="transactions", POWERTOOLS_LOG_LEVEL="CRITICAL",
            )  # fmt: skip
            version = _published(build or _trained(aws.folder / "build", rows))
            yield FraudAws(
                aws.folder, aws.endpoint, store, queues["catch-up"], queues["dead-letters"], version
            )


def run_module(*arguments: str) -> None:
    """Run a module of the project in a process of its own, in the present environment."""
    subprocess.run([sys.executable, "-m", *arguments], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def _trained(build: Path, rows: int) -> Path:
    print("training the fraud model ...", flush=True)
    given = ["--build-dir", str(build), "--no-tracking"]
    run_module("model_build", "train", "transactions", "--rows", str(rows), *given)
    return build


def _published(build: Path) -> str:
    from model_build.bundle import built_bundles

    given = ["--build-dir", str(build), "--no-tracking"]
    run_module("model_build", "publish", "transactions", "--bucket", BUCKET, *given)
    return built_bundles(build / "transactions" / "bundles", "transactions")[-1].version


def _fifo(aws: Embedded, name: str) -> str:
    made = aws.client("sqs").create_queue(
        QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "120"}
    )
    return str(made["QueueUrl"])
