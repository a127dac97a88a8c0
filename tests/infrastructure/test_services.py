"""A service is one entry of the list; everything else follows from it."""

from __future__ import annotations

import importlib.util

import pytest

from cdk.services import ALERTS, SERVICES, Service, Worker, behind_the_api
from tests.infrastructure.assembly import Assembly

WORKERS = [
    ALERTS,
    *(w for service in SERVICES for w in (service.catch_up, service.stream, service.learner) if w),
]


@pytest.mark.parametrize("service", behind_the_api(), ids=lambda service: service.name)
def test_an_entry_names_what_exists(service: Service) -> None:
    module, _, function = service.handler.rpartition(".")
    assert function == "handle"
    assert importlib.util.find_spec(module) is not None
    for route in service.routes:
        assert route.path.startswith("/v1/")
        assert (route.request is not None) == (route.method == "POST")
        assert 0 < route.share <= 1


@pytest.mark.parametrize("worker", WORKERS, ids=lambda worker: worker.handler)
def test_a_worker_names_what_exists(worker: Worker) -> None:
    module, _, function = worker.handler.rpartition(".")
    assert function == "handle"
    assert importlib.util.find_spec(module) is not None


def test_one_entry_more_gives_functions_routes_queues_and_alarms(
    plain: Assembly, more_services: Assembly
) -> None:
    added = {
        "AWS::Lambda::Function": 3,
        "AWS::ApiGateway::Method": 1,
        "AWS::CloudWatch::Alarm": 3,
        "AWS::SQS::Queue": 4,
        "AWS::Lambda::EventSourceMapping": 2,
        "AWS::DynamoDB::Table": 0,
        "AWS::S3::Bucket": 0,
        "AWS::CloudWatch::Dashboard": 0,
    }
    for kind, more in added.items():
        assert len(more_services.resources(kind)) == len(plain.resources(kind)) + more, kind
