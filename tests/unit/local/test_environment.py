"""Nothing that runs for the laptop sees the user's own AWS account."""

from __future__ import annotations

import pytest

from local.environment import aws_environment, client

USERS = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "token",
    "AWS_ENDPOINT_URL_S3": "https://elsewhere.example",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "CDK_DEPLOY_ACCOUNT": "123456789012",
    "HTTPS_PROXY": "http://proxy.example:3128",
    "PATH": "/bin",
}


def test_the_users_settings_are_replaced() -> None:
    given = aws_environment(USERS, "http://127.0.0.1:4601")
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "CDK_DEPLOY_ACCOUNT"} & set(given)
    assert given["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4601"
    assert "AKIAREAL" not in given.values()
    assert given["PATH"] == "/bin"


def test_the_embedded_aws_is_reached_past_a_proxy() -> None:
    assert aws_environment(USERS | {"NO_PROXY": "intranet"}, "http://x")["NO_PROXY"] == "intranet,127.0.0.1"
    assert aws_environment(USERS, "http://x")["no_proxy"] == "127.0.0.1"


def test_a_client_asks_nothing_of_the_users_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in USERS.items():
        monkeypatch.setenv(name, value)
    made = client("s3", "http://127.0.0.1:4601")
    assert made.meta.endpoint_url == "http://127.0.0.1:4601"
    assert made.meta.region_name == "us-east-1"
