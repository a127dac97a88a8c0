"""Where people hear of alarms, rollbacks, drift and the bill: a topic that they subscribe to."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk.constructs.mail_topic import MailTopic


class AlarmTopic(MailTopic):
    """The topic, which functions of the app may publish to, and the account's budgets.

    Not encrypted at rest: AWS Budgets cannot publish under the free key alias/aws/sns, and a key of one's
    own costs money every month. Alarm texts hold no customer data.
    """

    def __init__(self, scope: Construct, construct_id: str, *, email: str | None) -> None:
        super().__init__(scope, construct_id, display_name="Triage alarms", email=email)
        may_publish(self.topic, "Budgets", "budgets.amazonaws.com", f"budgets::{Aws.ACCOUNT_ID}:*")


def may_publish(topic: sns.Topic, sid: str, service: str, resource: str) -> None:
    """Let the AWS service publish to `topic` in the name of this account's `resource`.

    A topic policy replaces the default one, under which it could.
    """
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid=sid,
            principals=[iam.ServicePrincipal(service)],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                "ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:{resource}"},
            },
        )
    )
