"""From what was seen of posts to decisions: the texts read in one run, the channels fused, the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from lambdas.content.channels import as_channels
from lambdas.content.item import Seen
from lambdas.content.model import ContentModel
from lambdas.content.policies import CHANNELS, POLICIES, Severity
from lambdas.content.schema import ContentDecision, Reading, Score
from lambdas.content.verdict import judge, silent
from lambdas.core.schema import Term
from lambdas.core.service import Stamp

SEVERITIES: Final[tuple[Severity, ...]] = ("medium", "high", "severe")
_AT = {channel: k for k, channel in enumerate(CHANNELS)}


def decide(model: ContentModel, seen: Sequence[Seen], stamps: Sequence[Stamp]) -> list[ContentDecision]:
    """One decision a post. Raises BundleError."""
    terms = read_texts(model, seen)
    signals = np.stack([each.signals for each in seen])
    probabilities = model.fusion.probabilities(signals).tolist()
    unsaid = silent(signals).tolist()
    return [
        _decision(model, post, stamp, dict(zip(POLICIES, row, strict=True)), silence, words)
        for post, stamp, row, silence, words in zip(seen, stamps, probabilities, unsaid, terms, strict=True)
    ]


def read_texts(model: ContentModel, seen: Sequence[Seen]) -> list[dict[str, list[Term]]]:
    """Fill in the signals of all texts of all posts, in one model run.

    Returns, a post, the words that counted most by policy, over its texts.
    """
    found = [(k, channel, text) for k, each in enumerate(seen) for channel, text in each.texts().items()]
    terms: list[dict[str, list[Term]]] = [{} for _ in seen]
    if not found:
        return terms
    read = model.text.read([text for _, _, text in found])
    for row, (k, channel, _) in enumerate(found):
        seen[k].signals[:, _AT[channel]] = read.signals[row]
    return terms


def _decision(
    model: ContentModel,
    seen: Seen,
    stamp: Stamp,
    probabilities: dict[str, float],
    silence: Sequence[bool],
    terms: dict[str, list[Term]],
) -> ContentDecision:
    unsaid = [policy for policy, silent_ in zip(POLICIES, silence, strict=True) if silent_]
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
        terms=terms.get(max(probabilities, key=probabilities.__getitem__), []),
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
