"""The free-tier ledger: what the synthesized templates use of what AWS gives for nothing.

`python -m cdk.free_tier` prints it for the templates in cdk.out and fails when a limit is passed; the
tests do the same. The limits are those AWS states for an account: https://aws.amazon.com/free/.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cdk.cost.assembly import source_of
from cdk.cost.lines import POLLS_AN_HOUR
from cdk.cost.schedules import runs_a_month
from cdk.cost.traffic import HOURS, Assumed
from cdk.metrics import MetricId, emitted
from cdk.names import ROOT
from cdk.services import SERVICES

Template = Mapping[str, Any]
Properties = Mapping[str, Any]


class Line(NamedTuple):
    """One line of the ledger: `used` of `limit`; infinite where something grows without end."""

    what: str
    used: float
    limit: float

    @property
    def over(self) -> bool:
        """Whether the limit is passed."""
        return self.used > self.limit


# Things that cost money from the first one on.
_NEVER_FREE = {
    "NAT gateways": "AWS::EC2::NatGateway",
    "elastic IPs": "AWS::EC2::EIP",
    "KMS keys": "AWS::KMS::Key",
    "Kinesis streams": "AWS::Kinesis::Stream",
    "ElastiCache clusters": "AWS::ElastiCache::",
    "WAF web ACLs": "AWS::WAFv2::WebACL",
    "secrets": "AWS::SecretsManager::Secret",
}


def ledger(templates: Iterable[Template], metrics: Iterable[MetricId]) -> list[Line]:
    """Every line, over all `templates` together; `metrics` are the custom ones the functions emit."""
    stack = _Resources(templates)
    return [
        Line("CloudWatch alarms", sum(map(_alarm_metrics, stack.of("AWS::CloudWatch::Alarm"))), 10),
        Line("high-resolution alarms", sum(map(_is_fine_grained, stack.of("AWS::CloudWatch::Alarm"))), 0),
        Line("custom metrics", len({*metrics, *_custom(_named(stack))}), 10),
        Line(
            "API stages with detailed metrics", sum(map(_is_detailed, stack.of("AWS::ApiGateway::Stage"))), 0
        ),
        Line("dashboards", stack.count("AWS::CloudWatch::Dashboard"), 3),
        Line(
            "metrics on a dashboard", max(map(_shown, stack.of("AWS::CloudWatch::Dashboard")), default=0), 50
        ),
        Line("DynamoDB read units", _capacity(stack, "ReadCapacityUnits"), 25),
        Line("DynamoDB write units", _capacity(stack, "WriteCapacityUnits"), 25),
        Line("SQS requests of idle pollers", _idle_polls(stack), 1_000_000),
        Line("runs of schedules", _scheduled(stack), 1_000_000),
        Line("images kept in ECR", sum(map(_kept_images, stack.of("AWS::ECR::Repository"))), 2),
        Line("log groups without retention", _endless_logs(stack), 0),
        Line("functions without a log group", sum(map(_logs_anywhere, stack.of("AWS::Lambda::Function"))), 0),
        Line("budgets", stack.count("AWS::Budgets::Budget"), 2),
        Line("disk of instances, GB", sum(map(_disk, stack.of("AWS::EC2::Instance"))), 30),
        Line("instances larger than micro", sum(map(_is_large, stack.of("AWS::EC2::Instance"))), 0),
        Line("interface endpoints", sum(map(_is_interface, stack.of("AWS::EC2::VPCEndpoint"))), 0),
        *(Line(what, stack.count(kind), 0) for what, kind in _NEVER_FREE.items()),
    ]


class _Resources:
    """The resources of several templates, by type."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._all = [
            resource for template in templates for resource in template.get("Resources", {}).values()
        ]

    def of(self, kind: str) -> Iterator[Properties]:
        """The properties of each resource whose type starts with `kind`."""
        return (r.get("Properties", {}) for r in self._all if r["Type"].startswith(kind))

    def count(self, kind: str) -> int:
        """How many resources have a type that starts with `kind`."""
        return sum(1 for _ in self.of(kind))


def _alarm_metrics(alarm: Properties) -> int:
    """An alarm on a metric expression is billed for each metric in it."""
    return sum("MetricStat" in part for part in alarm["Metrics"]) if "Metrics" in alarm else 1


def _is_fine_grained(alarm: Properties) -> bool:
    return int(alarm.get("Period", 60)) < 60


def _is_detailed(stage: Properties) -> bool:
    return any(setting.get("MetricsEnabled") for setting in stage.get("MethodSettings", []))


def _named(stack: _Resources) -> Iterator[MetricId]:
    """The metrics named in alarms, dashboards and metric filters."""
    for alarm in stack.of("AWS::CloudWatch::Alarm"):
        stats = [part["MetricStat"]["Metric"] for part in alarm.get("Metrics", []) if "MetricStat" in part]
        for metric in stats or [alarm]:
            pairs = ((d["Name"], str(d["Value"])) for d in metric.get("Dimensions", []))
            yield MetricId(metric["Namespace"], metric["MetricName"], tuple(sorted(pairs)))
    for dashboard in stack.of("AWS::CloudWatch::Dashboard"):
        yield from _on(dashboard)
    for log_filter in stack.of("AWS::Logs::MetricFilter"):
        for made in log_filter["MetricTransformations"]:
            pairs = ((d["Key"], str(d["Value"])) for d in made.get("Dimensions", []))
            yield MetricId(made["MetricNamespace"], made["MetricName"], tuple(sorted(pairs)))


def _custom(found: Iterable[MetricId]) -> Iterator[MetricId]:
    """AWS's own metrics are free; every other one counts."""
    return (metric for metric in found if not metric.namespace.startswith("AWS/"))


def _rows(dashboard: Properties) -> Iterator[list[Any]]:
    """Each row of the dashboard's graphs that names a metric."""
    for widget in json.loads(_text(dashboard["DashboardBody"]))["widgets"]:
        for row in widget.get("properties", {}).get("metrics", []):
            if isinstance(row[0], str):
                yield row


def _on(dashboard: Properties) -> Iterator[MetricId]:
    for row in _rows(dashboard):
        words = [part for part in row if isinstance(part, str)]
        namespace, name, *rest = words
        yield MetricId(namespace, name, tuple(sorted(zip(rest[::2], rest[1::2], strict=True))))


def _shown(dashboard: Properties) -> int:
    return len(set(_on(dashboard)))


def _text(value: Any) -> str:
    """A template string with every intrinsic in it replaced by a word, each by its own."""
    if isinstance(value, str):
        return value
    return "".join(
        part if isinstance(part, str) else re.sub(r"\W+", "_", json.dumps(part))
        for part in value["Fn::Join"][1]
    )


def _capacity(stack: _Resources, unit: str) -> float:
    """Provisioned units of all tables and their indexes; on-demand is not in the free tier."""
    total = 0.0
    for table in stack.of("AWS::DynamoDB::"):
        if table.get("BillingMode", "PROVISIONED") != "PROVISIONED":
            return float("inf")
        for part in (table, *table.get("GlobalSecondaryIndexes", [])):
            total += part["ProvisionedThroughput"][unit]
    return total


def _idle_polls(stack: _Resources) -> float:
    """A month's requests of what Lambda keeps at the queues of event source mappings when nothing comes."""
    sources = map(source_of, stack.of("AWS::Lambda::EventSourceMapping"))
    queues = sum(source.kind == "queue" for source in sources)
    return queues * Assumed().pollers * POLLS_AN_HOUR * HOURS


def _scheduled(stack: _Resources) -> float:
    """How many invocations a month all schedules make; a million are free, those of callers included."""
    return sum(
        runs_a_month(rule["ScheduleExpression"]) * len(rule.get("Targets", ()))
        for rule in stack.of("AWS::Events::Rule")
        if "ScheduleExpression" in rule
    )


def _kept_images(repository: Properties) -> float:
    text = repository.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
    if text is None:
        return float("inf")
    bounds = [
        rule["selection"]["countNumber"]
        for rule in json.loads(text)["rules"]
        if rule["selection"]["countType"] == "imageCountMoreThan" and rule["selection"]["tagStatus"] == "any"
    ]
    return float(min(bounds, default=float("inf")))


def _endless_logs(stack: _Resources) -> int:
    """Log groups that keep for ever, the one that a logging API stage makes by itself included."""
    groups = list(stack.of("AWS::Logs::LogGroup"))
    endless = sum("RetentionInDays" not in group for group in groups)
    bounded = sum(
        "API-Gateway-Execution-Logs_" in json.dumps(group.get("LogGroupName", "")) for group in groups
    )
    logging = sum(map(_logs_executions, stack.of("AWS::ApiGateway::Stage")))
    return endless + max(0, logging - bounded)


def _logs_executions(stage: Properties) -> bool:
    return any(setting.get("LoggingLevel", "OFF") != "OFF" for setting in stage.get("MethodSettings", []))


def _logs_anywhere(function: Properties) -> bool:
    return "LogGroup" not in function.get("LoggingConfig", {})


def _disk(instance: Properties) -> int:
    return sum(int(device["Ebs"]["VolumeSize"]) for device in instance.get("BlockDeviceMappings", []))


def _is_large(instance: Properties) -> bool:
    return str(instance["InstanceType"]) not in {"t2.micro", "t3.micro"}


def _is_interface(endpoint: Properties) -> bool:
    return str(endpoint.get("VpcEndpointType", "Gateway")) != "Gateway"


def templates_in(folder: Path) -> list[Template]:
    """The templates of a cloud assembly folder."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.template.json"))]


def main(arguments: list[str] | None = None) -> int:
    """Print the ledger of a cloud assembly. Returns 1 when a limit is passed."""
    parser = argparse.ArgumentParser(
        prog="python -m cdk.free_tier", description="What the stacks use of the free tier."
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default=ROOT / "cdk.out", help="where `make synth` wrote to"
    )
    folder = parser.parse_args(arguments).folder
    templates = templates_in(folder)
    if not templates:
        sys.stderr.write(f"there are no templates in {folder}: run `make synth` first\n")
        return 1
    lines = ledger(templates, emitted(service.name for service in SERVICES))
    for line in lines:
        sys.stdout.write(
            f"{'OVER' if line.over else '    '} {line.what:34}{line.used:8g} of {line.limit:g}\n"
        )
    return int(any(line.over for line in lines))


if __name__ == "__main__":
    sys.exit(main())
