"""The alarms: on the right metrics, wired to the topic, saying what to do; and the budget."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.infrastructure.assembly import Assembly, Json, text

ROOT = Path(__file__).resolve().parents[2]


def alarms(assembly: Assembly) -> dict[str, Json]:
    """The properties of each alarm by name."""
    return {r.properties["AlarmName"]: r.properties for r in assembly.resources("AWS::CloudWatch::Alarm")}


def dimensions(alarm: Json) -> dict[str, str]:
    """The dimensions of the alarm's metric."""
    return {d["Name"]: text(d["Value"]) for d in alarm.get("Dimensions", [])}


def test_the_api_is_watched_for_errors_and_slowness(plain: Assembly) -> None:
    found = alarms(plain)
    errors, slow = found["triage-api-errors"], found["triage-api-latency"]
    stage = {"ApiName": "triage", "Stage": "live"}
    assert (errors["Namespace"], errors["MetricName"], errors["Statistic"]) == (
        "AWS/ApiGateway",
        "5XXError",
        "Sum",
    )
    assert (slow["Namespace"], slow["MetricName"], slow["ExtendedStatistic"]) == (
        "AWS/ApiGateway",
        "Latency",
        "p95",
    )
    assert dimensions(errors) == dimensions(slow) == stage
    assert (errors["ComparisonOperator"], errors["Threshold"]) == ("GreaterThanOrEqualToThreshold", 5)
    assert (slow["ComparisonOperator"], slow["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1000)


def test_every_service_is_watched_for_confidence_and_fallbacks(more_services: Assembly) -> None:
    found = alarms(more_services)
    for name in ("tickets", "transactions", "messages"):
        low, fallbacks = found[f"triage-{name}-low-confidence"], found[f"triage-{name}-fallbacks"]
        assert (low["Namespace"], low["MetricName"], low["Statistic"]) == ("Triage", "Confidence", "Average")
        assert (low["ComparisonOperator"], low["Threshold"]) == ("LessThanThreshold", 0.6)
        assert (fallbacks["MetricName"], fallbacks["Statistic"]) == ("Fallbacks", "Average")
        assert (fallbacks["ComparisonOperator"], fallbacks["Threshold"]) == (
            "GreaterThanOrEqualToThreshold",
            0.2,
        )
        assert dimensions(low) == dimensions(fallbacks) == {"service": name}
    assert len(found) <= 10


def test_what_could_not_be_decided_on_a_stream_is_an_alarm(plain: Assembly) -> None:
    alarm = alarms(plain)["triage-transactions-dead-letters"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"]) == (
        "Maximum",
        "GreaterThanOrEqualToThreshold",
        1,
    )
    assert "make redrive" in alarm["AlarmDescription"]


def test_an_alarm_takes_a_quarter_of_an_hour_on_aws_and_a_minute_on_the_laptop(
    plain: Assembly, laptop: Assembly
) -> None:
    def timing(assembly: Assembly) -> set[tuple[int, int, int]]:
        return {
            (a["Period"], a["EvaluationPeriods"], a["DatapointsToAlarm"]) for a in alarms(assembly).values()
        }

    assert timing(plain) == {(300, 3, 3)}
    assert timing(laptop) == {(60, 1, 1)}


@pytest.mark.parametrize("variant", ["plain", "laptop"])
def test_every_alarm_tells_the_topic_when_it_starts_and_ends(
    variant: str, request: pytest.FixtureRequest
) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    topic = [{"Ref": assembly.one("AWS::SNS::Topic", DisplayName="Triage alarms").logical_id}]
    for name, alarm in alarms(assembly).items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == topic, name
        assert alarm["TreatMissingData"] == "notBreaching", "no traffic is no alarm"


def test_every_alarm_says_what_to_do_and_where_to_read_on(more_services: Assembly) -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    anchors = {
        heading.strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", runbook, re.MULTILINE)
    }
    for name, alarm in alarms(more_services).items():
        found = re.search(r"docs/runbook\.md#([\w-]+)$", alarm["AlarmDescription"])
        assert found, f"{name}: {alarm['AlarmDescription']}"
        assert found[1] in anchors, f"{name} points to a section that is not there"
        assert len(alarm["AlarmDescription"]) <= 1024


def test_the_topic_lets_alarms_and_budgets_of_this_account_publish(plain: Assembly) -> None:
    """A topic policy replaces the default one; without these two statements no alarm would arrive."""
    topic = plain.one("AWS::SNS::Topic", DisplayName="Triage alarms").logical_id
    (policy,) = [r.properties for r in plain.resources("AWS::SNS::TopicPolicy", "Triage-Operations")]
    assert policy["Topics"] == [{"Ref": topic}]
    allowed = {
        s["Principal"]["Service"]: s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"
    }
    assert set(allowed) == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    for statement in allowed.values():
        assert statement["Action"] == "sns:Publish"
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    (denied,) = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_email_is_subscribed_when_it_is_given(plain: Assembly, everything: Assembly) -> None:
    assert plain.resources("AWS::SNS::Subscription") == []
    subscribed = {}
    for found in everything.resources("AWS::SNS::Subscription"):
        assert (found.properties["Protocol"], found.properties["Endpoint"]) == ("email", "me@example.com")
        subscribed[found.stack] = found.properties["TopicArn"]
    assert subscribed == {t.stack: {"Ref": t.logical_id} for t in everything.resources("AWS::SNS::Topic")}
    assert set(subscribed) == {"Triage-Operations", "Triage-Streaming"}, "alarms, and alerts"


@pytest.mark.parametrize(
    ("stack", "output"),
    [("Triage-Operations", "InboxQueueUrl"), ("Triage-Streaming", "AlertInboxQueueUrl")],
)
def test_the_laptop_has_inboxes_that_the_topics_may_write_to(
    stack: str, output: str, laptop: Assembly
) -> None:
    queue = laptop.outputs(stack)[output]["Ref"]
    (topic,) = [t.logical_id for t in laptop.resources("AWS::SNS::Topic", stack)]
    (subscription,) = [
        r.properties
        for r in laptop.resources("AWS::SNS::Subscription", stack)
        if r.properties["Protocol"] == "sqs"
    ]
    assert subscription["TopicArn"] == {"Ref": topic}
    assert subscription["Endpoint"] == {"Fn::GetAtt": [queue, "Arn"]}
    (policy,) = [
        r.properties
        for r in laptop.resources("AWS::SQS::QueuePolicy", stack)
        if r.properties["Queues"] == [{"Ref": queue}]
    ]
    statements = policy["PolicyDocument"]["Statement"]
    (allowed,) = [s for s in statements if s["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "sns.amazonaws.com"}
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": topic}}}


def test_the_budget_tells_the_email_or_else_the_topic(plain: Assembly, everything: Assembly) -> None:
    topic = plain.one("AWS::SNS::Topic", DisplayName="Triage alarms").logical_id
    assert subscribers(plain) == {("SNS", f"<{topic}>")}
    assert subscribers(everything) == {("EMAIL", "me@example.com")}
    limits = plain.one("AWS::Budgets::Budget").properties["Budget"]
    assert limits["BudgetLimit"] == {"Amount": 1, "Unit": "USD"}
    assert (limits["BudgetType"], limits["TimeUnit"]) == ("COST", "MONTHLY")
    alerts = plain.one("AWS::Budgets::Budget").properties["NotificationsWithSubscribers"]
    kinds = {(a["Notification"]["NotificationType"], a["Notification"]["Threshold"]) for a in alerts}
    assert kinds == {("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)}


def subscribers(assembly: Assembly) -> set[tuple[str, str]]:
    """Whom the budget tells."""
    alerts = assembly.one("AWS::Budgets::Budget").properties["NotificationsWithSubscribers"]
    return {(s["SubscriptionType"], text(s["Address"])) for alert in alerts for s in alert["Subscribers"]}


def test_the_bridge_gets_the_metric_lines_of_every_function(laptop: Assembly) -> None:
    (bridge,) = [
        r.logical_id
        for r in laptop.resources("AWS::Lambda::Function")
        if r.properties["FunctionName"] == "triage-emf-bridge"
    ]
    filters = laptop.resources("AWS::Logs::SubscriptionFilter")
    functions = laptop.resources("AWS::Lambda::Function")
    assert len(filters) == len(functions) - 1, "all but the bridge itself"
    for found in filters:
        assert found.properties["DestinationArn"] == {"Fn::GetAtt": [bridge, "Arn"]}
        assert found.properties["FilterPattern"] == "CloudWatchMetrics"
