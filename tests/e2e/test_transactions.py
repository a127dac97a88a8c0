"""The deployed transactions by API: decisions, explanations, labels and alerts, with a real Valkey."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambdas.core.service import decision_id
from local import inbox, streaming
from local.stack import Stack
from model_build.publish import publish
from tests.conftest import TrainedTransactions
from tests.e2e.transactions import BATCH, SCORE, eventually, fresh, score, seen_before
from tests.support.fraud_bundles import write_fraud_bundle


class TestByApi:
    """Given the live endpoint."""

    def test_a_transaction_is_scored_on_its_cards_history(self, stack: Stack) -> None:
        card = fresh("card")
        first, second = (score(stack, card_id=card, merchant_id=f"m{n}") for n in range(2))
        for answer in (first, second):
            assert (answer["source"], answer["variant"], answer["degraded"]) == ("model", "champion", [])
            assert answer["outcome"] in {"approve", "review", "decline"}
            assert set(answer["scores"]) == {"xgboost", "lightgbm", "mlp", "isolation_forest"}
            assert 0.0 <= answer["probability"] <= 1.0
        assert first["features"]["mean_amount_30d"] is None
        assert second["features"]["mean_amount_30d"] == pytest.approx(20.0)
        assert (seen_before(first), seen_before(second)) == (0, 1)

    def test_a_retry_gets_the_same_answer_and_other_content_a_409(self, stack: Stack) -> None:
        said = {"card_id": fresh("card"), "transaction_id": fresh("t")}
        first = score(stack, **said)
        assert score(stack, **said) == first
        assert seen_before(score(stack, card_id=said["card_id"])) == 1, "a retry is no event"
        conflict = stack.call("POST", SCORE, {**said, "amount": 21.0})
        assert conflict.status == 409
        assert conflict.headers["content-type"].startswith("application/problem+json")

    def test_a_batch_is_in_order_per_card(self, stack: Stack) -> None:
        card = fresh("card")
        asked = {"transactions": [{"card_id": card, "amount": 5.0 + n} for n in range(40)]}
        decisions = stack.call("POST", BATCH, asked).json()["decisions"]
        assert [seen_before(answer) for answer in decisions] == list(range(40))

    @pytest.mark.parametrize(
        ("path", "body", "status", "field"),
        [
            (SCORE, {"amount": 1}, 400, "card_id"),
            (SCORE, {"card_id": "", "amount": 1}, 400, "card_id"),
            (SCORE, {"card_id": "c"}, 400, "amount"),
            (SCORE, {"card_id": "c", "amount": -1}, 400, "amount"),
            (SCORE, {"card_id": "c", "amount": 1e12}, 400, "amount"),
            (SCORE, b'{"card_id": "c", "amount": NaN}', 400, "$"),
            (SCORE, b'{"card_id": "c", "amount": 1e999}', 400, "amount"),
            (SCORE, {"card_id": "c", "amount": 1, "currency": "XYZ"}, 400, "currency"),
            (SCORE, {"card_id": "c", "amount": 1, "at": "2999-01-01T00:00:00Z"}, 400, "at"),
            (SCORE, {"card_id": "c", "amount": 1, "at": "1999-01-01T00:00:00Z"}, 400, "at"),
            (SCORE, {"card_id": "c", "amount": 1, "at": "2026-01-01T00:00:00"}, 400, "at"),
            (SCORE, {"card_id": "c", "amount": 1, "latitude": 5}, 400, "longitude"),
            (SCORE, {"card_id": "c", "amount": 1, "cvv": "123"}, 400, "cvv"),
            (BATCH, {"transactions": []}, 400, "transactions"),
            (BATCH, {"transactions": [{"card_id": "c", "amount": 1}] * 101}, 400, "transactions"),
            (
                BATCH,
                {"transactions": [{"card_id": "c", "amount": 1}, {"card_id": "c", "amount": 0}]},
                400,
                "transactions[1].amount",
            ),
        ],
        ids=str,
    )
    def test_bad_input_is_a_problem_that_names_the_field(
        self, stack: Stack, path: str, body: Any, status: int, field: str
    ) -> None:
        answer = stack.call("POST", path, body)
        problem = answer.json()
        assert (answer.status, problem.get("field")) == (status, field), problem
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert problem["detail"]

    def test_a_decision_is_explained_as_numbers_and_as_a_drawing(self, stack: Stack) -> None:
        said = score(stack, card_id=fresh("card"), transaction_id=fresh("t"), amount=900.0)
        path = f"/v1/transactions/{said['transaction_id']}/explanation"
        found = stack.call("GET", path).json()
        assert found["decided_probability"] == said["probability"]
        effects = sum(each["effect"] for each in found["contributions"])
        assert found["base"] + effects == pytest.approx(found["probability"], abs=1e-6)
        assert {each["feature"] for each in found["contributions"]} == set(said["features"])
        drawn = stack.call("GET", path, headers={"accept": "image/svg+xml"})
        assert drawn.headers["content-type"].startswith("image/svg+xml")
        assert drawn.body.startswith(b"<svg")
        assert stack.call("GET", f"/v1/transactions/{fresh('no')}/explanation").status == 404

    def test_a_label_stands_and_only_its_giver_changes_it(self, stack: Stack) -> None:
        said = score(stack, card_id=fresh("card"))
        path = f"/v1/decisions/{said['decision_id']}/label"
        given = stack.call("POST", path, {"label": "fraud", "by": "ana"})
        assert (given.status, given.json()["label"]) == (200, "fraud"), given.body
        assert stack.call("POST", path, {"label": "legitimate", "by": "ben"}).status == 409
        assert stack.call("POST", path, {"label": "legitimate", "by": "ana"}).status == 200
        unknown = stack.call("POST", path, {"label": "maybe", "by": "ana"})
        assert (unknown.status, unknown.json()["field"]) == (400, "label")
        assert (
            stack.call("POST", f"/v1/decisions/{fresh('no')}/label", {"label": "x", "by": "a"}).status == 404
        )
        item = stack.client("dynamodb").get_item(
            TableName=stack.output("DecisionsTable"), Key={"id": {"S": said["decision_id"]}}
        )["Item"]
        assert (item["label"]["S"], item["label_by"]["S"]) == ("legitimate", "ana")

    def test_the_document_tells_of_the_new_routes(self, stack: Stack) -> None:
        paths = stack.call("GET", "/v1/openapi.json").json()["paths"]
        assert {SCORE, BATCH, "/v1/transactions/{id}/explanation", "/v1/decisions/{id}/label"} <= set(paths)


def test_the_learner_takes_its_services_labels_from_the_queue(stack: Stack) -> None:
    """Given a label of a transaction and one of a ticket; Then the queue is empty, and learning knows one."""
    said = score(stack, card_id=fresh("card"), merchant_id=fresh("m"))
    ticket = stack.call("POST", "/v1/tickets:classify", {"body": "please refund my invoice"}).json()
    for decision, label in ((said, "fraud"), (ticket, ticket["outcome"])):
        path = f"/v1/decisions/{decision['decision_id']}/label"
        given = stack.call("POST", path, {"label": label, "by": "ana"})
        assert given.status == 200, given.body
    s3 = stack.client("s3")

    def learned() -> str:
        listed = s3.list_objects_v2(Bucket=stack.bucket, Prefix="transactions/learning/").get("Contents", [])
        return "".join(
            s3.get_object(Bucket=stack.bucket, Key=each["Key"])["Body"].read().decode() for each in listed
        )

    eventually(lambda: said["decision_id"] in learned(), "the label in what learning remembers")
    url = stack.output("LabelQueueUrl")
    eventually(lambda: streaming.waiting(stack.endpoint, url) == 0, "an empty label queue")
    assert ticket["decision_id"] not in learned()


@pytest.fixture
def sensitive(stack: Stack, tmp_path: Path, trained_transactions: TrainedTransactions) -> Iterator[str]:
    """A tiny model that declines large amounts in a row is live; the session's is put back after."""
    version = f"20990101T000000Z-{uuid.uuid4().hex[:8]}"
    write_fraud_bundle(tmp_path, version)
    publish(tmp_path / version, "transactions", stack.bucket, client=stack.client("s3"))
    try:
        eventually(lambda: score(stack)["model_version"] == version, "the tiny model")
        yield version
    finally:
        publish(trained_transactions.bundle, "transactions", stack.bucket, client=stack.client("s3"))


@pytest.mark.usefixtures("sensitive")
def test_a_decline_is_told_at_once_and_an_approval_is_not(stack: Stack, tmp_path: Path) -> None:
    card = fresh("card")
    for _ in range(7):
        score(stack, card_id=card)
    said = score(stack, card_id=card, transaction_id=fresh("t"), amount=300.0, merchant_id="m")
    small = score(stack, card_id=fresh("card"), amount=0.01)
    assert (said["outcome"], small["outcome"] == "decline") == ("decline", False)
    assert said["top_reasons"]
    url, kept = stack.output("AlertInboxQueueUrl"), tmp_path / "inbox.jsonl"

    def told() -> list[inbox.Mail]:
        inbox.fetch(stack.endpoint, url, kept)
        return [mail for mail in inbox.read(kept) if said["decision_id"] in mail.text]

    (mail,) = eventually(told, "the alert")
    assert "decline" in mail.subject
    assert card in mail.text
    assert small["decision_id"] not in "".join(each.text for each in inbox.read(kept))
    assert decision_id("transactions", said["transaction_id"]) == said["decision_id"]
