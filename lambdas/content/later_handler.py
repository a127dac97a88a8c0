"""The queue of sounds to transcribe."""

# ruff: noqa: E402 - the bundle is on its way while the rest is imported

from __future__ import annotations

from lambdas.core.prefetch import prefetch

prefetch("content")

import lambdas.core.model  # noqa: F401, I001 - first: the graph is opened as soon as this is there

from lambdas.content.serving import live_service
from lambdas.content.transcribing import Transcribing
from lambdas.core.drain import drained
from lambdas.core.function import decision_function
from lambdas.core.settings import DecisionSettings, load

_parts = live_service()
_decider, _telemetry = decision_function(_parts.service)

handle = drained(
    Transcribing(
        _parts.service,
        _parts.media,
        _decider.store,
        _decider.log,
        _telemetry,
        sample=load(DecisionSettings).review_sample,
    )
)
