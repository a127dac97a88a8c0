"""The tail of the chi-square distribution, without scipy: that is 113 MB for this one function."""

from __future__ import annotations

import math
from typing import Final

_STEPS: Final = 10_000
_ENOUGH: Final = 1e-15
_TINY: Final = 1e-300


def chi_square_tail(x: float, df: float) -> float:
    """P(X >= x) for a chi-square X with `df` degrees of freedom: the regularised upper incomplete gamma
    function.

    By its series below the mean and by Lentz's continued fraction above (Press et al., Numerical Recipes, 3rd
    edition, 6.2), to some 1e-12 of its value. Raises ValueError for `df` that is not above 0.
    """
    if df <= 0.0:
        raise ValueError("a chi-square distribution has more than 0 degrees of freedom")
    if x <= 0.0:
        return 1.0
    a, x = df / 2.0, x / 2.0
    scale = a * math.log(x) - x - math.lgamma(a)
    if x < a + 1.0:
        return max(0.0, 1.0 - math.exp(scale) * _series(a, x))
    return math.exp(scale) * _fraction(a, x) if scale > -745.0 else 0.0


def _series(a: float, x: float) -> float:
    term = total = 1.0 / a
    for n in range(1, _STEPS):
        term *= x / (a + n)
        total += term
        if term < total * _ENOUGH:
            break
    return total


def _fraction(a: float, x: float) -> float:
    b = x + 1.0 - a
    c, d = 1.0 / _TINY, 1.0 / b
    found = d
    for n in range(1, _STEPS):
        step = -n * (n - a)
        b += 2.0
        d = step * d + b
        d = 1.0 / (d if abs(d) > _TINY else _TINY)
        c = b + step / c
        c = c if abs(c) > _TINY else _TINY
        found *= d * c
        if abs(d * c - 1.0) < _ENOUGH:
            break
    return found
