"""From observations to the columns that the judge adds up: one row a decision, only sums are kept of them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lambdas.observations.window import Bools, Column, Floats, Window
from lambdas.rollout.judge_plan import ANY_OTHER, Costs, JudgePlan

Ints = npt.NDArray[np.intp]

N: Final = 0
"""The column of ones, in both layouts."""


class ArmColumns(NamedTuple):
    """Where the columns of an arm are, by what they add up; `k` outcomes, the last group being costs' strata.

    A stratum is an outcome that was acted on. `acted` has its decisions, `labelled` those with a label and
    `cost` what these cost.
    """

    k: int
    review: int = 1
    timed: int = 2
    log_ms: int = 3
    sure: int = 4
    confidence: int = 5
    failed: int = 6

    @property
    def outcome(self) -> slice:
        """An outcome each."""
        return slice(7, 7 + self.k)

    @property
    def acted(self) -> slice:
        """A stratum each."""
        return slice(7 + self.k, 7 + 2 * self.k)

    @property
    def labelled(self) -> slice:
        """A stratum each."""
        return slice(7 + 2 * self.k, 7 + 3 * self.k)

    @property
    def cost(self) -> slice:
        """A stratum each."""
        return slice(7 + 3 * self.k, 7 + 4 * self.k)

    @property
    def width(self) -> int:
        """How many there are."""
        return 7 + 4 * self.k


class PairColumns(NamedTuple):
    """Where the columns of pairs are: decisions of which both variants' answers are known.

    Where there are two, they are the challenger's and the champion's. There are two strata: the answer that
    counted went to people, or was acted on. Of a stratum `open` has the pairs whose costs may differ,
    `labelled` those of them with a label and `cost` the challenger's less the champion's.
    """

    k: int
    review: tuple[int, int] = (1, 2)
    confidence: tuple[int, int] = (3, 4)
    sure: int = 5
    disagree: int = 6
    open: slice = slice(7, 9)
    labelled: slice = slice(9, 11)
    cost: slice = slice(11, 13)

    def outcome(self, k: int) -> tuple[int, int]:
        """Those of outcome `k`."""
        return 13 + k, 13 + self.k + k

    @property
    def width(self) -> int:
        """How many there are."""
        return 13 + 2 * self.k


def entities(window: Window) -> Ints:
    """A number from 0 on for each row's entity, in no order; a row without one is an entity of its own."""
    known = window.entity != 0
    codes = np.empty(len(window), dtype=np.intp)
    words, inverse = np.unique(window.entity[known], return_inverse=True)
    codes[known] = inverse
    codes[~known] = len(words) + np.arange(int((~known).sum()))
    return codes


def first_rows(codes: Ints) -> Ints:
    """The row in which each entity was first seen."""
    return np.unique(codes, return_index=True)[1]


def outcomes_of(window: Window, plan: JudgePlan) -> tuple[str, ...]:
    """The outcomes whose shares are watched; with those of the plan, `*` is whatever else comes."""
    if plan.outcomes:
        return (*plan.outcomes, ANY_OTHER)
    seen = {window.outcome.words[code] for code in np.unique(window.outcome.codes) if code >= 0}
    return tuple(sorted(seen)) or (ANY_OTHER,)


def coded(column: Column, outcomes: tuple[str, ...]) -> Ints:
    """Each row's place in `outcomes`: the last one for what is not among them, -1 for none."""
    places = {word: k for k, word in enumerate(outcomes)}
    table = np.array([*(places.get(word, len(outcomes) - 1) for word in column.words), -1], dtype=np.intp)
    return table[column.codes]


def costs_of(label: Column, outcome: Column, costs: Costs) -> Floats:
    """What acting on `outcome` costs with this `label`, as a part of `costs.wrong`; NaN without either."""
    table = np.full((len(label.words) + 1, len(outcome.words) + 1), np.nan)
    for i, said in enumerate(label.words):
        for j, decided in enumerate(outcome.words):
            table[i, j] = costs.of(said, decided) / costs.wrong
    found: Floats = table[label.codes, outcome.codes]
    return found


def arm(window: Window, failed: Bools, outcomes: tuple[str, ...], costs: Costs) -> Floats:
    """The columns of ArmColumns for all rows of one arm."""
    place, rows = ArmColumns(len(outcomes)), np.arange(len(window))
    columns = np.zeros((len(window), place.width))
    columns[:, N] = 1.0
    columns[:, place.review] = window.review
    timed = np.isfinite(window.ms) & (window.ms > 0) & ~failed
    columns[timed, place.timed] = 1.0
    columns[timed, place.log_ms] = np.log(window.ms[timed])
    # The rules' confidence, and the champion's in the challenger's place, say nothing of this model's.
    sure = np.isfinite(window.confidence) & ~failed
    columns[sure, place.sure] = 1.0
    columns[sure, place.confidence] = window.confidence[sure]
    columns[:, place.failed] = failed
    code = coded(window.outcome, outcomes)
    _mark(columns, place.outcome, rows, code)
    cost = costs_of(window.label, window.outcome, costs)
    acted = ~window.review
    _mark(columns, place.acted, rows[acted], code[acted])
    labelled = acted & np.isfinite(cost)
    _mark(columns, place.labelled, rows[labelled], code[labelled])
    _mark(columns, place.cost, rows[labelled], code[labelled], cost[labelled])
    return columns


def pairs(window: Window, new_is_other: Bools, outcomes: tuple[str, ...], costs: Costs) -> Floats:
    """The columns of PairColumns for rows of which both answers are known."""
    place, rows = PairColumns(len(outcomes)), np.arange(len(window))
    columns = np.zeros((len(window), place.width))
    columns[:, N] = 1.0
    code = (coded(window.outcome, outcomes), coded(window.other_outcome, outcomes))
    sides = ((window.review, window.confidence), (window.other_review, window.other_confidence))
    known = np.isfinite(window.confidence) & np.isfinite(window.other_confidence)
    columns[known, place.sure] = 1.0
    for new in (0, 1):
        # side 0 of a row is the answer that counted, side 1 the other's; `new` 0 is the challenger.
        other = new_is_other if new == 0 else ~new_is_other
        columns[:, place.review[new]] = np.where(other, sides[1][0], sides[0][0])
        sure = np.where(other, sides[1][1], sides[0][1])
        columns[known, place.confidence[new]] = sure[known]
        each = np.where(other, code[1], code[0])
        for k in range(len(outcomes)):
            columns[:, place.outcome(k)[new]] = each == k
    same = _same(window)
    columns[:, place.disagree] = ~same
    own = _cost(window.review, costs_of(window.label, window.outcome, costs), costs)
    theirs = _cost(window.other_review, costs_of(window.label, window.other_outcome, costs), costs)
    # Two looks cost the same, and so do two acts that are the same, whatever the label will be.
    alike = (window.review & window.other_review) | (~window.review & ~window.other_review & same)
    stratum = np.where(window.review, 0, 1)
    apart = ~alike
    _mark(columns, place.open, rows[apart], stratum[apart])
    change = np.where(new_is_other, theirs - own, own - theirs)
    labelled = apart & np.isfinite(change) & (window.label.codes >= 0)
    _mark(columns, place.labelled, rows[labelled], stratum[labelled])
    _mark(columns, place.cost, rows[labelled], stratum[labelled], change[labelled])
    return columns


def _cost(review: Bools, acting: Floats, costs: Costs) -> Floats:
    return np.where(review, costs.review / costs.wrong, acting)


def _same(window: Window) -> Bools:
    words = {word: k for k, word in enumerate(window.outcome.words)}
    theirs = np.array([*(words.get(word, -2) for word in window.other_outcome.words), -2], dtype=np.intp)
    same: Bools = window.outcome.codes == theirs[window.other_outcome.codes]
    return same


def _mark(columns: Floats, group: slice, rows: Ints, code: Ints, value: Floats | float = 1.0) -> None:
    """Put `value` into the columns of `group` at each row's code; rows with none are left."""
    some = code >= 0
    columns[rows[some], group.start + code[some]] = value if isinstance(value, float) else value[some]
