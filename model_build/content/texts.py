"""The texts of a batch of posts, by the channel that they come through, and how the text model reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.content.text.features import handmade
from lambdas.content.text.normalise import Normal, normalise
from lambdas.content.text.toxic import ToxicEnglish
from model_build.content.pretrained import packaged
from model_build.dataset import Batch

TEXT_CHANNELS: Final = ("text", "image_text", "audio_text")
"""The fields of the data, and channels of the same names, that are texts."""
TOXIC: Final = "toxic-en"


@dataclass(frozen=True)
class PostReader:
    """Implements `model_build.text.inputs.Reader`: a post is all of its texts, a line each, because a label
    is about the whole post. `build` is where the packaged English model is converted to, which some
    features come from."""

    build: Path
    name: str = "posts"
    _loaded: dict[str, Any] = field(default_factory=dict, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_loaded": {}}

    def items(self, batch: Batch) -> list[Normal]:
        """The posts' texts in their normal form."""
        return [normalise(text) for text in whole_texts(batch)]

    def texts(self, items: Sequence[Normal]) -> list[str]:
        """What n-grams and encoder read."""
        return [item.text for item in items]

    def handmade(self, items: Sequence[Normal], spoken: Sequence[list[str]]) -> npt.NDArray[np.float32]:
        """The hand-made features by the served function."""
        return handmade(items, spoken, self.english)

    @property
    def english(self) -> ToxicEnglish:
        """The packaged English model, opened on first use. Raises PretrainedError."""
        if TOXIC not in self._loaded:
            self._loaded[TOXIC] = ToxicEnglish(packaged(TOXIC, self.build).folder)
        found: ToxicEnglish = self._loaded[TOXIC]
        return found


def channel_texts(batch: Batch) -> dict[str, list[str]]:
    """The texts of each channel that the data has, a row each, empty where a post has none."""
    return {
        channel: [(text or "").strip() for text in batch.columns[channel]]
        for channel in TEXT_CHANNELS
        if channel in batch.columns
    }


def whole_texts(batch: Batch) -> list[str]:
    """All texts of each post together, a line each."""
    columns = list(channel_texts(batch).values())
    if not columns:
        return [""] * len(batch)
    return ["\n".join(filter(None, parts)) for parts in zip(*columns, strict=True)]
