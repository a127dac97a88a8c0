"""What is judged by counting entities, by exact e-processes: how traffic was split, and who failed."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from lambdas.observations.window import Bools, Window
from lambdas.rollout.judge_columns import Ints, first_rows
from lambdas.rollout.judge_plan import JudgePlan
from lambdas.rollout.sequential import Floats, log_above, log_mismatch

MOST_LOG: Final = 600.0
"""Evidence is shown up to e to the power of this, which JSON can hold."""


class Split(NamedTuple):
    """How many `entities` there are, on how many the `challenger` was first, and how many saw `both`.

    `evidence` is an e-value that this is not what the share makes.
    """

    entities: int
    challenger: int
    both: int
    evidence: float


class Failed(NamedTuple):
    """Of n decisions each, how many somebody else had to answer; None where no champion stands beside.

    `evidence` is an e-value that the challenger fails both more often than the champion and more often than
    the margin allows, `relief` one that it fails less often than that.
    """

    n_challenger: int
    challenger: int
    n_champion: int
    champion: int | None
    evidence: float
    relief: float
    paired: bool = False


def split(window: Window, entity: Ints, plan: JudgePlan) -> Split:
    """The assignment of entities, each counted once."""
    first = first_rows(entity)
    fell = window.assigned.is_("challenger")
    count = len(first)
    seen = (_any(entity, fell, count), _any(entity, ~fell, count))
    challenger = int(fell[first].sum())
    return Split(
        count,
        challenger,
        int((seen[0] & seen[1]).sum()),
        _number(split_evidence(np.asarray(float(challenger)), np.asarray(float(count)), plan.share)),
    )


def split_evidence(challenger: Floats, entities: Floats, share: float) -> Floats:
    """The log of the e-value of Split; 0 where nothing is split."""
    if not 0.0 < share < 1.0:
        return np.zeros_like(entities)
    return log_mismatch(challenger, entities, share)


def more_evidence(challenger: Floats, champion: Floats, share: float) -> Floats:
    """The log of the e-value that more of the entities with a failure are the challenger's than its `share`.

    Infinite where there is no champion to compare with: then the margin alone is held against it.
    """
    if not 0.0 < share < 1.0:
        return np.full_like(challenger, np.inf)
    return log_above(challenger, challenger + champion, share)


def margin_evidence(failed: Floats, entities: Floats, plan: JudgePlan) -> Floats:
    """The log of the e-value that the first decision of more entities `failed` than the margin allows."""
    return log_above(failed, entities, plan.margins.failures)


def failed_apart(window: Window, entity: Ints, failed: Bools, plan: JudgePlan) -> Failed:
    """Of two groups of entities. An entity counts once, however often it fails: its decisions go together."""
    new = window.assigned.is_("challenger")
    count = int(entity.max()) + 1 if len(entity) else 0
    ours, theirs = _any(entity, failed & new, count), _any(entity, failed & ~new, count)
    more = more_evidence(np.asarray(float(ours.sum())), np.asarray(float(theirs.sum())), plan.share)
    over, under = _against_margin(failed[new], entity[new], plan)
    return Failed(
        int(new.sum()),
        int((failed & new).sum()),
        int((~new).sum()),
        int((failed & ~new).sum()) if plan.share < 1.0 else None,
        _number(np.minimum(more, over)),
        _number(under),
    )


def failed_paired(entity: Ints, new: Bools, old: Bools, plan: JudgePlan) -> Failed:
    """Of decisions that both variants were asked for; `new` are those that the challenger failed at.

    Of the entities at which only one failed, half would be the challenger's if it were no worse.
    """
    count = int(entity.max()) + 1 if len(entity) else 0
    ours, theirs = _any(entity, new, count), _any(entity, old, count)
    apart = (ours & ~theirs).sum(), (theirs & ~ours).sum()
    more = more_evidence(np.asarray(float(apart[0])), np.asarray(float(apart[1])), 0.5)
    over, under = _against_margin(new, entity, plan)
    n = len(entity)
    return Failed(
        n, int(new.sum()), n, int(old.sum()), _number(np.minimum(more, over)), _number(under), paired=True
    )


def _against_margin(failed: Bools, entity: Ints, plan: JudgePlan) -> tuple[Floats, Floats]:
    """The logs of the e-values that more, and that less, than the margin's share fails.

    On the first decision of each entity, which do not depend on each other.
    """
    first = failed[first_rows(entity)]
    n, k = np.asarray(float(len(first))), np.asarray(float(first.sum()))
    return margin_evidence(k, n, plan), log_above(n - k, n, 1.0 - plan.margins.failures)


def _any(entity: Ints, which: Bools, count: int) -> Bools:
    found: Bools = np.bincount(entity[which], minlength=count) > 0
    return found


def _number(log: Floats) -> float:
    return math.exp(min(float(log), MOST_LOG))
