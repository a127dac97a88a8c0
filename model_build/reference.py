"""The training distribution that drift is measured against: compact, and with no row of the data in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.drift.reference import CONFIDENCE_BINS, Decided, Distribution
from model_build.dataset import Dataset
from model_build.decided import Decisions, confidence_bins, counted
from model_build.distribution import calendar, distribution, first_rows, moving, owners_of, worth
from model_build.service import Progress, TrainingService, quiet

FORMAT: Final = 1
MOST_ROWS: Final = 20_000
"""Rows of the train split that are looked at. Its order is random, so the first ones are a fair sample."""
NEWEST_ROWS: Final = 5_000
"""So many of the newest rows are looked at, for what has moved by then."""
TOP_WORDS: Final = 200

Floats = npt.NDArray[np.floating[Any]]


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
    share of the rows that have them. `calendar` and `moving`: see distribution.py."""

    rows: int
    features: dict[str, Distribution]
    characters: Distribution
    words_a_row: Distribution
    words: dict[str, float]
    languages: dict[str, float]
    calendar: list[str] = []
    moving: list[str] = []


class Reference(msgspec.Struct, frozen=True, omit_defaults=True):
    """reference.json. `decisions` are those on the test split."""

    format: int
    rows: int
    features: dict[str, Distribution]
    text: dict[str, Distribution]
    words: dict[str, float]
    languages: dict[str, float]
    heads: dict[str, HeadReference]
    decisions: Decided | None = None
    calendar: list[str] = []
    moving: list[str] = []


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
    owners: list[str | None] = []
    times: list[npt.NDArray[np.int64]] = []
    for batch in first_rows(dataset, "train", rows):
        matrices.append(service.handmade(batch, model))
        owners += owners_of(batch)
        times += [] if batch.times is None else [batch.times]
        characters += [len(text) for text in service.texts(batch)]
        for found in service.words(batch):
            lengths.append(len(found))
            words.update(set(found))
        languages.update(language or "" for language in batch.languages or ())
        seen += len(batch)
        progress(seen, rows)
    features = np.concatenate(matrices)
    top = sorted(words.items(), key=lambda item: (-item[1], item[0]))[:TOP_WORDS]
    names = service.feature_names()
    known = {name: distribution(features[:, k]) for k, name in enumerate(names)}
    return FeatureReference(
        rows=rows,
        features={name: worth(known[name], features[:, k], owners, rows) for k, name in enumerate(names)},
        characters=distribution(np.array(characters, dtype=np.float64)),
        words_a_row=distribution(np.array(lengths, dtype=np.float64)),
        words={word: _rounded(count / rows) for word, count in top},
        languages={name: _rounded(count / rows) for name, count in sorted(languages.items())},
        calendar=calendar(names, features, np.concatenate(times)) if times else [],
        moving=moving(known, _newest(dataset, service, model), rows),
    )


def _newest(dataset: Dataset, service: TrainingService, model: Mapping[str, Any]) -> dict[str, Floats]:
    """The features of the newest rows, where the split is by time; the test split has them."""
    if dataset.split_kind != "time":
        return {}
    parts = [service.handmade(batch, model) for batch in first_rows(dataset, "test", NEWEST_ROWS)]
    rows = np.concatenate(parts)
    return {name: rows[:, k] for k, name in enumerate(service.feature_names())}


def reference(
    features: FeatureReference,
    dataset: Dataset,
    probabilities: Mapping[str, Floats],
    decisions: Decisions | None = None,
) -> Reference:
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
        decisions=None if decisions is None else counted(decisions),
        calendar=features.calendar,
        moving=features.moving,
    )


def _head(classes: list[str], counts: list[int], probabilities: Floats) -> HeadReference:
    total, rows = max(sum(counts), 1), max(len(probabilities), 1)
    winners = np.bincount(probabilities.argmax(axis=1), minlength=len(classes))
    bins = confidence_bins(probabilities.max(axis=1))
    return HeadReference(
        classes=classes,
        priors=[_rounded(count / total) for count in counts],
        predicted=[_rounded(count / rows) for count in winners],
        confidence=np.bincount(bins, minlength=CONFIDENCE_BINS).tolist(),
    )


def _rounded(value: float) -> float:
    return round(float(value), 6)
