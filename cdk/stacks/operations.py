"""What tells people how the app does: alarms, the dashboard, saved log queries, the budget."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk import own_repository
from cdk.constructs.alarm_topic import AlarmTopic
from cdk.constructs.alarms import add_alarms, api_alarms, service_alarms, stream_alarms
from cdk.constructs.budget import monthly_budget
from cdk.constructs.dashboard import operations_dashboard
from cdk.constructs.log_queries import save_queries
from cdk.constructs.metric_bridge import MetricBridge
from cdk.constructs.people import People, dashboard_url
from cdk.constructs.rollout_machine import RolloutMachine
from cdk.constructs.stream_dashboard import stream_dashboard
from cdk.local_differences import Target
from cdk.names import stack_name
from cdk.services import Service
from cdk.settings import Settings
from cdk.stacks.api import ApiStack
from cdk.stacks.artifacts import ArtifactsStack
from cdk.stacks.neighbours import neighbours
from cdk.stacks.review import ReviewStack
from cdk.stacks.state import StateStack
from cdk.stacks.streaming import StreamingStack


class OperationsStack(Stack):
    """Alarms to a topic, two dashboards, log queries and the budget."""

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
        rest_api = api.api.rest_api
        alarms = AlarmTopic(self, "Alarms", email=settings.alarm_email)
        self._near = neighbours(self, target, state)
        self._people = People.behind(alarms.topic, settings)
        self.rollouts = RolloutMachine(
            self, "Rollouts", near=self._near, services=services, people=self._people
        )
        working = {**streaming.functions, **review.functions}
        functions = {**api.functions, **working}
        timing = target.alarm_timing
        specs = api_alarms(rest_api, timing)
        for service in services:
            specs += service_alarms(service, timing)
        specs += stream_alarms(streaming.dead_letters_of_streams(), timing)
        operations_dashboard(
            self,
            api=rest_api,
            services=services,
            functions=api.functions,
            decisions=state.decisions,
            alarms=add_alarms(self, specs, alarms.topic, timing),
        )
        stream_dashboard(
            self,
            queues=streaming.queues(),
            dead_letters={**streaming.dead_letters(), **review.dead_letters},
            functions=working,
            store=state.store.table,
        )
        if target.saved_queries:
            save_queries(self, [made.log_group for made in functions.values()])
        if target.budget:
            monthly_budget(
                self, usd=settings.monthly_budget_usd, email=settings.alarm_email, topic=alarms.topic
            )
        if target.metric_bridge:
            MetricBridge(self, "MetricBridge", sources=list(functions.values()))
        self._outputs(alarms, target)

    def _outputs(self, alarms: AlarmTopic, target: Target) -> None:
        CfnOutput(self, "AlarmTopicArn", value=alarms.topic.topic_arn)
        CfnOutput(self, "RolloutMachineArn", value=self.rollouts.machine.state_machine_arn)
        CfnOutput(self, "DashboardUrl", value=dashboard_url())
        if target.inbox:
            CfnOutput(self, "InboxQueueUrl", value=alarms.add_inbox().queue_url)
