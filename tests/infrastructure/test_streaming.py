"""Queues, streams, and what works them off: order, retries, dead letters, alerts; SQS, Kinesis and Kafka."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cdk.app import build
from cdk.constructs.event_sources import FIFO_BATCH
from cdk.service import Worker
from cdk.services import SERVICES
from cdk.settings import ContextError, Settings
from cdk.stacks.streaming import OneLearner
from tests.infrastructure.assembly import Assembly, Json, Resource, text
from tests.infrastructure.test_permissions import policy_of

STACK = "Triage-Streaming"


def queues(assembly: Assembly) -> dict[str, Resource]:
    """The streaming stack's queues by name."""
    return {
        r.properties["QueueName"]: r
        for r in assembly.resources("AWS::SQS::Queue", STACK)
        if "QueueName" in r.properties
    }


def mapping(assembly: Assembly, function: str) -> Json:
    """The event source mapping of the function `triage-<function>`."""
    made = assembly.one("AWS::Lambda::Function", FunctionName=f"triage-{function}")
    return assembly.one("AWS::Lambda::EventSourceMapping", FunctionName={"Ref": made.logical_id}).properties


def drain(assembly: Assembly, function: str) -> tuple[str, Json]:
    """How often the function `triage-<function>` looks into its queue, and its variables that begin with
    DRAIN."""
    made = assembly.one("AWS::Lambda::Function", FunctionName=f"triage-{function}")
    (rule,) = [
        r
        for r in assembly.resources("AWS::Events::Rule", STACK)
        if r.properties["Targets"][0]["Arn"] == {"Fn::GetAtt": [made.logical_id, "Arn"]}
    ]
    assert rule.properties["State"] == "ENABLED"
    variables = made.properties["Environment"]["Variables"]
    own = {name: value for name, value in variables.items() if name.startswith("DRAIN_")}
    return rule.properties["ScheduleExpression"], own


def environment(assembly: Assembly, function: str) -> Json:
    """Its variables."""
    made = assembly.one("AWS::Lambda::Function", FunctionName=f"triage-{function}")
    variables: Json = made.properties["Environment"]["Variables"]
    return variables


@pytest.mark.parametrize("name", ["transactions", "transactions-catch-up", "content-later", "labels"])
def test_a_queue_is_fifo_with_dead_letters_and_outlasts_its_function(name: str, plain: Assembly) -> None:
    queue, letters = (queues(plain)[f"triage-{name}{end}.fifo"] for end in ("", "-dlq"))
    assert queue.properties["FifoQueue"] is letters.properties["FifoQueue"] is True
    assert queue.properties["DeduplicationScope"] == "messageGroup", "one card does not hold up another"
    assert queue.properties["FifoThroughputLimit"] == "perMessageGroupId"
    redrive = queue.properties["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [letters.logical_id, "Arn"]}
    assert redrive["maxReceiveCount"] <= 1000
    for each in (queue, letters):
        assert each.properties["MessageRetentionPeriod"] == 14 * 86_400
        assert each.properties["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize(
    ("function", "queue", "batch"),
    [
        ("transactions-stream", "transactions", FIFO_BATCH),
        ("transactions-catch-up", "transactions-catch-up", FIFO_BATCH),
        ("transactions-learner", "labels", FIFO_BATCH),
        ("content-later", "content-later", 1),
    ],
)
def test_a_queues_function_reports_what_failed_and_has_time(
    function: str, queue: str, batch: int, plain: Assembly, laptop: Assembly
) -> None:
    assembly = plain if function == "transactions-stream" else laptop
    found, source = mapping(assembly, function), queues(assembly)[f"triage-{queue}.fifo"]
    assert found["EventSourceArn"] == {"Fn::GetAtt": [source.logical_id, "Arn"]}
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["BatchSize"] == batch <= FIFO_BATCH <= 10, "Lambda takes no more from a FIFO queue"
    made = assembly.one("AWS::Lambda::Function", FunctionName=f"triage-{function}")
    waits = source.properties["VisibilityTimeout"]
    # The laptop tries a waiting update again after 10 seconds, which is the function's own time.
    assert made.properties["Timeout"] * 6 <= waits or (function, waits) == ("transactions-catch-up", 10)


@pytest.mark.parametrize(
    ("function", "queue", "every", "batch", "seconds"),
    [
        ("transactions-catch-up", "transactions-catch-up", "rate(1 minute)", 10, 10),
        ("content-later", "content-later", "rate(1 minute)", 1, 120),
        ("transactions-learner", "labels", "rate(5 minutes)", 10, 60),
    ],
)
def test_a_schedule_works_off_what_nobody_waits_for(
    function: str, queue: str, every: str, batch: int, seconds: int, plain: Assembly
) -> None:
    source = queues(plain)[f"triage-{queue}.fifo"]
    assert drain(plain, function) == (
        every,
        {
            "DRAIN_QUEUE_URL": {"Ref": source.logical_id},
            "DRAIN_BATCH": str(batch),
            "DRAIN_BATCH_SECONDS": str(seconds),
        },
    )
    made = plain.one("AWS::Lambda::Function", FunctionName=f"triage-{function}")
    time = made.properties["Timeout"]
    assert seconds + 30 <= time <= source.properties["VisibilityTimeout"], "nothing comes again meanwhile"
    once = plain.one("AWS::Lambda::EventInvokeConfig", FunctionName={"Ref": made.logical_id}).properties
    assert (once["MaximumRetryAttempts"], once["MaximumEventAgeInSeconds"]) == (0, 60)
    allowed = policy_of(plain, function)
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
        assert allowed[action] == [([f"<{source.logical_id}.Arn>"], None)]


def test_one_queue_is_polled_on_aws_and_all_four_on_the_laptop(plain: Assembly, laptop: Assembly) -> None:
    def polled(assembly: Assembly) -> set[str]:
        names = {r.logical_id: name for name, r in queues(assembly).items()}
        return {
            names[r.properties["EventSourceArn"]["Fn::GetAtt"][0]]
            for r in assembly.resources("AWS::Lambda::EventSourceMapping", STACK)
            if "Fn::GetAtt" in r.properties["EventSourceArn"]
        }

    assert polled(plain) == {"triage-transactions.fifo"}
    assert polled(laptop) == polled(plain) | {
        "triage-transactions-catch-up.fifo", "triage-content-later.fifo", "triage-labels.fifo",
    }  # fmt: skip
    for made in laptop.resources("AWS::Lambda::Function"):
        variables = made.properties.get("Environment", {}).get("Variables", {})
        assert not [name for name in variables if name.startswith("DRAIN_")]


def test_who_hands_a_sound_over_may_wake_its_worker_and_no_other(plain: Assembly, laptop: Assembly) -> None:
    assert environment(plain, "content")["LATER_FUNCTION"] == "triage-content-later"
    arn = "arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:triage-content-later"
    assert policy_of(plain, "content")["lambda:InvokeFunction"] == [([arn], None)]
    assert "LATER_FUNCTION" not in environment(laptop, "content")
    assert "lambda:InvokeFunction" not in policy_of(laptop, "content")


def test_what_callers_do_not_wait_for_is_delivered_after_its_decision(plain: Assembly) -> None:
    source = queues(plain)["triage-content-later.fifo"]
    assert source.properties["DelaySeconds"] == 2, "it is handed over before its decision is in the log"
    for function in ("content", "content-later"):
        assert environment(plain, function)["LATER_QUEUE_URL"] == {"Ref": source.logical_id} or (
            text(environment(plain, function)["LATER_QUEUE_URL"]).startswith("<Triage-Streaming.")
        )


def test_what_the_content_functions_may_do_with_media(plain: Assembly) -> None:
    def keys(function: str, action: str) -> set[str]:
        granted = [r for resources, _ in policy_of(plain, function).get(action, []) for r in resources]
        return {r.rpartition(">/")[2] for r in granted if "UploadsBucket" in r}

    assert keys("content", "s3:GetObject") == keys("content", "s3:PutObject") == {"uploads/*", "kept/*"}
    assert keys("content-later", "s3:GetObject") == {"kept/*"}
    assert keys("content-later", "s3:PutObject") == set()
    later = policy_of(plain, "content-later")
    assert {"dynamodb:GetItem", "dynamodb:UpdateItem"} <= set(later)
    assert "dynamodb:PutItem" not in later, "it amends decisions and makes none"


def test_the_workers_leave_the_api_room_on_a_new_account(plain: Assembly) -> None:
    """Which may run ten functions at a time. A schedule starts one of each of the others a minute."""
    limits = [
        r.properties["ScalingConfig"]["MaximumConcurrency"]
        for r in plain.resources("AWS::Lambda::EventSourceMapping", STACK)
        if "sqs" in str(r.properties["EventSourceArn"]).lower()
        or "Queue" in str(r.properties["EventSourceArn"])
    ]
    assert limits == [3]
    drained = plain.resources("AWS::Lambda::EventInvokeConfig", STACK)
    assert sum(limits) + len(drained) < 10


def test_the_stream_decides_and_knows_where_poison_goes(plain: Assembly) -> None:
    variables = environment(plain, "transactions-stream")
    letters = queues(plain)["triage-transactions-dlq.fifo"].logical_id
    assert variables["DEAD_LETTER_QUEUE_URL"] == {"Ref": letters}
    served = plain.one("AWS::Lambda::Function", FunctionName="triage-transactions")
    shared = set(served.properties["Environment"]["Variables"])
    assert set(variables) == shared | {"DEAD_LETTER_QUEUE_URL"}
    assert {"FEATURE_TABLE", "CATCH_UP_QUEUE_URL"} <= shared


def test_what_the_streams_function_may_do(plain: Assembly) -> None:
    allowed = policy_of(plain, "transactions-stream")
    queue, letters, waiting = (
        f"<{queues(plain)[name].logical_id}.Arn>"
        for name in (
            "triage-transactions.fifo",
            "triage-transactions-dlq.fifo",
            "triage-transactions-catch-up.fifo",
        )
    )
    assert allowed["sqs:ReceiveMessage"] == [([queue], None)]
    assert allowed["sqs:DeleteMessage"] == [([queue], None)]
    assert {r for resources, _ in allowed["sqs:SendMessage"] for r in resources} == {letters, waiting}
    assert "dynamodb:GetItem" not in allowed, "it writes decisions and never reads them"
    assert "secretsmanager:GetSecretValue" not in allowed, "the store is a table"


def test_what_the_others_may_do(plain: Assembly) -> None:
    own = {"logs:CreateLogStream", "logs:PutLogEvents"}
    traced = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    # A schedule starts them, and a run that fails is told to a queue.
    polling = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"}
    reading = {"dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"}
    expected: dict[str, set[str]] = {
        "transactions-catch-up": polling | {"dynamodb:BatchGetItem", "dynamodb:PutItem"},
        "transactions-learner": polling
        | {"dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:UpdateItem"}
        | {"s3:GetObject", "s3:PutObject", "s3:ListBucket"},
        "observer": reading | {"dynamodb:ListStreams", "s3:PutObject", "sqs:SendMessage"},
        "outflow": reading | {"dynamodb:ListStreams", "dynamodb:PutItem", "sns:Publish", "sqs:SendMessage"},
        "labels": {"s3:GetObject", "s3:ListBucket", "dynamodb:GetItem", "dynamodb:UpdateItem"}
        | traced
        | {"sqs:SendMessage"},
    }
    for function, actions in expected.items():
        assert set(policy_of(plain, function)) == own | actions, function


def test_the_learner_gets_its_services_labels_and_publishes_its_bundles(
    plain: Assembly, laptop: Assembly
) -> None:
    """The others' are dropped: they stand on their decisions, and no learner has them. Where a schedule works
    off the queue the handler does that: tests/integration/test_drain.py."""
    (pattern,) = [
        json.loads(f["Pattern"]) for f in mapping(laptop, "transactions-learner")["FilterCriteria"]["Filters"]
    ]
    assert pattern == {"body": {"service": ["transactions"]}}
    ((resources, _),) = policy_of(plain, "transactions-learner")["s3:PutObject"]
    assert [resource.rpartition(">/")[2] for resource in resources] == ["transactions/*"]
    tables = [r for rs, _ in policy_of(plain, "transactions-learner")["dynamodb:PutItem"] for r in rs]
    assert all("Features" in table for table in tables), "it never writes a decision"


def test_two_learners_need_a_queue_each() -> None:
    import aws_cdk as cdk

    learner = Worker("lambdas.tickets.learner.handle")
    services = [replace(service, learner=learner) for service in SERVICES[:2]]
    with pytest.raises(OneLearner, match="tickets and transactions have a learner each"):
        build(cdk.App(), Settings(local=True), services)


def test_the_feature_store_is_the_table_or_the_secrets_server_and_never_both(
    plain: Assembly, kafka: Assembly
) -> None:
    for function in ("transactions", "transactions-stream", "transactions-catch-up"):
        table, server = policy_of(plain, function), policy_of(kafka, function)
        assert "dynamodb:BatchGetItem" in table
        assert "dynamodb:BatchGetItem" not in server
        assert "FEATURE_STORE_SECRET" not in environment(plain, function)
        assert environment(kafka, function)["FEATURE_STORE_SECRET"] == "triage/feature-store"
        names = [r for resources, _ in server["secretsmanager:GetSecretValue"] for r in resources]
        wanted = ":secret:triage/feature-store-??????"
        assert any(name.endswith(wanted) for name in names), "the suffix that AWS appends, and no more"


def test_functions_join_the_vpc_of_a_feature_store_inside_one_and_no_others_do(
    plain: Assembly, kafka: Assembly
) -> None:
    inside = {"transactions", "transactions-stream", "transactions-catch-up", "transactions-learner"}
    found = {
        text(made.properties.get("FunctionName", "")).removeprefix("triage-"): made
        for made in kafka.resources("AWS::Lambda::Function")
    }
    joined = {name for name, made in found.items() if "VpcConfig" in made.properties}
    assert joined == inside
    for name in inside:
        assert found[name].properties["VpcConfig"] == {
            "SubnetIds": ["subnet-0a1b2c3d", "subnet-1a2b3c4d"], "SecurityGroupIds": ["sg-0a1b2c3d"],
        }  # fmt: skip
        assert "ec2:CreateNetworkInterface" in policy_of(kafka, name)
        assert any("DefaultPolicy" in other for other in found[name].body["DependsOn"])
    assert not any("VpcConfig" in made.properties for made in plain.resources("AWS::Lambda::Function"))


def test_alerts_are_encrypted_at_rest_for_nothing(plain: Assembly) -> None:
    """They hold amounts and cards; the key is AWS's own, which costs nothing."""
    topic = plain.one("AWS::SNS::Topic", DisplayName="Triage alerts").properties
    assert text(topic["KmsMasterKeyId"]).endswith(":alias/aws/sns")


def test_on_kinesis_one_shard_is_read_in_order(kinesis: Assembly) -> None:
    stream = kinesis.one("AWS::Kinesis::Stream")
    assert stream.properties["ShardCount"] == 1
    assert stream.properties["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    found = mapping(kinesis, "transactions-stream")
    assert found["EventSourceArn"] == {"Fn::GetAtt": [stream.logical_id, "Arn"]}
    assert found["StartingPosition"] == "TRIM_HORIZON"
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["BisectBatchOnFunctionError"] is True
    assert found.get("ParallelizationFactor", 1) == 1, "order per card"
    assert "triage-transactions.fifo" not in queues(kinesis)
    assert "triage-transactions-dlq.fifo" in queues(kinesis), "poison goes there whatever the stream is"
    allowed = policy_of(kinesis, "transactions-stream")
    assert allowed["kinesis:GetRecords"] == [([f"<{stream.logical_id}.Arn>"], None)]


def test_on_kafka_the_mapping_logs_in_with_the_users_secret(kafka: Assembly) -> None:
    found = mapping(kafka, "transactions-stream")
    brokers = found["SelfManagedEventSource"]["Endpoints"]["KafkaBootstrapServers"]
    assert brokers == ["one.example.com:9096", "two.example.com:9096"]
    assert found["Topics"] == ["transactions"]
    (access,) = found["SourceAccessConfigurations"]
    assert access["Type"] == "SASL_SCRAM_512_AUTH"
    assert text(access["URI"]).endswith(":secret:triage/kafka")
    assert found["SelfManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": "triage-transactions-stream"}
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["ProvisionedPollerConfig"]["MinimumPollers"] == 1, "or partial responses are not heeded"
    names = [
        r for rs, _ in policy_of(kafka, "transactions-stream")["secretsmanager:GetSecretValue"] for r in rs
    ]
    assert any(name.endswith(":secret:triage/kafka-??????") for name in names)
    assert not kafka.resources("AWS::SecretsManager::Secret"), "the password is never in a template"


def test_two_streaming_services_cannot_share_one_topic() -> None:
    import aws_cdk as cdk

    from tests.infrastructure.synthesize import more_services

    settings = Settings(
        stream="kafka", kafka_bootstrap="b:9096", kafka_secret="s", kafka_topic="events", local=True
    )
    with pytest.raises(ContextError, match="transactions and messages stream"):
        build(cdk.App(), settings, more_services(second_stream=True))


@pytest.mark.parametrize("variant", ["plain", "kinesis", "kafka"])
def test_a_mapping_is_made_after_the_rights_it_polls_with(
    variant: str, request: pytest.FixtureRequest
) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    policies = {
        role["Ref"]: r.logical_id
        for r in assembly.resources("AWS::IAM::Policy", STACK)
        for role in r.properties["Roles"]
    }
    roles: dict[str, Any] = {
        r.logical_id: r.properties["Role"]["Fn::GetAtt"][0]
        for r in assembly.resources("AWS::Lambda::Function", STACK)
    }
    for found in assembly.resources("AWS::Lambda::EventSourceMapping", STACK):
        role = roles[found.properties["FunctionName"]["Ref"]]
        assert policies[role] in found.body["DependsOn"]


def test_the_outputs_name_the_queues_that_people_use(plain: Assembly) -> None:
    outputs = plain.outputs(STACK)
    for output, name in (
        ("TransactionsQueueUrl", "triage-transactions.fifo"),
        ("TransactionsDeadLettersUrl", "triage-transactions-dlq.fifo"),
        ("TransactionsCatchUpQueueUrl", "triage-transactions-catch-up.fifo"),
        ("LabelQueueUrl", "triage-labels.fifo"),
    ):
        assert outputs[output] == {"Ref": queues(plain)[name].logical_id}
