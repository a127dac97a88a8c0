"""The hand-made features of a post's text. Training and serving both call this, so they cannot differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from lambdas.content.text.lexicon import ADDRESSED, LANGUAGES, PAIRS, SPOKEN, WORDS, plain
from lambdas.content.text.normalise import TRICKS, Normal
from lambdas.content.text.toxic import LABELS
from lambdas.core.shape import SHAPE, shape_of

OTHER: Final = "other"
FEATURE_NAMES: Final[tuple[str, ...]] = (
    *SHAPE,
    "second_person",
    *(f"trick_{name}" for name in TRICKS),
    *(f"words_{kind}" for kind in WORDS),
    *(f"pairs_{kind}" for kind in PAIRS),
    *(f"language_{name}" for name in (*LANGUAGES, OTHER)),
    *(f"toxic_en_{label}" for label in LABELS),
)

_WORDS = tuple(WORDS.values())
_PAIRS = tuple(PAIRS.values())
_SPOKEN = tuple(SPOKEN.items())
_UNKNOWN = [math.nan] * len(LABELS)


class ToxicLabels(Protocol):
    """What tells six kinds of toxicity in some languages: `lambdas.content.text.toxic.ToxicEnglish`, or
    `lambdas.content.text.classifier.OwnClassifier`."""

    @property
    def languages(self) -> Sequence[str]:
        """Those of `language_of` that it reads."""
        ...

    def log_odds(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """[texts, LABELS]."""
        ...


def handmade(
    normals: Sequence[Normal], spoken: Sequence[list[str]], labels: ToxicLabels | None = None
) -> npt.NDArray[np.float32]:
    """The features, [texts, len(FEATURE_NAMES)]; `spoken` are the words of each normal text.

    NaN stands for the toxic labels of a text that is not in a language of that model, or where there is none.
    """
    found = np.empty((len(normals), len(FEATURE_NAMES)), dtype=np.float32)
    rows = []
    for row, (normal, words) in enumerate(zip(normals, spoken, strict=True)):
        bare = [word if word.isascii() else plain(word) for word in words]
        language = language_of(bare)
        found[row] = [*_counted(normal, bare), *_one_of(language), *_UNKNOWN]
        if labels is not None and language in labels.languages:
            rows.append(row)
    if labels is not None and rows:
        found[rows, -len(LABELS) :] = labels.log_odds([normals[row].text for row in rows])
    return found


def language_of(words: Sequence[str]) -> str:
    """`en`, `es`, `fr` or OTHER: the language that most of `words` (lower case, no accents) belong to."""
    counts = {name: sum(word in known for word in words) for name, known in _SPOKEN}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else OTHER


def _counted(normal: Normal, words: list[str]) -> list[float]:
    text = normal.text
    said = set(words)
    pairs = {f"{first} {second}" for first, second in pairwise(words)}
    return [
        *shape_of(text, words),
        min(sum(word in ADDRESSED for word in words), 10),
        *[math.log1p(count) for count in normal.tricks],
        *[len(said & known) for known in _WORDS],
        *[len(pairs & known) for known in _PAIRS],
    ]


def _one_of(language: str) -> list[float]:
    return [float(language == name) for name in (*LANGUAGES, OTHER)]
