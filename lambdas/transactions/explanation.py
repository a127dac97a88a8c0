"""GET /v1/transactions/{id}/explanation: why a transaction was decided as it was."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import unquote

import msgspec
import numpy as np

from lambdas.core.decision_log import DecisionLog, Logged
from lambdas.core.errors import BundleError, DependencyDown, NotFound
from lambdas.core.http import Asked, Content
from lambdas.core.model_store import Loaded, ModelStore
from lambdas.core.schema import Probability
from lambdas.core.service import decision_id
from lambdas.transactions.features import FEATURE_NAMES, NAN
from lambdas.transactions.model import FraudModel
from lambdas.transactions.schema import Outcome, TransactionDecision
from lambdas.transactions.shapley import Explained, explain
from lambdas.transactions.waterfall import Step, waterfall
from lambdas.transactions.words import words_of

SVG = "image/svg+xml"
_DECISION_ID = re.compile(r"transactions\.[0-9a-f]{32}")
_SAID = {"approve": "approved", "review": "sent to review", "decline": "declined"}


class Contribution(msgspec.Struct):
    """What one feature adds to the probability of fraud, and what it was."""

    feature: str
    value: float | None
    effect: float
    words: str


class Explanation(msgspec.Struct):
    """The Shapley values of a decision, strongest first; `base` and the effects add up to `probability`."""

    decision_id: str
    transaction_id: str | None
    outcome: Outcome
    base: Annotated[Probability, msgspec.Meta(description="The average of usual, legitimate transactions.")]
    probability: Annotated[Probability, msgspec.Meta(description="What the explaining model says of it.")]
    decided_probability: Annotated[Probability, msgspec.Meta(description="What was answered.")]
    scale: Annotated[str, msgspec.Meta(description="What the effects are differences of.")]
    contributions: list[Contribution]
    exact: Annotated[bool, msgspec.Meta(description="False when drawn from a sample of the orders.")]
    standard_error: Annotated[float, msgspec.Meta(description="Of the least certain effect; 0 when exact.")]
    decided_by: Annotated[str, msgspec.Meta(description="The version that decided, or rules.")]
    explained_by: Annotated[str, msgspec.Meta(description="The version that explains.")]
    note: Annotated[str | None, msgspec.Meta(description="Said when another version than that explains.")]
    svg: Annotated[str, msgspec.Meta(description="A waterfall plot, as an SVG document.")]


class Explainer:
    """Answers the route from the decision log and the bundles."""

    def __init__(self, log: DecisionLog, store: ModelStore[FraudModel]) -> None:
        self._log = log
        self._store = store
        self._decoder = msgspec.json.Decoder(TransactionDecision)

    def __call__(self, asked: Asked) -> Explanation | Content:
        """The explanation; the drawing alone when that is what `Accept` asks for.

        Raises NotFound for an unknown id, BundleError when there is no model to explain with.
        """
        found = self.explain(asked.path.get("id", ""))
        return Content(found.svg, SVG) if SVG in asked.headers.get("accept", "") else found

    def explain(self, own: str) -> Explanation:
        """The explanation of the decision or transaction called `own`; see `__call__`."""
        decision = self._decoder.decode(self._find(own).answer)
        loaded, note = self._model(decision)
        row = [decision.features.get(name) for name in FEATURE_NAMES]
        known = np.array([NAN if value is None else value for value in row], dtype=np.float32)
        model = loaded.model
        found = explain(model.probability, known, model.background, seed=decision.decision_id)
        contributions = _contributions(found, row)
        return Explanation(
            decision_id=decision.decision_id,
            transaction_id=decision.transaction_id,
            outcome=decision.outcome,  # type: ignore[arg-type]
            base=found.base,
            probability=found.probability,
            decided_probability=decision.probability,
            scale="calibrated probability of fraud",
            contributions=contributions,
            exact=found.exact,
            standard_error=found.error,
            decided_by=decision.model_version or decision.source,
            explained_by=loaded.manifest.version,
            note=note,
            svg=waterfall(
                _title(decision, found.probability),
                found.base,
                _steps(contributions),
                found.probability,
            ),
        )

    def _find(self, own: str) -> Logged:
        """The decision that is called `own`, or about the transaction called so, as sent or URL-decoded."""
        names = dict.fromkeys((own, unquote(own)))
        ids = [name for name in names if _DECISION_ID.fullmatch(name)]
        for wanted in (*ids, *(decision_id("transactions", name) for name in names)):
            try:
                return self._log.get(wanted)
            except NotFound:
                continue
        raise NotFound(f"no transaction and no decision is called '{own[:200]}', or it has expired")

    def _model(self, decision: TransactionDecision) -> tuple[Loaded[FraudModel], str | None]:
        """The version that decided while it is to be had, else the champion and a word about that."""
        self._store.refresh()
        why = "the rules decided, because there was no model"
        if decision.model_version is not None:
            try:
                return self._store.version(decision.model_version), None
            except (NotFound, BundleError, DependencyDown) as error:
                why = f"version {decision.model_version} decided, and is not to be had: {error.detail}"
        champion = self._store.champion()
        if champion is None:
            raise BundleError(f"{why}; no model is live to explain with")
        return champion, f"{why}; the live version {champion.manifest.version} explains"


def _contributions(found: Explained, row: list[float | None]) -> list[Contribution]:
    order = np.argsort(-np.abs(found.values), kind="stable")
    return [
        Contribution(FEATURE_NAMES[k], row[k], float(found.values[k]), words_of(FEATURE_NAMES[k], row[k]))
        for k in order.tolist()
    ]


def _steps(contributions: list[Contribution]) -> list[Step]:
    """A step for each phrase: the sine and the cosine of the hour are one time of day."""
    together: dict[str, float] = {}
    for each in contributions:
        together[each.words] = together.get(each.words, 0.0) + each.effect
    return [Step(words, effect) for words, effect in together.items()]


def _title(decision: TransactionDecision, probability: float) -> str:
    name = decision.transaction_id or decision.decision_id
    return f"Transaction {name}: {_SAID[decision.outcome]}, probability of fraud {probability:.3f}"
