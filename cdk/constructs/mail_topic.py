"""A topic that people read: the user's email on AWS, a queue one can look into on the laptop."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge


class MailTopic(Construct):
    """The topic, with `email` subscribed when there is one."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        display_name: str,
        email: str | None,
        key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", display_name=display_name, enforce_ssl=True, master_key=key)
        if email:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))

    def add_inbox(self) -> sqs.Queue:
        """A queue that gets a copy of every message, for where no email is sent."""
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
