"""How a finding of cdk-nag is accepted: on one resource, with its reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, CfnResource, Validations
from constructs import IConstruct

from lambdas.core.errors import TriageError


class NotOneResource(TriageError):
    """An acknowledgement was asked for on something that is not one CloudFormation resource."""


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept `rule` (for example `AwsSolutions-S1`) on the one resource behind `construct`.

    Raises NotOneResource when `construct` is not a resource and has none of its own.
    """
    resource = construct if CfnResource.is_cfn_resource(construct) else construct.node.default_child
    if resource is None:
        raise NotOneResource(
            f"{construct.node.path} is not one resource: acknowledge {rule} on the one it is for"
        )
    Validations.of(resource).acknowledge(Acknowledgment(id=rule, reason=reason))
