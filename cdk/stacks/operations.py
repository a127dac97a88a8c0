"""What tells people how the app does: alarms, the dashboard, saved log queries, the budget."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk import own_repository
from cdk.constructs.alarm_topic import AlarmTopic
from cdk.constructs.alarms import add_alarms, alarm_specs, lateness_of
from cdk.constructs.budget import monthly_budgets
from cdk.constructs.dashboard import operations_dashboard
from cdk.constructs.drift_job import drift_job
from cdk.constructs.functions_dashboard import functions_dashboard
from cdk.constructs.log_queries import save_queries
from cdk.constructs.mail_formatter import MailFormatter
from cdk.constructs.metric_bridge import MetricBridge
from cdk.constructs.people import People, dashboard_url
from cdk.constructs.rollout_machine import RolloutMachine
from cdk.constructs.service_function import LoggedFunction
from cdk.constructs.stream_dashboard import stream_dashboard
from cdk.constructs.value_job import value_job
from cdk.constructs.watch import watch_of
from cdk.local_differences import Target
from cdk.names import stack_name
from cdk.service import Service
from cdk.settings import Settings
from cdk.stacks.api import ApiStack
from cdk.stacks.artifacts import ArtifactsStack
from cdk.stacks.neighbours import neighbours
from cdk.stacks.review import ReviewStack
from cdk.stacks.state import StateStack
from cdk.stacks.streaming import StreamingStack


class OperationsStack(Stack):
    """Alarms that become mails, three dashboards, log queries and the budgets, and rollouts.

    `functions` are its own, by what people call them.
    """

    def __init__(
        self,
        scope: Construct,
        settings: Settings,
        target: Target,
        services: Sequence[Service],
        artifacts: ArtifactsStack,
        state: StateStack,
        streaming: StreamingStack,
        review: ReviewStack,
        api: ApiStack,
    ) -> None:
        super().__init__(
            scope,
            stack_name("Operations"),
            description="Triage: alarms, dashboard, log queries and budget",
            synthesizer=None if target.functions_as_zip else own_repository.synthesizer(),
        )
        self.add_stack_dependency(artifacts, "the bucket, and the repository the image is pushed to")
        self.add_stack_dependency(state, "the bucket of uploads, which is found by the output's name")
        alarms = AlarmTopic(self, "Alarms", email=settings.alarm_email)
        self._near = neighbours(self, target, state)
        self._people = People.behind(alarms.topic, settings)
        self.rollouts = RolloutMachine(
            self, "Rollouts", near=self._near, services=services, people=self._people
        )
        mails = MailFormatter(self, "Mails", near=self._near, services=services, people=self._people)
        self.functions: dict[str, LoggedFunction] = {
            "rollout": self.rollouts.made,
            "value": value_job(self, self._near, services, failed=streaming.jobs),
            "drift": drift_job(self, self._near, services, self._people, failed=streaming.jobs),
            "mail": mails.made,
        }
        dead_letters = {
            **streaming.dead_letters(), **review.dead_letters, "alarm mails": mails.dead_letters
        }  # fmt: skip
        self.functions["watch"] = watch_of(
            self, self._near, dead_letters, minutes=target.watch_minutes, failed=streaming.jobs
        )
        working = {**streaming.functions, **review.functions}
        functions = {**api.functions, **working, **self.functions}
        operations_dashboard(
            self,
            api=api.api.rest_api,
            services=services,
            functions=functions,
            decisions=state.decisions,
            alarms=self._alarms(api, streaming, mails, target),
        )
        stream_dashboard(
            self,
            queues=streaming.queues(),
            functions=working,
            watch=self.functions["watch"],
            store=state.store.table,
        )
        functions_dashboard(self, api.functions)
        if target.saved_queries:
            save_queries(self, functions)
        if target.budget:
            monthly_budgets(
                self, usd=settings.monthly_budget_usd, email=settings.alarm_email, topic=alarms.topic
            )
        if target.metric_bridge:
            MetricBridge(self, "MetricBridge", sources=list(functions.values()))
        self._outputs(alarms, target)

    def _alarms(
        self, api: ApiStack, streaming: StreamingStack, mails: MailFormatter, target: Target
    ) -> list[cloudwatch.Alarm]:
        late = [lateness_of(stream) for stream in streaming.streams.values()]
        return add_alarms(
            self,
            alarm_specs(
                self,
                api.api.rest_api,
                [each for each in late if each],
                late_seconds=target.late_seconds,
            ),
            mails.states,
            runbook=self._people.runbook,
            timing=target.alarm_timing,
        )

    def _outputs(self, alarms: AlarmTopic, target: Target) -> None:
        CfnOutput(self, "AlarmTopicArn", value=alarms.topic.topic_arn)
        CfnOutput(self, "RolloutMachineArn", value=self.rollouts.machine.state_machine_arn)
        CfnOutput(self, "DashboardUrl", value=dashboard_url())
        if target.inbox:
            CfnOutput(self, "InboxQueueUrl", value=alarms.add_inbox().queue_url)
