"""Between the alarms and the people: a topic for the alarms, and a function that makes mails of them."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from cdk.constructs.alarm_topic import may_publish
from cdk.constructs.decision_function import Neighbours, function_of, may_read
from cdk.constructs.people import People
from cdk.constructs.queues import dead_letter_queue
from cdk.service import Service, Worker

MAILER = Worker("lambdas.mail.handler.handle", memory_mb=256, timeout_seconds=30)
_ALARMS = f"cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:*"


class MailFormatter(Construct):
    """`states` is the topic that alarms tell; `made` passes them on to `people`.

    No alarm is lost on the way. What the function cannot do in three tries is published to the people's topic
    by Lambda itself, as it came, and lies in `dead_letters` as well.
    """

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
        # Not encrypted at rest: CloudWatch cannot publish under the free key alias/aws/sns.
        self.states = sns.Topic(self, "States", display_name="Triage alarm states", enforce_ssl=True)
        may_publish(self.states, "Alarms", "cloudwatch.amazonaws.com", _ALARMS)
        names = [service.name for service in services]
        self.made = made = function_of(
            self,
            MAILER,
            near,
            name="mail",
            service="mail",
            environment={
                "ARTIFACTS_BUCKET": near.artifacts.bucket_name,
                "SERVICES": ",".join(names),
                **people.environment(),
            },
        )
        # The mail of the alarm on drift says what has drifted.
        may_read(made, near.artifacts, [f"{name}/drift/latest.json" for name in names])
        people.may_be_told_by(made)
        made.allow(
            ["cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"],
            [f"arn:{Aws.PARTITION}:{_ALARMS}"],
        )
        made.acknowledge_wildcard(
            "arn:<AWS::Partition>:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:*",
            "Which alarms are on is asked of all of them at once, which AWS allows on no fewer.",
        )
        self.dead_letters = dead_letter_queue(self, "Failed", name="mail", fifo=False, redriven=True)
        made.function.configure_async_invoke(
            on_failure=destinations.SnsDestination(people.topic), retry_attempts=2
        )
        made.allow(["sqs:SendMessage"], [self.dead_letters.queue_arn])
        function = made.function.node.default_child
        assert isinstance(function, lambda_.CfnFunction)  # noqa: S101 - what a Function always holds
        function.dead_letter_config = lambda_.CfnFunction.DeadLetterConfigProperty(
            target_arn=self.dead_letters.queue_arn
        )
        function.node.add_dependency(made.role.node.find_child("DefaultPolicy"))
        self.states.add_subscription(
            subscriptions.LambdaSubscription(made.function, dead_letter_queue=self.dead_letters)
        )
