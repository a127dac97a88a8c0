"""The alarms: on the right metrics, made into mails, saying what to do; and the budgets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk.constructs.alarms import MetricOf, alarm_specs
from cdk.constructs.metric import metric
from lambdas.mail.catalogue import ALARMS
from tests.infrastructure.assembly import Assembly, Json, Resource, text
from tests.infrastructure.test_permissions import policy_of

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
    assert (slow["ComparisonOperator"], slow["Threshold"]) == ("GreaterThanOrEqualToThreshold", 3000)


def test_what_the_app_counts_is_watched_for_all_services_at_once(more_services: Assembly) -> None:
    """However many services there are: none has an alarm of its own, and a fourth one brings none."""
    found = alarms(more_services)
    assert set(found) == {f"triage-{name}" for name in ALARMS}
    for name, counted, statistic in (
        ("fallbacks", "Fallbacks", "Sum"),
        ("model-failures", "ModelLoadFailures", "Sum"),
        ("log-failures", "LogFailures", "Sum"),
        ("drift", "Drift", "Maximum"),
        ("dead-letters", "DeadLetters", "Maximum"),
    ):
        alarm = found[f"triage-{name}"]
        assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("Triage", counted, statistic)
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
        assert dimensions(alarm) == {}
    low = found["triage-low-confidence"]
    assert (low["Namespace"], low["MetricName"], low["Statistic"]) == ("Triage", "LowConfidence", "Maximum")
    assert (low["ComparisonOperator"], low["Threshold"]) == ("GreaterThanThreshold", 0)


def test_a_rollout_that_ends_in_an_error_is_an_alarm(plain: Assembly) -> None:
    alarm = alarms(plain)["triage-rollout-failed"]
    machine = plain.one("AWS::StepFunctions::StateMachine").properties["StateMachineName"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == (
        "AWS/States",
        "ExecutionsFailed",
        "Sum",
    )
    assert dimensions(alarm)["StateMachineArn"].endswith(f":stateMachine:{machine}")


def test_late_records_are_an_alarm_on_every_kind_of_stream(
    plain: Assembly, kinesis: Assembly, kafka: Assembly, laptop: Assembly
) -> None:
    queue, lag = alarms(plain)["triage-stream-late"], alarms(kafka)["triage-stream-late"]
    assert (queue["Namespace"], queue["MetricName"]) == ("AWS/SQS", "ApproximateAgeOfOldestMessage")
    assert (queue["Statistic"], queue["Threshold"]) == ("Maximum", 300)
    assert alarms(laptop)["triage-stream-late"]["Threshold"] == 60, "nobody waits five minutes for a drill"
    assert (lag["Namespace"], lag["MetricName"]) == ("AWS/Lambda", "OffsetLag")
    age, seconds = alarms(kinesis)["triage-stream-late"]["Metrics"], "age / 1000"
    assert {part.get("Expression") for part in age} == {seconds, None}
    (stat,) = [part["MetricStat"]["Metric"] for part in age if "MetricStat" in part]
    assert (stat["Namespace"], stat["MetricName"]) == ("AWS/Lambda", "IteratorAge")


def test_two_streams_are_watched_by_one_alarm_on_the_later_of_them() -> None:
    def late_of(name: str) -> MetricOf:
        return lambda seconds: metric("Late", name, statistic="Maximum", seconds=seconds)

    late = [late_of("one"), late_of("two")]
    specs = alarm_specs(cdk.Stack(), api_of(), late, late_seconds=300)
    (spec,) = [each for each in specs if each.name == "stream-late"]
    both = spec.of(300)
    assert isinstance(both, cloudwatch.MathExpression)
    assert (both.expression, len(both.using_metrics)) == ("MAX(METRICS())", 2)
    without = alarm_specs(cdk.Stack(), api_of(), [], late_seconds=300)
    assert not [each for each in without if each.name == "stream-late"]


def api_of() -> apigateway.RestApi:
    """An API to put alarms on."""
    return apigateway.RestApi(cdk.Stack(), "Api")


def test_an_alarm_lasts_as_its_cause_does_on_aws_and_a_minute_on_the_laptop(
    plain: Assembly, laptop: Assembly
) -> None:
    def timing(assembly: Assembly) -> dict[str, tuple[int, int, int]]:
        return {
            name.removeprefix("triage-"): (a["Period"], a["EvaluationPeriods"], a["DatapointsToAlarm"])
            for name, a in alarms(assembly).items()
        }

    assert timing(plain) == {
        "api-errors": (300, 3, 3), "api-latency": (300, 3, 3), "stream-late": (300, 3, 3),
        "fallbacks": (300, 6, 3), "model-failures": (300, 6, 3), "log-failures": (300, 6, 3),
        "low-confidence": (300, 6, 3),
        "dead-letters": (300, 3, 1), "rollout-failed": (300, 1, 1), "drift": (3600, 26, 1),
    }  # fmt: skip
    assert set(timing(laptop).values()) == {(60, 1, 1)}


@pytest.mark.parametrize("variant", ["plain", "laptop"])
def test_every_alarm_tells_the_function_that_makes_mails_when_it_starts_and_ends(
    variant: str, request: pytest.FixtureRequest
) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    topic = assembly.one("AWS::SNS::Topic", DisplayName="Triage alarm states").logical_id
    for name, alarm in alarms(assembly).items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}], name
        assert alarm["TreatMissingData"] == "notBreaching", "no traffic is no alarm"
    (subscription,) = [
        r.properties
        for r in assembly.resources("AWS::SNS::Subscription")
        if r.properties["TopicArn"] == {"Ref": topic}
    ]
    assert (subscription["Protocol"], subscription["Endpoint"]) == (
        "lambda",
        {"Fn::GetAtt": [mailer(assembly).logical_id, "Arn"]},
    )


def mailer(assembly: Assembly) -> Resource:
    """The function that makes mails of alarms."""
    return assembly.one("AWS::Lambda::Function", FunctionName="triage-mail")


def test_a_mail_that_cannot_be_made_reaches_people_all_the_same(plain: Assembly) -> None:
    """Three tries, then Lambda publishes the alarm as it came to the topic that people read."""
    people = plain.one("AWS::SNS::Topic", DisplayName="Triage alarms").logical_id
    made = mailer(plain)
    tried = plain.one("AWS::Lambda::EventInvokeConfig", FunctionName={"Ref": made.logical_id}).properties
    assert tried["MaximumRetryAttempts"] == 2
    assert tried["DestinationConfig"] == {"OnFailure": {"Destination": {"Ref": people}}}
    queue = plain.one("AWS::SQS::Queue", QueueName="triage-mail-dlq").logical_id
    arn = {"Fn::GetAtt": [queue, "Arn"]}
    assert made.properties["DeadLetterConfig"] == {"TargetArn": arn}
    (subscription,) = plain.resources("AWS::SNS::Subscription")
    assert subscription.properties["RedrivePolicy"] == {"deadLetterTargetArn": arn}
    allowed = policy_of(plain, "mail")
    assert allowed["sns:Publish"] == [([f"<{people}>"], None)], "the mails, and Lambda in their place"
    assert allowed["sqs:SendMessage"] == [([f"<{queue}.Arn>"], None)]


def test_the_mailer_may_read_what_has_drifted_and_nothing_else(more_services: Assembly) -> None:
    variables = mailer(more_services).properties["Environment"]["Variables"]
    services = variables["SERVICES"].split(",")
    assert len(services) == 4 and variables["ARTIFACTS_BUCKET"]
    ((resources, _),) = policy_of(more_services, "mail")["s3:GetObject"]
    assert {r.rpartition(">/")[2] for r in resources} == {f"{each}/drift/latest.json" for each in services}


def test_every_dead_letter_queue_is_watched(more_services: Assembly, laptop: Assembly) -> None:
    for assembly in (more_services, laptop):
        watch = assembly.one("AWS::Lambda::Function", FunctionName="triage-watch")
        watched = json.loads(text(watch.properties["Environment"]["Variables"]["DEAD_LETTER_QUEUES"]))
        queues = [
            r
            for r in assembly.resources("AWS::SQS::Queue")
            if "-dlq" in text(r.properties.get("QueueName", ""))
        ]
        assert len(watched) == len(queues), "one that is not watched would fill unseen"
        ((arns, _),) = policy_of(assembly, "watch")["sqs:GetQueueAttributes"]
        assert len(arns) == len(queues)
        (rule,) = [
            r.properties
            for r in assembly.resources("AWS::Events::Rule")
            if r.properties["Targets"][0]["Arn"] == {"Fn::GetAtt": [watch.logical_id, "Arn"]}
        ]
        every = "rate(1 minute)" if assembly is laptop else "rate(5 minutes)"
        assert rule["ScheduleExpression"] == every


def test_every_alarm_says_what_to_do_and_where_to_read_on(more_services: Assembly) -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    anchors = {
        heading.strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", runbook, re.MULTILINE)
    }
    for name, alarm in alarms(more_services).items():
        described = alarm["AlarmDescription"]
        found = re.search(r"docs/runbook\.md#([\w-]+)$", described)
        assert found, f"{name}: {described}"
        assert found[1] in anchors, f"{name} points to a section that is not there"
        known = ALARMS[name.removeprefix("triage-")]
        assert f"Owner: {known.owner}. {known.do}" in described


@pytest.mark.parametrize(
    ("display_name", "service"),
    [("Triage alarm states", "cloudwatch.amazonaws.com"), ("Triage alarms", "budgets.amazonaws.com")],
)
def test_the_topics_let_alarms_and_budgets_of_this_account_publish(
    display_name: str, service: str, plain: Assembly
) -> None:
    """A topic policy replaces the default one; without these statements no alarm would arrive."""
    topic = plain.one("AWS::SNS::Topic", DisplayName=display_name).logical_id
    policy = plain.one("AWS::SNS::TopicPolicy", Topics=[{"Ref": topic}]).properties
    (allowed,) = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": service}
    assert allowed["Action"] == "sns:Publish"
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    (denied,) = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_email_is_subscribed_when_it_is_given(plain: Assembly, everything: Assembly) -> None:
    """To the two topics that people read, and not to the one that functions read."""

    def mails(assembly: Assembly) -> dict[str, Json]:
        found = [
            r for r in assembly.resources("AWS::SNS::Subscription") if r.properties["Protocol"] == "email"
        ]
        assert all(r.properties["Endpoint"] == "me@example.com" for r in found)
        return {r.stack: r.properties["TopicArn"] for r in found}

    assert mails(plain) == {}
    people = [
        everything.one("AWS::SNS::Topic", DisplayName=f"Triage {word}") for word in ("alarms", "alerts")
    ]
    assert mails(everything) == {t.stack: {"Ref": t.logical_id} for t in people}
    assert {t.stack for t in people} == {"Triage-Operations", "Triage-Streaming"}


@pytest.mark.parametrize(
    ("stack", "output", "display_name"),
    [
        ("Triage-Operations", "InboxQueueUrl", "Triage alarms"),
        ("Triage-Streaming", "AlertInboxQueueUrl", "Triage alerts"),
    ],
)
def test_the_laptop_has_inboxes_that_the_topics_may_write_to(
    stack: str, output: str, display_name: str, laptop: Assembly
) -> None:
    queue = laptop.outputs(stack)[output]["Ref"]
    topic = laptop.one("AWS::SNS::Topic", DisplayName=display_name).logical_id
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


def test_the_budgets_tell_the_email_or_else_the_topic(plain: Assembly, everything: Assembly) -> None:
    """The first dollar, and the user's own number where that is another."""
    topic = plain.one("AWS::SNS::Topic", DisplayName="Triage alarms").logical_id
    assert subscribers(plain) == {("SNS", f"<{topic}>")}
    assert subscribers(everything) == {("EMAIL", "me@example.com")}
    assert amounts(plain) == {1}
    assert amounts(everything) == {1, 20}
    for found in everything.resources("AWS::Budgets::Budget"):
        assert (found.properties["Budget"]["BudgetType"], found.properties["Budget"]["TimeUnit"]) == (
            "COST",
            "MONTHLY",
        )
        alerts = [a["Notification"] for a in found.properties["NotificationsWithSubscribers"]]
        assert {(a["NotificationType"], a["Threshold"]) for a in alerts} == {
            ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100),
        }  # fmt: skip
    names = {text(r.properties["Budget"]["BudgetName"]) for r in everything.resources("AWS::Budgets::Budget")}
    assert len(names) == 2


def amounts(assembly: Assembly) -> set[float]:
    """What the budgets allow a month, USD."""
    budgets = [r.properties["Budget"] for r in assembly.resources("AWS::Budgets::Budget")]
    assert {b["BudgetLimit"]["Unit"] for b in budgets} == {"USD"}
    return {b["BudgetLimit"]["Amount"] for b in budgets}


def subscribers(assembly: Assembly) -> set[tuple[str, str]]:
    """Whom the budgets tell."""
    return {
        (s["SubscriptionType"], text(s["Address"]))
        for budget in assembly.resources("AWS::Budgets::Budget")
        for alert in budget.properties["NotificationsWithSubscribers"]
        for s in alert["Subscribers"]
    }


def test_the_bridge_gets_the_metric_lines_of_every_function(laptop: Assembly) -> None:
    bridge = laptop.one("AWS::Lambda::Function", FunctionName="triage-emf-bridge").logical_id
    filters = laptop.resources("AWS::Logs::SubscriptionFilter")
    functions = laptop.resources("AWS::Lambda::Function")
    assert len(filters) == len(functions) - 1, "all but the bridge itself"
    for found in filters:
        assert found.properties["DestinationArn"] == {"Fn::GetAtt": [bridge, "Arn"]}
        assert found.properties["FilterPattern"] == "CloudWatchMetrics"
