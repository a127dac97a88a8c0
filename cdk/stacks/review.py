"""Where people decide: the queue's tables, what fills it, and who may sign in."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk import own_repository
from cdk.constructs import event_sources
from cdk.constructs.queues import dead_letter_queue
from cdk.constructs.review_functions import Queue, intake_function
from cdk.constructs.review_tables import audit_table, review_table
from cdk.constructs.reviewers import Reviewers
from cdk.constructs.service_function import LoggedFunction
from cdk.local_differences import Target
from cdk.names import stack_name
from cdk.services import REVIEW_INTAKE
from cdk.stacks.artifacts import ArtifactsStack
from cdk.stacks.neighbours import neighbours
from cdk.stacks.state import StateStack

TO_BE_REVIEWED = {"dynamodb": {"NewImage": {"queue": {"S": ["review", "sample"]}}}}
"""New and amended decisions that are marked for people; labels on them, too, which the function skips."""


class ReviewStack(Stack):
    """`queue` is what the routes work on, which are in the API's stack; `functions` is by name."""

    def __init__(
        self, scope: Construct, target: Target, artifacts: ArtifactsStack, state: StateStack
    ) -> None:
        super().__init__(
            scope,
            stack_name("Review"),
            description="Triage: the review queue and its reviewers",
            synthesizer=None if target.functions_as_zip else own_repository.synthesizer(),
        )
        self.add_stack_dependency(artifacts, "the repository the image is pushed to")
        self.add_stack_dependency(state, "the bucket of uploads, which is found by the output's name")
        near = neighbours(self, target, state)
        self.reviewers = Reviewers(self, "Reviewers")
        self.queue = Queue(review_table(self), audit_table(self), self.reviewers.client)
        made = intake_function(self, REVIEW_INTAKE, near, self.queue)
        failed = dead_letter_queue(self, "IntakeFailed", name="review-intake", fifo=False)
        # Only a table without units fails, and then what comes waits, for as long as the stream keeps it.
        event_sources.from_table(
            made, state.decisions, filters=[TO_BE_REVIEWED], failed=failed, retries=1_000, hours=24
        )
        self.functions: dict[str, LoggedFunction] = {"review-intake": made}
        self.dead_letters: dict[str, sqs.IQueue] = {"review intake": failed}
        CfnOutput(self, "ReviewsTable", value=self.queue.reviews.table_name)
        CfnOutput(self, "AuditTable", value=self.queue.audit.table_name)
        CfnOutput(self, "ReviewerPoolId", value=self.reviewers.pool.user_pool_id)
        CfnOutput(self, "ReviewerClientId", value=self.reviewers.client.user_pool_client_id)
