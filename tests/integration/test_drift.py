"""The nightly job by our own S3 client, and `make drift` by boto3, over one bucket."""

from __future__ import annotations

from typing import Any

import boto3
import msgspec
import pytest

from lambdas.core.aws import Bucket
from lambdas.core.notices import Links
from lambdas.drift.job import LATE, DriftJob
from lambdas.drift.limits import Limits
from lambdas.drift.report import Report
from local.drift import S3Objects, report_of, span
from tests.support.observations import MemoryBucket
from tests.unit.lambdas.drift.test_job import UNTIL, WORLD, Told, publish, put_day

pytestmark = pytest.mark.integration


@pytest.fixture
def filled(bucket: Any) -> Any:
    memory = MemoryBucket()
    publish(memory, WORLD)
    put_day(memory, WORLD, 0, 300)
    for key, body in memory.objects.items():
        bucket.put_object(Bucket="triage-test", Key=key, Body=body)
    return bucket


def test_both_see_the_same_and_the_night_leaves_its_report(filled: Any) -> None:
    job = DriftJob(
        Bucket("triage-test"), Told(), ["tickets"], limits=Limits(), label_outcomes={}, links=Links(),
        now=lambda: UNTIL + LATE,
    )  # fmt: skip
    done = job({}, None)
    assert done == {"tickets": {"decisions": 300, "alarm": False, "off": 0}}
    objects = S3Objects(boto3.client("s3"), "triage-test")
    nightly = msgspec.json.decode(objects.get("tickets/drift/latest.json").body, type=Report)
    page = filled.get_object(Bucket="triage-test", Key=f"tickets/drift/{UNTIL:%Y-%m-%d}.html")
    assert page["ContentType"].startswith("text/html") and b"<svg" in page["Body"].read()
    here = report_of(objects, "tickets", *span(None, UNTIL.isoformat(), UNTIL))
    assert here.decisions == nightly.decisions == 300 and not here.counts
    assert {each.name for each in here.findings} == {each.name for each in nightly.findings}
