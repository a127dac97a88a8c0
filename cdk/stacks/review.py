"""Where people decide: the queue's tables, what fills it and tells people, and who may sign in."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk import own_repository
from cdk.constructs import event_sources
from cdk.constructs.queues import dead_letter_queue
from cdk.constructs.review_functions import Queue, outflow_function
from cdk.constructs.review_tables import audit_table, review_table
from cdk.constructs.reviewers import Reviewers
from cdk.constructs.service_function import LoggedFunction
from cdk.local_differences import Target
from cdk.names import stack_name
from cdk.stacks.artifacts import ArtifactsStack
from cdk.stacks.neighbours import neighbours
from cdk.stacks.state import StateStack
from lambdas.core.decision_log import ALERT

TO_BE_REVIEWED = {"dynamodb": {"NewImage": {"queue": {"S": ["review", "sample"]}}}}
"""New and amended decisions that are marked for people; labels on them, too, which the function skips."""
TO_BE_TOLD = {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"alert": {"S": [ALERT]}}}}
"""What services mark as worth an alert, new or amended. Labels of it come along: the function knows them."""


class ReviewStack(Stack):
    """`queue` is what the routes work on, which are in the API's stack; `functions` is by name."""

    def __init__(
        self,
        scope: Construct,
        target: Target,
        artifacts: ArtifactsStack,
        state: StateStack,
        alerts: sns.ITopic,
    ) -> None:
        super().__init__(
            scope,
            stack_name("Review"),
            description="Triage: the review queue, its reviewers, and who hears of decisions",
            synthesizer=None if target.functions_as_zip else own_repository.synthesizer(),
        )
        self.add_stack_dependency(artifacts, "the repository the image is pushed to")
        self.add_stack_dependency(state, "the bucket of uploads, which is found by the output's name")
        near = neighbours(self, target, state)
        self.reviewers = Reviewers(self, "Reviewers")
        self.queue = Queue(review_table(self), audit_table(self), self.reviewers.client)
        failed = dead_letter_queue(self, "OutflowFailed", name="outflow", fifo=False)
        made = outflow_function(self, near, self.queue, topic=alerts, untold=failed)
        # Only a table without units fails for long, and then what comes waits, while the stream keeps it.
        event_sources.from_table(
            made,
            state.decisions,
            filters=[TO_BE_REVIEWED, TO_BE_TOLD],
            failed=failed,
            retries=1_000,
            hours=24,
        )
        self.functions: dict[str, LoggedFunction] = {"outflow": made}
        self.dead_letters: dict[str, sqs.IQueue] = {"outflow": failed}
        CfnOutput(self, "ReviewsTable", value=self.queue.reviews.table_name)
        CfnOutput(self, "AuditTable", value=self.queue.audit.table_name)
        CfnOutput(self, "ReviewerPoolId", value=self.reviewers.pool.user_pool_id)
        CfnOutput(self, "ReviewerClientId", value=self.reviewers.client.user_pool_client_id)
