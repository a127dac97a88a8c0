"""What every served model must do, whatever its service. A new service adds one `Case`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdas.content.later import Later
from lambdas.content.media import MediaStore
from lambdas.content.schema import ContentRequest, Media
from lambdas.content.service import Content
from lambdas.core.assets import Assets, key_of
from lambdas.core.bundle import Manifest, decode_manifest, verify_files
from lambdas.core.schema import Decision
from lambdas.core.service import Service, Stamp
from lambdas.tickets.schema import TicketRequest
from lambdas.tickets.service import Tickets
from lambdas.transactions.cards import Cards
from lambdas.transactions.schema import TransactionRequest
from lambdas.transactions.service import Transactions
from tests.conftest import TrainedContent, TrainedTickets, TrainedTransactions
from tests.support.bundles import Shelf
from tests.support.content_world import Outbox
from tests.support.posts import as_data, png, wav
from tests.support.stores import MemoryStore
from tests.support.transactions import Lines, Waiting

pytestmark = pytest.mark.contract


@dataclass
class Case:
    """A service, its trained bundle, and requests from the fullest to the barest.

    `make` gives a service that has seen nothing yet.
    """

    make: Callable[[], Service[Any, Any, Any, Any]]
    folder: Path
    requests: list[Any]
    barest: dict[str, Any]
    probabilities: Callable[[Any], list[dict[str, float]]]

    def __post_init__(self) -> None:
        self.service = self.make()
        raw = (self.folder / "manifest.json").read_bytes()
        self.manifest: Manifest = decode_manifest(raw, self.service.name)
        self.model = self.service.open(self.folder, self.manifest)

    def predict(self, requests: Sequence[Any]) -> list[Decision]:
        stamps = [Stamp(f"id{k}", "2026-01-01T00:00:00.000Z", "champion", "v") for k in range(len(requests))]
        return self.service.predict(self.model, self.prepared(requests), stamps)

    def prepared(self, requests: Sequence[Any]) -> list[Any]:
        return self.make().prepare(requests, [f"id{k}" for k in range(len(requests))], NOW)


TICKETS = [
    TicketRequest(
        subject="Charged twice", body="The March invoice was charged twice, refund please!", ticket_id="t",
        customer_id="c", channel="email", customer_tier="business", previous_tickets=3, language="en",
    ),
    TicketRequest(body="La aplicación se cierra con un error 500 cada vez que abro los informes"),
    TicketRequest(subject="Où est ma facture ?"),
    TicketRequest(body="?!"),
    TicketRequest(body="你好 🙂 مرحبا"),
    TicketRequest(body="x" * 20_000),
    TicketRequest(body="ok", channel="carrier pigeon", customer_tier=""),
]  # fmt: skip


NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TRANSACTIONS = [
    TransactionRequest(
        card_id="full",
        amount=4_000.0,
        currency="EUR",
        transaction_id="t",
        at=NOW,
        merchant_id="m",
        category="electronics",
        latitude=60.0,
        longitude=24.9,
        home_latitude=48.8,
        home_longitude=2.3,
    ),
    TransactionRequest(card_id="shop", amount=12.5, merchant_id="m", category="grocery"),
    TransactionRequest(card_id="place", amount=80.0, latitude=40.4, longitude=-3.7),
    TransactionRequest(card_id="strange", amount=1.0, category="no such category"),
    TransactionRequest(card_id="least", amount=0.01),
    TransactionRequest(card_id="most", amount=1_000_000.0, merchant_id="你好 🙂"),
    TransactionRequest(card_id="bare", amount=20.0),
]


CONTENT = [
    ContentRequest(
        text="You are a complete idiot and everybody knows it", content_id="c", author_id="ana",
        language="en", attributes={"region": "north"},
    ),
    ContentRequest(text="Nos vemos mañana en la biblioteca"),
    ContentRequest(text="T'es vraiment pathétique, va pleurer ailleurs"),
    ContentRequest(text="word " * 4_000),
    ContentRequest(text="look", image=msgspec.convert(as_data(png()), Media)),
    ContentRequest(text="listen", audio=msgspec.convert(as_data(wav()), Media)),
]  # fmt: skip


class Left:
    """The assets that training left in a build folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def download(self, key: str, to: Path) -> None:
        sha256 = key.rpartition("/")[2]
        assert key == key_of("content", sha256)
        to.write_bytes((self._folder / sha256).read_bytes())


def content_of(trained: TrainedContent, cache: Path) -> Callable[[], Content]:
    left = Left(trained.build / "content" / "assets")
    return lambda: Content(MediaStore(Shelf()), Assets("content", left, cache), Later(Outbox()), budget=2.0)


def transactions() -> Transactions:
    return Transactions(Cards(MemoryStore(), Waiting(), Lines()), now=lambda: NOW)


@pytest.fixture(scope="module", params=["tickets", "transactions", "content"])
def case(
    request: pytest.FixtureRequest,
    trained_tickets: TrainedTickets,
    trained_transactions: TrainedTransactions,
    trained_content: TrainedContent,
    tmp_path_factory: pytest.TempPathFactory,
) -> Case:
    return {
        "tickets": lambda: Case(
            Tickets, trained_tickets.bundle, TICKETS, {"body": "hello"},
            lambda answer: [output.probabilities for output in answer.outputs.values()],
        ),
        "transactions": lambda: Case(
            transactions, trained_transactions.bundle, TRANSACTIONS, {"card_id": "c", "amount": 1.0},
            lambda answer: [{"legitimate": 1.0 - answer.probability, "fraud": answer.probability}],
        ),
        "content": lambda: Case(
            content_of(trained_content, tmp_path_factory.mktemp("cache")), trained_content.bundle, CONTENT,
            {"text": "hello"},
            lambda answer: [
                {"ok": 1.0 - score.probability, policy: score.probability}
                for policy, score in answer.scores.items()
            ],
        ),
    }[request.param]()  # fmt: skip


def test_the_bundle_is_whole_and_flat(case: Case) -> None:
    verify_files(case.folder, case.manifest)
    listed = {*case.manifest.files, "manifest.json"}
    assert {path.name for path in case.folder.iterdir()} == listed
    assert {"model.onnx", "reference.json", "card.md"} <= listed


def test_a_decision_survives_its_json(case: Case) -> None:
    for answer in case.predict(case.requests):
        assert msgspec.json.decode(msgspec.json.encode(answer), type=case.service.answer) == answer


def test_it_is_deterministic(case: Case) -> None:
    assert case.predict(case.requests) == case.predict(case.requests)


def test_a_batch_is_its_singles(case: Case) -> None:
    """Within float32: another batch shape may add in another order."""
    batch = case.predict(case.requests)
    for request, together in zip(case.requests, batch, strict=True):
        (alone,) = case.predict([request])
        assert alone.outcome == together.outcome
        for one, other in zip(case.probabilities(alone), case.probabilities(together), strict=True):
            assert one == pytest.approx(other, abs=1e-6)


def test_the_order_of_a_batch_does_not_matter(case: Case) -> None:
    forward = [answer.outcome for answer in case.predict(case.requests)]
    backward = [answer.outcome for answer in case.predict(case.requests[::-1])]
    assert forward == backward[::-1]


def test_probabilities_are_probabilities_of_the_manifests_classes(case: Case) -> None:
    for answer in case.predict(case.requests):
        for head, shares in zip(case.manifest.heads, case.probabilities(answer), strict=True):
            assert list(shares) == head.classes
            assert sum(shares.values()) == pytest.approx(1.0, abs=1e-5)
            assert all(0.0 <= share <= 1.0 for share in shares.values())


def test_missing_inputs_are_answered(case: Case) -> None:
    barest = msgspec.convert(case.barest, case.service.request)
    assert case.predict([barest])[0].source == "model"


def test_review_has_a_reason_and_a_clear_answer_has_none(case: Case) -> None:
    for answer in case.predict(case.requests):
        assert answer.review == bool(answer.reasons)


def test_the_rules_answer_everything_the_model_answers(case: Case) -> None:
    stamps = [Stamp("id", "2026-01-01T00:00:00.000Z", "none", None)] * len(case.requests)
    for answer in case.service.rules(case.prepared(case.requests), stamps):
        assert (answer.source, answer.review, answer.degraded) == ("rules", True, ["model"])


def test_every_class_can_be_acted_on_or_says_that_it_cannot(case: Case) -> None:
    for head in case.manifest.heads:
        assert set(head.thresholds) == set(head.classes)
        if head.conformal is None:
            assert len(head.classes) == 2, "of two classes, the two thresholds say what is unclear"
        else:
            assert 0.0 <= head.conformal.threshold <= 1.0
