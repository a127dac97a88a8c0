"""Measures a moderation model on the test split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.content.policies import OK, POLICIES
from lambdas.content.verdict import OUTCOMES, Bounds, outcomes
from model_build.dataset import Dataset
from model_build.intervals import wilson
from model_build.job import Job
from model_build.moderation.costs import ModerationCosts, decode_costs
from model_build.moderation.measures import Bools, Floats, Ranking, rank
from model_build.moderation.report import Outcome, PolicyReport, Report, Spoken
from model_build.moderation.task import ALONE, PEER, bounds_in, unsaid
from model_build.moderation.worth import SEVERITIES, decode_assumptions, ways
from model_build.predictions import Predictions
from model_build.reliability import reliability_of
from model_build.task import HeadCalibration
from model_build.thresholds import Thresholds

LEAST_ROWS: Final = 20
"""Fewer rows of a language or a channel are not judged apart."""
ALLOW, REVIEW, REMOVE = range(len(OUTCOMES))


def measure(
    job: Job,
    dataset: Dataset,
    tested: Predictions,
    calibrated: Mapping[str, HeadCalibration],
    thresholds: Mapping[str, Thresholds],
) -> Report:
    """Each policy's figures, and what is done with the posts."""
    costs, seed = decode_costs(job.parameters.service.costs), job.parameters.seed
    probabilities = {
        policy: found.calibration.probabilities(tested.logits[policy])[:, 1]
        for policy, found in calibrated.items()
    }
    bounds = {policy: bounds_in(policy, thresholds[policy]) for policy in calibrated}
    silence = unsaid(tested)[:, [POLICIES.index(policy) for policy in calibrated]]
    reports = [
        _policy(policy, number, probabilities[policy], bounds[policy], tested, costs, seed)
        for number, policy in enumerate(calibrated)
    ]
    table = np.stack(list(probabilities.values()), axis=1)
    done = outcomes(bounds, table, silence)
    broken = {policy: tested.labels[policy] == 1 for policy in calibrated}
    worst = _worst(broken, costs)
    fine = worst < 0
    all_: dict[str, int] = {name: int((worst == k).sum()) for k, name in enumerate(SEVERITIES)}
    missed = {name: int(((worst == k) & (done == ALLOW)).sum()) for k, name in enumerate(all_)}
    rows, removed = len(done), int((done == REMOVE).sum())
    wrong = int(((done == REMOVE) & fine).sum())
    assumed = decode_assumptions(job.parameters.service.business)
    return Report(
        rows=rows,
        languages_detected=dataset.columns.language is None,
        policies=reports,
        outcomes=[_outcome(OK, done[fine]), *(_outcome(name, done[rows_]) for name, rows_ in broken.items())],
        removed=wilson(removed, rows),
        reviewed=wilson(int((done == REVIEW).sum()), rows),
        wrong_removals=wilson(wrong, removed),
        missed=wilson(int(((done == ALLOW) & ~fine).sum()), int((~fine).sum())),
        ways=ways(rows, int((done == REVIEW).sum()), missed, all_, wrong, assumed),
        assumptions=assumed,
        unlabelled=[policy for policy in POLICIES if policy not in calibrated],
    )


def _policy(
    policy: str,
    number: int,
    probabilities: Floats,
    bounds: Bounds,
    tested: Predictions,
    costs: ModerationCosts,
    seed: int,
) -> PolicyReport:
    broken = tested.labels[policy] == 1
    removed, seen = probabilities >= bounds.remove, probabilities >= bounds.review
    rows = len(broken)
    return PolicyReport(
        policy=policy,
        severity=costs.of(policy).severity,
        ranking=rank("all", probabilities, broken, seed),
        reliability=reliability_of(probabilities, broken, seed=seed, bins=10, rare=True),
        review=bounds.review,
        remove=bounds.remove,
        removed=wilson(int(removed.sum()), rows),
        reviewed=wilson(int((seen & ~removed).sum()), rows),
        right_removals=wilson(int((removed & broken).sum()), int(removed.sum())),
        caught=wilson(int((seen & broken).sum()), int(broken.sum())),
        languages=_languages(probabilities, broken, seen, tested.languages, seed),
        alone=_beside(ALONE, number, broken, tested, seed),
        peers=_beside(PEER, number, broken, tested, seed),
    )


def _beside(prefix: str, number: int, broken: Bools, tested: Predictions, seed: int) -> list[Ranking]:
    """What each source named with `prefix` says, on the rows where it says something."""
    found = []
    for name, scores in tested.beside.items():
        if not name.startswith(prefix):
            continue
        own: npt.NDArray[Any] = scores[:, number]
        said = ~np.isnan(own)
        if said.sum() >= LEAST_ROWS and len(np.unique(broken[said])) == 2:
            found.append(rank(name.removeprefix(prefix), own[said], broken[said], seed, probabilities=False))
    return found


def _languages(
    probabilities: Floats, broken: Bools, seen: Bools, languages: list[str], seed: int
) -> list[Spoken]:
    spoken = np.asarray(languages, dtype=np.str_)
    found = []
    for name in np.unique(spoken):
        mine = spoken == name
        if not name or mine.sum() < LEAST_ROWS:
            continue
        found.append(
            Spoken(
                rank(str(name), probabilities[mine], broken[mine], seed),
                wilson(int((seen & broken & mine).sum()), int((broken & mine).sum())),
                wilson(int((seen & ~broken & mine).sum()), int((~broken & mine).sum())),
            )
        )
    return found


def _worst(broken: Mapping[str, Bools], costs: ModerationCosts) -> npt.NDArray[np.int64]:
    """The place in SEVERITIES of the worst that each post breaks, -1 for none, [rows]."""
    rows = len(next(iter(broken.values())))
    worst = np.full(rows, -1, dtype=np.int64)
    for place in reversed(range(len(SEVERITIES))):
        for policy, those in broken.items():
            if costs.of(policy).severity == SEVERITIES[place]:
                worst[those] = place
    return worst


def _outcome(truth: str, done: npt.NDArray[np.int64]) -> Outcome:
    counts = np.bincount(done, minlength=len(OUTCOMES))
    return Outcome(truth, int(counts[ALLOW]), int(counts[REVIEW]), int(counts[REMOVE]))
