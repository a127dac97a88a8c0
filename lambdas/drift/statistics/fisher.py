"""Fisher's exact test of two shares."""

from __future__ import annotations

import math

from lambdas.drift.statistics.tested import Tested


def fisher(hits: int, of: int, other_hits: int, other_of: int) -> Tested:
    """The two-sided exact test of whether `hits` of `of` and `other_hits` of `other_of` are one share.

    p adds up the tables with these margins that are no likelier than the one seen. The statistic is the
    difference of the shares.
    """
    if not of or not other_of:
        return Tested("Fisher", 0.0, 1.0)
    total = hits + other_hits
    low, high = max(0, total - other_of), min(of, total)
    logs = [_log_chance(k, of, total - k, other_of) for k in range(low, high + 1)]
    top, seen = max(logs), logs[hits - low]
    whole = sum(math.exp(each - top) for each in logs)
    as_rare = sum(math.exp(each - top) for each in logs if each <= seen + 1e-7)
    return Tested("Fisher", hits / of - other_hits / other_of, min(1.0, as_rare / whole))


def _log_chance(hits: int, of: int, other_hits: int, other_of: int) -> float:
    return _log_choose(of, hits) + _log_choose(other_of, other_hits)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
