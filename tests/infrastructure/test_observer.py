"""The observer: reads the decision log's stream, writes below one prefix, forgets in time, costs little."""

from __future__ import annotations

import json

import pytest

from cdk.constructs.observer import BATCH
from cdk.local_differences import AWS, LAPTOP
from cdk.services import SERVICES
from cdk.stacks.artifacts import OBSERVED_DAYS
from tests.infrastructure.assembly import Assembly, text
from tests.infrastructure.test_permissions import policy_of
from tests.infrastructure.test_streaming import environment, mapping, queues


def test_it_gets_what_is_new_or_amended_a_batch_at_a_time(plain: Assembly) -> None:
    found = mapping(plain, "observer")
    assert text(found["EventSourceArn"]).startswith("<Triage-State.PublishOutputFnGetAttDecisions")
    (pattern,) = [json.loads(f["Pattern"]) for f in found["FilterCriteria"]["Filters"]]
    assert pattern == {"eventName": ["INSERT", "MODIFY"]}, "an expiry is no decision"
    assert (found["BatchSize"], found["MaximumBatchingWindowInSeconds"]) == (BATCH, AWS.observe_seconds)
    assert AWS.observe_seconds <= 300, "Lambda waits no longer"
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (found["MaximumRetryAttempts"], found["MaximumRecordAgeInSeconds"]) == (1_000, 7_200)
    failed = queues(plain)["triage-observer-dlq"].logical_id
    assert found["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [failed, "Arn"]}


def test_on_the_laptop_it_hardly_waits(laptop: Assembly) -> None:
    assert mapping(laptop, "observer")["MaximumBatchingWindowInSeconds"] == LAPTOP.observe_seconds <= 2


def test_it_writes_observations_and_nothing_else(plain: Assembly) -> None:
    ((resources, _),) = policy_of(plain, "observer")["s3:PutObject"]
    assert [resource.rpartition(">/")[2] for resource in resources] == ["observations/*"]
    assert "s3:GetObject" not in policy_of(plain, "observer")


def test_it_knows_the_bound_of_every_service(plain: Assembly, more_services: Assembly) -> None:
    bounds = json.loads(environment(plain, "observer")["LOW_CONFIDENCE"])
    assert bounds == {service.name: service.low_confidence for service in SERVICES}
    assert "messages" in json.loads(environment(more_services, "observer")["LOW_CONFIDENCE"])


@pytest.mark.parametrize("variant", ["plain", "laptop"])
def test_observations_are_forgotten_in_time(variant: str, request: pytest.FixtureRequest) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    (bucket,) = assembly.resources("AWS::S3::Bucket", "Triage-Artifacts")
    rules = {rule["Id"]: rule for rule in bucket.properties["LifecycleConfiguration"]["Rules"]}
    assert rules["forget-observations"]["Prefix"] == "observations/"
    assert rules["forget-observations"]["ExpirationInDays"] == OBSERVED_DAYS == 35
    assert "ExpirationInDays" not in rules["forget-old-versions"]


@pytest.mark.parametrize("variant", ["plain", "everything", "laptop", "more_services"])
def test_the_decision_logs_stream_has_the_two_readers_that_it_can_feed(
    variant: str, request: pytest.FixtureRequest
) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    readers = [
        found
        for found in assembly.resources("AWS::Lambda::EventSourceMapping")
        if "Decisions" in text(found.properties.get("EventSourceArn", ""))
    ]
    assert len(readers) == 2
