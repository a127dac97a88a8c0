"""Laptop only: ends alarms whose metric has no data any more, which CloudWatch on AWS does by itself."""

from __future__ import annotations

from aws_cdk import Aws, Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs.function_code import Packaged, zip_of
from cdk.constructs.schedule import scheduled
from cdk.constructs.service_function import LoggedFunction

HANDLER = "local.alarm_clock.handler.handle"


class AlarmClock(Construct):
    """A function that a schedule invokes once a minute; `failed` is told of a run that fails."""

    def __init__(self, scope: Construct, construct_id: str, *, failed: sqs.IQueue) -> None:
        super().__init__(scope, construct_id)
        clock = LoggedFunction(
            self,
            "Clock",
            name="alarm-clock",
            packaged=Packaged(zip_of("local/alarm_clock"), HANDLER, lambda_.Runtime.PYTHON_3_14),
            environment={},
            memory_mb=128,
            timeout_seconds=30,
            tracing=False,
        )
        clock.allow(
            ["cloudwatch:DescribeAlarms", "cloudwatch:SetAlarmState"],
            [f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:*"],
        )
        clock.acknowledge_wildcard(
            "arn:<AWS::Partition>:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:*",
            "It looks at all alarms, as CloudWatch would.",
        )
        clock.allow(["cloudwatch:GetMetricStatistics"], ["*"])
        clock.acknowledge_wildcard("*", "GetMetricStatistics takes no resource.")
        every_minute = events.Schedule.rate(Duration.minutes(1))
        scheduled(clock, every_minute, description="Triage: ends alarms", failed=failed, retries=0)
