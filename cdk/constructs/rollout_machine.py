"""The state machine of rollouts: share, wait, look, and on, or back.

It costs nothing: 4,000 transitions a month are free. A rollout of four steps takes 21 when the first look at
each is enough, and 3 more for each look more. At the default 10 minutes between looks the longest one of four
steps, a whole day each, takes 1,737.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge
from cdk.constructs.decision_function import Neighbours, function_of, may_read
from cdk.constructs.people import People
from cdk.constructs.service_function import RETENTION, LoggedFunction
from cdk.names import PROJECT
from cdk.service import Service, Worker

ROLLOUT = Worker("lambdas.rollout.handler.handle", memory_mb=1024, timeout_seconds=120)
MACHINE: Final = f"{PROJECT}-rollout"

_ALL: Final = ["States.ALL"]
_RETRY: Final = {"ErrorEquals": _ALL, "IntervalSeconds": 2, "BackoffRate": 2.0, "MaxAttempts": 3}
_RETRY_UNDOING: Final = {**_RETRY, "MaxAttempts": 7}
"""Four minutes in all: an undoing is what must not be given up."""


class RolloutMachine(Construct):
    """The machine and the function behind it; `people` hear of every end."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        near: Neighbours,
        services: Sequence[Service],
        people: People,
    ) -> None:
        super().__init__(scope, construct_id)
        self.made = self._function(near, [service.name for service in services], people)
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/vendedlogs/states/{MACHINE}",
            retention=RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
            description=f"Runs {MACHINE}",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"], resources=[self.made.function.function_arn]
            )
        )
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=MACHINE,
            definition_body=sfn.DefinitionBody.from_string(json.dumps(definition())),
            definition_substitutions={"Function": self.made.function.function_arn},
            role=role,
            logs=sfn.LogOptions(destination=log, level=sfn.LogLevel.ALL),
            tracing_enabled=True,
        )
        acknowledge(
            role.node.find_child("DefaultPolicy"),
            "AwsSolutions-IAM5[Resource::*]",
            "AWS allows only * for sending trace segments and for the delivery of a state machine's log.",
        )

    def _function(self, near: Neighbours, services: Sequence[str], people: People) -> LoggedFunction:
        made = function_of(
            self,
            ROLLOUT,
            near,
            name="rollout",
            service="rollout",
            environment={
                "ARTIFACTS_BUCKET": near.artifacts.bucket_name,
                "ROLLOUT_REFRESH_SECONDS": "10",
                **people.environment(),
            },
        )
        may_read(made, near.artifacts, [key for name in services for key in _read_keys(name)])
        written = [key for name in services for key in (f"{name}/rollout.json", f"{name}/rollouts/*")]
        made.allow(["s3:PutObject"], [near.artifacts.arn_for_objects(key) for key in written])
        people.may_be_told_by(made)
        return made


def definition() -> dict[str, Any]:
    """The states, in Amazon States Language; `${Function}` stands for the function's ARN.

    Each task gets the execution's whole state, and answers with what is next. What cannot be done, however
    often it is tried, is undone.
    """
    choices = {"share": "Share", "wait": "Wait", "promote": "Promote", "undo": "Undo"}
    return {
        "Comment": "Triage: a gradual rollout that undoes itself",
        "StartAt": "Start",
        "States": {
            "Start": _task("start", then="Next"),
            # Where there is nothing to share any more, the look after it says so.
            "Share": _task("share", then="Wait"),
            "Wait": {"Type": "Wait", "SecondsPath": "$.done.seconds", "Next": "Look"},
            "Look": _task("look", then="Next"),
            "Next": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.done.next", "StringEquals": word, "Next": state}
                    for word, state in choices.items()
                ],
                "Default": "Over",
            },
            "Promote": _task("promote", then="Next"),
            "Undo": {**_call("undo"), "Retry": [_RETRY_UNDOING], "End": True},
            "Over": {"Type": "Succeed"},
        },
    }


def _task(name: str, *, then: str) -> dict[str, Any]:
    caught = {"ErrorEquals": _ALL, "ResultPath": "$.error", "Next": "Undo"}
    return {**_call(name), "Retry": [_RETRY], "Catch": [caught], "Next": then}


def _call(task: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "${Function}",
        "Parameters": {"task": task, "input.$": "$"},
        "ResultPath": "$.done",
    }


def _read_keys(service: str) -> list[str]:
    return [
        f"{service}/rollout.json",
        f"{service}/rollouts/*",
        f"{service}/preflight/*",
        f"{service}/bundles/*/manifest.json",
        f"observations/{service}/*",
    ]
