"""Where alarms go: an SNS topic, the user's email on AWS, a queue one can read on the laptop."""

from __future__ import annotations

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge


class AlarmTopic(Construct):
    """The topic, and who may publish to it: this account's alarms and budgets."""

    def __init__(self, scope: Construct, construct_id: str, *, email: str | None) -> None:
        super().__init__(scope, construct_id)
        # Not encrypted at rest: CloudWatch cannot publish under the free key alias/aws/sns, and a key of
        # one's own costs money every month. Alarm texts hold no customer data.
        self.topic = sns.Topic(self, "Topic", display_name="Triage alarms", enforce_ssl=True)
        # A topic policy replaces the default one, under which the account's own alarms could publish.
        for sid, service, resource in (
            ("Alarms", "cloudwatch.amazonaws.com", f"cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:*"),
            ("Budgets", "budgets.amazonaws.com", f"budgets::{Aws.ACCOUNT_ID}:*"),
        ):
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    principals=[iam.ServicePrincipal(service)],
                    actions=["sns:Publish"],
                    resources=[self.topic.topic_arn],
                    conditions={
                        "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                        "ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:{resource}"},
                    },
                )
            )
        if email:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))

    def add_inbox(self) -> sqs.Queue:
        """A queue that gets a copy of every alarm, for where no email is sent."""
        inbox = sqs.Queue(
            self,
            "Inbox",
            retention_period=Duration.days(14),
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(
            inbox,
            "AwsSolutions-SQS3",
            "People read this queue by hand; there is no consumer that could fail.",
        )
        self.topic.add_subscription(subscriptions.SqsSubscription(inbox))
        return inbox
