"""A run that nobody waits for and that fails lies in the queue of failed jobs, and the watch counts it.

The emulator's schedules start functions without this (docs/local.md), so the run is started as EventBridge
starts it on AWS: by an asynchronous invocation.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any

import pytest

from lambdas.core.aws import Queue
from lambdas.watch.watch import Watch
from local.environment import aws_environment, client
from tests.support.events import CONTEXT, fresh_telemetry

SECONDS = 60.0


def failing(functions: Any) -> None:
    """Make a function whose every run fails."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("job.py", "def handle(event, context):\n    raise RuntimeError('no books today')\n")
    functions.create_function(
        FunctionName="triage-job", Runtime="python3.14", Handler="job.handle",
        Role="arn:aws:iam::000000000000:role/job", Code={"ZipFile": packed.getvalue()},
    )  # fmt: skip


def test_a_run_that_fails_is_told_to_the_queue_and_the_watch_counts_it(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws_environment({}, endpoint).items():
        monkeypatch.setenv(name, value)
    sqs, functions = client("sqs", endpoint), client("lambda", endpoint)
    url = sqs.create_queue(QueueName="triage-jobs-dlq")["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    failing(functions)
    functions.put_function_event_invoke_config(
        FunctionName="triage-job", Qualifier="$LATEST", MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": asked["Attributes"]["QueueArn"]}},
    )  # fmt: skip
    functions.invoke(FunctionName="triage-job", InvocationType="Event", Payload=b"{}")

    watch = Watch({"scheduled jobs": Queue(url, timeout=5.0)}, fresh_telemetry("watch"))
    deadline = time.monotonic() + SECONDS
    while (found := watch({}, CONTEXT)) != {"scheduled jobs": 1}:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    told = json.loads(message["Body"])
    assert told["requestContext"]["functionArn"].endswith("triage-job")
    assert "no books today" in told["responsePayload"]["errorMessage"]
