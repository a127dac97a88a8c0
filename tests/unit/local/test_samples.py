"""The samples are requests that the services take."""

from __future__ import annotations

import msgspec
import pytest

from cdk.services import SERVICES
from local.samples import SAMPLES, Sample

REQUESTS = {route.path: route.request for service in SERVICES for route in service.routes}


def test_samples_are_of_services_that_exist() -> None:
    assert set(SAMPLES) <= {service.name for service in SERVICES}


@pytest.mark.parametrize("sample", [sample for samples in SAMPLES.values() for sample in samples])
def test_a_sample_is_a_valid_request(sample: Sample) -> None:
    request = msgspec.convert(sample.body, type=REQUESTS[sample.path])
    request.check()
