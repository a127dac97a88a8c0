"""FIFO queues, each with a dead-letter queue that people look into and send back from."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge
from cdk.names import PROJECT

KEPT = Duration.days(14)
"""The longest that SQS keeps a message."""


class FifoQueue(Construct):
    """`queue` and `dead_letters`, named after `name`.

    A message that was received `most_receives` times without success goes to the dead letters; until then it
    comes again every `retry_seconds`, and the later ones of its group wait for it. None is delivered before
    `delay_seconds` have passed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        retry_seconds: int,
        most_receives: int,
        delay_seconds: int = 0,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = _dead_letters(self, "DeadLetters", name=name, fifo=True)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{PROJECT}-{name}.fifo",
            fifo=True,
            # Ordered and deduplicated by group alone: groups do not hold each other up.
            fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
            deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP,
            visibility_timeout=Duration.seconds(retry_seconds),
            delivery_delay=Duration.seconds(delay_seconds) if delay_seconds else None,
            retention_period=KEPT,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=most_receives),
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            removal_policy=RemovalPolicy.DESTROY,
        )


def dead_letter_queue(
    scope: Construct, construct_id: str, *, name: str, fifo: bool, redriven: bool = False
) -> sqs.Queue:
    """The queue `triage-<name>-dlq` for what a function gives up on that no queue of ours feeds.

    With `redriven` a subscription feeds it, and cdk-nag sees by itself that these are dead letters.
    """
    made = _dead_letters(scope, construct_id, name=name, fifo=fifo)
    if not redriven:
        acknowledge(
            made,
            "AwsSolutions-SQS3",
            "This is the dead-letter queue itself; people read it and redrive from it.",
        )
    return made


def _dead_letters(scope: Construct, construct_id: str, *, name: str, fifo: bool) -> sqs.Queue:
    return sqs.Queue(
        scope,
        construct_id,
        queue_name=f"{PROJECT}-{name}-dlq{'.fifo' if fifo else ''}",
        fifo=fifo or None,
        retention_period=KEPT,
        enforce_ssl=True,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        removal_policy=RemovalPolicy.DESTROY,
    )
