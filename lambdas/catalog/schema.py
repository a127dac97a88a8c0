"""What the catalog answers."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec


class LiveBundle(msgspec.Struct):
    """A bundle that answers or shadows, as its manifest describes it."""

    version: str
    created_at: str
    training_rows: int
    synthetic: bool
    heads: dict[str, list[str]]
    metrics: dict[str, Any]


class LiveService(msgspec.Struct):
    """What is live for one service; without a champion its rules answer."""

    service: str
    champion: LiveBundle | None
    challenger: LiveBundle | None
    share: float
    shadow: bool
    compare: Annotated[
        float, msgspec.Meta(description="The share of the decisions for which both variants are run.")
    ] = 0.0
    problems: Annotated[
        list[str],
        msgspec.Meta(description="Why a bundle that rollout.json names is not shown; empty when all are."),
    ] = []


class ModelsResponse(msgspec.Struct):
    """Every service, in the order in which the app lists them."""

    models: list[LiveService]
