"""What the monitor says: the figures of the decisions in the log, by group."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from lambdas.fairness.arithmetic import (
    POINTS,
    Gap,
    Rate,
    around,
    drawn_rates,
    error_gap,
    error_rates,
    selection,
    selection_gap,
)
from lambdas.fairness.tally import Counts, Tally

FALSE_POSITIVES, FALSE_NEGATIVES = "false positive rate", "false negative rate"
SERVICE: Final = "content"
"""Whose decisions are looked at: its items are what people say, and about people."""
KEY: Final = f"{SERVICE}/fairness/live.json"


class GroupFigures(msgspec.Struct, frozen=True):
    """One group; by point (removed; removed or reviewed) the rates that can be told."""

    group: str
    n: int
    labelled: int
    selection: dict[str, Rate]
    false_positives: dict[str, Rate] = {}
    false_negatives: dict[str, Rate] = {}


class DimensionFigures(msgspec.Struct, frozen=True):
    """One dimension. Nothing is said of the groups in `too_few`, with fewer decisions than the least."""

    name: str
    groups: list[GroupFigures]
    gaps: list[Gap]
    too_few: list[str]


class Live(msgspec.Struct, frozen=True):
    """The monitor's findings. `read` items of the log were read, `complete` when that is all of it; since ids
    are hashes, what was read is a random part. `rules` and `pending` are decisions that are not counted."""

    at: str
    read: int
    complete: bool
    decisions: int
    labelled: int
    rules: int
    pending: int
    least_rows: int
    everyone: GroupFigures
    dimensions: list[DimensionFigures]
    warnings: list[str] = []
    format: int = 1


def figures_of(tally: Tally, *, least: int, seed: int) -> tuple[GroupFigures, list[DimensionFigures]]:
    """Everyone's figures, and each dimension's."""
    chance = random.Random(seed)  # noqa: S311 - intervals, no secrets
    everyone, _ = _group("everyone", tally.everyone, least, chance)
    return everyone, [_dimension(name, groups, least, chance) for name, groups in tally.dimensions().items()]


def warnings_of(
    dimensions: Sequence[DimensionFigures], *, error_gap_from: float, selection_gap_from: float
) -> list[str]:
    """A sentence for each gap that is beyond doubt above the limit of its kind."""
    found = []
    for dimension in dimensions:
        for gap in dimension.gaps:
            limit = selection_gap_from if gap.measure == "selection rate" else error_gap_from
            if gap.surely > limit:
                found.append(
                    f"{dimension.name}: {gap.measure} ({gap.point}) of {gap.highest} is {gap.value:.2f} "
                    f"above that of {gap.lowest} ({gap.low:.2f} to {gap.high:.2f})"
                )
    return found


Drawn = dict[tuple[str, str], list[float]]


def _group(name: str, counts: Counts, least: int, chance: random.Random) -> tuple[GroupFigures, Drawn]:
    """The figures of a group, and the draws behind its error rates by (measure, point)."""
    rates: dict[str, dict[str, Rate]] = {FALSE_POSITIVES: {}, FALSE_NEGATIVES: {}}
    drawn: Drawn = {}
    for point in POINTS:
        values, draws = error_rates(counts, point), None
        for measure, value, wrong, place in (
            (FALSE_POSITIVES, values[0], False, 0), (FALSE_NEGATIVES, values[1], True, 1),
        ):  # fmt: skip
            if value is None or counts.people(wrong=wrong) < least:
                continue
            draws = draws or drawn_rates(counts, point, chance)
            drawn[measure, point] = draws[place]
            rates[measure][point] = around(value, draws[place])
    figures = GroupFigures(
        group=name,
        n=counts.n,
        labelled=counts.people(wrong=False) + counts.people(wrong=True),
        selection={point: selection(counts, point) for point in POINTS},
        false_positives=rates[FALSE_POSITIVES],
        false_negatives=rates[FALSE_NEGATIVES],
    )
    return figures, drawn


def _dimension(
    name: str, groups: Mapping[str, Counts], least: int, chance: random.Random
) -> DimensionFigures:
    enough = {group: counts for group, counts in groups.items() if counts.n >= least}
    made = {group: _group(group, counts, least, chance) for group, counts in enough.items()}
    gaps = [selection_gap(enough, point, least=least) for point in POINTS]
    for measure in (FALSE_POSITIVES, FALSE_NEGATIVES):
        for point in POINTS:
            draws = {g: drawn[measure, point] for g, (_, drawn) in made.items() if (measure, point) in drawn}
            rates = {group: _rate(made[group][0], measure, point) for group in draws}
            gaps.append(error_gap(measure, point, rates, draws))
    return DimensionFigures(
        name=name,
        groups=[figures for figures, _ in made.values()],
        gaps=[gap for gap in gaps if gap is not None],
        too_few=sorted(set(groups) - set(enough)),
    )


def _rate(figures: GroupFigures, measure: str, point: str) -> float:
    found = figures.false_positives if measure == FALSE_POSITIVES else figures.false_negatives
    return found[point].value
