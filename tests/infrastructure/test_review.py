"""The review stack: who may sign in, what the functions may write, and where the queue comes from."""

from __future__ import annotations

import json

from lambdas.review.item import IN_INDEX
from lambdas.review.tables import INDEX
from tests.infrastructure.assembly import Assembly, text
from tests.infrastructure.test_permissions import policy_of


def test_nobody_signs_up_and_passwords_are_strong(plain: Assembly) -> None:
    pool = plain.one("AWS::Cognito::UserPool").properties
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["UserPoolTier"] == "LITE", "free up to 10,000 people a month, unlike Plus"
    policy = pool["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] == 12
    assert all(policy[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols"))
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])
    groups = {g.properties["GroupName"] for g in plain.resources("AWS::Cognito::UserPoolGroup")}
    assert groups == {"reviewers", "leads"}


def test_the_client_signs_in_and_changes_nothing_that_says_who_somebody_is(plain: Assembly) -> None:
    client = plain.one("AWS::Cognito::UserPoolClient").properties
    assert set(client["ExplicitAuthFlows"]) == {"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["WriteAttributes"] == ["locale"]
    schema = plain.one("AWS::Cognito::UserPool").properties["Schema"]
    assert not [each for each in schema if each["Required"]], (
        "Cognito wants a client to write what is required"
    )
    assert client["IdTokenValidity"] == 60
    assert client["AllowedOAuthFlowsUserPoolClient"] is False


def test_the_index_holds_what_a_claim_needs(plain: Assembly) -> None:
    (reviews,) = [t for t in plain.resources("AWS::DynamoDB::Table") if t.logical_id.startswith("Reviews")]
    (index,) = reviews.properties["GlobalSecondaryIndexes"]
    assert index["IndexName"] == INDEX
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["line", "rank"]
    assert set(index["Projection"]["NonKeyAttributes"]) == set(IN_INDEX)
    assert reviews.properties["TimeToLiveSpecification"]["AttributeName"] == "expires"


def test_the_audit_log_is_only_ever_added_to(plain: Assembly) -> None:
    (audit,) = [t for t in plain.resources("AWS::DynamoDB::Table") if t.logical_id.startswith("Audit")]
    assert audit.properties["DeletionProtectionEnabled"] is True
    assert "TimeToLiveSpecification" not in audit.properties
    for function in ("review", "outflow"):
        touched = {
            action: condition
            for action, entries in policy_of(plain, function).items()
            for resources, condition in entries
            if any("Audit" in resource for resource in resources)
        }
        assert touched.pop("dynamodb:PutItem") == {
            "StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}
        }
        assert set(touched) <= {"dynamodb:Query"}


def test_nobody_else_touches_the_queue(plain: Assembly) -> None:
    for function in plain.resources("AWS::Lambda::Function"):
        name = function.properties["FunctionName"].removeprefix("triage-")
        if name in {"review", "outflow"}:
            continue
        reached = [r for entries in policy_of(plain, name).values() for each, _ in entries for r in each]
        assert not [r for r in reached if "Reviews" in r or "Audit" in r], name


def test_the_page_reads_nothing(plain: Assembly) -> None:
    assert set(policy_of(plain, "console")) == {
        "logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords",
    }  # fmt: skip


def test_what_is_marked_for_people_comes_from_the_decision_logs_stream(plain: Assembly) -> None:
    (mapping,) = plain.resources("AWS::Lambda::EventSourceMapping", "Triage-Review")
    queued, told = (json.loads(f["Pattern"]) for f in mapping.properties["FilterCriteria"]["Filters"])
    assert queued == {"dynamodb": {"NewImage": {"queue": {"S": ["review", "sample"]}}}}
    assert told == {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"alert": {"S": ["yes"]}}}}
    assert "Decisions" in text(mapping.properties["EventSourceArn"])
    (failed,) = plain.resources("AWS::SQS::Queue", "Triage-Review")
    arn = {"Fn::GetAtt": [failed.logical_id, "Arn"]}
    assert mapping.properties["DestinationConfig"]["OnFailure"]["Destination"] == arn
    assert failed.properties["QueueName"] == "triage-outflow-dlq"
    assert "FifoQueue" not in failed.properties, "Lambda takes no FIFO queue as a destination"
    made = plain.one("AWS::Lambda::Function", FunctionName="triage-outflow")
    variables = made.properties["Environment"]["Variables"]
    assert variables["UNTOLD_QUEUE_URL"] == {"Ref": failed.logical_id}
    assert "AlertTopic" in text(variables["ALERT_TOPIC_ARN"])
    assert mapping.properties["BisectBatchOnFunctionError"] is True
    assert mapping.properties["MaximumRecordAgeInSeconds"] == 86_400, "as long as the stream keeps it"
    assert mapping.properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_settings_of_the_queue_are_context_keys(plain: Assembly) -> None:
    made = plain.one("AWS::Lambda::Function", FunctionName="triage-review")
    environment = made.properties["Environment"]["Variables"]
    assert (environment["CLAIM_MINUTES"], environment["SECOND_OPINION_SHARE"]) == ("15", "0.1")
    assert json.loads(environment["LABEL_OUTCOMES"])["transactions"] == {
        "legitimate": "approve",
        "fraud": "decline",
    }
    assert set(environment["SERVICES"].split(",")) >= {"tickets", "transactions"}
