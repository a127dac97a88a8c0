"""The figures of each group and the gaps between them, by fairlearn, with 95 % intervals.

fairlearn (Bird et al. 2020) gives the rates of the groups and defines the gaps; Wilson's intervals stand
around the rates, and the bootstrap over whole rows around the gaps. A group with too few rows behind a rate
has none, and is named.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.fairness import rates
from model_build.fairness.cells import FALSE_ALARM, MISSED, RIGHT_NO, RIGHT_YES, Cells, codes_of
from model_build.fairness.groups import Dimension
from model_build.intervals import Interval, percentile_interval, wilson

Bools = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

EVERYONE: Final = "everyone"


class GroupFigures(msgspec.Struct, frozen=True):
    """One group. A rate is None where fewer than the least rows are behind it."""

    group: str
    n: int
    positives: int
    negatives: int
    false_positive_rate: Interval | None
    false_negative_rate: Interval | None
    accuracy: Interval | None
    selection_rate: Interval | None


class Gap(msgspec.Struct, frozen=True):
    """A difference (or ratio) over `groups` groups that had rows enough; `highest` and `lowest` made it.

    `by_chance` is what groups of these sizes that are treated alike would stay within 95 times of 100.
    """

    measure: str
    value: Interval
    groups: int
    highest: str
    lowest: str
    by_chance: float


class Table(msgspec.Struct, frozen=True):
    """One dimension, one question. `too_few` names the groups without a verdict on either error rate."""

    dimension: str
    everyone: GroupFigures
    groups: list[GroupFigures]
    gaps: list[Gap]
    too_few: list[str]

    def gap(self, measure: str) -> Gap | None:
        """The gap of that name; None where fewer than two groups have rows enough."""
        return next((each for each in self.gaps if each.measure == measure), None)


def measure(truth: Bools, chosen: Bools, dimension: Dimension, *, least: int, seed: int) -> Table:
    """The figures of who was `chosen`, [rows], where `truth`, [rows], says who should have been."""
    cells = Cells(dimension.member, codes_of(truth, chosen))
    counts = cells.counts
    by_group = _by_fairlearn(truth, chosen, dimension)
    groups = [
        _figures(name, counts[k], least, by_group.get(name, {})) for k, name in enumerate(dimension.names)
    ]
    total = np.bincount(codes_of(truth, chosen), minlength=4)
    gaps = _gaps(dimension, cells, least=least, seed=seed)
    few = [
        each.group for each in groups if each.false_positive_rate is None and each.false_negative_rate is None
    ]
    return Table(dimension.name, _figures(EVERYONE, total, 1, {}), groups, gaps, few)


def _by_fairlearn(truth: Bools, chosen: Bools, dimension: Dimension) -> dict[str, dict[str, float]]:
    """What fairlearn's MetricFrame says of each group, by the name of the figure."""
    from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate, selection_rate
    from sklearn.metrics import accuracy_score

    rows, names = dimension.exploded()
    if not len(rows):
        return {}
    frame = MetricFrame(
        metrics={
            "false_positive_rate": false_positive_rate,
            "false_negative_rate": false_negative_rate,
            "accuracy": accuracy_score,
            "selection_rate": selection_rate,
        },
        y_true=truth[rows].astype(int),
        y_pred=chosen[rows].astype(int),
        sensitive_features=np.array(names),
    )
    found: dict[str, dict[str, float]] = frame.by_group.to_dict(orient="index")
    return found


def _figures(name: str, counts: Counts, least: int, said: dict[str, float]) -> GroupFigures:
    """The group's rates, their values as `said` where they are, and Wilson's interval around each."""
    positives, negatives, n = int(rates.positives(counts)), int(rates.negatives(counts)), int(counts.sum())

    def rate(figure: str, part: int, whole: int) -> Interval | None:
        if whole < least:
            return None
        found = wilson(part, whole)
        return msgspec.structs.replace(found, value=float(said[figure])) if figure in said else found

    return GroupFigures(
        group=name,
        n=n,
        positives=positives,
        negatives=negatives,
        false_positive_rate=rate("false_positive_rate", int(counts[FALSE_ALARM]), negatives),
        false_negative_rate=rate("false_negative_rate", int(counts[MISSED]), positives),
        accuracy=rate("accuracy", int(counts[RIGHT_NO] + counts[RIGHT_YES]), n),
        selection_rate=rate("selection_rate", int(counts[FALSE_ALARM] + counts[RIGHT_YES]), n),
    )


def _gaps(dimension: Dimension, cells: Cells, *, least: int, seed: int) -> list[Gap]:
    """Every gap that can be told: fairlearn's of the same names, over the groups with rows enough."""
    counts, found = cells.counts, []
    resampled = cells.resampled(seed=seed)
    for name, (gap, enough) in rates.GAPS.items():
        kept = np.flatnonzero(enough(counts, least))
        if len(kept) < 2:
            continue
        value = float(gap(counts[kept]))
        drawn = gap(resampled[:, kept])
        interval = percentile_interval(value, drawn[np.isfinite(drawn)], int(counts[kept].sum()))
        high, low = _ends(name, counts[kept])
        names = [dimension.names[k] for k in kept.tolist()]
        chance = rates.by_chance(name, counts[kept], seed=seed)
        found.append(Gap(name, interval, len(kept), names[high], names[low], chance))
    return found


def _ends(name: str, counts: Counts) -> tuple[int, int]:
    """Which of the groups has the highest rate and which the lowest; of two rates the wider apart."""
    by_name = {
        rates.FALSE_POSITIVES: [rates.false_positive_rate],
        rates.FALSE_NEGATIVES: [rates.false_negative_rate],
        rates.EQUALISED_ODDS: [rates.false_positive_rate, rates.false_negative_rate],
    }
    each = [rate(counts) for rate in by_name.get(name, [rates.selection_rate])]
    widest = max(each, key=lambda rate: float(rates.spread(rate)))
    return int(np.nanargmax(widest)), int(np.nanargmin(widest))
