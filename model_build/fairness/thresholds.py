"""Other thresholds, the same for everybody, under which the gap between groups is narrower.

fairlearn's ThresholdOptimizer gives each group thresholds of its own (Hardt, Price and Srebro 2016). Here
nobody is judged by whom a text is about: one review and one removal threshold a policy are moved, by
coordinate search, as far as the cost of the decisions allows. What is removed is never made more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.fairness import rates
from model_build.fairness.cells import CODES, codes_of
from model_build.fairness.decided import ALLOW, FLAGGED, REMOVE, REVIEW, Decided
from model_build.fairness.groups import Dimension
from model_build.fairness.rows import OUTCOME, Rows
from model_build.intervals import Interval, mean_interval, wilson
from model_build.service import Progress, quiet

STEPS: Final = 40
PASSES: Final = 3
BETTER: Final = 1e-4
"""Less of a gap than this is no reason to move a threshold."""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Prices:
    """What a decision costs: a look, a fine post removed, and, by policy, one that breaks it and stays up."""

    review: float
    wrong_removal: float
    missed: Mapping[str, float]

    def costs(self, decided: Decided, rows: Rows) -> Floats:
        """Of each row, [rows]."""
        outcomes, wrong = decided.outcomes(), rows.truth[OUTCOME]
        missed = np.zeros(len(wrong))
        for policy, truth in rows.truth.items():
            if policy != OUTCOME:
                missed = np.maximum(missed, np.where(truth, self.missed.get(policy, 0.0), 0.0))
        removed = np.where((outcomes == REMOVE) & ~wrong, self.wrong_removal, 0.0)
        return np.where(outcomes == REVIEW, self.review, removed) + np.where(outcomes == ALLOW, missed, 0.0)


class Price(msgspec.Struct, frozen=True):
    """What a set of thresholds does: the widest gap over the dimensions, and what it costs."""

    gap: float | None
    gap_of: str
    money_per_1000: Interval
    accuracy: Interval
    recall: Interval
    review_share: Interval
    removed_share: Interval


def price(decided: Decided, rows: Rows, by: Sequence[Dimension], prices: Prices, *, least: int) -> Price:
    """The Price of the thresholds in `decided`. Recall is of what is wrong, removed or reviewed."""
    wrong, hit = rows.truth[OUTCOME], decided.chosen(OUTCOME, FLAGGED)
    outcomes, n = decided.outcomes(), len(rows)
    gap, name = widest_gap(wrong, hit, by, least=least)
    return Price(
        gap=gap,
        gap_of=name,
        money_per_1000=mean_interval(1000 * prices.costs(decided, rows)),
        accuracy=wilson(int((wrong == hit).sum()), n),
        recall=wilson(int((wrong & hit).sum()), int(wrong.sum())),
        review_share=wilson(int((outcomes == REVIEW).sum()), n),
        removed_share=wilson(int((outcomes == REMOVE).sum()), n),
    )


def widest_gap(
    truth: Bools, chosen: Bools, by: Sequence[Dimension], *, least: int
) -> tuple[float | None, str]:
    """The widest equalised-odds gap of any dimension, and which it is.

    Where only false positives can be told it is theirs; None where no dimension has two groups with rows.
    """
    codes, found = codes_of(truth, chosen), []
    onehot = np.eye(CODES)[codes]
    for dimension in by:
        counts = np.rint(dimension.member.T.astype(np.float64) @ onehot).astype(np.int64)
        for name in (rates.EQUALISED_ODDS, rates.FALSE_POSITIVES):
            gap, enough = rates.GAPS[name]
            kept = np.flatnonzero(enough(counts, least))
            if len(kept) >= 2:
                found.append((float(gap(counts[kept])), f"{name} by {dimension.name}"))
                break
    return max(found) if found else (None, "")


def search(
    decided: Decided,
    rows: Rows,
    by: Sequence[Dimension],
    prices: Prices,
    *,
    least: int,
    most_cost: float,
    most_more_review: float = 1.0,
    progress: Progress = quiet,
) -> Decided:
    """`decided` under the thresholds with the narrowest gap on `rows`, at no more than `most_cost` (a share)
    above what decisions cost before, and with no more than `most_more_review` of the rows more for people.
    The same ones when nothing is narrower."""
    allowed = float(prices.costs(decided, rows).mean()) * (1.0 + most_cost) + 1e-12
    looked_at = _reviewed(decided) + most_more_review + 1e-12
    best, best_gap = decided, _gap(decided, rows, by, least)
    done, total = 0, PASSES * len(decided.policies)
    for _ in range(PASSES):
        before = best_gap
        for place in range(len(decided.policies)):
            for tried in _moves(best, decided, place):
                if _reviewed(tried) > looked_at or float(prices.costs(tried, rows).mean()) > allowed:
                    continue
                gap = _gap(tried, rows, by, least)
                if gap < best_gap - BETTER:
                    best, best_gap = tried, gap
            done += 1
            progress(done, total)
        if best_gap >= before - BETTER:
            break
    return best


def _reviewed(decided: Decided) -> float:
    return float((decided.outcomes() == REVIEW).mean())


def _gap(decided: Decided, rows: Rows, by: Sequence[Dimension], least: int) -> float:
    gap, _ = widest_gap(rows.truth[OUTCOME], decided.chosen(OUTCOME, FLAGGED), by, least=least)
    return np.inf if gap is None else gap


def _moves(best: Decided, start: Decided, place: int) -> list[Decided]:
    """`best` with another review threshold of one policy, or a higher removal threshold."""
    scores = np.unique(best.probabilities[:, place])
    grid = np.unique(np.quantile(scores, np.linspace(0.0, 1.0, STEPS)))
    moves = []
    for value in grid.tolist():
        review = [*best.review_from]
        review[place] = min(value, best.remove_from[place])
        moves.append(best.with_limits(best.remove_from, review))
        if value > start.remove_from[place]:
            remove = [*best.remove_from]
            remove[place] = value
            moves.append(best.with_limits(remove, best.review_from))
    return moves
