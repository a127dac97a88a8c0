"""Many features are looked at each night: what is called changed among them should mostly be so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def discoveries(p: Sequence[float], rate: float) -> npt.NDArray[np.bool_]:
    """Which of the tests with these p values count, so that of those that count at most the share `rate` is
    expected to be false (Benjamini and Hochberg 1995).

    Bonferroni's bound asks that not even one is false, and so a shift that moves twenty of fifty features a
    little is missed: each of the twenty must be as strange as if it stood alone. Here they vouch for each
    other. The bound holds for positively dependent tests too (Benjamini and Yekutieli 2001), as features are.
    """
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")
    fits = values[order] <= rate * np.arange(1, len(values) + 1) / max(len(values), 1)
    count = int(np.flatnonzero(fits)[-1]) + 1 if fits.any() else 0
    found = np.zeros(len(values), np.bool_)
    found[order[:count]] = True
    return found
