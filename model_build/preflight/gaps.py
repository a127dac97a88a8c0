"""Has the candidate's gap between groups grown past what is allowed? On the same rows, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from model_build.fairness import rates
from model_build.fairness.cells import CODES, Cells
from model_build.fairness.decided import POINTS, Decided
from model_build.fairness.groups import Dimension
from model_build.fairness.parameters import FairnessParameters
from model_build.fairness.rows import OUTCOME
from model_build.intervals import percentile_interval
from model_build.preflight.verdict import Verdict

MEASURES: Final = (rates.FALSE_POSITIVES, rates.EQUALISED_ODDS)

Bools = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


def not_less_fair(
    candidate: Decided,
    champion: Decided,
    truth: Bools,
    dimensions: Sequence[Dimension],
    source: str,
    parameters: FairnessParameters,
    *,
    seed: int,
) -> list[Verdict]:
    """A verdict a dimension: by how much the widest-grown gap of the outcome has grown, at either threshold.

    It fails where that is more than `most_growth`. That it may be chance (the paired interval reaches 0) is
    said and excuses nothing, more held-out rows do; unless `chance_excuses`: then nothing is told of such a
    growth, and it fails where one is beyond chance. A dimension in which fewer than two groups have
    `least_rows` rows is not told.
    """
    verdicts = []
    for dimension in dimensions:
        grown = [
            found
            for point in POINTS
            for found in _growths(
                truth, candidate.chosen(OUTCOME, point), champion.chosen(OUTCOME, point), dimension, point,
                parameters, seed=seed,
            )
        ]  # fmt: skip
        gate = f"fairness by {dimension.name}"
        if not grown:
            said = f"on {source} fewer than two groups have {parameters.least_rows} rows: no verdict"
            verdicts.append(Verdict(gate, None, said))
            continue
        wider = [each for each in grown if each["growth"][0] > parameters.most_growth]
        sure = [each for each in wider if each["growth"][1] > 0.0]
        refused = sure if parameters.chance_excuses else wider
        worst = max(refused or grown, key=lambda each: each["growth"][0])
        value, low, high = worst["growth"]
        said = (
            f"on {source} the gap in {worst['measure']} ({worst['point']}, {worst['groups']} groups) is "
            f"{worst['candidate']:.3f}, the champion's {worst['champion']:.3f}: {value:+.3f} "
            f"({low:+.3f} to {high:+.3f}), {parameters.most_growth:+.3f} is allowed"
        )
        passed = False if refused else None if wider else True
        if wider and low <= 0.0:
            said = f"{said}; that may be chance: look at the groups, or test on more rows"
        verdicts.append(Verdict(gate, passed, said, {"gaps": grown, "allowed": parameters.most_growth}))
    return verdicts


def _growths(
    truth: Bools,
    new: Bools,
    old: Bools,
    dimension: Dimension,
    point: str,
    parameters: FairnessParameters,
    *,
    seed: int,
) -> list[dict[str, Any]]:
    """By how much each gap is wider for `new` than for `old`, with its paired interval."""
    kinds = truth.astype(np.int64) * 4 + new * 2 + old
    cells = Cells(dimension.member, kinds, kinds=2 * CODES)
    both, drawn = cells.counts, cells.resampled(seed=seed)
    found = []
    for name in MEASURES:
        gap, enough = rates.GAPS[name]
        kept = np.flatnonzero(enough(_of_new(both), parameters.least_rows))
        if len(kept) < 2:
            continue
        first, second = gap(_of_new(both)[kept]), gap(_of_old(both)[kept])
        grown = gap(_of_new(drawn)[:, kept]) - gap(_of_old(drawn)[:, kept])
        interval = percentile_interval(float(first - second), grown[np.isfinite(grown)], int(both.sum()))
        found.append(
            {
                "measure": name,
                "point": point,
                "groups": len(kept),
                "candidate": round(float(first), 6),
                "champion": round(float(second), 6),
                "growth": [round(each, 6) for each in (interval.value, interval.low, interval.high)],
            }
        )
    return found


def _of_new(both: Counts) -> Counts:
    """Counts in the order of `cells.py` of the candidate, from those of both: truth, new, old."""
    parts = both.reshape(*both.shape[:-1], 2, 2, 2).sum(axis=-1)
    return np.asarray(parts.reshape(*both.shape[:-1], CODES))


def _of_old(both: Counts) -> Counts:
    parts = both.reshape(*both.shape[:-1], 2, 2, 2).sum(axis=-2)
    return np.asarray(parts.reshape(*both.shape[:-1], CODES))
