"""Retraining from verdicts: read from the log, trained by the same pipeline, held to the gates, published.

The log and the bucket are moto's; the training is the real one, on few synthetic tickets.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.core.bundle import MANIFEST, TrainingData, sha256_of
from lambdas.core.variant import Rollout, decode_rollout
from model_build.bundle import read_bundle
from model_build.cli import main
from model_build.retrain_log import read_verdicts
from tests.support.once import once

BUCKET, TABLE = "artifacts", "decisions"
WORDS = {
    "Billing": "I was charged twice on my invoice, please refund the payment",
    "Technical": "the app crashes with an error after the login screen",
    "Complaint": "I am very angry, your service is terrible and unacceptable",
    "General": "what are your opening hours and where is your office",
    "Feature Request": "it would be great to have a dark mode, please add it",
}


FEW = ("--set", "synthetic_rows=1500", "--set", "split.folds=2")


@pytest.fixture(scope="session")
def champion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build folder of a model of 1,500 generated tickets."""

    def train(folder: Path) -> None:
        assert main(["train", "tickets", "--build-dir", str(folder), "--no-tracking", *FEW]) == 0

    return once(tmp_path_factory, "retrain-champion", train)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        client = boto3.client("dynamodb")
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        )
        yield client


def decide(client: Any, number: int, label: str | None, *, service: str = "tickets", said: str = "") -> None:
    asked = {
        "subject": "help",
        "body": f"{said or WORDS.get(label or '', 'hello')} ({number})",
        "language": "en",
    }
    answer = {
        "decision_id": f"{service}.{number}",
        "decided_at": "2026-01-01T00:00:00Z",
        "outputs": {"department": {"label": "General"}, "urgency": {"label": "medium"}},
    }
    item = {
        "id": {"S": f"{service}.{number:04d}"},
        "service": {"S": service},
        "asked": {"S": json.dumps(asked)},
        "answer": {"S": json.dumps(answer)},
    }
    if label is not None:
        item |= {
            "label": {"S": label},
            "label_at": {"S": f"2026-01-01T00:{number // 60 % 60:02d}:{number % 60:02d}+00:00"},
            "label_by": {"S": "lead"},
        }
    client.put_item(TableName=TABLE, Item=item)


def live() -> Rollout:
    body = boto3.client("s3").get_object(Bucket=BUCKET, Key="tickets/rollout.json")["Body"].read()
    return decode_rollout(body, "tickets")


def retrain(build: Path, *more: str) -> int:
    return main(
        [
            "retrain", "tickets", "--bucket", BUCKET, "--table", TABLE, "--build-dir", str(build),
            "--no-tracking", *FEW, *more,
        ]
    )  # fmt: skip


def publish(build: Path) -> int:
    return main(
        ["publish", "tickets", "--bucket", BUCKET, "--build-dir", str(build), "--no-tracking"]
    )  # fmt: skip


def test_verdicts_become_a_challenger_that_answers_nobody(
    aws: Any, champion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(champion) == 0
    before = live().champion.version
    departments = list(WORDS)
    for number in range(150):
        decide(aws, number, departments[number % len(departments)])
    decide(aws, 900, None)
    decide(aws, 901, "approve", service="transactions")

    assert retrain(tmp_path) == 0
    told = capsys.readouterr().err
    found = live()
    assert found.champion.version == before
    assert found.challenger is not None
    assert (found.share, found.shadow) == (0.0, False)
    assert "make rollout SERVICE=tickets VERSION=" in told
    assert "passed   not worse: log-loss" in told

    folder = tmp_path / "tickets" / "retrain"
    rows = {
        name: list(csv.DictReader((folder / f"{name}.csv").open(encoding="utf-8")))
        for name in ("train", "test", "holdout")
    }
    verdicts = [row for row in rows["train"] if row["subject"] == "help"]
    assert len(verdicts) + len(rows["holdout"]) == 150
    assert 10 <= len(rows["holdout"]) <= 60
    assert 200 <= len(rows["test"]) <= 400 and not any(row["subject"] == "help" for row in rows["test"])
    assert {row["urgency"] for row in verdicts} == {"medium"}
    texts = {row["body"] for row in rows["holdout"]}
    assert not texts & {row["body"] for row in rows["train"]}, "held-out verdicts are never trained on"

    manifest = json.loads(
        (tmp_path / "tickets" / "bundles" / found.challenger.version / MANIFEST).read_text("utf-8")
    )
    assert manifest["training_data"]["synthetic"] is True, "generated rows stay known as such"
    assert manifest["training_data"]["base"] == {
        "source": "synthetic.csv",
        "sha256": read_bundle(champion / "tickets" / "bundles" / before, "tickets").training_data.sha256,
        "rows": 1500,
        "synthetic": True,
    }


def test_a_model_of_the_users_own_csv_is_trained_again_on_that_csv_alone(
    aws: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, laptop, night = tmp_path / "own.csv", tmp_path / "laptop", tmp_path / "night"
    assert main(["synthetic", "tickets", "--out", str(own), "--rows", "1500", "--seed", "5"]) == 0
    mapped = ("--csv", str(own), "--text", "subject,body", "--label", "department")
    few = ("--build-dir", str(laptop), "--no-tracking", *FEW)
    assert main(["train", "tickets", *mapped, *few]) == 0
    assert publish(laptop) == 0
    departments = list(WORDS)
    for number in range(120):
        decide(aws, number, departments[number % len(departments)])

    assert retrain(night) == 1, "a night that would lose the user's data is red"
    assert "CSV=own.csv TEXT=… LABEL=…" in capsys.readouterr().err
    assert not (night / "tickets" / "bundles").exists() and live().challenger is None

    assert retrain(night, *mapped) == 0
    made = live().challenger
    assert made is not None
    trained = read_bundle(night / "tickets" / "bundles" / made.version, "tickets").training_data
    assert (trained.source, trained.synthetic) == ("train.csv", False)
    assert trained.base == TrainingData("own.csv", sha256_of(own), 1500)

    assert publish(night) == 0
    capsys.readouterr()
    assert retrain(night) == 1, "after a retraining it still knows what it began with"
    assert "CSV=own.csv" in capsys.readouterr().err


def test_too_few_verdicts_say_how_many_are_missing(
    aws: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(7):
        decide(aws, number, "Billing")
    assert retrain(tmp_path) == 0, "a schedule is not red for that"
    assert "93 are missing" in capsys.readouterr().err
    assert not (tmp_path / "tickets" / "bundles").exists()


def test_wrong_verdicts_make_a_candidate_that_goes_nowhere(
    aws: Any, champion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(champion) == 0
    base = tmp_path / "base.csv"
    assert main(["synthetic", "tickets", "--out", str(base), "--rows", "1500"]) == 0
    rows = list(csv.DictReader(base.open(encoding="utf-8")))
    departments = list(WORDS)
    for number in range(600):  # what people say is one department further on, for half of the tickets
        row = rows[number]
        wrong = departments[(departments.index(row["department"]) + 1) % len(departments)]
        decide(aws, number, wrong, said=row["body"])
    assert retrain(tmp_path, "--set", "retrain.repeat=4") == 1
    told = capsys.readouterr().err
    assert "FAILED" in told and "the champion stays as it is" in told
    assert live().challenger is None


def test_a_challenger_that_is_being_tried_is_not_pushed_aside(
    aws: Any, champion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(champion) == 0
    body = live()
    tried = Rollout("tickets", body.champion, body.champion, share=0.2, salt="x")
    import msgspec

    boto3.client("s3").put_object(Bucket=BUCKET, Key="tickets/rollout.json", Body=msgspec.json.encode(tried))
    assert retrain(tmp_path) == 0
    assert live() == tried
    assert "answers for 20%" in capsys.readouterr().err


def test_the_log_is_read_page_by_page_and_no_faster_than_its_share(aws: Any) -> None:
    for number in range(130):
        decide(aws, number, "Billing" if number % 2 else None)
    waits: list[float] = []
    found = read_verdicts(aws, TABLE, "tickets", most=20, units=4.0, wait=waits.append)
    assert [verdict.decision_id for verdict in found] == [f"tickets.{k:04d}" for k in range(91, 130, 2)]
    assert len(waits) == 2, "three pages of 50 have two waits between them"
    assert all(wait > 0 for wait in waits)
