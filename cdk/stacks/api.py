"""The decision functions and the REST API in front of them."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk import own_repository
from cdk.constructs.access import Access
from cdk.constructs.decision_function import catalog_function, deciding_function, labels_function
from cdk.constructs.drains import may_wake
from cdk.constructs.exporter import exporter_function
from cdk.constructs.rest_api import TriageApi, base_url
from cdk.constructs.review_functions import console_function, review_function
from cdk.constructs.service_function import LoggedFunction
from cdk.local_differences import Target
from cdk.names import API_STAGE, stack_name
from cdk.service import Service
from cdk.services import CATALOG, CONSOLE, EXPORTER, LABELS, REVIEW
from cdk.settings import Settings
from cdk.stacks.artifacts import ArtifactsStack
from cdk.stacks.neighbours import neighbours
from cdk.stacks.review import ReviewStack
from cdk.stacks.state import StateStack
from cdk.stacks.streaming import StreamingStack


class ApiStack(Stack):
    """One function a service and those that serve all, behind one API. `functions` is by service name."""

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
    ) -> None:
        super().__init__(
            scope,
            stack_name("Api"),
            description="Triage: the decision functions and their REST API",
            synthesizer=None if target.functions_as_zip else own_repository.synthesizer(),
        )
        self.add_stack_dependency(artifacts, "the bucket, and the repository the image is pushed to")
        self.add_stack_dependency(state, "the bucket of uploads, which is found by the output's name")
        near = neighbours(self, target, state)
        self.api = TriageApi(self, "Api", settings=settings, people=review.reviewers.pool)
        self.functions: dict[str, LoggedFunction] = {}
        for service in services:
            stream = streaming.streams.get(service.name)
            made = deciding_function(
                self,
                service,
                near,
                waiting=stream.waiting if stream else None,
                later=stream.later if stream else None,
            )
            if service.looks_back:
                made.allow(["dynamodb:GetItem"], [state.decisions.table_arn])
            if service.later and target.drains:
                may_wake(made, service.name)
            self.functions[service.name] = made
        names = [service.name for service in services]
        self.functions[LABELS.name] = labels_function(
            self, LABELS, near, services=names, queue=streaming.labels.queue
        )
        self.functions[CATALOG.name] = catalog_function(self, CATALOG, near, services=names)
        self.functions[REVIEW.name] = review_function(
            self,
            REVIEW,
            near,
            review.queue,
            services=services,
            labels=streaming.labels.queue,
            settings=settings,
        )
        self.functions[CONSOLE.name] = console_function(self, CONSOLE, near)
        routed = [*services, LABELS, REVIEW, CATALOG, CONSOLE]
        if settings.prometheus or target.prometheus:
            self.functions[EXPORTER.name] = exporter_function(
                self, near, target, api=self.api.rest_api, services=services
            )
            routed.append(EXPORTER)
        for service in routed:
            self.api.add(service, self.functions[service.name].function)
        self._outputs(Access(self, "Access", api=self.api, settings=settings))

    def _outputs(self, access: Access) -> None:
        key = access.key.key_id
        command = f"aws apigateway get-api-key --api-key {key} --include-value --query value --output text"
        CfnOutput(self, "ApiUrl", value=base_url(self.api.rest_api))
        CfnOutput(self, "ConsoleUrl", value=f"{base_url(self.api.rest_api)}/console")
        CfnOutput(self, "ApiId", value=self.api.rest_api.rest_api_id)
        CfnOutput(self, "ApiStage", value=API_STAGE)
        CfnOutput(self, "ApiKeyId", value=key)
        CfnOutput(self, "ApiKeyCommand", value=command, description="prints the API key")
