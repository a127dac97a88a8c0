"""How well people agree with each other, and how often they would have decided otherwise.

Kept as counters, added to in the transaction that settles an item: one item a service in the queue's table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from lambdas.review.schema import Agreement, Quality
from lambdas.review.tables import Write, counters_of

_Z: Final = 1.959963984540054
"""Of a two-sided interval of 95 %."""
_PAIR: Final = "pair "
_SAMPLED: Final = "sampled"
_OVERTURNED: Final = "overturned"

Pairs = Mapping[tuple[str, str], int]
"""How often two people said what: (the first's label, the second's) to a count."""


class Kappa(NamedTuple):
    """Agreement of two people on `n` items. `kappa` is None where chance alone explains everything."""

    n: int
    observed: float | None
    kappa: float | None
    interval: tuple[float, float] | None


def kappa(pairs: Pairs) -> Kappa:
    """Cohen's kappa of `pairs` with its 95 % interval, by the large-sample standard error.

    Fleiss, Cohen and Everitt (1969), Large sample standard errors of kappa and weighted kappa, Psychological
    Bulletin 72, equation 13. With few items the interval is only a hint: `n` is beside it.
    """
    n = sum(pairs.values())
    if n == 0:
        return Kappa(0, None, None, None)
    labels = sorted({label for pair in pairs for label in pair})
    share = {pair: count / n for pair, count in pairs.items()}
    first = {label: sum(p for (a, _), p in share.items() if a == label) for label in labels}
    second = {label: sum(p for (_, b), p in share.items() if b == label) for label in labels}
    observed = sum(share.get((label, label), 0.0) for label in labels)
    chance = sum(first[label] * second[label] for label in labels)
    if chance >= 1.0 - 1e-12:
        return Kappa(n, observed, None, None)
    value = (observed - chance) / (1 - chance)
    same = sum(
        share.get((label, label), 0.0) * (1 - (first[label] + second[label]) * (1 - value)) ** 2
        for label in labels
    )
    other = (1 - value) ** 2 * sum(p * (second[a] + first[b]) ** 2 for (a, b), p in share.items() if a != b)
    variance = (same + other - (value - chance * (1 - value)) ** 2) / (n * (1 - chance) ** 2)
    half = _Z * math.sqrt(max(0.0, variance))
    interval = (max(-1.0, value - half), min(1.0, value + half)) if n > 1 else None
    return Kappa(n, observed, value, interval)


def wilson(hits: int, n: int) -> tuple[float, float] | None:
    """The 95 % interval of a share, `hits` of `n`; None without any.

    Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if n == 0:
        return None
    share, square = hits / n, _Z**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def pair_counted(table: str, service: str, first: str, second: str) -> Write:
    """The write that counts what two people said of the same item."""
    return _add(table, service, {_PAIR + msgspec.json.encode([first, second]).decode(): 1})


def sample_counted(table: str, service: str, *, sampled: int, overturned: int) -> Write:
    """The write that counts sampled decisions, and those of them that people would have made otherwise."""
    return _add(table, service, {_SAMPLED: sampled, _OVERTURNED: overturned})


def _add(table: str, service: str, counts: Mapping[str, int]) -> Write:
    named = list(enumerate(counts.items()))
    return {
        "Update": {
            "TableName": table,
            "Key": {"id": {"S": counters_of(service)}},
            "UpdateExpression": "ADD " + ", ".join(f"#c{k} :c{k}" for k, _ in named),
            "ExpressionAttributeNames": {f"#c{k}": name for k, (name, _) in named},
            "ExpressionAttributeValues": {f":c{k}": {"N": str(count)} for k, (_, count) in named},
        }
    }


def agreement_of(service: str, counters: Mapping[str, Any]) -> Agreement:
    """The agreement that a service's counters, as DynamoDB's attributes, amount to."""
    pairs: dict[tuple[str, str], int] = {
        msgspec.json.decode(name.removeprefix(_PAIR), type=tuple[str, str]): int(value["N"])
        for name, value in counters.items()
        if name.startswith(_PAIR)
    }
    found = kappa(pairs)
    interval = list(found.interval) if found.interval else None
    return Agreement(service, found.n, found.observed, found.kappa, interval, _nested(pairs.items()))


def quality_of(service: str, counters: Mapping[str, Any]) -> Quality:
    """The share of the sampled decisions that people would have made otherwise."""
    n, hits = (int(counters.get(name, {}).get("N", 0)) for name in (_SAMPLED, _OVERTURNED))
    interval = wilson(hits, n)
    return Quality(service, n, hits, hits / n if n else None, list(interval) if interval else None)


def _nested(pairs: Iterable[tuple[tuple[str, str], int]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (first, second), count in sorted(pairs):
        found.setdefault(first, {})[second] = count
    return found
