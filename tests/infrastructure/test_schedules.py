"""What a schedule starts says when it fails: in one queue, which the watch counts like every other."""

from __future__ import annotations

import json

import pytest

from tests.infrastructure.assembly import Assembly, Resource, text
from tests.infrastructure.test_permissions import policy_of

ON_AWS = {
    "triage-watch": 1, "triage-value": 1, "triage-drift": 1, "triage-fairness": 1, "triage-content-later": 0,
    "triage-transactions-catch-up": 0, "triage-transactions-learner": 0,
}  # fmt: skip
"""How often a run that failed is tried again; where it is not, the next one finds what this one left."""
ON_THE_LAPTOP = {"triage-watch": 1, "triage-value": 1, "triage-drift": 1, "triage-fairness": 1}


def scheduled(assembly: Assembly) -> list[Resource]:
    """The functions that rules start."""
    functions = {(r.stack, r.logical_id): r for r in assembly.resources("AWS::Lambda::Function")}
    return [
        functions[rule.stack, target["Arn"]["Fn::GetAtt"][0]]
        for rule in assembly.resources("AWS::Events::Rule")
        if "ScheduleExpression" in rule.properties
        for target in rule.properties["Targets"]
    ]


@pytest.mark.parametrize(
    ("variant", "retries"),
    [("plain", ON_AWS), ("everything", ON_AWS), ("more_services", ON_AWS), ("laptop", ON_THE_LAPTOP)],
)
def test_each_scheduled_function_tells_one_queue_of_a_run_that_failed(
    variant: str, retries: dict[str, int], request: pytest.FixtureRequest
) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    queue = assembly.one("AWS::SQS::Queue", QueueName="triage-jobs-dlq")
    found = {}
    for made in scheduled(assembly):
        name = made.properties["FunctionName"]
        (told,) = [
            r.properties
            for r in assembly.resources("AWS::Lambda::EventInvokeConfig", made.stack)
            if r.properties["FunctionName"] == {"Ref": made.logical_id}
        ]
        assert told["Qualifier"] == "$LATEST", "the schedule starts no version"
        goes_to = text(told["DestinationConfig"]["OnFailure"]["Destination"])
        assert queue.logical_id in goes_to and goes_to.partition(queue.logical_id)[2].startswith(
            (".Arn", "Arn")
        ), goes_to
        sends = policy_of(assembly, name.removeprefix("triage-"))["sqs:SendMessage"]
        assert any(goes_to in map(text, resources) for resources, _ in sends)
        found[name] = told["MaximumRetryAttempts"]
    assert found.items() >= retries.items()
    more = {"triage-messages-catch-up", "triage-messages-later"} if variant == "more_services" else set()
    assert set(found) == set(retries) | more


@pytest.mark.parametrize("variant", ["plain", "laptop"])
def test_the_rights_are_there_before_lambda_looks_for_them(
    variant: str, request: pytest.FixtureRequest
) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    for made in scheduled(assembly):
        (told,) = [
            r
            for r in assembly.resources("AWS::Lambda::EventInvokeConfig", made.stack)
            if r.properties["FunctionName"] == {"Ref": made.logical_id}
        ]
        waits_for = assembly.templates[made.stack]["Resources"][told.logical_id]["DependsOn"]
        assert any("RoleDefaultPolicy" in each for each in waits_for)


def test_the_watch_counts_the_queue_and_says_what_it_is(plain: Assembly) -> None:
    watch = plain.one("AWS::Lambda::Function", FunctionName="triage-watch")
    watched = json.loads(text(watch.properties["Environment"]["Variables"]["DEAD_LETTER_QUEUES"]))
    assert "JobsFailed" in watched["scheduled jobs"]
