"""The value job and `make value` over S3's protocol by moto, and their figures beside each other."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from lambdas.core.aws import Bucket, Dynamo
from lambdas.core.decision_log import DecisionLog, Entry, Label
from lambdas.core.errors import DependencyDown
from lambdas.core.service import kept
from lambdas.core.telemetry import Telemetry
from lambdas.observations.record import Observation, folder
from lambdas.observer.observer import Observer
from lambdas.transactions.schema import TransactionDecision, TransactionRequest
from lambdas.value.defaults import DEFAULTS
from lambdas.value.job import Job
from lambdas.value.ledger import Latest, latest_key
from lambdas.value.worth import ANY, Cost, Rate, Worth
from local import value
from local.learning import Where
from local.place import Place
from tests.support.observations import object_of
from tests.unit.lambdas.value.test_accounts import manifest

NAME = "triage-test"
NOW = datetime.now(UTC)
WORTH = Worth(
    currency="EUR",
    cost_an_hour=60.0,
    by_hand=Cost(minutes=2.0),
    review=Cost(minutes=1.0),
    wrong={ANY: {ANY: Cost(minutes=10.0)}},
    errors={ANY: {ANY: Rate(0.1, 0.05, 0.15)}},
    assumed={"route_minutes": 2.0},
)


@pytest.fixture
def s3(bucket: Any) -> Any:
    """A bucket with a live bundle and an hour's observations of tickets."""
    settings = {"business": msgspec.to_builtins(WORTH)}
    bucket.put_object(Bucket=NAME, Key="tickets/bundles/v1/manifest.json", Body=manifest("v1", settings))
    rollout = {"service": "tickets", "champion": {"version": "v1", "manifest_sha256": ""}}
    bucket.put_object(Bucket=NAME, Key="tickets/rollout.json", Body=json.dumps(rollout).encode())
    lines = [
        Observation(
            f"d{k}", NOW.isoformat(), "a", review=k == 0, confidence=0.9, version="v1",
            label=label, labelled_at=NOW.isoformat() if label else None,
        )
        for k, label in enumerate((None, "a", "b", None))
    ]  # fmt: skip
    key = f"{folder('tickets', NOW)}000001.jsonl.gz"
    bucket.put_object(Bucket=NAME, Key=key, Body=object_of("tickets", [], lines))
    return bucket


def test_the_job_keeps_the_books_in_the_bucket(s3: Any) -> None:
    done = Job(Bucket(NAME), ["tickets"], now=lambda: NOW)({}, None)
    kept = msgspec.json.decode(
        s3.get_object(Bucket=NAME, Key=latest_key("tickets"))["Body"].read(), type=Latest
    )
    # Looked at 1, right 2, wrong -8, unlabelled 1.
    assert done["tickets"]["day_money"] == -4.0 and kept.today.money == pytest.approx(-4)
    assert (kept.today.decisions, kept.today.reviewed, kept.today.wrong) == (4, 1, 1)
    # The next hour finds its own books again, and a new month's days closed.
    again = Job(Bucket(NAME), ["tickets"], now=lambda: NOW + timedelta(days=1))({}, None)
    assert again["tickets"]["decisions"] == 0
    month = s3.get_object(Bucket=NAME, Key=f"tickets/value/{NOW:%Y-%m}.json")["Body"].read()
    assert json.loads(month)["days"][f"{NOW:%d}"]["own"]["decisions"] == 4


def test_make_value_prints_what_the_job_would_write(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Where({"Triage-Artifacts": {"ArtifactsBucket": NAME}}, {}, lambda _: s3)
    monkeypatch.setattr(value, "where", lambda place, *, on_aws: here)
    console, place = Console(width=200), Place(root=tmp_path, folder=tmp_path, build=tmp_path)
    value.show(place, console, ["tickets", "content"], on_aws=False, as_json=False)
    printed = capsys.readouterr().out
    assert (
        "EUR" in printed
        and "-4.00" in printed
        and "how sure: 2 of 3 acted on alone have a label, 1 of those were wrong" in printed
    )
    assert "any outcome: another label 10.0% (5.0% to 15.0%)" in printed
    assert "assumed (params.yaml, EUR): route_minutes 2" in printed
    assert "content, compared with: people look at everything" in printed
    assert "note: no bundle is live: its decisions have training's default costs" in printed

    value.show(place, console, ["tickets"], on_aws=False, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["services"]["tickets"]["today"]["money"] == pytest.approx(-4)
    assert told["in_all"]["EUR"]["month"]["decisions"] == 4
    listed = s3.list_objects_v2(Bucket=NAME, Prefix="tickets/value/")
    assert "Contents" not in listed, "looking changes nothing"


def declined(name: str, amount: float) -> Entry:
    """A declined transaction, as the service logs it."""
    request = TransactionRequest(card_id="c", merchant_id="m", amount=amount)
    decision = TransactionDecision(
        decision_id=f"transactions.{name}", outcome="decline", review=False, reasons=[], confidence=0.9,
        source="model", variant="champion", model_version="v1", degraded=[], decided_at=NOW.isoformat(),
        transaction_id=None, card_id="c", probability=0.9, risk_level="critical", scores={},
        features={"log_amount": math.log1p(amount)}, top_reasons=[],
    )  # fmt: skip
    asked, digest = kept(request)
    return Entry(decision, digest, asked, "transactions", "c", assigned_version="v1")


def test_a_stopped_fraud_goes_from_the_log_to_the_books(s3: Any, table: Any) -> None:
    """Through the real log, observer and job: the amount is found, and the label that a person gave."""
    worth = DEFAULTS["transactions"]
    settings = {"business": msgspec.to_builtins(worth)}
    raw = manifest("v1", settings).replace(b'"tickets"', b'"transactions"')
    s3.put_object(Bucket=NAME, Key="transactions/bundles/v1/manifest.json", Body=raw)
    log = DecisionLog("decisions", Dynamo(), ttl_days=30)
    log.record([declined("a", 900.0), declined("b", 70.0)])
    log.label("transactions.a", Label("fraud", NOW.isoformat(), "ana"))
    log.label("transactions.b", Label("legitimate", NOW.isoformat(), "ana"))

    items = table.scan(TableName="decisions")["Items"]
    images = [{k: v for k, v in item.items() if not k.startswith("label")} for item in items] + items
    records = [
        {
            "eventName": "MODIFY" if "label" in image else "INSERT",
            "dynamodb": {
                "NewImage": image, "SequenceNumber": str(number),
                "ApproximateCreationDateTime": NOW.timestamp(),
            },
        }
        for number, image in enumerate(images, start=1)
    ]  # fmt: skip
    bucket = Bucket(NAME)
    assert Observer(bucket, Telemetry("observer"), {})({"Records": records}, None) == {
        "batchItemFailures": []
    }
    done = Job(bucket, ["transactions"], now=lambda: NOW)({}, None)["transactions"]
    # The fraud's 900 stayed with its owner; the false alarm cost 50.
    assert done["day_money"] == pytest.approx(850.0, abs=0.01)
    assert (done["decisions"], done["month_labelled"], done["month_wrong"]) == (2, 2, 1)


def test_a_bucket_that_is_down_is_an_error_that_lambda_tries_again(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with pytest.raises(DependencyDown, match="tickets"):
        Job(Bucket(NAME), ["tickets"], now=lambda: NOW)({}, None)
