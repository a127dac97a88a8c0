"""What each service says of a logged decision: the reference's own names and values, and nobody's words."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest

from lambdas.content import observed as content
from lambdas.content.schema import ContentDecision, ContentRequest, Reading, Segment, Transcript
from lambdas.content.text.features import FEATURE_NAMES as TEXT_NAMES
from lambdas.core.service import kept
from lambdas.tickets import observed as tickets
from lambdas.tickets.features import handmade
from lambdas.tickets.schema import TicketDecision, TicketRequest
from lambdas.transactions import observed as transactions
from lambdas.transactions.features import FEATURE_NAMES
from lambdas.transactions.schema import TransactionDecision, TransactionRequest
from model_build.content.pipeline import ContentTraining
from model_build.tickets.pipeline import TicketTraining
from model_build.transactions.pipeline import TransactionTraining

pytestmark = pytest.mark.unit

COMMON = {
    "decision_id": "x.1", "review": False, "reasons": [], "confidence": 0.9, "source": "model",
    "variant": "champion", "model_version": "v1", "degraded": [], "decided_at": "2026-11-03T12:00:00.000Z",
}  # fmt: skip


def by_name(module: object, found: tuple[list[float], dict[str, str]]) -> dict[str, float]:
    return dict(zip(module.NAMES, found[0], strict=True))


def test_the_names_are_those_of_the_references() -> None:
    assert set(TicketTraining().feature_names()) <= set(tickets.NAMES)
    assert set(TransactionTraining().feature_names()) == set(transactions.NAMES)
    missing = set(ContentTraining(Path("build")).feature_names()) - set(content.NAMES)
    assert missing == {name for name in TEXT_NAMES if name.startswith("toxic_en_")}, "these need a model"


def test_a_tickets_features_are_the_models_own() -> None:
    ticket = TicketRequest(
        subject="Refund", body="Secretword, please! Error 404", channel=" Email ", customer_tier="Gold",
        language="es-MX", customer_id="ana", previous_tickets=3,
    )  # fmt: skip
    answer = TicketDecision(outcome="Billing", ticket_id=None, outputs={}, terms=[], **COMMON)
    found = tickets.observed(kept(ticket).asked, msgspec.json.encode(answer))
    np.testing.assert_array_equal(np.array(found.values[:-2], np.float32), handmade([ticket])[0])
    assert by_name(tickets, found)["characters"] == len("Refund\nSecretword, please! Error 404")
    assert by_name(tickets, found)["words"] == 5
    assert found.segments == {"language": "es", "channel": "email", "customer_tier": "other"}


def test_what_a_ticket_does_not_say_is_unknown_and_in_no_segment() -> None:
    found = tickets.observed(kept(TicketRequest(body="hello")).asked, b"{}")
    assert math.isnan(by_name(tickets, found)["log_previous_tickets"])
    assert found.segments == {}


def test_a_transactions_features_are_what_the_models_saw() -> None:
    asked = TransactionRequest(card_id="c", amount=10.0, currency="EUR", category="Gas & Fuel")
    seen = dict.fromkeys(FEATURE_NAMES, 2.5) | {"home_km": None}
    answer = TransactionDecision(
        outcome="approve", transaction_id=None, card_id="c", probability=0.1, risk_level="low", scores={},
        features=seen, top_reasons=[], **COMMON,
    )  # fmt: skip
    found = transactions.observed(kept(asked).asked, msgspec.json.encode(answer))
    assert math.isnan(by_name(transactions, found)["home_km"])
    assert by_name(transactions, found)["log_amount"] == 2.5
    assert found.segments == {"currency": "EUR", "category": "gas & fuel"}


@pytest.mark.parametrize("category", ["shop 4711", "ana@example.com", "x" * 60])
def test_a_category_that_is_none_is_not_repeated(category: str) -> None:
    asked = kept(TransactionRequest(card_id="c", amount=10.0, category=category)).asked
    assert transactions.observed(asked, b'{"features":{}}').segments == {
        "currency": "USD",
        "category": "other",
    }


def test_a_posts_features_are_those_of_all_its_texts_as_training_joins_them() -> None:
    post = ContentRequest(text=" You 1diot! ", author_id="ana")
    answer = ContentDecision(
        outcome="allow", content_id=None, policies=[], severity=None, scores={}, channels={}, pending=[],
        modalities={"text": Reading("read"), "image": Reading("read"), "audio": Reading("absent")},
        terms=[], image_text="seen here", transcript=Transcript("en", [Segment(0, 1, "and"), Segment(1, 2)]),
        **COMMON,
    )  # fmt: skip
    found = content.observed(kept(post).asked, msgspec.json.encode(answer))
    values = by_name(content, found)
    assert values["characters"] == len("You 1diot!\nseen here\nand")
    assert (values["words"], values["exclamation_marks"]) == (5, 1)
    assert values["trick_leet"] == np.float32(math.log1p(1))
    assert found.segments == {"language": "en", "modalities": "text+image"}


def test_a_post_without_a_word_has_no_language() -> None:
    answer = b'{"modalities":{"text":{"state":"absent"},"image":{"state":"unreadable","reason":"x"}}}'
    assert content.observed(b"{}", answer).segments == {"modalities": "image"}
    assert content.observed(b'{"language":"FR"}', answer).segments["language"] == "fr"
