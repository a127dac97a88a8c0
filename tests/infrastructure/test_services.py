"""A service is one entry of the list; everything else follows from it."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Sequence

import pytest

from cdk.constructs.fairness_monitor import watched
from cdk.service import Service, Worker
from cdk.services import CONSOLE, OUTFLOW, SERVICES, behind_the_api
from tests.infrastructure.assembly import Assembly
from tests.infrastructure.synthesize import more_services as listed

WORKERS = [
    OUTFLOW,
    *(
        worker
        for service in SERVICES
        for worker in (service.catch_up, service.stream, service.later, service.learner)
        if worker
    ),
]


@pytest.mark.parametrize("service", behind_the_api(), ids=lambda service: service.name)
def test_an_entry_names_what_exists(service: Service) -> None:
    module, _, function = service.handler.rpartition(".")
    assert function == "handle"
    assert importlib.util.find_spec(module) is not None
    for route in service.routes:
        assert route.path.startswith("/console" if service == CONSOLE else "/v1/")
        assert (route.request is not None) == (route.method == "POST")
        assert 0 < route.share <= 1


@pytest.mark.parametrize("worker", WORKERS, ids=lambda worker: worker.handler)
def test_a_worker_names_what_exists(worker: Worker) -> None:
    module, _, function = worker.handler.rpartition(".")
    assert function == "handle"
    assert importlib.util.find_spec(module) is not None


def follows_from(services: Sequence[Service]) -> Counter[str]:
    """How many resources there are of each kind because of these entries, the shared ones left out."""
    found: Counter[str] = Counter()
    for service in services:
        workers = [w for w in (service.catch_up, service.stream, service.later, service.learner) if w]
        queues = [w for w in (service.catch_up, service.stream, service.later) if w]
        found["AWS::Lambda::Function"] += 1 + len(workers) + watched([service])
        found["AWS::ApiGateway::Method"] += len(service.routes)
        found["AWS::SQS::Queue"] += 2 * len(queues)
        # A stream is polled; schedules work off the other queues.
        found["AWS::Lambda::EventSourceMapping"] += service.stream is not None
        found["AWS::Events::Rule"] += sum(
            w is not None for w in (service.catch_up, service.later, service.learner)
        ) + watched([service])
    return found


def test_an_entry_gives_functions_routes_queues_and_schedules(
    plain: Assembly, more_services: Assembly
) -> None:
    here, there = follows_from(SERVICES), follows_from(listed())
    for kind in here:
        shared = len(plain.resources(kind)) - here[kind]
        assert len(more_services.resources(kind)) == shared + there[kind], kind
    for kind in (
        "AWS::CloudWatch::Alarm",
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::CloudWatch::Dashboard",
    ):
        assert len(more_services.resources(kind)) == len(plain.resources(kind)), kind
