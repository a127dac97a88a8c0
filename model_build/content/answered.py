"""Answers of the content function's own code to rows of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from lambdas.content.item import Item
from lambdas.content.schema import ContentDecision, ContentRequest
from lambdas.content.service import Content
from lambdas.core.assets import Assets
from lambdas.core.bundle import Head, Manifest
from model_build.content.pretrained import Left
from model_build.dataset import Batch
from model_build.service import Answered, Floats, stamps

if TYPE_CHECKING:
    from lambdas.content.later import Later
    from lambdas.content.media import MediaStore


def answered(folder: Path, manifest: Manifest, batch: Batch, build: Path) -> Answered:
    """See `TrainingService.answered`. Only texts are asked again: of media the dataset has what was seen."""
    texts = [text for text in batch.columns.get("text", []) if (text or "").strip()]
    assets = Assets("content", Left(build), build / "content" / "opened")
    # A text is neither kept nor handed over.
    service = Content(cast("MediaStore", None), assets, cast("Later", None), budget=0.0)
    count = len(texts)
    asked = [Item(ContentRequest(text=text), "", {}) for text in texts]
    model = service.open(folder, manifest)
    said = service.predict(model, asked, stamps(count, "champion", manifest.version)) if count else []
    return Answered(
        _of_texts(texts),
        said,
        service.rules(asked, stamps(count, "none", None)),
        {head.name: _probabilities(said, head) for head in manifest.heads},
    )


def _of_texts(texts: list[str | None]) -> Batch:
    return Batch(
        columns={"text": texts},
        labels={},
        rows=np.arange(len(texts), dtype=np.int64),
        folds=np.full(len(texts), -1, dtype=np.int64),
        groups=None,
        languages=None,
    )


def _probabilities(said: list[ContentDecision], head: Head) -> Floats:
    """[rows, classes]; NaN where nothing is said of the policy."""
    found = np.array([each.scores[head.name].probability if head.name in each.scores else np.nan
                      for each in said], dtype=np.float64)  # fmt: skip
    return np.column_stack([1.0 - found, found])
