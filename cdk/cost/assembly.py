"""What of the synthesized templates costs something: the functions and what starts them, the tables, the
queues."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from cdk.cost.schedules import runs_a_month
from cdk.names import PROJECT

Template = Mapping[str, Any]
Kind = Literal["api", "stream", "queue", "drain", "kinesis", "kafka", "schedule", "topic", "called"]


class Trigger(NamedTuple):
    """What starts a function: `runs` a month of a schedule; at most `batch` records of a source, gathered for
    `window` seconds; `filtered` when only some records do. A "drain" is a schedule that works off a queue;
    "called" is what other services of AWS call."""

    kind: Kind
    runs: float = 0.0
    batch: int = 1
    window: float = 0.0
    filtered: bool = False


class Function(NamedTuple):
    """A function by its name without the project's."""

    name: str
    memory_mb: int
    traced: bool
    trigger: Trigger


class Table(NamedTuple):
    """A table's provisioned units, its indexes not counted."""

    name: str
    write_units: float
    read_units: float


@dataclass(frozen=True)
class App:
    """The app as the price list sees it. `quota` and `rate` are one key's; `counts` are resources by type."""

    functions: tuple[Function, ...]
    tables: tuple[Table, ...]
    index_write_units: float
    index_read_units: float
    secrets: int
    """Secrets of the user's that functions read."""
    dead_letters: int
    quota: float
    rate: float
    log_widgets: float
    """Log tables on dashboards, each as the share of all log groups that it searches."""
    counts: Mapping[str, int]

    def count(self, kind: str) -> int:
        """How many resources of the type `kind` there are."""
        return self.counts.get(kind, 0)

    def function(self, name: str) -> Function | None:
        """The function `name`, None where there is none."""
        return next((each for each in self.functions if each.name == name), None)

    def table(self, name: str) -> Table | None:
        """The table whose logical id begins with `name`."""
        return next((each for each in self.tables if each.name.startswith(name)), None)


def app_of(templates: Sequence[Template]) -> App:
    """The app in these templates."""
    stacks = [dict(template.get("Resources", {})) for template in templates]
    counts: dict[str, int] = {}
    for _, resource in _every(stacks):
        counts[resource["Type"]] = counts.get(resource["Type"], 0) + 1
    plans = [properties for _, properties in _of(stacks, "AWS::ApiGateway::UsagePlan")]
    plan: Mapping[str, Any] = plans[0] if plans else {}
    return App(
        functions=tuple(each for stack in stacks for each in _functions(stack)),
        tables=tuple(
            Table(name, float(units["WriteCapacityUnits"]), float(units["ReadCapacityUnits"]))
            for name, table in _of(stacks, "AWS::DynamoDB::Table")
            if (units := table.get("ProvisionedThroughput"))
        ),
        index_write_units=_index_units(stacks, "WriteCapacityUnits"),
        index_read_units=_index_units(stacks, "ReadCapacityUnits"),
        secrets=_secrets(stacks),
        dead_letters=sum(
            "dlq" in json.dumps(q.get("QueueName", "")) for _, q in _of(stacks, "AWS::SQS::Queue")
        ),
        quota=float(plan.get("Quota", {}).get("Limit", float("inf"))),
        rate=float(plan.get("Throttle", {}).get("RateLimit", float("inf"))),
        log_widgets=_log_widgets(stacks, counts.get("AWS::Logs::LogGroup", 0)),
        counts=counts,
    )


def _every(stacks: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for stack in stacks:
        yield from stack.items()


def _of(stacks: Sequence[dict[str, Any]], kind: str) -> Iterator[tuple[str, Any]]:
    return ((name, r.get("Properties", {})) for name, r in _every(stacks) if r["Type"] == kind)


def _index_units(stacks: Sequence[dict[str, Any]], unit: str) -> float:
    tables = [table for _, table in _of(stacks, "AWS::DynamoDB::Table")]
    indexes = [index for table in tables for index in table.get("GlobalSecondaryIndexes", ())]
    return float(sum(index.get("ProvisionedThroughput", {}).get(unit, 0) for index in indexes))


def _secrets(stacks: Sequence[dict[str, Any]]) -> int:
    """How many secrets are named in environments, and as what brokers are asked with."""
    named = set()
    for _, function in _of(stacks, "AWS::Lambda::Function"):
        named.add(_variables(function).get("FEATURE_STORE_SECRET"))
    for _, source in _of(stacks, "AWS::Lambda::EventSourceMapping"):
        for access in source.get("SourceAccessConfigurations", ()):
            if "AUTH" in access.get("Type", ""):
                named.add(json.dumps(access["URI"]))
    return len(named - {None})


def _variables(function: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = function.get("Environment", {}).get("Variables", {})
    return found


def _functions(stack: dict[str, Any]) -> Iterator[Function]:
    triggers = dict(_triggers(stack))
    for name, function in _of([stack], "AWS::Lambda::Function"):
        yield Function(
            str(function.get("FunctionName", name)).removeprefix(f"{PROJECT}-"),
            int(function.get("MemorySize", 128)),
            function.get("TracingConfig", {}).get("Mode") == "Active",
            triggers.get(name, Trigger("called")),
        )


def _triggers(stack: dict[str, Any]) -> Iterator[tuple[str, Trigger]]:
    """(logical id of a function, what starts it)."""
    for _, permission in _of([stack], "AWS::Lambda::Permission"):
        if permission["Principal"] == "apigateway.amazonaws.com":
            yield _target(permission["FunctionName"]), Trigger("api")
    for _, source in _of([stack], "AWS::Lambda::EventSourceMapping"):
        yield _target(source["FunctionName"]), source_of(source)
    for _, subscription in _of([stack], "AWS::SNS::Subscription"):
        if subscription["Protocol"] == "lambda":
            yield _target(subscription["Endpoint"]), Trigger("topic")
    for _, rule in _of([stack], "AWS::Events::Rule"):
        if "ScheduleExpression" in rule:
            runs = runs_a_month(rule["ScheduleExpression"])
            for target in rule.get("Targets", ()):
                name = _target(target["Arn"])
                drains = "DRAIN_QUEUE_URL" in _variables(stack.get(name, {}).get("Properties", {}))
                yield name, Trigger("drain" if drains else "schedule", runs=runs)


def source_of(source: Mapping[str, Any]) -> Trigger:
    """What an event source mapping with these properties starts its function by."""
    arn = json.dumps(source.get("EventSourceArn", ""))
    kind: Kind = "queue"
    if "SelfManagedEventSource" in source:
        kind = "kafka"
    elif "StreamArn" in arn:
        kind = "stream"
    elif "Kinesis" in arn or ("Stream" in arn and "Queue" not in arn):
        kind = "kinesis"
    return Trigger(
        kind,
        batch=int(source.get("BatchSize", 1)),
        window=float(source.get("MaximumBatchingWindowInSeconds", 0)),
        filtered="FilterCriteria" in source,
    )


def _target(reference: Any) -> str:
    """The logical id that a Ref or an Fn::GetAtt names; empty for what is in another stack."""
    if isinstance(reference, dict):
        if "Ref" in reference:
            return str(reference["Ref"])
        if "Fn::GetAtt" in reference:
            return str(reference["Fn::GetAtt"][0])
    return ""


def _log_widgets(stacks: Sequence[dict[str, Any]], groups: int) -> float:
    found = 0.0
    for _, dashboard in _of(stacks, "AWS::CloudWatch::Dashboard"):
        body = json.loads(_text(dashboard["DashboardBody"]))
        for widget in body["widgets"]:
            if widget["type"] == "log":
                found += widget["properties"]["query"].count("SOURCE ") / max(groups, 1)
    return found


def _text(value: Any) -> str:
    """A template string with every intrinsic in it replaced by a word."""
    if isinstance(value, str):
        return value
    return "".join(part if isinstance(part, str) else "token" for part in value["Fn::Join"][1])
