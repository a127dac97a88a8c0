"""The transaction service: its share of the one path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from lambdas.core.bundle import Manifest
from lambdas.core.decide import utc_now
from lambdas.core.marks import Marks
from lambdas.core.service import Kept, Stamp, kept, refuse_repeats
from lambdas.transactions.cards import Cards
from lambdas.transactions.features import FEATURE_NAMES, matrix
from lambdas.transactions.later import Update
from lambdas.transactions.model import FraudModel, Rows, open_model
from lambdas.transactions.reasons import MOST, top_reasons
from lambdas.transactions.rules import Rule, fired, score
from lambdas.transactions.schema import Reason, TransactionDecision, TransactionRequest
from lambdas.transactions.seen import Observed, Seen
from lambdas.transactions.words import words_of

_SEVERITY = {"low": 1, "medium": 3, "high": 5, "critical": 7}
_AT = {name: k for k, name in enumerate(FEATURE_NAMES)}


class Item(NamedTuple):
    """A request with the features of its event."""

    request: TransactionRequest
    observed: Observed
    seen: Seen
    place: int
    """Where it stands in `seen`, the batch that it was read with."""


class Transactions:
    """Implements `lambdas.core.service.Service`."""

    name = "transactions"
    request = TransactionRequest
    answer = TransactionDecision

    def __init__(self, cards: Cards, now: Callable[[], datetime] = utc_now) -> None:
        self._cards = cards
        self._now = now

    def open(self, folder: Path, manifest: Manifest) -> FraudModel:
        """The model, tried once. Raises BundleError."""
        return open_model(folder, manifest)

    def caller_id(self, request: TransactionRequest) -> str | None:
        """The transaction's id."""
        return request.transaction_id

    def entity(self, request: TransactionRequest) -> str | None:
        """The card."""
        return request.card_id

    def check(self, requests: Sequence[TransactionRequest]) -> None:
        """Raise InvalidRequest for a currency, time or place that cannot be, or an id sent twice."""
        now = self._now()
        for index, request in enumerate(requests):
            request.check(now, f"transactions[{index}]." if len(requests) > 1 else "")
        refuse_repeats(
            [request.transaction_id for request in requests], lambda k: f"transactions[{k}].transaction_id"
        )

    def prepare(
        self, requests: Sequence[TransactionRequest], ids: Sequence[str], received: datetime
    ) -> list[Item]:
        """The features of each event; the cards' history is brought up to date by `settle`."""
        pairs = zip(requests, ids, strict=True)
        seen = self._cards.look([Update(request, own, received) for request, own in pairs])
        found = zip(requests, seen.observed(), strict=True)
        return [Item(*pair, seen, index) for index, pair in enumerate(found)]

    def defer(
        self, items: Sequence[Item], answers: Sequence[TransactionDecision]
    ) -> list[TransactionDecision]:
        """Nothing is left for later."""
        return list(answers)

    def keep(self, item: Item) -> Kept:
        """The request itself."""
        return kept(item.request)

    def marks(self, answer: TransactionDecision) -> Marks:
        """A declined transaction alerts; the riskier one is looked at first."""
        return Marks(alert=answer.outcome == "decline", severity=_SEVERITY[answer.risk_level])

    def settle(self, items: Sequence[Item]) -> None:
        """Let the cards' profiles see what was decided: `items` of one `prepare`."""
        if items:
            self._cards.settle(items[0].seen, [item.place for item in items])

    def predict(
        self, model: FraudModel, items: Sequence[Item], stamps: Sequence[Stamp]
    ) -> list[TransactionDecision]:
        """Decisions by the model in one run; in a second one the reasons of what is not approved."""
        rows = rows_of(model, items)
        probabilities, scores = model.score(rows)
        reasons = _reasons(model, rows, probabilities)
        seen = rows.tolist()
        return [
            _decision(model, item, stamp, probabilities[k], scores[k], seen[k], reasons.get(k, []))
            for k, (item, stamp) in enumerate(zip(items, stamps, strict=True))
        ]

    def rules(self, items: Sequence[Item], stamps: Sequence[Stamp]) -> list[TransactionDecision]:
        """Decisions by named patterns, all for review."""
        return [_by_rules(item, stamp) for item, stamp in zip(items, stamps, strict=True)]


def rows_of(model: FraudModel, items: Sequence[Item]) -> Rows:
    """The model's input."""
    return matrix(
        [item.observed.features for item in items],
        [item.observed.category for item in items],
        model.category_risk,
    )


def _reasons(model: FraudModel, rows: Rows, probabilities: Sequence[float]) -> dict[int, list[Reason]]:
    """The top reasons by the row's number, of the rows that are not approved."""
    chosen = [k for k, p in enumerate(probabilities) if p > model.bounds.approve]
    if not chosen:
        return {}
    found = top_reasons(
        model.probability, rows[chosen], [probabilities[k] for k in chosen], model.background[0]
    )
    return dict(zip(chosen, found, strict=True))


def _decision(
    model: FraudModel,
    item: Item,
    stamp: Stamp,
    probability: float,
    scores: Sequence[float],
    row: Sequence[float],
    reasons: list[Reason],
) -> TransactionDecision:
    bounds = model.bounds
    review = bounds.why_review(probability)
    return TransactionDecision(
        decision_id=stamp.decision_id,
        outcome=bounds.outcome(probability),
        review=bool(review),
        reasons=review,
        confidence=bounds.confidence(probability),
        source="model",
        variant=stamp.variant,
        model_version=stamp.model_version,
        degraded=list(item.observed.missing),
        decided_at=stamp.decided_at,
        transaction_id=item.request.transaction_id,
        card_id=item.request.card_id,
        probability=probability,
        risk_level=bounds.risk_level(probability),
        scores=dict(zip(model.models, scores, strict=True)),
        features=_known(row),
        top_reasons=reasons,
    )


def _by_rules(item: Item, stamp: Stamp) -> TransactionDecision:
    row = item.observed.features
    found = fired(row)
    probability = score(found)
    return TransactionDecision(
        decision_id=stamp.decision_id,
        outcome="review",
        review=True,
        reasons=["no model is available: scored by rules"],
        confidence=max(probability, 1.0 - probability),
        source="rules",
        variant=stamp.variant,
        model_version=stamp.model_version,
        degraded=["model", *item.observed.missing],
        decided_at=stamp.decided_at,
        transaction_id=item.request.transaction_id,
        card_id=item.request.card_id,
        probability=probability,
        risk_level="high" if found else "medium",
        scores={"rules": probability},
        features=_known(row),
        top_reasons=[_rule_reason(rule, row, found) for rule in found[:MOST]],
    )


def _rule_reason(rule: Rule, row: Sequence[float], found: Sequence[Rule]) -> Reason:
    value = row[_AT[rule.feature]]
    effect = score(found) - score([other for other in found if other is not rule])
    return Reason(rule.feature, value, round(effect, 6), f"{rule.words}: {words_of(rule.feature, value)}")


def _known(row: Sequence[float]) -> dict[str, float | None]:
    return {
        name: None if value != value else value  # noqa: PLR0124 - NaN
        for name, value in zip(FEATURE_NAMES, row, strict=True)
    }
