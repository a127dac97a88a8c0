"""How good a head is on the test split, with confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.calibration import row_losses
from model_build.intervals import (
    RESAMPLES,
    Interval,
    mean_interval,
    percentile_interval,
    resampled_confusions,
    wilson,
)

TOP_CONFUSIONS: Final = 15
RESAMPLED_CELLS: Final = 20_000_000
"""Bounds the memory of the bootstrap: with very many classes it draws fewer replicates."""

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


class ClassScore(msgspec.Struct, frozen=True):
    """One class: precision over the rows predicted as it, recall over the `support` rows that are it."""

    name: str
    support: int
    precision: Interval
    recall: Interval
    f1: Interval


class LanguageScore(msgspec.Struct, frozen=True):
    """One language of the test split."""

    name: str
    accuracy: Interval
    macro_f1: Interval
    """Over the classes that occur in this language."""


class Confusion(msgspec.Struct, frozen=True):
    """`count` rows of class `true` were predicted as `predicted`; `share` is of the rows of `true`."""

    true: str
    predicted: str
    count: int
    share: float


class Evaluation(msgspec.Struct, frozen=True):
    """One head on the test split. `confusion[t][p]` counts the rows of class t predicted as class p.

    `majority` is the accuracy of always answering the train split's most frequent class, `rules` that of
    the rules which answer when there is no model (None when they know none of the classes).
    """

    head: str
    accuracy: Interval
    macro_f1: Interval
    log_loss: Interval
    classes: list[ClassScore]
    languages: list[LanguageScore]
    confusion: list[list[int]]
    top_confusions: list[Confusion]
    majority_class: str
    majority: Interval
    rules: Interval | None = None


def evaluate(
    head: str,
    classes: Sequence[str],
    logits: Floats,
    labels: Ints,
    *,
    train_counts: Sequence[int],
    seed: int,
    languages: Sequence[str] = (),
    rules: Sequence[str] | None = None,
) -> Evaluation:
    """The evaluation of one head from its calibrated logits, [rows, classes].

    `languages` has one tag a row ("" where unknown), `rules` the rules' answer to each row.
    """
    winners = logits.argmax(axis=1)
    confusion = confusion_matrix(labels, winners, len(classes))
    replicates = _replicates(confusion, seed)
    f1 = percentile_interval(macro_f1(confusion), _macro(replicates), len(labels))
    common = int(np.argmax(train_counts))
    return Evaluation(
        head=head,
        accuracy=_share(winners == labels),
        macro_f1=f1,
        log_loss=mean_interval(row_losses(logits, labels)),
        classes=_class_scores(classes, confusion, replicates),
        languages=_language_scores(winners, labels, len(classes), languages, seed),
        confusion=confusion.tolist(),
        top_confusions=_top(confusion, classes),
        majority_class=classes[common],
        majority=_share(labels == common),
        rules=_rules(classes, labels, rules),
    )


def confusion_matrix(labels: Ints, winners: Ints, classes: int) -> Ints:
    """How many rows of each class were predicted as each, [true class, predicted class]."""
    counted: Ints = np.bincount(labels * classes + winners, minlength=classes * classes).astype(np.int64)
    return counted.reshape(classes, classes)


def f1_scores(confusions: Ints) -> Floats:
    """The F1 of each class, [..., classes], from [..., true, predicted]; 0 where there is nothing."""
    right = np.diagonal(confusions, axis1=-2, axis2=-1)
    both = confusions.sum(axis=-1) + confusions.sum(axis=-2)
    scores: Floats = np.divide(2 * right, both, out=np.zeros(both.shape), where=both > 0)
    return scores


def macro_f1(confusion: Ints) -> float:
    """The mean F1 over the classes that occur in the truth or in the predictions."""
    return float(_macro(confusion[None])[0])


def _macro(confusions: Ints) -> Floats:
    occurs = (confusions.sum(axis=-1) + confusions.sum(axis=-2)) > 0
    means: Floats = f1_scores(confusions).sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1)
    return means


def _replicates(confusion: Ints, seed: int) -> Ints:
    affordable = max(100, RESAMPLED_CELLS // confusion.size)
    return resampled_confusions(confusion, seed=seed, resamples=min(RESAMPLES, affordable))


def _class_scores(classes: Sequence[str], confusion: Ints, replicates: Ints) -> list[ClassScore]:
    right, support, predicted = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    f1, f1_replicates = f1_scores(confusion), f1_scores(replicates)
    return [
        ClassScore(
            name=name,
            support=int(support[k]),
            precision=wilson(int(right[k]), int(predicted[k])),
            recall=wilson(int(right[k]), int(support[k])),
            f1=percentile_interval(float(f1[k]), f1_replicates[:, k], int(support[k])),
        )
        for k, name in enumerate(classes)
    ]


def _language_scores(
    winners: Ints, labels: Ints, classes: int, languages: Sequence[str], seed: int
) -> list[LanguageScore]:
    spoken = np.asarray(languages, dtype=np.str_)
    scores = []
    for name in np.unique(spoken):
        mine = spoken == name
        if not name:
            continue
        confusion = confusion_matrix(labels[mine], winners[mine], classes)
        f1 = percentile_interval(macro_f1(confusion), _macro(_replicates(confusion, seed)), int(mine.sum()))
        scores.append(LanguageScore(str(name), _share(winners[mine] == labels[mine]), f1))
    return scores


def _top(confusion: Ints, classes: Sequence[str]) -> list[Confusion]:
    off = confusion.copy()
    np.fill_diagonal(off, 0)
    support = confusion.sum(axis=1)
    found = []
    for cell in np.argsort(-off, axis=None, kind="stable")[:TOP_CONFUSIONS]:
        true, predicted = divmod(int(cell), len(classes))
        count = int(off[true, predicted])
        if count:
            found.append(Confusion(classes[true], classes[predicted], count, count / int(support[true])))
    return found


def _rules(classes: Sequence[str], labels: Ints, answers: Sequence[str] | None) -> Interval | None:
    if answers is None or not set(answers) & set(classes):
        return None
    place = {name: k for k, name in enumerate(classes)}
    said = np.array([place.get(answer, -1) for answer in answers])
    return _share(said == labels)


def _share(right: npt.NDArray[np.bool_]) -> Interval:
    return wilson(int(right.sum()), len(right))
