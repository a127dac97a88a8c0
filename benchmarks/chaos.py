"""`python -m benchmarks.chaos`: a stream while things break, and what became of every record.

50,000 synthetic transactions go through the stream function in Kinesis batches. On the way the feature store
is stopped and started twice, a corrupted bundle is named in rollout.json, one record in a hundred can never
be scored, and one batch in twenty is delivered twice. Asked: every good event decided exactly once, every bad
one in the dead-letter queue, every event in its card's profile in the end, nothing answered by the bad one.
"""

from __future__ import annotations

import io
import json
import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from benchmarks.embedded import BUCKET, DECISIONS, FraudAws, fraud_aws
from benchmarks.table import Table
from lambdas.core.decide import decision_id
from tests.support.streams import Body, kinesis_event
from tests.support.synthetic_bodies import bodies

EVENTS = 50_000
BATCH = 100
MOST_TRIES = 50
POISON_SHARE = 0.01
TWICE_SHARE = 0.05
TRAINING_ROWS = 30_000
OUTAGES = ((0.2, 0.35), (0.7, 0.75))
BAD_BUNDLE = (0.5, 0.6)
SEED = 5


class MetricLines(io.StringIO):
    """The functions' metrics: counts what matters here and forgets the lines."""

    def __init__(self) -> None:
        super().__init__()
        self.load_failures = 0
        self.decisions = 0

    def write(self, text: str) -> int:
        """Count bundles that could not be loaded, and decisions: each has one value of Confidence."""
        self.load_failures += '"ModelLoadFailures":[' in text
        if '"Confidence":[' in text:
            self.decisions += len(json.loads(text)["Confidence"])
        return len(text)


@dataclass
class Counts:
    """What was sent, and what was found afterwards."""

    good: set[str] = field(default_factory=set)
    cards: set[str] = field(default_factory=set)
    poison: int = 0
    deliveries: int = 0
    tried_again: int = 0
    by_rules: int = 0
    degraded: int = 0
    caught_up: int = 0
    metrics: MetricLines = field(default_factory=MetricLines)


def run() -> None:
    """Replay, repair, count, and save the table."""
    with fraud_aws(TRAINING_ROWS) as aws:
        os.environ["ROLLOUT_REFRESH_SECONDS"] = "0.5"
        from lambdas.transactions import catch_up, stream

        counts = Counts()
        records = _records(aws, counts)
        print(f"replaying {len(records):,} records ...", flush=True)
        with redirect_stdout(counts.metrics):
            _replay(aws, stream.handle, records, counts)
            counts.caught_up = _catch_up(aws, catch_up.handle)
        _table(aws, counts).save()


def _records(aws: FraudAws, counts: Counts) -> list[Body]:
    """The good and the bad records, in the order of time."""
    rng = random.Random(SEED)  # noqa: S311 - a simulation
    records: list[Body] = []
    for number, body in enumerate(bodies(aws.folder, EVENTS, seed=SEED, days=90)):
        counts.good.add(str(body["transaction_id"]))
        counts.cards.add(str(body["card_id"]))
        records.append(body)
        if rng.random() < POISON_SHARE:
            records.append(_poison(number, body))
            counts.poison += 1
    return records


def _poison(number: int, body: dict[str, Any]) -> Body:
    """A record that can never be scored; no two are alike, so that a FIFO queue drops none."""
    kinds: tuple[Callable[[], Body], ...] = (
        lambda: f"{{ not json {number}",
        lambda: {**body, "amount": -1.0},
        lambda: {**body, "currency": "XXX"},
        lambda: {**body, "at": "2001-01-01T00:00:00Z"},
        lambda: {name: value for name, value in body.items() if name != "card_id"},
        lambda: {**body, "amount": body["amount"] + 1.0},  # the id was used for other content
        lambda: b"\xff\xfe" + str(number).encode(),
    )
    return kinds[number % len(kinds)]()


def _replay(aws: FraudAws, handle: Any, records: list[Body], counts: Counts) -> None:
    """Deliver every batch until the function has taken all of it, breaking things at their time."""
    rng = random.Random(SEED + 1)  # noqa: S311 - a simulation
    todo = _faults(aws)
    for start in range(0, len(records), BATCH):
        while todo and start >= todo[0][0] * len(records):
            todo.pop(0)[1]()
        part = records[start : start + BATCH]
        for _ in range(2 if rng.random() < TWICE_SHARE else 1):
            _deliver(handle, part, counts)
    for _, mend in todo:
        mend()


def _deliver(handle: Any, sent: list[Body], counts: Counts) -> None:
    left = sent
    for _ in range(MOST_TRIES):
        if not left:
            return
        counts.deliveries += 1
        event = kinesis_event(left)
        said = handle(event, None)
        failed = {item["itemIdentifier"] for item in said["batchItemFailures"]}
        numbers = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
        left = [body for number, body in zip(numbers, left, strict=True) if number in failed]
        counts.tried_again += len(left)
    raise SystemExit(f"{len(left)} records failed {MOST_TRIES} times")


def _faults(aws: FraudAws) -> list[tuple[float, Callable[[], None]]]:
    """What happens when, by the share of the records that were sent."""
    s3 = aws.client("s3")
    good = s3.get_object(Bucket=BUCKET, Key="transactions/rollout.json")["Body"].read()
    planned: list[tuple[float, Callable[[], None]]] = []
    for begin, end in OUTAGES:
        planned += [(begin, aws.store.stop), (end, aws.store.start)]

    def put_good() -> None:
        s3.put_object(Bucket=BUCKET, Key="transactions/rollout.json", Body=good)

    planned += [(BAD_BUNDLE[0], lambda: _corrupt(aws, good)), (BAD_BUNDLE[1], put_good)]
    return sorted(planned, key=lambda each: each[0])


def _corrupt(aws: FraudAws, rollout: bytes) -> None:
    """Name a bundle whose model lost a bit on its way."""
    s3 = aws.client("s3")
    prefix, bad = f"transactions/bundles/{aws.version}", f"{aws.version}-bad"
    for name in (
        "manifest.json",
        "model.onnx",
        "background.json",
        "holdout.json",
        "reference.json",
        "card.md",
    ):
        body = s3.get_object(Bucket=BUCKET, Key=f"{prefix}/{name}")["Body"].read()
        if name == "model.onnx":
            body = body[:1000] + bytes([body[1000] ^ 1]) + body[1001:]
        s3.put_object(Bucket=BUCKET, Key=f"transactions/bundles/{bad}/{name}", Body=body)
    named = json.loads(rollout)
    named["champion"]["version"] = bad
    s3.put_object(Bucket=BUCKET, Key="transactions/rollout.json", Body=json.dumps(named).encode())


def _catch_up(aws: FraudAws, handle: Any) -> int:
    """Drain the catch-up queue as Lambda's poller would; returns how many updates were folded."""
    sqs, done = aws.client("sqs"), 0
    while True:
        got = sqs.receive_message(QueueUrl=aws.catch_up_url, MaxNumberOfMessages=10).get("Messages", [])
        if not got:
            return done
        said = handle(
            {"Records": [{"messageId": each["MessageId"], "body": each["Body"]} for each in got]}, None
        )
        failed = {item["itemIdentifier"] for item in said["batchItemFailures"]}
        for each in got:
            if each["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=aws.catch_up_url, ReceiptHandle=each["ReceiptHandle"])
                done += 1


def _table(aws: FraudAws, counts: Counts) -> Table:
    decided, versions = _decisions(aws, counts)
    expected = {decision_id("transactions", own) for own in counts.good}
    reasons = _dead_letters(aws)
    folded = _folded(aws, counts.cards)
    bad = sum(count for version, count in versions.items() if version not in (aws.version, "none"))
    table = Table("chaos", "python -m benchmarks.chaos")

    def exactly(figure: str, value: int, asked: int) -> None:
        table.add(figure, f"{value:,}", asked=f"{asked:,}", reached=value == asked)

    table.add(
        "deliveries of batches", f"{counts.deliveries:,}", against=f"{counts.tried_again:,} records again"
    )
    exactly("good events in the decision log", len(decided & expected), len(expected))
    exactly("decisions made, by the metric that counts each", counts.metrics.decisions, len(expected))
    exactly("decisions of anything else", len(decided - expected), 0)
    exactly("bad records in the dead-letter queue", sum(reasons.values()), counts.poison)
    table.add("their reasons", ", ".join(f"{name} {count}" for name, count in sorted(reasons.items())))
    exactly("events in the cards' profiles in the end", folded, len(expected))
    table.add("of those, caught up after the outages", f"{counts.caught_up:,}")
    table.add("decided without the feature store, and said so", f"{counts.degraded:,}")
    exactly("answered by rules", counts.by_rules, 0)
    seen = counts.metrics.load_failures
    table.add("times the corrupted bundle was refused", f"{seen:,}", asked="at least 1", reached=seen > 0)
    exactly("answered by the corrupted bundle", bad, 0)
    return table


def _decisions(aws: FraudAws, counts: Counts) -> tuple[set[str], Counter[str]]:
    """The ids in the decision log, and the versions that decided."""
    found: set[str] = set()
    versions: Counter[str] = Counter()
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=DECISIONS)
    for page in pages:
        for item in page["Items"]:
            answer = json.loads(item["answer"]["S"])
            found.add(item["id"]["S"])
            versions[answer["model_version"] or "none"] += 1
            counts.by_rules += answer["source"] == "rules"
            counts.degraded += "feature_store" in answer["degraded"]
    return found, versions


def _dead_letters(aws: FraudAws) -> Counter[str]:
    sqs, reasons = aws.client("sqs"), Counter[str]()
    while True:
        got = sqs.receive_message(
            QueueUrl=aws.dead_letter_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        if not got:
            return reasons
        for each in got:
            reasons[each["MessageAttributes"]["reason"]["StringValue"]] += 1
            sqs.delete_message(QueueUrl=aws.dead_letter_url, ReceiptHandle=each["ReceiptHandle"])


def _folded(aws: FraudAws, cards: set[str]) -> int:
    """How many events the stored profiles have seen."""
    from lambdas.transactions import profile
    from lambdas.transactions.store.redis import RedisStore

    store = RedisStore(lambda: aws.store.url, timeout=1.0)
    found = store.read([f"card:{card}" for card in sorted(cards)])
    return sum(profile.decode(each.data).seen for each in found)


if __name__ == "__main__":
    run()
