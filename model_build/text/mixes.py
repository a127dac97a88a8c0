"""Mixes of kinds, as the generators of synthetic texts draw from them."""

from __future__ import annotations

from collections.abc import Mapping


def blend(base: Mapping[str, float], after: Mapping[str, float], strength: float) -> dict[str, float]:
    """Weights between `base` (strength 0) and `after` (1), both taken as shares of their sums."""
    sums = sum(base.values()), sum(after.values())
    return {
        name: (1.0 - strength) * base[name] / sums[0] + strength * after.get(name, 0.0) / sums[1]
        for name in base
    }
