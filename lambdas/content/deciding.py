"""From what was seen of posts to decisions: the texts read in one run, the channels fused, the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Final

import numpy as np

from lambdas.content.channels import as_channels
from lambdas.content.item import Seen
from lambdas.content.model import ContentModel
from lambdas.content.policies import CHANNELS, POLICIES, Severity
from lambdas.content.schema import ContentDecision, Reading, Score
from lambdas.content.text.model import words_that_mattered
from lambdas.content.verdict import judge, silent
from lambdas.core.schema import Term
from lambdas.core.service import Stamp

SEVERITIES: Final[tuple[Severity, ...]] = ("medium", "high", "severe")
_AT = {channel: k for k, channel in enumerate(CHANNELS)}


class Texts:
    """All texts of some posts, read in one model run; `seen` have their signals from then on."""

    def __init__(self, model: ContentModel, seen: Sequence[Seen]) -> None:
        self._places: list[dict[str, int]] = []
        texts: list[str] = []
        for each in seen:
            found = each.texts()
            self._places.append({channel: len(texts) + k for k, channel in enumerate(found)})
            texts += found.values()
        self._read = model.text.read(texts) if texts else None
        for each, places in zip(seen, self._places, strict=True):
            for channel, row in places.items():
                each.signals[:, _AT[channel]] = self._read.signals[row]  # type: ignore[union-attr]

    def words(self, post: int, policy: str) -> list[Term]:
        """The words of that post that counted most, of the text that says most of `policy`."""
        if self._read is None or not self._places[post]:
            return []
        said = self._read.signals[:, POLICIES.index(policy)]
        rows = [row for row in self._places[post].values() if not isnan(said[row])]
        return words_that_mattered(self._read, max(rows, key=said.__getitem__), policy) if rows else []


def decide(model: ContentModel, seen: Sequence[Seen], stamps: Sequence[Stamp]) -> list[ContentDecision]:
    """One decision a post. Raises BundleError."""
    texts = Texts(model, seen)
    signals = np.stack([each.signals for each in seen])
    rows = model.fusion.probabilities(signals).tolist()
    unsaid = silent(signals).tolist()
    decisions = []
    for k, (post, stamp) in enumerate(zip(seen, stamps, strict=True)):
        probabilities = dict(zip(POLICIES, rows[k], strict=True))
        quiet = [policy for policy, is_silent in zip(POLICIES, unsaid[k], strict=True) if is_silent]
        said = {policy: p for policy, p in probabilities.items() if policy not in quiet}
        terms = texts.words(k, max(said, key=said.__getitem__)) if said else []
        decisions.append(_decision(model, post, stamp, probabilities, quiet, terms))
    return decisions


def _decision(
    model: ContentModel,
    seen: Seen,
    stamp: Stamp,
    probabilities: dict[str, float],
    unsaid: Sequence[str],
    terms: list[Term],
) -> ContentDecision:
    verdict = judge(
        model.bounds,
        probabilities,
        unsaid=unsaid,
        unreadable=unreadable_in(seen.readings),
        pending=seen.pending,
    )
    return ContentDecision(
        decision_id=stamp.decision_id,
        outcome=verdict.outcome,
        review=verdict.outcome == "review",
        reasons=verdict.reasons,
        confidence=verdict.confidence,
        source="model",
        variant=stamp.variant,
        model_version=stamp.model_version,
        degraded=seen.degraded,
        decided_at=stamp.decided_at,
        content_id=seen.content_id,
        policies=verdict.policies,
        severity=worst(model.severities, verdict.policies),
        scores={
            policy: _score(model, policy, probabilities[policy])
            for policy in POLICIES
            if policy not in unsaid
        },
        channels=as_channels(seen.signals),
        modalities=seen.readings,
        pending=seen.pending,
        terms=terms,
        image_text=seen.image_text,
        transcript=seen.transcript,
    )


def _score(model: ContentModel, policy: str, probability: float) -> Score:
    bounds = model.bounds[policy]
    remove = bounds.remove if bounds.remove <= 1.0 else None
    return Score(min(probability, 1.0), model.severities[policy], bounds.review, remove)


def unreadable_in(readings: dict[str, Reading]) -> dict[str, str]:
    """Why, by modality, what is in the post could not be read."""
    return {name: str(each.reason) for name, each in readings.items() if each.state == "unreadable"}


def worst(severities: dict[str, Severity], policies: Sequence[str]) -> Severity | None:
    """The severity of the worst of `policies`."""
    return max((severities[policy] for policy in policies), key=SEVERITIES.index, default=None)
