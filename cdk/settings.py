"""What a user may set with `-c key=value`: typed, checked once, with errors that say what to do."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, get_args

from lambdas.core.errors import TriageError

_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]{2,}")
# Since July 2026 GitHub puts the ids of owner and repository into the tokens of new repositories.
_REPOSITORY = re.compile(r"[\w.-]+(@\d+)?/[\w.-]+(@\d+)?", re.ASCII)
_OIDC_PROVIDER = re.compile(r"arn:[\w-]+:iam::\d{12}:oidc-provider/token\.actions\.githubusercontent\.com")
_BROKER = r"[A-Za-z0-9.-]+:\d{1,5}"
_BROKERS = re.compile(rf"{_BROKER}(,{_BROKER})*")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_SUBNETS = re.compile(r"subnet-[0-9a-f]{8,17}(,subnet-[0-9a-f]{8,17})*")
_GROUPS = re.compile(r"sg-[0-9a-f]{8,17}(,sg-[0-9a-f]{8,17})*")
_SECRET = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
# Feature flags (@aws-cdk/...), the CLI's keys (aws:..., cdk-...) and lookups (name:account=...) are not ours.
_OURS = re.compile(r"[a-z][a-z0-9_]*")


StreamKind = Literal["sqs", "kinesis", "kafka"]
"""Where a service's stream comes from."""


class ContextError(TriageError):
    """A context key is unknown or its value cannot be used."""

    title = "Bad context"


@dataclass(frozen=True)
class Settings:
    """The app's context keys. Each field is a key; docs/deploy.md lists them for users."""

    alarm_email: str | None = None
    monthly_budget_usd: float = 1.0
    requests_per_second: int = 20
    decision_write_units: int = 10
    claim_minutes: int = 15
    second_opinion_share: float = 0.1
    burst: int = 40
    monthly_quota: int = 500_000
    github_repository: str | None = None
    github_oidc_provider: str | None = None
    stream: StreamKind = "sqs"
    kafka_bootstrap: str | None = None
    kafka_topic: str | None = None
    kafka_secret: str | None = None
    feature_store_secret: str | None = None
    feature_store_subnets: str | None = None
    feature_store_security_groups: str | None = None
    tracking: bool = False
    prometheus: bool = False
    local: bool = False

    @classmethod
    def from_context(cls, context: Mapping[str, object]) -> Settings:
        """The settings in `context` (all keys of the CDK app); raises ContextError naming the key."""
        known = [field.name for field in fields(cls)]
        for key in context:
            if _OURS.fullmatch(key) and key not in known:
                raise ContextError(_unknown(key, known))
        given = {key: value for key in known if (value := context.get(key)) not in (None, "")}
        settings = cls(
            alarm_email=_matching(given, "alarm_email", _EMAIL, "an address such as me@example.com"),
            monthly_budget_usd=_positive(given, "monthly_budget_usd", cls.monthly_budget_usd),
            requests_per_second=_count(given, "requests_per_second", cls.requests_per_second),
            decision_write_units=_count(given, "decision_write_units", cls.decision_write_units),
            claim_minutes=_count(given, "claim_minutes", cls.claim_minutes),
            second_opinion_share=_share(given, "second_opinion_share", cls.second_opinion_share),
            burst=_count(given, "burst", cls.burst),
            monthly_quota=_count(given, "monthly_quota", cls.monthly_quota),
            github_repository=_matching(
                given, "github_repository", _REPOSITORY, "owner/name, or owner@id/name@id (docs/deploy.md)"
            ),
            github_oidc_provider=_matching(
                given, "github_oidc_provider", _OIDC_PROVIDER, "the ARN of the account's GitHub OIDC provider"
            ),
            stream=_stream(given),
            kafka_bootstrap=_matching(
                given, "kafka_bootstrap", _BROKERS, "host:port, or several with commas"
            ),
            kafka_topic=_matching(given, "kafka_topic", _TOPIC, "a topic's name"),
            kafka_secret=_matching(given, "kafka_secret", _SECRET, "the name of a secret"),
            feature_store_secret=_matching(given, "feature_store_secret", _SECRET, "the name of a secret"),
            feature_store_subnets=_matching(
                given, "feature_store_subnets", _SUBNETS, "subnet-..., or several with commas"
            ),
            feature_store_security_groups=_matching(
                given, "feature_store_security_groups", _GROUPS, "sg-..., or several with commas"
            ),
            tracking=_flag(given, "tracking"),
            prometheus=_flag(given, "prometheus"),
            local=_flag(given, "local"),
        )
        settings.check()
        return settings

    def check(self) -> None:
        """Raise ContextError for keys that do not go together."""
        if self.github_oidc_provider and not self.github_repository:
            raise ContextError(
                "github_oidc_provider needs github_repository: add -c github_repository=owner/name"
            )
        inside = {
            "feature_store_secret": self.feature_store_secret,
            "feature_store_subnets": self.feature_store_subnets,
            "feature_store_security_groups": self.feature_store_security_groups,
        }
        if (self.feature_store_subnets or self.feature_store_security_groups) and None in inside.values():
            missing = [key for key, value in inside.items() if value is None]
            raise ContextError(f"a feature store inside a VPC also needs {' and '.join(missing)}")
        kafka = {"kafka_bootstrap": self.kafka_bootstrap, "kafka_secret": self.kafka_secret}
        if self.stream == "kafka":
            missing = [key for key, value in kafka.items() if value is None]
            if missing:
                raise ContextError(f"-c stream=kafka needs {' and '.join(missing)}: docs/deploy.md says what")
            return
        for key, value in (*kafka.items(), ("kafka_topic", self.kafka_topic)):
            if value is not None:
                raise ContextError(f"-c {key}={value} is for -c stream=kafka only: add that, or leave it out")


def _unknown(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"the keys are {', '.join(known)}"
    return f"there is no context key '{key}': {hint}"


def _matching(given: Mapping[str, object], key: str, pattern: re.Pattern[str], wanted: str) -> str | None:
    value = given.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ContextError(f"-c {key}={value} cannot be used: give {wanted}")
    return value


def _stream(given: Mapping[str, object]) -> StreamKind:
    value = given.get("stream", Settings.stream)
    for kind in get_args(StreamKind):
        if value == kind:
            return kind  # type: ignore[no-any-return]
    raise ContextError(f"-c stream={value} cannot be used: give {', '.join(get_args(StreamKind))}")


def _number(given: Mapping[str, object], key: str) -> float:
    value = given[key]
    try:
        number = (
            float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else math.nan
        )
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise ContextError(f"-c {key}={value} cannot be used: give a number above zero")
    return number


def _positive(given: Mapping[str, object], key: str, default: float) -> float:
    return _number(given, key) if key in given else default


def _share(given: Mapping[str, object], key: str, default: float) -> float:
    if key not in given:
        return default
    try:
        number = float(str(given[key]))
    except ValueError:
        number = math.nan
    if not 0.0 <= number <= 1.0:
        raise ContextError(f"-c {key}={given[key]} cannot be used: give a share from 0 to 1")
    return number


def _count(given: Mapping[str, object], key: str, default: int) -> int:
    if key not in given:
        return default
    number = _number(given, key)
    if number != int(number):
        raise ContextError(f"-c {key}={given[key]} cannot be used: give a whole number above zero")
    return int(number)


def _flag(given: Mapping[str, object], key: str) -> bool:
    value = given.get(key, False)
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ContextError(f"-c {key}={value} cannot be used: give true or false")
