"""Accounts of reviewers: the laptop's own, and `make reviewer` for more of them, here or on AWS."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from cdk.names import stack_name
from lambdas.core.people import LEADS, REVIEWERS
from local import deploy, running, state
from local.environment import client
from local.errors import Misused
from local.place import Place
from local.stack import Stack
from local.state import Account

OWN = "reviewer@example.com"


def new_password() -> str:
    """A random one that has every kind of character that the pool asks for."""
    return f"{secrets.token_urlsafe(15)}-aA1"


def add(cognito: Any, pool: str, email: str, *, password: str | None, lead: bool) -> bool:
    """Make the account, or take an existing one, and put it into its groups; whether it is new.

    With `password` that is what it signs in with from now on; without, Cognito mails a new account its first.
    Raises Misused when `email` is no address.
    """
    if not all(email.partition("@")):
        raise Misused(f"EMAIL={email}: it must be a mail address, as ana@example.com")
    told: dict[str, Any] = (
        {"MessageAction": "SUPPRESS"} if password else {"DesiredDeliveryMediums": ["EMAIL"]}
    )
    verified = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    try:
        cognito.admin_create_user(UserPoolId=pool, Username=email, UserAttributes=verified, **told)
        new = True
    except cognito.exceptions.UsernameExistsException:
        new = False
    if password:
        cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
    for group in (REVIEWERS, *((LEADS,) if lead else ())):
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=group)
    return new


def ensure(place: Place, stack: Stack) -> Account:
    """The laptop's own account, a lead: made once, its password kept in the laptop's state."""
    known = state.load(place)
    kept = known.reviewer if known else None
    account = Account(OWN, kept.password if kept else new_password())
    add(
        stack.client("cognito-idp"), stack.output("ReviewerPoolId"), OWN, password=account.password, lead=True
    )
    running.update(place, reviewer=account)
    return account


def on_the_laptop(place: Place, email: str, *, lead: bool) -> Account:
    """An account in the embedded AWS, with a new random password. Raises NotRunning, Misused."""
    endpoint = running.require(place).endpoint
    pool = deploy.output(deploy.outputs(place), "ReviewerPoolId")
    account = Account(email, new_password())
    with _told(email, "the embedded AWS"):
        add(client("cognito-idp", endpoint), pool, email, password=account.password, lead=lead)
    return account


def on_aws(email: str, *, lead: bool) -> Account:
    """An account in the AWS account of the user's own settings; Cognito mails the first password.

    Raises Misused when the review stack is not deployed there, or AWS refuses.
    """
    name = stack_name("Review")
    with _told(email, "AWS"):
        try:
            (found,) = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise Misused(
                f"There is no stack {name} in this account and region: make deploy first."
            ) from error
        outputs = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
        add(boto3.client("cognito-idp"), outputs["ReviewerPoolId"], email, password=None, lead=lead)
    return Account(email, None)


@contextmanager
def _told(email: str, who: str) -> Iterator[None]:
    """A refusal in one line: what the emulator or a region wrote last would not say more."""
    try:
        yield
    except ClientError as error:
        said = error.response["Error"]
        raise Misused(f"EMAIL={email}: {who} refused: {said.get('Message') or said['Code']}") from error
    except BotoCoreError as error:
        raise Misused(f"EMAIL={email}: {who} cannot be asked: {error}") from error
