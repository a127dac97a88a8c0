"""`python -m benchmarks fairness_gate`: how often the fairness gate refuses a model by chance, and how often
one that is less fair; as it is, and with `chance_excuses`.

Candidate and champion are equal: the same error rates in each group, and decisions that differ on some rows,
as those of two trainings do. The gate itself judges them: `model_build/preflight/gaps.py`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.table import Table
from model_build.fairness.decided import Decided
from model_build.fairness.groups import Dimension
from model_build.fairness.parameters import FairnessParameters
from model_build.preflight.gaps import not_less_fair

RUNS: Final = 300
ROWS: Final = (50, 100, 200, 500)
"""Rows behind each rate of each group: as many that break a policy, and as many that do not."""
GROUPS: Final = (2, 5, 20)
ALIKE: Final = 0.9
"""The correlation of the scores of two models: what makes a row hard is the row more than the training."""
APART: Final = 1.0
REVIEW, REMOVE = 0.28, 0.9
"""Scores are normal, their mean -APART for what is fine and APART for what breaks a policy: 10 % of what is
fine is flagged from REVIEW on and 24 % of what is not is missed; 3 % and 46 % from REMOVE on."""
WORSE: Final = 0.15
"""By how much more often a less fair candidate flags what is fine in one of the groups."""

Floats = npt.NDArray[np.float64]


def run() -> None:
    """Print the table and save it."""
    table = Table("fairness_gate", "python -m benchmarks fairness_gate")
    differ = _differing()
    table.add("rows on which two equal models are told apart by review", f"{differ:.1%}")
    for groups in GROUPS:
        for rows in ROWS:
            equal = _refused(groups, rows, worse=False)
            worse = _refused(groups, rows, worse=True)
            table.add(
                f"{groups} groups, {rows:,} rows a group and rate: equal models refused",
                f"{equal[0]:.1%}, with chance_excuses {equal[1]:.1%}",
                against=f"{WORSE:.0%} more false positives in one group: {worse[0]:.1%}, with chance_excuses "
                f"{worse[1]:.1%}",
            )
            table.tell()
    table.notes += [
        f"{RUNS} pairs of models each, so a share is known to about {1.96 * 0.5 / RUNS**0.5:.3f} or better. "
        f"most_growth is {FairnessParameters().most_growth}; one dimension; a gate that looks at several "
        "dimensions, on several sets of rows, has as many chances.",
        "Each group has the same rates: of false positives 10 % at review and 3 % at removal, of false "
        f"negatives 24 % and 46 %. The scores of the two models correlate by {ALIKE}.",
    ]
    table.save()


def _differing() -> float:
    rng = np.random.default_rng(1)
    truth = np.arange(200_000) % 2 == 0
    new, old = _scores(truth, rng)
    return float(((new >= REVIEW) != (old >= REVIEW)).mean())


def _refused(groups: int, rows: int, *, worse: bool) -> tuple[float, float]:
    """The shares of candidates that are refused: as the gate is, and with `chance_excuses`."""
    truth = np.tile(np.r_[np.zeros(rows, np.bool_), np.ones(rows, np.bool_)], groups)
    member = np.repeat(np.eye(groups, dtype=np.bool_), 2 * rows, axis=0)
    dimension = Dimension("group", tuple(f"g{k}" for k in range(groups)), member)
    plain, excusing = FairnessParameters(), FairnessParameters(chance_excuses=True)
    refused = np.zeros(2)
    for number in range(RUNS):
        rng = np.random.default_rng((groups, rows, number))
        new, old = _scores(truth, rng)
        if worse:
            hit = member[:, 0] & ~truth & (rng.random(len(truth)) < WORSE / 0.9)
            new = np.where(hit, np.maximum(new, REVIEW), new)
        worlds = [
            Decided(("toxicity",), each[:, None].astype(np.float64), (REMOVE,), (REVIEW,))
            for each in (new, old)
        ]
        for k, parameters in enumerate((plain, excusing)):
            (verdict,) = not_less_fair(
                worlds[0], worlds[1], truth, [dimension], "rows", parameters, seed=number
            )
            refused[k] += verdict.passed is False
    return float(refused[0] / RUNS), float(refused[1] / RUNS)


def _scores(truth: npt.NDArray[np.bool_], rng: Any) -> tuple[Floats, Floats]:
    """The scores of two equal models."""
    shared = rng.normal(size=len(truth))
    made = [
        np.where(truth, APART, -APART)
        + np.sqrt(ALIKE) * shared
        + np.sqrt(1.0 - ALIKE) * rng.normal(size=len(truth))
        for _ in range(2)
    ]
    return made[0], made[1]
