"""The content service: its share of the one path."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from lambdas.content import rules
from lambdas.content.deciding import decide, unreadable_in, worst
from lambdas.content.errors import Unreadable
from lambdas.content.item import Item, Seen
from lambdas.content.keeping import kept_of
from lambdas.content.later import Later
from lambdas.content.looking import look_at, readings_of
from lambdas.content.media import KINDS, MediaStore
from lambdas.content.model import ContentModel
from lambdas.content.schema import ContentDecision, ContentRequest, Reading, Score
from lambdas.core.assets import Assets
from lambdas.core.bundle import Manifest
from lambdas.core.marks import MOST_SEVERE, Marks
from lambdas.core.service import Kept, Stamp, refuse_repeats

ALERTS_FROM: Final = 0.5
"""A severe policy that is more likely than not alerts, removed or not."""
_RANK = {"medium": 3, "high": 6, "severe": MOST_SEVERE}


class Content:
    """Implements `lambdas.core.service.Service`.

    `budget` is how many seconds a caller may wait for the words of a sound; what takes longer is handed to
    `later`.
    """

    name = "content"
    request = ContentRequest
    answer = ContentDecision

    def __init__(self, media: MediaStore, assets: Assets, later: Later, *, budget: float) -> None:
        self._media = media
        self._assets = assets
        self._later = later
        self._budget = budget

    def open(self, folder: Path, manifest: Manifest) -> ContentModel:
        """The model, tried once on a short text. Raises BundleError."""
        model = ContentModel(folder, manifest, self._assets)
        seen = Seen(None, "hello", {"text": Reading("read")})
        decide(model, [seen], [Stamp("", "", "champion", manifest.version)])
        return model

    def caller_id(self, request: ContentRequest) -> str | None:
        """The post's id."""
        return request.content_id

    def entity(self, request: ContentRequest) -> str | None:
        """The author."""
        return request.author_id

    def check(self, requests: Sequence[ContentRequest]) -> None:
        """Raise InvalidRequest for a post with nothing in it, control characters, or an id sent twice."""
        for request in requests:
            request.check()
        refuse_repeats([request.content_id for request in requests], lambda k: f"posts[{k}].content_id")

    def prepare(
        self, requests: Sequence[ContentRequest], ids: Sequence[str], received: datetime
    ) -> list[Item]:
        """The posts with their media decoded and kept.

        Raises Refused for media that the caller can mend, Unreadable for media that is all there is.
        """
        return [self._prepared(request, own) for request, own in zip(requests, ids, strict=True)]

    def keep(self, item: Item) -> Kept:
        """The request, with its media as where it is kept and what it is."""
        return kept_of(item)

    def defer(self, items: Sequence[Item], answers: Sequence[ContentDecision]) -> list[ContentDecision]:
        """The answers, with the sounds that are to be transcribed handed over; see `handed_over`."""
        return [self._handed_over(item, answer) for item, answer in zip(items, answers, strict=True)]

    def marks(self, answer: ContentDecision) -> Marks:
        """A post that is likely to fail a severe policy alerts; the more severe one is looked at first."""
        grave = [policy for policy in answer.policies if answer.scores[policy].severity == "severe"]
        alert = any(
            answer.scores[policy].probability >= min(ALERTS_FROM, answer.scores[policy].remove_from or 1.0)
            for policy in grave
        )
        return Marks(alert, _RANK.get(answer.severity or "", 2), tuple(answer.pending))

    def settle(self, items: Sequence[Item]) -> None:
        """Nothing is remembered of an author."""

    def predict(
        self, model: ContentModel, items: Sequence[Item], stamps: Sequence[Stamp]
    ) -> list[ContentDecision]:
        """Decisions by the models: every text of every post in one run, then the fusion in one."""
        seen = [look_at(item, model, budget=self._budget) for item in items]
        return decide(model, seen, stamps)

    def rules(self, items: Sequence[Item], stamps: Sequence[Stamp]) -> list[ContentDecision]:
        """Decisions by known words, all for review."""
        return [_by_rules(item, stamp) for item, stamp in zip(items, stamps, strict=True)]

    def _prepared(self, request: ContentRequest, own: str) -> Item:
        item = Item(request, own, {})
        for kind in KINDS:
            media = getattr(request, kind)
            if media is not None:
                item.parts[kind] = self._media.take(kind, media)
        broken = [part for part in item.parts.values() if part.problem is not None and part.raw is not None]
        if broken and len(broken) == len(item.parts) and not (request.text or "").strip():
            raise Unreadable(str(broken[0].problem), field=broken[0].kind)
        if any(not self._media.keep(part, own) for part in item.parts.values()):
            item.degraded.append("media_store")
        return item

    def _handed_over(self, item: Item, answer: ContentDecision) -> ContentDecision:
        """`answer` once the worker knows of its sound, or with the reason why it does not."""
        if not answer.pending:
            return answer
        why = (
            "it could not be kept" if item.parts["audio"].kept is None else self._later.put(item.decision_id)
        )
        return answer if why is None else given_up(answer, f"its speech was not transcribed: {why}")


def given_up(answer: ContentDecision, why: str) -> ContentDecision:
    """`answer` without anything still to come: people listen instead."""
    reasons = [reason for reason in answer.reasons if not reason.startswith("audio: not looked at yet")]
    removed = answer.outcome == "remove"
    return msgspec.structs.replace(
        answer,
        outcome=answer.outcome if removed else "review",
        review=not removed,
        reasons=[] if removed else [*reasons, f"audio: could not be read: {why}"],
        modalities={**answer.modalities, "audio": Reading("unreadable", why)},
        degraded=[*answer.degraded, "transcription"],
        pending=[],
    )


def _by_rules(item: Item, stamp: Stamp) -> ContentDecision:
    found, terms = rules.scores(item.request.text or "")
    readings = readings_of(item)
    for kind, part in item.parts.items():
        if part.problem is None:
            readings[kind] = Reading("unreadable", "no model is available to look at it")
    hit = [policy for policy in sorted(found, key=lambda each: -found[each]) if terms[policy]]
    top = max(found, key=found.__getitem__)
    reasons = ["no model is available: looked at by rules"]
    reasons += [f"{name}: could not be read: {why}" for name, why in unreadable_in(readings).items()]
    return ContentDecision(
        decision_id=stamp.decision_id,
        outcome="review",
        review=True,
        reasons=reasons,
        confidence=max(found[top], 1.0 - found[top]),
        source="rules",
        variant=stamp.variant,
        model_version=stamp.model_version,
        degraded=["model", *item.degraded],
        decided_at=stamp.decided_at,
        content_id=item.request.content_id,
        policies=hit,
        severity=worst(rules.SEVERITY, hit),
        scores={policy: Score(value, rules.SEVERITY[policy]) for policy, value in found.items()},
        channels={},
        modalities=readings,
        pending=[],
        terms=terms[top],
    )
