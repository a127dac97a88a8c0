"""Where alarms go: a topic that this account's alarms and budgets may publish to."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.constructs.mail_topic import MailTopic


class AlarmTopic(MailTopic):
    """The topic, and who may publish to it.

    Not encrypted at rest: CloudWatch cannot publish under the free key alias/aws/sns, and a key of one's
    own costs money every month. Alarm texts hold no customer data.
    """

    def __init__(self, scope: Construct, construct_id: str, *, email: str | None) -> None:
        super().__init__(scope, construct_id, display_name="Triage alarms", email=email)
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
