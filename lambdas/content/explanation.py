"""GET /v1/content/{id}/explanation: why a post was decided as it was."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from lambdas.content.channels import as_channels
from lambdas.content.deciding import Texts
from lambdas.content.errors import TooSlow, Unreadable
from lambdas.content.explained import ContentExplanation, Heard, Heat, Sound
from lambdas.content.finding import Finder
from lambdas.content.item import Seen
from lambdas.content.keeping import KeptMedia, KeptPost
from lambdas.content.media import MediaStore
from lambdas.content.model import ContentModel
from lambdas.content.policies import POLICIES
from lambdas.content.schema import ContentDecision
from lambdas.content.text.leaving_out import words_by_leaving_out
from lambdas.core.errors import BundleError, DependencyDown, InvalidRequest, NotFound
from lambdas.core.http import Asked, Content
from lambdas.core.model_store import Loaded, ModelStore
from lambdas.core.schema import Term

PNG: Final = "image/png"
HEAT_SECONDS: Final = 15.0
"""By when a heat map is there: fetching and opening a large encoder counts, and API Gateway waits 29 s."""


class Explainer:
    """Answers the route from the decision log, the kept media and the bundles."""

    def __init__(self, finder: Finder, store: ModelStore[ContentModel], media: MediaStore) -> None:
        self._finder = finder
        self._store = store
        self._media = media

    def __call__(self, asked: Asked) -> ContentExplanation | Content:
        """The explanation; the image's heat map alone when that is what `Accept` asks for.

        `?policy=` chooses the heat map's policy; it is the likeliest one otherwise. Raises NotFound for an
        unknown id or an image that there is none of, BundleError when there is no model to explain with.
        """
        wanted = asked.query.get("policy")
        if wanted is not None and wanted not in POLICIES:
            raise InvalidRequest(f"send one of {', '.join(POLICIES)}", field="policy")
        until = time.perf_counter() + HEAT_SECONDS
        logged, decision = self._finder.find(asked.path.get("id", ""))
        post = msgspec.json.decode(logged.asked, type=KeptPost)
        loaded, notes = self._model(decision)
        if PNG in asked.headers.get("accept", ""):
            found, why = self._heat(loaded.model, decision, post.image, wanted, until)
            if found is None:
                raise NotFound(f"there is no heat map: {why}")
            return Content(base64.b64decode(found.png), PNG)
        return self._explained(loaded, decision, post, notes, wanted, until)

    def _explained(
        self,
        loaded: Loaded[ContentModel],
        decision: ContentDecision,
        post: KeptPost,
        notes: list[str],
        wanted: str | None,
        until: float,
    ) -> ContentExplanation:
        model = loaded.model
        heat = None
        if post.image is not None:
            heat, why = self._heat(model, decision, post.image, wanted, until)
            notes += [f"image: {why}"] if why else []
        return ContentExplanation(
            decision_id=decision.decision_id,
            content_id=decision.content_id,
            outcome=decision.outcome,
            policies=decision.policies,
            scores=decision.scores,
            channels=decision.channels,
            words=_words(model, decision, post),
            image=heat,
            image_text=decision.image_text,
            audio=_sound(model, decision),
            modalities=decision.modalities,
            pending=decision.pending,
            decided_by=decision.model_version or decision.source,
            explained_by=loaded.manifest.version,
            notes=notes,
        )

    def _heat(
        self,
        model: ContentModel,
        decision: ContentDecision,
        kept: KeptMedia | None,
        wanted: str | None,
        until: float,
    ) -> tuple[Heat | None, str | None]:
        """The heat map, and why there is none or in what it is worse than it could be."""
        if kept is None:
            return None, "the post has no image"
        if kept.key is None or model.image is None:
            return None, "it was not kept" if kept.key is None else "the bundle has no models for images"
        try:
            picture = self._media.bring("image", kept.key)
            policy = wanted or _likeliest(decision.channels.get("image") or {})
            eyes = model.image.get()
            frame = eyes.look(picture).frames.get(policy, 0) if len(picture.frames) > 1 else 0
            heat = eyes.heat(picture, policy, frame, until)
        except (NotFound, Unreadable, TooSlow, BundleError, DependencyDown) as error:
            return None, error.detail
        from lambdas.content.overlay import overlay  # noqa: PLC0415 - Pillow, with the first image

        png, width, height = overlay(picture.frames[frame].pixels, heat.values)
        return Heat(policy, base64.b64encode(png).decode(), width, height), heat.note

    def _model(self, decision: ContentDecision) -> tuple[Loaded[ContentModel], list[str]]:
        """The version that decided while it is to be had, else the champion and a word about that."""
        self._store.refresh()
        why = "the rules decided, because there was no model"
        if decision.model_version is not None:
            try:
                return self._store.version(decision.model_version), []
            except (NotFound, BundleError, DependencyDown) as error:
                why = f"version {decision.model_version} decided, and is not to be had: {error.detail}"
        champion = self._store.champion()
        if champion is None:
            raise BundleError(f"{why}; no model is live to explain with")
        return champion, [f"{why}; the live version {champion.manifest.version} explains"]


def _words(
    model: ContentModel, decision: ContentDecision, post: KeptPost
) -> dict[str, dict[str, list[Term]]]:
    """The words that counted, by channel and policy, where any did."""
    seen = Seen(None, post.text or "", {}, image_text=decision.image_text, transcript=decision.transcript)
    found = {channel: words_by_leaving_out(model.text, text) for channel, text in seen.texts().items()}
    return {
        channel: {policy: words for policy, words in said.items() if words} for channel, said in found.items()
    }


def _sound(model: ContentModel, decision: ContentDecision) -> Sound | None:
    if decision.transcript is None:
        return None
    segments = decision.transcript.segments
    seen = [Seen(None, segment.text or "", {}) for segment in segments]
    Texts(model, seen)
    heard = [
        Heard(part.start, part.end, part.text, as_channels(each.signals).get("text", {}))
        for part, each in zip(segments, seen, strict=True)
    ]
    return Sound(decision.transcript.language, heard)


def _likeliest(scores: Mapping[str, Any]) -> str:
    return max(scores, key=scores.__getitem__) if scores else "sexual"
