"""What works off queues and streams: decisions on a stream, updates that waited, labels, observations."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk import own_repository
from cdk.constructs import drains
from cdk.constructs.decision_function import learner_function
from cdk.constructs.fairness_monitor import fairness_monitor, watched
from cdk.constructs.mail_topic import MailTopic
from cdk.constructs.observer import observer_function
from cdk.constructs.queues import FifoQueue, dead_letter_queue
from cdk.constructs.service_function import LoggedFunction
from cdk.constructs.service_stream import ServiceStream
from cdk.local_differences import Target
from cdk.names import stack_name
from cdk.service import Service
from cdk.settings import ContextError, Settings
from cdk.stacks.artifacts import ArtifactsStack
from cdk.stacks.neighbours import neighbours
from cdk.stacks.state import StateStack
from lambdas.core.errors import TriageError

LABEL_RETRY_SECONDS = 360
LABEL_RECEIVES = 10


class OneLearner(TriageError):
    """Two services would work off the one label queue, and each would drop the other's labels."""


class StreamingStack(Stack):
    """The queues, what works them off, the observer, and the topic of immediate alerts.

    `functions` is by name, `streams` by service; `jobs` is told of every run of a schedule that fails.
    Nothing in here calls the API.
    """

    def __init__(
        self,
        scope: Construct,
        settings: Settings,
        target: Target,
        services: Sequence[Service],
        artifacts: ArtifactsStack,
        state: StateStack,
    ) -> None:
        super().__init__(
            scope,
            stack_name("Streaming"),
            description="Triage: streams, labels, observations and the topic of immediate alerts",
            synthesizer=None if target.functions_as_zip else own_repository.synthesizer(),
        )
        _check_topic(services, settings)
        self.add_stack_dependency(artifacts, "the bucket, and the repository the image is pushed to")
        self.add_stack_dependency(state, "the bucket of uploads, which is found by the output's name")
        self._near = neighbours(self, target, state)
        self.jobs = dead_letter_queue(self, "JobsFailed", name="jobs", fifo=False)
        self.functions: dict[str, LoggedFunction] = {}
        self.streams: dict[str, ServiceStream] = {}
        for service in services:
            if service.catch_up or service.stream or service.later:
                stream = ServiceStream(
                    self,
                    service.name.capitalize(),
                    service=service,
                    near=self._near,
                    settings=settings,
                    target=target,
                    failed=self.jobs,
                )
                self.streams[service.name] = stream
                self.functions |= {f"{service.name}-{p}": made for p, made in stream.functions.items()}
        self.labels = FifoQueue(
            self, "Labels", name="labels", retry_seconds=LABEL_RETRY_SECONDS, most_receives=LABEL_RECEIVES
        )
        self._add_learner(services, target)
        self._add_observer(services, state, target)
        self.alerts = self._alert_topic(settings, target)
        if watched(services):
            self.functions["fairness"] = fairness_monitor(self, self._near, self.alerts, failed=self.jobs)
        self._outputs()

    def _add_learner(self, services: Sequence[Service], target: Target) -> None:
        """The worker of the label queue. It gets the labels of its own service only: the rest is dropped."""
        learning = [(service, service.learner) for service in services if service.learner]
        if len(learning) > 1:
            names = " and ".join(service.name for service, _ in learning)
            raise OneLearner(f"{names} have a learner each, and there is one label queue: give each its own")
        for service, worker in learning:
            stream = self.streams.get(service.name)
            made = learner_function(
                self,
                service,
                drains.worker_of(worker, drains=target.drains, retry_seconds=LABEL_RETRY_SECONDS),
                self._near,
                waiting=stream.waiting if stream else None,
            )
            drains.work_off(
                made,
                self.labels.queue,
                worker,
                drains=target.drains,
                failed=self.jobs,
                minutes=drains.LABEL_MINUTES,
                filters=[{"body": {"service": [service.name]}}],
            )
            self.functions[f"{service.name}-learner"] = made

    def _alert_topic(self, settings: Settings, target: Target) -> sns.ITopic:
        """Where people hear of single decisions at once; the review stack's outflow publishes to it."""
        key = kms.Alias.from_alias_name(self, "SnsKey", "alias/aws/sns")
        topic = MailTopic(
            self, "AlertTopic", display_name="Triage alerts", email=settings.alarm_email, key=key
        )
        CfnOutput(self, "AlertTopicArn", value=topic.topic.topic_arn)
        if target.inbox:
            CfnOutput(self, "AlertInboxQueueUrl", value=topic.add_inbox().queue_url)
        return topic.topic

    def _add_observer(self, services: Sequence[Service], state: StateStack, target: Target) -> None:
        failed = dead_letter_queue(self, "ObserverFailed", name="observer", fifo=False)
        self.functions["observer"] = observer_function(
            self,
            self._near,
            state.decisions,
            services=services,
            every_seconds=target.observe_seconds,
            failed=failed,
        )
        self._failed = {"observer": failed, "scheduled jobs": self.jobs} | {
            f"{name} {part}": queue
            for name, stream in self.streams.items()
            for part, queue in (("catch-up", stream.given_up), ("later", stream.left))
            if queue
        }

    def queues(self) -> dict[str, sqs.IQueue]:
        """Every queue that something works off, by what people call it."""
        found: dict[str, sqs.IQueue] = {"labels": self.labels.queue}
        for name, stream in self.streams.items():
            found |= {
                f"{name}{part}": q
                for part, q in (("", stream.source), (" catch-up", stream.waiting), (" later", stream.later))
                if q
            }
        return found

    def dead_letters(self) -> dict[str, sqs.IQueue]:
        """Every queue of what nobody could work off."""
        return {**self.dead_letters_of_streams(), **self._failed, "labels": self.labels.dead_letters}

    def dead_letters_of_streams(self) -> dict[str, sqs.IQueue]:
        """By service, where its stream's undecided records are."""
        return {name: stream.dead_letters for name, stream in self.streams.items() if stream.dead_letters}

    def _outputs(self) -> None:
        CfnOutput(self, "LabelQueueUrl", value=self.labels.queue.queue_url)
        for name, stream in self.streams.items():
            title = name.capitalize()
            for part, queue in (
                ("Queue", stream.source),
                ("DeadLetters", stream.dead_letters),
                ("CatchUpQueue", stream.waiting),
                ("LaterQueue", stream.later),
                ("LaterDeadLetters", stream.left),
            ):
                if queue is not None:
                    CfnOutput(self, f"{title}{part}Url", value=queue.queue_url)
            if stream.kinesis is not None:
                CfnOutput(self, f"{title}StreamName", value=stream.kinesis.stream_name)


def _check_topic(services: Sequence[Service], settings: Settings) -> None:
    streaming = [service.name for service in services if service.stream]
    if settings.kafka_topic and len(streaming) > 1:
        raise ContextError(
            f"-c kafka_topic={settings.kafka_topic} is one topic, but {' and '.join(streaming)} stream: "
            "leave it out, and each reads the topic of its own name"
        )
