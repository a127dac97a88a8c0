"""Accounts of reviewers: strong passwords, the right groups, made once."""

from __future__ import annotations

import re
from typing import Any

import boto3
import pytest

from local import deploy, reviewers, running
from local.emulator import Emulator
from local.errors import Misused
from local.place import Place


@pytest.fixture
def cognito(no_account: None) -> Any:
    return boto3.client("cognito-idp", region_name="us-east-1")


@pytest.fixture
def pool(cognito: Any) -> str:
    made: str = cognito.create_user_pool(PoolName="p")["UserPool"]["Id"]
    for group in ("reviewers", "leads"):
        cognito.create_group(GroupName=group, UserPoolId=made)
    return made


def groups(cognito: Any, pool: str, email: str) -> set[str]:
    found = cognito.admin_list_groups_for_user(Username=email, UserPoolId=pool)["Groups"]
    return {group["GroupName"] for group in found}


def test_a_password_has_every_kind_of_character_and_is_never_the_same() -> None:
    made = {reviewers.new_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        assert len(password) >= 20
        assert all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))


def test_an_account_is_made_once_and_a_later_password_counts(cognito: Any, pool: str) -> None:
    email = "ana@example.com"
    assert reviewers.add(cognito, pool, email, password=reviewers.new_password(), lead=False)
    assert groups(cognito, pool, email) == {"reviewers"}
    assert not reviewers.add(cognito, pool, email, password=reviewers.new_password(), lead=True)
    assert groups(cognito, pool, email) == {"reviewers", "leads"}
    user = cognito.admin_get_user(UserPoolId=pool, Username=email)
    assert user["UserStatus"] == "CONFIRMED"
    assert {"Name": "email_verified", "Value": "true"} in user["UserAttributes"]


def test_without_a_password_the_first_one_must_be_changed(cognito: Any, pool: str) -> None:
    reviewers.add(cognito, pool, "bo@example.com", password=None, lead=False)
    user = cognito.admin_get_user(UserPoolId=pool, Username="bo@example.com")
    assert user["UserStatus"] == "FORCE_CHANGE_PASSWORD"


@pytest.mark.parametrize("email", ["ana", "@example.com", "ana@"])
def test_what_is_no_mail_address_is_refused_before_anything_is_made(
    cognito: Any, pool: str, email: str
) -> None:
    with pytest.raises(Misused, match=f"EMAIL={email}: it must be a mail address"):
        reviewers.add(cognito, pool, email, password=None, lead=False)
    assert cognito.list_users(UserPoolId=pool)["Users"] == []


def test_a_refusal_is_one_line(cognito: Any, monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    monkeypatch.setattr(running, "require", lambda place: Emulator(1, 1))
    monkeypatch.setattr(deploy, "outputs", lambda place: {"s": {"ReviewerPoolId": "us-east-1_none"}})
    monkeypatch.setattr(reviewers, "client", lambda *_: cognito)
    with pytest.raises(Misused, match=r"^EMAIL=ana@example.com: the embedded AWS refused: .*$"):
        reviewers.on_the_laptop(place, "ana@example.com", lead=False)


@pytest.mark.usefixtures("cognito")
def test_an_account_without_the_stack_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(Misused, match="make deploy first"):
        reviewers.on_aws("ana@example.com", lead=False)


def test_without_a_region_aws_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(Misused, match=r"^EMAIL=ana@example.com: AWS cannot be asked: .*region"):
        reviewers.on_aws("ana@example.com", lead=False)
