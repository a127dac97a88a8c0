"""The alarms: what each looks at, and for how long. Ten are free, so none is of one service alone.

What they are about, who owns them and what to do is said in words in lambdas/mail/catalogue.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk.constructs.metric import api_metric, metric
from cdk.constructs.service_stream import ServiceStream
from cdk.local_differences import AlarmTiming
from cdk.names import PROJECT
from lambdas.mail.catalogue import describe

SLOW_MS = 3_000
"""Far beyond an answer where nothing is wrong: 6 s of speech take 1,151 ms, and a cold start 600 before it
(benchmarks/results/content.md). API Gateway gives up after 29 s."""
FAILED_ANSWERS = 5
ROLLOUT_MACHINE = f"{PROJECT}-rollout"

_ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_FROM = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD

MetricOf = Callable[[int], cloudwatch.IMetric]
"""A metric, given the seconds of its periods."""


@dataclass(frozen=True)
class AlarmSpec:
    """One alarm of the catalogue: on what it is, and how long on AWS something must be wrong."""

    name: str
    of: MetricOf
    lasting: AlarmTiming
    threshold: float = 1
    comparison: cloudwatch.ComparisonOperator = _FROM


_QUARTER = AlarmTiming(period_seconds=300, evaluation_periods=3, datapoints=3)
"""Without a break for a quarter of an hour: what ends by itself wakes nobody."""
_THRICE = AlarmTiming(period_seconds=300, evaluation_periods=6, datapoints=3)
"""In three of the last six periods: what comes again and again with little traffic is seen too."""
_ONCE = AlarmTiming(period_seconds=300, evaluation_periods=1, datapoints=1)
_LOOKED_AT = AlarmTiming(period_seconds=300, evaluation_periods=3, datapoints=1)
"""Seen once in a quarter of an hour: the watch comes every 5 minutes, and a late one ends no alarm."""
_NIGHTLY = AlarmTiming(period_seconds=3600, evaluation_periods=26, datapoints=1)
"""Until the next night's value is there: it takes the place of this one after 26 hours."""


def alarm_specs(
    scope: Construct, api: apigateway.RestApi, streams: Sequence[MetricOf], *, late_seconds: int
) -> list[AlarmSpec]:
    """All alarms. `streams` are the lateness of each service's stream, in seconds, of which `late_seconds` is
    too much."""
    specs = [
        AlarmSpec("api-errors", _of_api(api, "5XXError", "Sum"), _QUARTER, FAILED_ANSWERS),
        AlarmSpec("api-latency", _of_api(api, "Latency", "p95"), _QUARTER, SLOW_MS),
        AlarmSpec("fallbacks", _own("Fallbacks", "Sum"), _THRICE),
        AlarmSpec("model-failures", _own("ModelLoadFailures", "Sum"), _THRICE),
        AlarmSpec("log-failures", _own("LogFailures", "Sum"), _THRICE),
        AlarmSpec("low-confidence", _own("LowConfidence", "Maximum"), _THRICE, 0, _ABOVE),
        AlarmSpec("drift", _own("Drift", "Maximum"), _NIGHTLY),
        AlarmSpec("dead-letters", _own("DeadLetters", "Maximum"), _LOOKED_AT),
        AlarmSpec("rollout-failed", lambda seconds: _failed_rollouts(scope, seconds), _ONCE),
    ]
    if streams:
        specs.append(AlarmSpec("stream-late", lambda s: _latest(streams, s), _QUARTER, late_seconds))
    return specs


def add_alarms(
    scope: Construct,
    specs: Sequence[AlarmSpec],
    states: sns.ITopic,
    *,
    runbook: str,
    timing: AlarmTiming | None,
) -> list[cloudwatch.Alarm]:
    """The alarms of `specs`; each tells the topic `states` when it starts and when it is over.

    With `timing`, all last as long as that says. No data is no alarm.
    """
    made = []
    for spec in specs:
        lasting = timing or spec.lasting
        alarm = cloudwatch.Alarm(
            scope,
            "".join(word.capitalize() for word in spec.name.split("-")),
            alarm_name=f"{PROJECT}-{spec.name}",
            alarm_description=describe(spec.name, runbook),
            metric=spec.of(lasting.period_seconds),
            comparison_operator=spec.comparison,
            threshold=spec.threshold,
            evaluation_periods=lasting.evaluation_periods,
            datapoints_to_alarm=lasting.datapoints,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(states))
        alarm.add_ok_action(actions.SnsAction(states))
        made.append(alarm)
    return made


def lateness_of(stream: ServiceStream) -> MetricOf | None:
    """How long the oldest record of a service's stream waits, in seconds; None without a stream.

    Of Kafka AWS knows no time, so there it is how many records wait.
    """
    if stream.source is not None:
        queue = stream.source
        return lambda seconds: queue.metric_approximate_age_of_oldest_message(
            statistic="Maximum", period=Duration.seconds(seconds)
        )
    if "stream" not in stream.functions:
        return None
    function = stream.functions["stream"].function
    if stream.kinesis is None:
        return lambda seconds: function.metric(
            "OffsetLag", statistic="Maximum", period=Duration.seconds(seconds)
        )
    return lambda seconds: cloudwatch.MathExpression(
        expression="age / 1000",
        using_metrics={
            "age": function.metric("IteratorAge", statistic="Maximum", period=Duration.seconds(seconds))
        },
        period=Duration.seconds(seconds),
    )


def _own(name: str, statistic: str) -> MetricOf:
    return lambda seconds: metric(name, statistic=statistic, seconds=seconds)


def _of_api(api: apigateway.RestApi, name: str, statistic: str) -> MetricOf:
    return lambda seconds: api_metric(api, name, statistic=statistic, seconds=seconds)


def _failed_rollouts(scope: Construct, seconds: int) -> cloudwatch.Metric:
    """AWS's own count; the state machine is found by its name."""
    arn = Stack.of(scope).format_arn(
        service="states",
        resource="stateMachine",
        resource_name=ROLLOUT_MACHINE,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return cloudwatch.Metric(
        namespace="AWS/States",
        metric_name="ExecutionsFailed",
        dimensions_map={"StateMachineArn": arn},
        statistic="Sum",
        period=Duration.seconds(seconds),
    )


def _latest(streams: Sequence[MetricOf], seconds: int) -> cloudwatch.IMetric:
    """The one stream's lateness, or the largest of several: AWS counts each of those as an alarm."""
    if len(streams) == 1:
        return streams[0](seconds)
    return cloudwatch.MathExpression(
        expression="MAX(METRICS())",
        using_metrics={f"stream{n}": of(seconds) for n, of in enumerate(streams)},
        period=Duration.seconds(seconds),
    )
