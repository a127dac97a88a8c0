"""How many labels it takes to see that more decisions are wrong, and how many there are."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from benchmarks.drift_live import Live
from benchmarks.drift_watch import with_labels
from lambdas.drift.look import Bundle

FALSE_ONCE: Final = 1000
"""Looks in which one false alarm is allowed, as of the detector: Limits.windows_between."""
POWER: Final = 0.8


class Rates(NamedTuple):
    """The shares of wrong decisions before and after a change."""

    before: float
    after: float


def labels_needed(rates: Rates) -> float:
    """How many labels before the change, and as many after it, a test of two shares needs to call the second
    higher with probability POWER, at one look that is false once in FALSE_ONCE times; infinity when it is no
    higher.

    (z_a + z_b)^2 (p0 q0 + p1 q1) / (p1 - p0)^2: Fleiss, Levin and Paik 2003, ch. 4. Looking each night, and
    not knowing when the change was, takes more.
    """
    p, q = rates
    if q <= p:
        return math.inf
    normal = NormalDist()
    quantiles = normal.inv_cdf(1 - 1 / FALSE_ONCE) + normal.inv_cdf(POWER)
    return quantiles**2 * (p * (1 - p) + q * (1 - q)) / (q - p) ** 2


def clear_rates(live: Live, bundle: Bundle, change: float) -> Rates:
    """Of the decisions that claim something and that nobody would look at anyway, made before and from second
    `change` on, by the truth."""
    told = with_labels(live, 1.0).decided
    wrong, clear = bundle.wrong(told), bundle.claims(told) & ~told.review
    return Rates(*(float(wrong[clear & part].mean()) for part in (told.at < change, told.at >= change)))


def clear_labels(live: Live, bundle: Bundle, change: float, sampled: float) -> tuple[int, int]:
    """How many labels on such decisions there are, from before `change` and since, where people look at the
    share `sampled`."""
    told = with_labels(live, sampled).decided
    clear = (told.label.codes >= 0) & bundle.claims(told) & ~told.review
    counts = [int(np.count_nonzero(clear & part)) for part in (told.at < change, told.at >= change)]
    return counts[0], counts[1]
