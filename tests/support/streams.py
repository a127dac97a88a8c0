"""Events as Lambda gets them from SQS FIFO, Kinesis and Kafka."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

Body = dict[str, Any] | bytes | str | None


def raw_of(body: Body) -> bytes:
    return (
        body
        if isinstance(body, bytes)
        else body.encode()
        if isinstance(body, str)
        else json.dumps(body).encode()
    )


def _card(body: Body) -> str:
    return str(body.get("card_id", "none")) if isinstance(body, dict) else "none"


def sqs_event(bodies: Sequence[Body]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m{k}",
                "receiptHandle": f"r{k}",
                "body": "" if body is None else raw_of(body).decode("utf-8", "surrogateescape"),
                "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": _card(body)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:transactions.fifo",
                "awsRegion": "us-east-1",
            }
            for k, body in enumerate(bodies)
        ]
    }


def kinesis_event(bodies: Sequence[Body]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": _card(body),
                    "sequenceNumber": str(1000 + k),
                    "data": None if body is None else base64.b64encode(raw_of(body)).decode(),
                    "approximateArrivalTimestamp": 1545084650.987,
                },
                "eventSource": "aws:kinesis",
                "eventID": f"shardId-000000000006:{1000 + k}",
            }
            for k, body in enumerate(bodies)
        ]
    }


def kafka_event(bodies: Sequence[Body]) -> dict[str, Any]:
    return {
        "eventSource": "SelfManagedKafka",
        "bootstrapServers": "127.0.0.1:9092",
        "records": {
            "transactions-0": [
                {
                    "topic": "transactions",
                    "partition": 0,
                    "offset": k,
                    "timestamp": 1545084650987,
                    "timestampType": "CREATE_TIME",
                    "key": base64.b64encode(_card(body).encode()).decode(),
                    "value": None if body is None else base64.b64encode(raw_of(body)).decode(),
                    "headers": [],
                }
                for k, body in enumerate(bodies)
            ]
        },
    }
