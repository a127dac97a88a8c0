"""How good a model is: measured on what people said today, and as its test split said when it was trained."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from lambdas.exporter.totals import Labelled

MOST_METRICS: Final = 20
OTHERWISE: Final = "*"
"""Stands for every label that has no entry of its own."""


class Measured(NamedTuple):
    """Of one version: how many decisions were labelled, and its scores by name, each 0 to 1."""

    labels: int
    scores: dict[str, float]


def measured(labelled: Iterable[Labelled], meaning: Mapping[str, str]) -> dict[str, Measured]:
    """The scores by version.

    `meaning` is the outcome of each label, nothing where labels are outcomes. `accuracy` is the share of the
    decisions that people say were right; where labels have a meaning, `precision` is of those decided
    against the item (any outcome but the first) and `recall` of those that should have been. What was left
    to people (an outcome that no label means) is in none of them.
    """
    pairs: dict[str, Counter[tuple[str, str]]] = {}
    labels: Counter[str] = Counter()
    for said in labelled:
        wanted = meaning.get(said.label, meaning.get(OTHERWISE, said.label))
        labels[said.version] += 1
        if not meaning or said.outcome in meaning.values():
            pairs.setdefault(said.version, Counter())[said.outcome, wanted] += 1
    return {
        version: Measured(count, _scores(pairs.get(version, Counter()), meaning))
        for version, count in labels.items()
    }


def _scores(pairs: Counter[tuple[str, str]], meaning: Mapping[str, str]) -> dict[str, float]:
    """`pairs` counts (decided, right)."""
    scores = _share("accuracy", pairs, lambda decided, right: decided == right, lambda *_: True)
    if meaning:
        fine = next(iter(meaning.values()))

        def caught(decided: str, right: str) -> bool:
            return decided == right != fine

        scores |= _share("precision", pairs, caught, lambda decided, _: decided != fine)
        scores |= _share("recall", pairs, caught, lambda _, right: right != fine)
    return scores


def _share(name: str, pairs: Counter[tuple[str, str]], part: Any, whole: Any) -> dict[str, float]:
    total = sum(count for pair, count in pairs.items() if whole(*pair))
    if not total:
        return {}
    return {name: sum(count for pair, count in pairs.items() if whole(*pair) and part(*pair)) / total}


def on_test_split(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The plain numbers of a manifest's metrics, the first MOST_METRICS by name."""
    plain = {
        name: float(value)
        for name, value in sorted(metrics.items())
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    }
    return dict(list(plain.items())[:MOST_METRICS])
