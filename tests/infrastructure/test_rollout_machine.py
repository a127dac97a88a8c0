"""The state machine of rollouts: every failure leads back, and it may do no more than it must."""

from __future__ import annotations

import json

import pytest

from cdk.constructs.rollout_machine import MACHINE, definition
from tests.infrastructure.assembly import Assembly, text
from tests.infrastructure.test_permissions import policy_of

FREE_TRANSITIONS = 4_000


def test_every_task_that_fails_for_good_is_undone() -> None:
    states = definition()["States"]
    tasks = {name: state for name, state in states.items() if state["Type"] == "Task"}
    assert set(tasks) == {"Start", "Share", "Look", "Promote", "Undo"}
    for name, state in tasks.items():
        assert state["Retry"], f"{name} is not tried again"
        if name != "Undo":
            (caught,) = state["Catch"]
            assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "Undo")


def test_every_state_is_reached_and_exists() -> None:
    machine = definition()
    reached, waiting = set(), [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        state = machine["States"][name]
        waiting += [state[key] for key in ("Next", "Default") if key in state]
        waiting += [each["Next"] for each in [*state.get("Catch", []), *state.get("Choices", [])]]
    assert reached == set(machine["States"])


def test_two_of_the_longest_rollouts_a_month_are_free() -> None:
    """Each of four steps looked at every ten minutes for a day, of which all but the last say: wait."""
    looks = 86_400 // 600
    start, end, share, look = 2, 3, 1, 3
    assert start + 4 * (share + look) + end == 21
    longest = start + 4 * (share + looks * look) + end
    assert longest == 1_737
    assert 2 * longest < FREE_TRANSITIONS


@pytest.mark.parametrize("variant", ["plain", "laptop"])
def test_the_machine_is_standard_logged_and_traced(variant: str, request: pytest.FixtureRequest) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    made = assembly.one("AWS::StepFunctions::StateMachine", StateMachineName=MACHINE)
    assert made.properties.get("StateMachineType", "STANDARD") == "STANDARD"
    assert json.loads(made.properties["DefinitionString"]) == definition()
    assert made.properties["LoggingConfiguration"]["Level"] == "ALL"
    assert made.properties["TracingConfiguration"] == {"Enabled": True}
    assert "RolloutMachineArn" in assembly.templates["Triage-Operations"]["Outputs"]


def test_the_function_writes_rollouts_and_nothing_else(plain: Assembly) -> None:
    allowed = policy_of(plain, "rollout")
    own = {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert set(allowed) - own == {"s3:GetObject", "s3:ListBucket", "s3:PutObject", "sns:Publish"}
    ((written, _),) = allowed["s3:PutObject"]
    assert all(each.endswith(("/rollout.json", "/rollouts/*")) for each in map(text, written))


def test_the_machine_invokes_its_function_alone(plain: Assembly) -> None:
    made = plain.one("AWS::StepFunctions::StateMachine", StateMachineName=MACHINE)
    role = made.properties["RoleArn"]["Fn::GetAtt"][0]
    (policy,) = [p for p in plain.resources("AWS::IAM::Policy") if p.properties["Roles"] == [{"Ref": role}]]
    invoked = [
        statement["Resource"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Action"] == "lambda:InvokeFunction"
    ]
    function = plain.one("AWS::Lambda::Function", FunctionName="triage-rollout")
    assert invoked == [{"Fn::GetAtt": [function.logical_id, "Arn"]}]
