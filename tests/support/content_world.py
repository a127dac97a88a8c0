"""The content service with everything it needs, in memory: the real path over a tiny real model.

What looks at pictures and sounds stands in for the real networks, which have tests of their own: here a
picture that is mostly red is sexual, and a sound is speech whose words are set by the test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np

from lambdas.content.explanation import Explainer
from lambdas.content.finding import Finder
from lambdas.content.image.hiding import HeatMap
from lambdas.content.later import Later
from lambdas.content.media import MediaStore
from lambdas.content.model import ContentModel, Lazy
from lambdas.content.policies import POLICIES
from lambdas.content.schema import ContentDecision, ContentRequest
from lambdas.content.service import Content
from lambdas.content.transcribing import Transcribing
from lambdas.core.assets import Assets
from lambdas.core.aws import Message
from lambdas.core.bundle import Manifest
from lambdas.core.bundle_cache import BundleCache
from lambdas.core.decide import Decider
from lambdas.core.decision_log import DecisionLog
from lambdas.core.model_store import ModelStore
from lambdas.core.variant import Rollout
from tests.support.bundles import Shelf
from tests.support.content_bundles import write_content_bundle
from tests.support.events import fresh_telemetry
from tests.support.tables import MemoryTable

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass
class Eyes:
    """Sees red."""

    text: str = ""
    fails: Exception | None = None
    coarse: str | None = None

    def look(self, picture: Any) -> Any:
        if self.fails:
            raise self.fails
        pixels = picture.frames[0].pixels.astype(float)
        red = pixels[..., 0].mean() - pixels[..., 1:].mean()
        signals = np.full(len(POLICIES), np.nan, dtype=np.float32)
        signals[POLICIES.index("sexual")] = 6.0 if red > 100 else -6.0
        return SimpleNamespace(signals=signals, frames={"sexual": 0})

    def read_text(self, picture: Any) -> str:
        return self.text

    def heat(self, picture: Any, policy: str, frame: int, until: float) -> HeatMap:
        heat = np.zeros((4, 4), dtype=np.float32)
        heat[0, 0] = 1.0
        return HeatMap(heat, self.coarse)


@dataclass
class Ears:
    """Hears what it is told to."""

    words: str = ""
    seconds: float = 1.0
    transcribes: bool = True
    fails: Exception | None = None

    def listen(self, sound: Any) -> Any:
        speech = [SimpleNamespace(start=0.5, end=0.5 + self.seconds)] if self.words else []
        signals = np.full(len(POLICIES), np.nan, dtype=np.float32)
        return SimpleNamespace(signals=signals, speech=speech, speech_seconds=self.seconds if speech else 0.0)

    def seconds_needed(self, speech_seconds: float) -> float:
        return speech_seconds

    def transcribe(self, sound: Any, speech: Sequence[Any]) -> Any:
        if self.fails:
            raise self.fails
        parts = [SimpleNamespace(start=each.start, end=each.end, text=self.words) for each in speech]
        return SimpleNamespace(language="en", segments=parts)


@dataclass
class Outbox:
    sent: list[Message] = field(default_factory=list)
    down: bool = False

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        if self.down:
            return {0: "sqs did not answer"}
        self.sent += messages
        return {}


class SeeingContent(Content):
    """The service, its bundles given these eyes and ears."""

    eyes: Eyes
    ears: Ears

    def open(self, folder: Path, manifest: Manifest) -> ContentModel:
        model = super().open(folder, manifest)
        model.image = Lazy(lambda: self.eyes) if model.image else None  # type: ignore[arg-type,return-value]
        model.audio = Lazy(lambda: self.ears) if model.audio else None  # type: ignore[arg-type,return-value]
        return model


class ContentWorld:
    def __init__(self, tmp_path: Path, settings: dict[str, Any] | None = None) -> None:
        self.table, self.shelf, self.uploads, self.outbox = MemoryTable(), Shelf(), Shelf(), Outbox()
        self.built = tmp_path / "built"
        self.shelf.put_rollout(Rollout("content", write_content_bundle(self.built, settings=settings)))
        self.shelf.put_bundle(self.built, "v1", "content")
        self.media = MediaStore(self.uploads)
        assets = Assets("content", self.shelf, tmp_path / "cache")
        self.service = SeeingContent(self.media, assets, Later(self.outbox), budget=2.0)
        self.eyes, self.ears = Eyes(), Ears()
        self.service.eyes, self.service.ears = self.eyes, self.ears
        self.telemetry = telemetry = fresh_telemetry("content")
        self.log = DecisionLog("decisions", self.table, ttl_days=30)
        self.store: ModelStore[ContentModel] = ModelStore(
            BundleCache("content", self.shelf, tmp_path / "cache"), open_model=self.service.open,
            on_failure=lambda error: telemetry.model_failed(error.detail),
        )  # fmt: skip
        self.decider = Decider(
            self.service, store=self.store, log=self.log, telemetry=telemetry, now=lambda: NOW
        )
        self.finder = Finder(self.log)
        self.explainer = Explainer(self.finder, self.store, self.media)
        self.worker = Transcribing(self.service, self.media, self.store, self.log, telemetry, sample=0.0)

    def moderate(self, **said: Any) -> ContentDecision:
        return self.decider.decide([post(**said)])[0]

    def deliver(self, times: int = 1, body: str | None = None) -> list[Any]:
        """What the worker reports as failed when it gets the last message for the n-th time."""
        event = {
            "Records": [
                {
                    "messageId": "m1",
                    "body": body or self.outbox.sent[-1].body,
                    "attributes": {"ApproximateReceiveCount": str(times)},
                }
            ]
        }
        failed: list[Any] = self.worker(event, None)["batchItemFailures"]
        return failed


def post(**said: Any) -> ContentRequest:
    return msgspec.convert(said, ContentRequest)
