"""Rates and gaps from counts, with 95 % intervals, in plain Python: a function has no pandas.

People label what is unclear and a sample of the rest, so what is labelled is not like what is decided. Within
one outcome it is: the error rates weigh the labels of each outcome by how many decisions had it
(post-stratification; Holt and Smith 1979). With every decision labelled that is the plain rate.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import Final

import msgspec

from lambdas.fairness.tally import Counts

_Z: Final = 1.959963984540054
DRAWS: Final = 400
LEAST_AN_OUTCOME: Final = 5
"""Labels of an outcome that stand for its unlabelled decisions."""
REMOVED, FLAGGED = "removed", "removed or reviewed"
POINTS: Final = {REMOVED: 2, FLAGGED: 1}
"""From which place of OUTCOMES on a decision counts as hit."""


class Rate(msgspec.Struct, frozen=True):
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


class Gap(msgspec.Struct, frozen=True):
    """The highest rate of a group less the lowest, over `groups` groups with enough behind them.

    `low` to `high` is the interval of the difference of these two; `surely` its lower end once it is allowed
    for that they were picked among all pairs (Bonferroni).
    """

    measure: str
    point: str
    value: float
    low: float
    high: float
    highest: str
    lowest: str
    groups: int
    surely: float


Draws = Sequence[float]


def wilson(part: int, whole: int) -> Rate:
    """The share with Wilson's score interval (1927)."""
    if whole == 0:
        return Rate(0.0, 0.0, 1.0)
    share, square = part / whole, _Z * _Z
    centre = (share + square / (2 * whole)) / (1 + square / whole)
    half = _Z / (1 + square / whole) * math.sqrt(share * (1 - share) / whole + square / (4 * whole**2))
    low = 0.0 if part == 0 else centre - half
    return Rate(share, low, 1.0 if part == whole else centre + half)


def selection(counts: Counts, point: str) -> Rate:
    """The share that is hit."""
    return wilson(sum(counts.seen[POINTS[point] :]), counts.n)


def selection_gap(groups: Mapping[str, Counts], point: str, *, least: int) -> Gap | None:
    """The demographic parity difference, with Newcombe's interval (1998, method 10).

    None for under two groups with `least` decisions.
    """
    found = {name: selection(counts, point) for name, counts in groups.items() if counts.n >= least}
    if len(found) < 2:
        return None
    high = max(found, key=lambda name: found[name].value)
    low = min(found, key=lambda name: found[name].value)
    up, down = found[high], found[low]
    value = up.value - down.value
    below = math.hypot(up.value - up.low, down.high - down.value)
    above = math.hypot(up.high - up.value, down.value - down.low)
    interval = Rate(value, max(-1.0, value - below), min(1.0, value + above))
    return _gap("selection rate", point, interval, high, low, len(found))


def error_rates(counts: Counts, point: str) -> tuple[float | None, float | None]:
    """(false positive rate, false negative rate) of the decisions; None where the labels do not tell."""
    if not _told(counts):
        return None, None
    shares = [pair[1] / max(sum(pair), 1) for pair in counts.labelled]
    return _rates([float(seen) for seen in counts.seen], shares, POINTS[point])


def drawn_rates(counts: Counts, point: str, chance: random.Random) -> tuple[list[float], list[float]]:
    """DRAWS of both error rates from what the counts leave open.

    That is the shares of the outcomes (Dirichlet) and of what is wrong within each (Beta, Jeffreys' prior).
    """
    first, second = [], []
    for _ in range(DRAWS):
        seen = [chance.gammavariate(n, 1.0) if n else 0.0 for n in counts.seen]
        shares = [chance.betavariate(bad + 0.5, fine + 0.5) for fine, bad in counts.labelled]
        false_positive, false_negative = _rates(seen, shares, POINTS[point])
        first.append(false_positive or 0.0)
        second.append(false_negative or 0.0)
    return first, second


def around(value: float, draws: Draws) -> Rate:
    """`value` with the middle 95 % of `draws`, widened to hold it."""
    ranked = sorted(draws)
    low, high = ranked[int(0.025 * len(ranked))], ranked[min(int(0.975 * len(ranked)), len(ranked) - 1)]
    return Rate(value, min(low, value), max(high, value))


def error_gap(measure: str, point: str, rates: Mapping[str, float], draws: Mapping[str, Draws]) -> Gap | None:
    """The gap of an error rate over the groups that have one; None for under two."""
    if len(rates) < 2:
        return None
    high, low = max(rates, key=lambda name: rates[name]), min(rates, key=lambda name: rates[name])
    apart = [up - down for up, down in zip(draws[high], draws[low], strict=True)]
    return _gap(measure, point, around(rates[high] - rates[low], apart), high, low, len(rates))


def _gap(measure: str, point: str, found: Rate, high: str, low: str, groups: int) -> Gap:
    pairs = groups * (groups - 1) / 2
    stricter = NormalDist().inv_cdf(1 - 0.025 / pairs) / _Z
    surely = found.value - stricter * (found.value - found.low)
    return Gap(measure, point, found.value, found.low, found.high, high, low, groups, surely)


def _told(counts: Counts) -> bool:
    """Whether each outcome that was decided has labels enough to stand for it, or is labelled whole."""
    return all(
        not seen or sum(pair) >= min(seen, LEAST_AN_OUTCOME)
        for seen, pair in zip(counts.seen, counts.labelled, strict=True)
    )


def _rates(
    seen: Sequence[float], shares: Sequence[float], hit_from: int
) -> tuple[float | None, float | None]:
    wrong = [n * share for n, share in zip(seen, shares, strict=True)]
    fine = [n - bad for n, bad in zip(seen, wrong, strict=True)]
    return _part(fine, lambda k: k >= hit_from), _part(wrong, lambda k: k < hit_from)


def _part(values: Sequence[float], chosen: Callable[[int], bool]) -> float | None:
    total = sum(values)
    return sum(value for k, value in enumerate(values) if chosen(k)) / total if total > 0 else None
