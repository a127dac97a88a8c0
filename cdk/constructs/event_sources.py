"""Event source mappings: what Lambda polls for a function, and the rights it polls with.

Written out rather than with the CDK's own event sources, which let a function list all streams of an account.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from cdk.constructs.secrets import may_read_secret
from cdk.constructs.service_function import LoggedFunction

FIFO_BATCH = 10
"""The most that Lambda takes from a FIFO queue at once."""
LEAST_AT_ONCE = 2
"""The least that Lambda lets one say."""
STREAM_BATCH = 100
RETRIES = 5
"""Of a failing batch, which is halved at each: the one bad record then stands alone."""


def from_queue(
    made: LoggedFunction,
    queue: sqs.IQueue,
    *,
    at_once: int = LEAST_AT_ONCE,
    batch: int = FIFO_BATCH,
    filters: Sequence[object] = (),
) -> lambda_.CfnEventSourceMapping:
    """`made` works off the FIFO `queue`; what it reports as failed comes again, the rest is done.

    At most `at_once` batches run at a time: a new account may have ten in all, and the API needs some. With
    `filters`, what fits none of them is dropped unseen.
    """
    may_take_from(made, queue)
    return _mapping(
        made,
        "FromQueue",
        event_source_arn=queue.queue_arn,
        batch_size=batch,
        scaling_config={"maximumConcurrency": at_once},
        filter_criteria=_criteria(filters) if filters else None,
    )


def may_take_from(made: LoggedFunction, queue: sqs.IQueue) -> None:
    """Let `made` take messages from `queue`: a mapping does so with the rights of its function."""
    made.allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [queue.queue_arn])


def from_kinesis(
    made: LoggedFunction, stream: kinesis.IStream, failed: sqs.IQueue
) -> lambda_.CfnEventSourceMapping:
    """`made` reads `stream` in order; a batch it fails on for a day is told to `failed`."""
    made.allow(
        [
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
        ],
        [stream.stream_arn],
    )
    made.allow(["sqs:SendMessage"], [failed.queue_arn])
    return _mapping(
        made,
        "FromKinesis",
        event_source_arn=stream.stream_arn,
        starting_position="TRIM_HORIZON",
        batch_size=STREAM_BATCH,
        bisect_batch_on_function_error=True,
        destination_config=_on_failure(failed),
    )


def from_kafka(
    made: LoggedFunction, *, brokers: Sequence[str], topic: str, secret: str
) -> lambda_.CfnEventSourceMapping:
    """`made` reads `topic` of the user's own Kafka, logged in with the user name and password in `secret`.

    Partial batch responses are only heeded with provisioned pollers, which cost money; without them a record
    that failed would be lost. https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
    """
    arn = may_read_secret(made, secret)
    return _mapping(
        made,
        "FromKafka",
        self_managed_event_source={"endpoints": {"kafkaBootstrapServers": list(brokers)}},
        self_managed_kafka_event_source_config={"consumerGroupId": made.name},
        source_access_configurations=[{"type": "SASL_SCRAM_512_AUTH", "uri": arn}],
        topics=[topic],
        starting_position="TRIM_HORIZON",
        batch_size=STREAM_BATCH,
        provisioned_poller_config={"minimumPollers": 1, "maximumPollers": 2},
    )


def from_table(
    made: LoggedFunction,
    table: dynamodb.ITable,
    *,
    filters: Sequence[object],
    failed: sqs.IQueue,
    retries: int = RETRIES,
    hours: int = 1,
    batch: int = FIFO_BATCH,
    wait_seconds: int = 0,
) -> lambda_.CfnEventSourceMapping:
    """`made` gets what is written to `table` and fits one of `filters`: `batch` records at once, or what has
    come after `wait_seconds`, 300 at most.

    A batch it fails on is halved and tried again, up to `retries` times and for `hours`; what still fails is
    told to `failed`.
    """
    stream = str(table.table_stream_arn)
    made.allow(
        [
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        ],
        [stream],
    )
    made.allow(["sqs:SendMessage"], [failed.queue_arn])
    return _mapping(
        made,
        "FromTable",
        event_source_arn=stream,
        starting_position="LATEST",
        batch_size=batch,
        maximum_batching_window_in_seconds=wait_seconds or None,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=retries,
        maximum_record_age_in_seconds=3600 * hours,
        filter_criteria=_criteria(filters),
        destination_config=_on_failure(failed),
    )


def _mapping(made: LoggedFunction, construct_id: str, **properties: Any) -> lambda_.CfnEventSourceMapping:
    mapping = lambda_.CfnEventSourceMapping(
        made,
        construct_id,
        function_name=made.function.function_name,
        function_response_types=["ReportBatchItemFailures"],
        **properties,
    )
    # Lambda checks the rights when the mapping is made, and they are in a policy beside the role.
    mapping.node.add_dependency(made.role)
    return mapping


def _criteria(filters: Sequence[object]) -> lambda_.CfnEventSourceMapping.FilterCriteriaProperty:
    return lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
        filters=[
            lambda_.CfnEventSourceMapping.FilterProperty(pattern=json.dumps(pattern)) for pattern in filters
        ]
    )


def _on_failure(failed: sqs.IQueue) -> lambda_.CfnEventSourceMapping.DestinationConfigProperty:
    return lambda_.CfnEventSourceMapping.DestinationConfigProperty(
        on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=failed.queue_arn)
    )
