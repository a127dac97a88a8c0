"""What tells people how the app does: alarms, the dashboard, saved log queries, the budget."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, CfnOutput, Stack
from constructs import Construct

from cdk.constructs.alarm_topic import AlarmTopic
from cdk.constructs.alarms import add_alarms, api_alarms, service_alarms
from cdk.constructs.budget import monthly_budget
from cdk.constructs.dashboard import dashboard_name, operations_dashboard
from cdk.constructs.log_queries import save_queries
from cdk.constructs.metric_bridge import MetricBridge
from cdk.local_differences import Target
from cdk.names import stack_name
from cdk.services import Service
from cdk.settings import Settings
from cdk.stacks.api import ApiStack
from cdk.stacks.state import StateStack


class OperationsStack(Stack):
    """Alarms to a topic, one dashboard, log queries and the budget."""

    def __init__(
        self,
        scope: Construct,
        settings: Settings,
        target: Target,
        services: Sequence[Service],
        state: StateStack,
        api: ApiStack,
    ) -> None:
        super().__init__(
            scope, stack_name("Operations"), description="Triage: alarms, dashboard, log queries and budget"
        )
        rest_api = api.api.rest_api
        alarms = AlarmTopic(self, "Alarms", email=settings.alarm_email)
        timing = target.alarm_timing
        specs = api_alarms(rest_api, timing)
        for service in services:
            specs += service_alarms(service, timing)
        operations_dashboard(
            self,
            api=rest_api,
            services=services,
            functions=api.functions,
            decisions=state.decisions,
            alarms=add_alarms(self, specs, alarms.topic, timing),
        )
        if target.saved_queries:
            save_queries(self, [made.log_group for made in api.functions.values()])
        if target.budget:
            monthly_budget(
                self, usd=settings.monthly_budget_usd, email=settings.alarm_email, topic=alarms.topic
            )
        if target.metric_bridge:
            MetricBridge(self, "MetricBridge", sources=list(api.functions.values()))
        self._outputs(alarms, target)

    def _outputs(self, alarms: AlarmTopic, target: Target) -> None:
        console = f"https://{Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region={Aws.REGION}"
        CfnOutput(self, "AlarmTopicArn", value=alarms.topic.topic_arn)
        CfnOutput(self, "DashboardUrl", value=f"{console}#dashboards/dashboard/{dashboard_name()}")
        if target.inbox:
            CfnOutput(self, "InboxQueueUrl", value=alarms.add_inbox().queue_url)
