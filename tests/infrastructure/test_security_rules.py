"""cdk-nag and cfn-lint over every template; acknowledgements are few, on one resource, and needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.infrastructure.assembly import Assembly

# W3005: the CDK adds a function's role to DependsOn for the sake of the role's policy, which is harmless.
IGNORED_LINT = ("W3005",)


@pytest.mark.parametrize("variant", ["everything", "kinesis", "kafka", "laptop"])
def test_no_finding_is_left_unacknowledged(variant: str, request: pytest.FixtureRequest) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    assert assembly.findings() == []


def test_the_checks_really_run(careless: Assembly) -> None:
    rules = {finding.rule for finding in careless.findings()}
    assert {"AwsSolutions-S1", "AwsSolutions-S10"} <= rules


@pytest.mark.parametrize("variant", ["everything", "kafka"])
def test_every_acknowledgement_is_on_one_resource_and_says_why(
    variant: str, request: pytest.FixtureRequest
) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    acknowledged = assembly.acknowledged()
    assert acknowledged
    for finding, reason in acknowledged.items():
        assert len(reason.split()) >= 8, f"{finding}: '{reason}' is no reason"
        assert finding.path in assembly.resource_paths(), f"{finding} is on more than one resource"


def test_no_acknowledgement_is_for_nothing(kafka: Assembly, unacknowledged: Assembly) -> None:
    assert sorted(kafka.acknowledged()) == unacknowledged.findings()


@pytest.mark.parametrize("variant", ["everything", "kinesis", "kafka", "laptop", "plain", "more_services"])
def test_cfn_lint_is_clean(variant: str, request: pytest.FixtureRequest) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    linter = Path(sys.executable).with_name("cfn-lint")
    command = [linter, "--ignore-checks", *IGNORED_LINT, "--", *assembly.files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
