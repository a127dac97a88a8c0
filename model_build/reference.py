"""The training distribution that drift is measured against: compact, and with no row of the data in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.dataset import Batch, Dataset
from model_build.service import Progress, TrainingService, quiet

FORMAT: Final = 1
MOST_ROWS: Final = 20_000
"""Rows of the train split that are looked at. Its order is random, so the first ones are a fair sample."""
FEW_VALUES: Final = 12
"""A feature with no more different values is counted value by value, others in tenths."""
TOP_WORDS: Final = 200
CONFIDENCE_BINS: Final = 20

Floats = npt.NDArray[np.floating[Any]]


class Distribution(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a number is distributed.

    `counts[k]` counts `values[k]` where there are few different ones; otherwise the numbers between
    `edges[k - 1]` and `edges[k]`, the first and last bin open, the upper edge excluded. `missing` is a share.
    """

    missing: float
    mean: float
    std: float
    least: float
    most: float
    counts: list[int]
    values: list[float] = []
    edges: list[float] = []


class HeadReference(msgspec.Struct, frozen=True):
    """A head: `priors` are the shares of the classes in the train split; on unseen rows (the test
    split) `predicted` are the shares of the winning classes, and `confidence` counts the winners'
    calibrated probabilities in bins of equal width over 0 to 1."""

    classes: list[str]
    priors: list[float]
    predicted: list[float]
    confidence: list[int]


class FeatureReference(msgspec.Struct, frozen=True):
    """What the features stage learns from the train split; `words` maps the most frequent words to the
    share of the rows that have them."""

    rows: int
    features: dict[str, Distribution]
    characters: Distribution
    words_a_row: Distribution
    words: dict[str, float]
    languages: dict[str, float]


class Reference(msgspec.Struct, frozen=True):
    """reference.json."""

    format: int
    rows: int
    features: dict[str, Distribution]
    text: dict[str, Distribution]
    words: dict[str, float]
    languages: dict[str, float]
    heads: dict[str, HeadReference]


def feature_reference(
    dataset: Dataset, service: TrainingService, model: Mapping[str, Any], progress: Progress = quiet
) -> FeatureReference:
    """The distributions of the hand-made features, the text lengths and the words of the train split."""
    rows, seen = min(MOST_ROWS, dataset.split_rows["train"]), 0
    matrices: list[Floats] = []
    characters: list[int] = []
    lengths: list[int] = []
    words: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    for batch in _first(dataset, rows):
        matrices.append(service.handmade(batch, model))
        characters += [len(text) for text in service.texts(batch)]
        for found in service.words(batch):
            lengths.append(len(found))
            words.update(set(found))
        languages.update(language or "" for language in batch.languages or ())
        seen += len(batch)
        progress(seen, rows)
    features = np.concatenate(matrices)
    top = sorted(words.items(), key=lambda item: (-item[1], item[0]))[:TOP_WORDS]
    return FeatureReference(
        rows=rows,
        features={name: distribution(features[:, k]) for k, name in enumerate(service.feature_names())},
        characters=distribution(np.array(characters, dtype=np.float64)),
        words_a_row=distribution(np.array(lengths, dtype=np.float64)),
        words={word: _rounded(count / rows) for word, count in top},
        languages={name: _rounded(count / rows) for name, count in sorted(languages.items())},
    )


def distribution(numbers: Floats) -> Distribution:
    """How `numbers`, [n] with NaN for missing, are distributed."""
    known = numbers[~np.isnan(numbers)].astype(np.float64)
    missing = _rounded(1 - len(known) / len(numbers)) if len(numbers) else 1.0
    if not len(known):
        return Distribution(missing, 0.0, 0.0, 0.0, 0.0, [])
    mean, std = _rounded(known.mean()), _rounded(known.std())
    least, most = _rounded(known.min()), _rounded(known.max())
    values, counts = np.unique(known, return_counts=True)
    if len(values) <= FEW_VALUES:
        listed = [_rounded(value) for value in values]
        return Distribution(missing, mean, std, least, most, counts.tolist(), values=listed)
    edges = np.unique([_rounded(value) for value in np.quantile(known, np.arange(1, 10) / 10)])
    counted = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    return Distribution(missing, mean, std, least, most, counted.tolist(), edges=edges.tolist())


def reference(features: FeatureReference, dataset: Dataset, probabilities: Mapping[str, Floats]) -> Reference:
    """The whole reference; `probabilities` are each head's on the test split, [rows, classes]."""
    heads = {
        head: _head(dataset.classes[head], dataset.class_counts["train"][head], probabilities[head])
        for head in dataset.heads
    }
    return Reference(
        format=FORMAT,
        rows=features.rows,
        features=features.features,
        text={"characters": features.characters, "words": features.words_a_row} if features.words else {},
        words=features.words,
        languages=features.languages,
        heads=heads,
    )


def _head(classes: list[str], counts: list[int], probabilities: Floats) -> HeadReference:
    total, rows = max(sum(counts), 1), max(len(probabilities), 1)
    winners = np.bincount(probabilities.argmax(axis=1), minlength=len(classes))
    bins = np.minimum((probabilities.max(axis=1) * CONFIDENCE_BINS).astype(int), CONFIDENCE_BINS - 1)
    return HeadReference(
        classes=classes,
        priors=[_rounded(count / total) for count in counts],
        predicted=[_rounded(count / rows) for count in winners],
        confidence=np.bincount(bins, minlength=CONFIDENCE_BINS).tolist(),
    )


def _first(dataset: Dataset, rows: int) -> Iterator[Batch]:
    seen = 0
    for batch in dataset.batches("train"):
        if seen >= rows:
            return
        yield batch.first(rows - seen)
        seen += len(batch)


def _rounded(value: float) -> float:
    return round(float(value), 6)
