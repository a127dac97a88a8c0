"""The top reasons for what is not approved: features whose usual value would lower the probability most.

One run answers for a whole batch: each row once with each feature at its usual value, and once with each
group of features that belong together, for when the same thing shows in several of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.transactions.features import FEATURE_NAMES
from lambdas.transactions.schema import Reason
from lambdas.transactions.words import words_of

MOST: Final = 3
LEAST_EFFECT: Final = 0.01
"""What lowers the probability by less is no reason."""

GROUPS: Final = (
    ("count_1h", "count_24h", "sum_24h", "count_30d", "log_since_last"),
    ("amount_ratio", "log_amount", "amount_z", "amount_trend", "mean_amount_30d", "sum_24h"),
    ("speed_kmh", "moved_km", "home_km"),
    ("new_merchant", "merchants_7d", "new_category", "category_share", "category_risk"),
    ("terminal_risk_2d", "terminal_risk_7d", "terminal_risk_28d", "terminal_labels"),
    ("hour_oddness", "hour_sin", "hour_cos", "weekend"),
    ("card_age_days", "log_events"),
)
"""The first of a group speaks for it when no single feature has an effect."""

_AT: Final = {name: k for k, name in enumerate(FEATURE_NAMES)}
# A sine without its cosine is no time of day: the two are one feature here.
_SINGLE: Final = tuple(
    (k, _AT["hour_cos"]) if name == "hour_sin" else (k,) for name, k in _AT.items() if name != "hour_cos"
)
_GROUPED: Final = tuple(tuple(_AT[name] for name in group) for group in GROUPS)
_CHANGED: Final = np.zeros((len(_SINGLE) + len(_GROUPED), len(FEATURE_NAMES)), dtype=bool)
for _k, _members in enumerate(_SINGLE + _GROUPED):
    _CHANGED[_k, list(_members)] = True

Run = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.floating[Any]]]


def top_reasons(
    run: Run, rows: npt.NDArray[np.float32], probabilities: Sequence[float], usual: npt.NDArray[np.float32]
) -> list[list[Reason]]:
    """At most MOST reasons for each of `rows`, strongest first. `usual` is one row, `run` the probability."""
    if not len(rows):
        return []
    asked = np.where(_CHANGED[None], usual, rows[:, None, :]).reshape(-1, rows.shape[1])
    found = np.asarray(run(asked), dtype=np.float64).reshape(len(rows), len(_CHANGED))
    effects = np.asarray(probabilities)[:, None] - found
    return [_of(row, effect) for row, effect in zip(rows.tolist(), effects, strict=True)]


def _of(row: list[float], effects: npt.NDArray[np.float64]) -> list[Reason]:
    single = effects[: len(_SINGLE)]
    best = [int(k) for k in np.argsort(-single, kind="stable")[:MOST] if single[k] >= LEAST_EFFECT]
    if best:
        return [_reason(_SINGLE[k][0], row[_SINGLE[k][0]], single[k]) for k in best]
    grouped = effects[len(_SINGLE) :]
    order = [int(k) for k in np.argsort(-grouped, kind="stable")[:MOST] if grouped[k] >= LEAST_EFFECT]
    return [_reason(_GROUPED[k][0], row[_GROUPED[k][0]], grouped[k]) for k in order]


def _reason(feature: int, value: float, effect: float) -> Reason:
    name = FEATURE_NAMES[feature]
    known = None if value != value else value  # noqa: PLR0124 - NaN
    return Reason(name, known, round(float(effect), 6), words_of(name, known))
