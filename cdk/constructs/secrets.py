"""Secrets that the user has made, known to the app by name."""

from __future__ import annotations

from aws_cdk import Arn, ArnComponents, ArnFormat, Stack

from cdk.constructs.service_function import LoggedFunction

_ANY_SUFFIX = "-??????"
"""Secrets Manager ends a secret's ARN with a hyphen and six characters of its own."""


def may_read_secret(made: LoggedFunction, name: str) -> str:
    """Let `made` read the secret called `name`; its ARN without the suffix, which AWS takes as well."""
    arn = Arn.format(
        ArnComponents(
            service="secretsmanager",
            resource="secret",
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        ),
        Stack.of(made),
    )
    made.allow(["secretsmanager:GetSecretValue"], [arn + _ANY_SUFFIX])
    return arn
