"""The texts of a batch of posts, by the channel that they come through, and how the text model reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from lambdas.content.text.features import ToxicLabels, handmade
from lambdas.content.text.normalise import Normal, normalise
from model_build.content.classifier import toxic_labels
from model_build.content.parameters import OURS, Networks
from model_build.dataset import Batch

TEXT_CHANNELS: Final = ("text", "image_text", "audio_text")
"""The fields of the data, and channels of the same names, that are texts."""
MEDIA_FIELDS: Final = ("image", "audio", "image_risk", "audio_risk")


@dataclass(frozen=True)
class PostReader:
    """Implements `model_build.text.inputs.Reader`: a post is all of its texts, a line each, because a label
    is about the whole post. Some features come from the packaged English model, which is converted below
    `build`, or from what `networks` names in its place."""

    build: Path
    networks: Networks = OURS
    name: str = "posts"

    def items(self, batch: Batch) -> list[Normal]:
        """The posts' texts in their normal form."""
        return [normalise(text) for text in whole_texts(batch)]

    def texts(self, items: Sequence[Normal]) -> list[str]:
        """What n-grams and encoder read."""
        return [item.text for item in items]

    def handmade(self, items: Sequence[Normal], spoken: Sequence[list[str]]) -> npt.NDArray[np.float32]:
        """The hand-made features by the served function."""
        return handmade(items, spoken, self.labels)

    @property
    def labels(self) -> ToxicLabels:
        """What tells the toxic labels, opened on first use. Raises PretrainedError, EncoderError."""
        return toxic_labels(self.networks, self.build)


def channel_texts(batch: Batch) -> dict[str, list[str]]:
    """The texts of each channel that the data has, a row each, empty where a post has none."""
    return {
        channel: [(text or "").strip() for text in batch.columns[channel]]
        for channel in TEXT_CHANNELS
        if channel in batch.columns
    }


def has_media(batch: Batch) -> npt.NDArray[np.bool_]:
    """Which posts have a picture or a sound, or a number that stands for one."""
    found = np.zeros(len(batch), dtype=np.bool_)
    for name in MEDIA_FIELDS:
        found |= np.array([value is not None for value in batch.columns.get(name, [None] * len(batch))])
    return found


def whole_texts(batch: Batch) -> list[str]:
    """All texts of each post together, a line each."""
    columns = list(channel_texts(batch).values())
    if not columns:
        return [""] * len(batch)
    return ["\n".join(filter(None, parts)) for parts in zip(*columns, strict=True)]
