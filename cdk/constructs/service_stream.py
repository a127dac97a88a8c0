"""What a service has besides its routes: a stream, updates that wait, and what it cannot decide."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs import drains, event_sources
from cdk.constructs.decision_function import (
    Neighbours,
    deciding_function,
    function_of,
    later_function,
)
from cdk.constructs.queues import FifoQueue, dead_letter_queue
from cdk.constructs.service_function import LoggedFunction
from cdk.local_differences import Target
from cdk.names import PROJECT
from cdk.service import Service, Worker
from cdk.settings import Settings

STREAM_RETRY_SECONDS = 180
"""Six times the function's timeout, as AWS advises."""
STREAM_RECEIVES = 200
"""Ten hours, three minutes apart: only what passes by itself comes again (poison is sent away at once), and a
throttled or broken decision log must not cost good transactions."""
STREAM_AT_ONCE = 3
LATER_RECEIVES = 10
"""Of which the worker spends three trying; the others are for a log that is down."""
LATER_DELAY_SECONDS = 2
"""What is handed over comes before its decision: when it is delivered, the decision is in the log."""
CATCH_UP_RECEIVES = 1000
"""The most that SQS takes: sixteen hours with the store down, a minute apart, or more."""


class ServiceStream(Construct):
    """The workers of one service, by part in `functions`.

    `waiting` is the queue of updates and `given_up` its dead letters; `source` the queue of what is to be
    decided when that is SQS, `dead_letters` where the stream's worker and SQS put what they give up on.
    `later` is the queue of what callers do not wait for, `left` its dead letters. `failed` is told of runs of
    a schedule that fail.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        service: Service,
        near: Neighbours,
        settings: Settings,
        target: Target,
        failed: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.functions: dict[str, LoggedFunction] = {}
        self.waiting: sqs.Queue | None = None
        self.given_up: sqs.Queue | None = None
        self.source: sqs.Queue | None = None
        self.kinesis: kinesis.Stream | None = None
        self.dead_letters: sqs.Queue | None = None
        self.later: sqs.Queue | None = None
        self.left: sqs.Queue | None = None
        self._service, self._near, self._settings = service, near, settings
        self._drains, self._failed = target.drains, failed
        if service.catch_up:
            self._add_catch_up(service.catch_up, target.catch_up_seconds)
        if service.stream:
            self._add_stream(service.stream)
        if service.later:
            self._add_later(service.later)

    def _add_catch_up(self, worker: Worker, retry_seconds: int) -> None:
        name = f"{self._service.name}-catch-up"
        pair = FifoQueue(
            self,
            "CatchUpQueue",
            name=name,
            retry_seconds=retry_seconds,
            most_receives=CATCH_UP_RECEIVES,
        )
        self.waiting, self.given_up = pair.queue, pair.dead_letters
        made = function_of(
            self,
            drains.worker_of(worker, drains=self._drains, retry_seconds=retry_seconds),
            self._near,
            name=name,
            service=self._service.name,
            environment={
                **self._near.store.environment(),
                "CATCH_UP_QUEUE_URL": pair.queue.queue_url,
            },
        )
        self._near.store.open_to(made)
        drains.work_off(made, pair.queue, worker, drains=self._drains, failed=self._failed)
        self.functions["catch-up"] = made

    def _add_stream(self, worker: Worker) -> None:
        name = self._service.name
        if self._settings.stream == "sqs":
            pair = FifoQueue(
                self,
                "Queue",
                name=name,
                retry_seconds=STREAM_RETRY_SECONDS,
                most_receives=STREAM_RECEIVES,
            )
            self.source, self.dead_letters = pair.queue, pair.dead_letters
        else:
            self.dead_letters = dead_letter_queue(self, "DeadLetters", name=name, fifo=True)
        made = deciding_function(
            self,
            self._service,
            self._near,
            worker=worker,
            part="stream",
            environment={"DEAD_LETTER_QUEUE_URL": self.dead_letters.queue_url},
            waiting=self.waiting,
        )
        made.allow(["sqs:SendMessage"], [self.dead_letters.queue_arn])
        self._connect(made)
        self.functions["stream"] = made

    def _add_later(self, worker: Worker) -> None:
        name = f"{self._service.name}-later"
        retry_seconds = 6 * worker.timeout_seconds
        pair = FifoQueue(
            self,
            "LaterQueue",
            name=name,
            retry_seconds=retry_seconds,
            most_receives=LATER_RECEIVES,
            delay_seconds=LATER_DELAY_SECONDS,
        )
        self.later, self.left = pair.queue, pair.dead_letters
        longer = drains.worker_of(worker, drains=self._drains, retry_seconds=retry_seconds)
        made = later_function(self, self._service, longer, self._near, queue=pair.queue)
        drains.work_off(made, pair.queue, worker, drains=self._drains, failed=self._failed, batch=1)
        self.functions["later"] = made

    def _connect(self, made: LoggedFunction) -> None:
        settings, name = self._settings, self._service.name
        if self.source is not None:
            event_sources.from_queue(made, self.source, at_once=STREAM_AT_ONCE)
        elif settings.stream == "kinesis":
            self.kinesis = kinesis.Stream(
                self,
                "Stream",
                stream_name=f"{PROJECT}-{name}",
                shard_count=1,
                stream_mode=kinesis.StreamMode.PROVISIONED,
                retention_period=Duration.hours(24),
                encryption=kinesis.StreamEncryption.MANAGED,
            )
            failed = dead_letter_queue(self, "Failed", name=f"{name}-failed", fifo=False)
            event_sources.from_kinesis(made, self.kinesis, failed)
        else:
            event_sources.from_kafka(
                made,
                brokers=str(settings.kafka_bootstrap).split(","),
                topic=settings.kafka_topic or name,
                secret=str(settings.kafka_secret),
            )
