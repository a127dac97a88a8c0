"""The alarms: what broke, what to do, and where the runbook says more. Ten are free in an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs.metric import api_metric, metric
from cdk.local_differences import AlarmTiming
from cdk.names import PROJECT
from cdk.services import Service

RUNBOOK = "docs/runbook.md"
SLOW_MS = 1_000
FALLBACK_SHARE = 0.2
FAILED_ANSWERS = 5

_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD


@dataclass(frozen=True)
class AlarmSpec:
    """One alarm. `broke` says what is wrong, `do` what to look at first, `anchor` the runbook's section."""

    name: str
    metric: cloudwatch.Metric
    comparison: cloudwatch.ComparisonOperator
    threshold: float
    broke: str
    do: str
    anchor: str

    @property
    def description(self) -> str:
        """What the mail says."""
        return f"{self.broke} {self.do} More: {RUNBOOK}#{self.anchor}"


def api_alarms(api: apigateway.RestApi, timing: AlarmTiming) -> list[AlarmSpec]:
    """The two alarms on the API as a whole."""
    period = timing.period_seconds
    return [
        AlarmSpec(
            "api-errors",
            api_metric(api, "5XXError", statistic="Sum", seconds=period),
            _ABOVE,
            FAILED_ANSWERS,
            "The API answers with 5xx: callers get no decision.",
            "Look at the errors on the dashboard, then roll back the last deployment if it is the cause.",
            "api-errors",
        ),
        AlarmSpec(
            "api-latency",
            api_metric(api, "Latency", statistic="p95", seconds=period),
            _ABOVE,
            SLOW_MS,
            f"One answer in twenty takes {SLOW_MS} ms or longer.",
            "Look at durations and cold starts on the dashboard: a large bundle or too little memory shows.",
            "api-latency",
        ),
    ]


def service_alarms(service: Service, timing: AlarmTiming) -> list[AlarmSpec]:
    """The two alarms on what one service decides."""
    period = timing.period_seconds
    return [
        AlarmSpec(
            f"{service.name}-low-confidence",
            metric("Confidence", service.name, statistic="Average", seconds=period),
            _BELOW,
            service.low_confidence,
            f"The average confidence of {service.name} is below {service.low_confidence:g}: "
            "the input has changed, or a new bundle is worse.",
            "If a bundle was just published, publish the one before it; if not, see what the input has new.",
            "low-confidence",
        ),
        AlarmSpec(
            f"{service.name}-fallbacks",
            metric("Fallbacks", service.name, statistic="Average", seconds=period),
            _ABOVE,
            FALLBACK_SHARE,
            f"Rules answer {FALLBACK_SHARE:.0%} or more of {service.name} in place of the model.",
            "Search the function's log for `model failed`: it says which bundle could not be loaded and why.",
            "fallbacks",
        ),
    ]


def stream_alarms(dead_letters: Mapping[str, sqs.IQueue], timing: AlarmTiming) -> list[AlarmSpec]:
    """One alarm on the dead letters of each service's stream."""
    return [
        AlarmSpec(
            f"{service}-dead-letters",
            queue.metric_approximate_number_of_messages_visible(
                statistic="Maximum", period=Duration.seconds(timing.period_seconds)
            ),
            _ABOVE,
            1,
            f"Something on the stream of {service} could not be decided and waits in its dead-letter queue.",
            "Each message says why in its attributes; mend the cause, then send them back: make redrive.",
            "dead-letters",
        )
        for service, queue in dead_letters.items()
    ]


def add_alarms(
    scope: Construct, specs: Sequence[AlarmSpec], topic: sns.ITopic, timing: AlarmTiming
) -> list[cloudwatch.Alarm]:
    """The alarms of `specs`; each tells `topic` when it starts and when it is over. No data is no alarm."""
    made = []
    for spec in specs:
        alarm = cloudwatch.Alarm(
            scope,
            "".join(word.capitalize() for word in spec.name.split("-")),
            alarm_name=f"{PROJECT}-{spec.name}",
            alarm_description=spec.description,
            metric=spec.metric,
            comparison_operator=spec.comparison,
            threshold=spec.threshold,
            evaluation_periods=timing.evaluation_periods,
            datapoints_to_alarm=timing.evaluation_periods,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))
        alarm.add_ok_action(actions.SnsAction(topic))
        made.append(alarm)
    return made
