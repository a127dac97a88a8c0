"""The context keys: typed, and refused with a sentence that says what to give."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from cdk.settings import ContextError, Settings

ROOT = Path(__file__).resolve().parents[2]
ISSUER = "token.actions.githubusercontent.com"


def test_without_keys_everything_that_costs_money_is_off() -> None:
    assert Settings.from_context({}) == Settings()
    assert (Settings().tracking, Settings().local, Settings().github_repository) == (False, False, None)


def test_values_from_the_command_line_are_strings_and_become_typed() -> None:
    settings = Settings.from_context(
        {
            "alarm_email": "me@example.com",
            "monthly_budget_usd": "2.5",
            "requests_per_second": "7",
            "tracking": "true",
            "local": "False",
        }
    )
    assert settings == Settings(
        alarm_email="me@example.com",
        monthly_budget_usd=2.5,
        requests_per_second=7,
        tracking=True,
        local=False,
    )


def test_a_stream_on_kafka_is_told_where_it_is() -> None:
    settings = Settings.from_context(
        {"stream": "kafka", "kafka_bootstrap": "a.example.com:9096,b:9096", "kafka_secret": "triage/kafka"}
    )
    assert settings.stream == "kafka"
    assert settings.kafka_topic is None, "then it is the service's name"
    assert Settings.from_context({"stream": "kinesis"}) == Settings(stream="kinesis")


def test_values_from_cdk_json_keep_their_type() -> None:
    settings = Settings.from_context({"tracking": True, "monthly_quota": 1000, "monthly_budget_usd": 3})
    assert (settings.tracking, settings.monthly_quota, settings.monthly_budget_usd) == (True, 1000, 3.0)


def test_keys_of_the_cdk_itself_are_left_alone() -> None:
    context = {
        "@aws-cdk/core:x": True,
        "aws:cdk:y": 1,
        "cdk-migrate": True,
        "ssm:account=1:name=/a:region=r": "v",
    }
    assert Settings.from_context(context) == Settings()


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({"alarm_email": "me"}, "an address such as"),
        ({"alarm_email": "me@example.com, you@example.com"}, "an address such as"),
        ({"alarm_email": "me@example"}, "an address such as"),
        ({"alarm_email": 5}, "an address such as"),
        ({"monthly_budget_usd": "0"}, "above zero"),
        ({"monthly_budget_usd": "-1"}, "above zero"),
        ({"monthly_budget_usd": "one"}, "above zero"),
        ({"monthly_budget_usd": "nan"}, "above zero"),
        ({"monthly_budget_usd": "inf"}, "above zero"),
        ({"monthly_budget_usd": True}, "above zero"),
        ({"burst": "1.5"}, "whole number"),
        ({"tracking": "yes"}, "true or false"),
        ({"local": 1}, "true or false"),
        ({"github_repository": "triage"}, "owner/name"),
        ({"github_repository": "https://github.com/o/n"}, "owner/name"),
        ({"github_repository": "o/n:*"}, "owner/name"),
        ({"github_repository": "o/n", "github_oidc_provider": "x"}, "ARN"),
        (
            {"github_oidc_provider": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"},
            "needs github_repository",
        ),
        ({"stream": "rabbit"}, "give sqs, kinesis, kafka"),
        ({"stream": "kafka"}, "needs kafka_bootstrap and kafka_secret"),
        ({"stream": "kafka", "kafka_secret": "s", "kafka_bootstrap": "broker"}, "host:port"),
        ({"stream": "kafka", "kafka_bootstrap": "b:1", "kafka_secret": "a secret"}, "name of a secret"),
        ({"kafka_topic": "t"}, "is for -c stream=kafka only"),
        ({"stream": "kafka", "kafka_bootstrap": "b:1", "kafka_secret": "s", "kafka_topic": "a b"}, "topic"),
        ({"feature_store_secret": "redis://host"}, "name of a secret"),
        ({"trackin": "true"}, "did you mean tracking?"),
        ({"zzz": "true"}, "the keys are"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(context: dict[str, object], says: str) -> None:
    with pytest.raises(ContextError) as refused:
        Settings.from_context(context)
    assert says in str(refused.value)
    assert list(context)[-1] in str(refused.value)


def test_the_deployment_page_lists_every_key() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert documented == {field.name for field in fields(Settings)}
