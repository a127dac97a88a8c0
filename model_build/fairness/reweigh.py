"""Reweighing: what a training row counts, so that whom a text names tells nothing of its label.

Kamiran and Calders 2012, "Data preprocessing techniques for classification without discrimination": a row of
the group g with the label y weighs P(g) P(y) / P(g, y). With these weights group and label are independent,
so a model has nothing to learn from the name alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.content.identity import groups_of, is_dialect
from model_build.fairness.groups import NONE

LEAST_ROWS: Final = 20
"""Groups with fewer rows are one: "others named"."""
OTHERS: Final = "others named"
LIGHTEST, HEAVIEST = 0.1, 10.0

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


def row_weights(texts: Sequence[str], labels: Ints) -> Floats:
    """The weight of each row, [rows], about 1 on average."""
    groups = named(texts)
    places, group = np.unique(np.array(groups, dtype=np.str_), return_inverse=True)
    classes, label = np.unique(labels, return_inverse=True)
    both = np.zeros((len(places), len(classes)))
    np.add.at(both, (group, label), 1.0)
    expected = both.sum(axis=1, keepdims=True) * both.sum(axis=0, keepdims=True) / max(len(labels), 1)
    weights: Floats = np.clip((expected / np.maximum(both, 1.0))[group, label], LIGHTEST, HEAVIEST)
    return weights


def named(texts: Sequence[str]) -> list[str]:
    """The group of each row: those that its text names, together, as one word."""
    found = [" ".join(sorted(g for g in groups_of(text) if not is_dialect(g))) or NONE for text in texts]
    rows = Counter(found)
    return [name if rows[name] >= LEAST_ROWS else OTHERS for name in found]
