"""Split-conformal prediction sets: the true class is in the set as often as promised."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.core.bundle import Conformal
from model_build.intervals import Interval, mean_interval, wilson

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Coverage(msgspec.Struct, frozen=True):
    """How often the prediction set holds the true class, over all rows and in parts of them.

    `promised` is the target. `mean_size` counts classes a set; `sizes[k]` counts the sets of k + 1 classes.
    """

    promised: float
    overall: Interval
    by_class: dict[str, Interval]
    by_language: dict[str, Interval]
    mean_size: Interval
    sizes: list[int]


def fit_conformal(probabilities: Floats, labels: Ints, coverage: float) -> Conformal:
    """The threshold above which a class is in the prediction set, from the calibrate split, [rows, classes].

    The least ambiguous set-valued classifier (Sadinle, Lei and Wasserman 2019, JASA 114:223-234): a row's
    score is 1 minus the probability of its true class, and the ceil((n + 1) * coverage)-th smallest score
    is the limit. With exchangeable rows the set holds the true class with probability >= `coverage`. With
    too few rows for that rank the threshold is 0: every class is in.
    """
    n = len(labels)
    rank = math.ceil((n + 1) * coverage - 1e-9)
    if rank > n:
        return Conformal(coverage, 0.0)
    truths = np.sort(probabilities[np.arange(n), labels].astype(np.float64))[::-1]
    return Conformal(coverage, float(truths[rank - 1]))


def prediction_sets(probabilities: Floats, conformal: Conformal) -> Bools:
    """Which classes are in each row's set, [rows, classes]. As in serving, the winner always is."""
    inside: Bools = probabilities >= conformal.threshold
    inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
    return inside


def measure_coverage(
    probabilities: Floats,
    labels: Ints,
    conformal: Conformal,
    classes: Sequence[str],
    languages: Sequence[str] = (),
) -> Coverage:
    """The coverage of the prediction sets on rows that neither fitting nor calibration has seen."""
    inside = prediction_sets(probabilities, conformal)
    covered = inside[np.arange(len(labels)), labels]
    sizes = inside.sum(axis=1)
    spoken = np.asarray(languages, dtype=np.str_)
    return Coverage(
        promised=conformal.coverage,
        overall=_share(covered),
        by_class={name: _share(covered[labels == k]) for k, name in enumerate(classes)},
        by_language={str(name): _share(covered[spoken == name]) for name in np.unique(spoken) if name},
        mean_size=mean_interval(sizes.astype(np.float64)),
        sizes=np.bincount(sizes, minlength=2)[1:].tolist(),
    )


def _share(covered: Bools) -> Interval:
    return wilson(int(covered.sum()), len(covered))
