"""How such a model is decided with, measured and told about: implements `model_build.task.Task`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lambdas.content.fusion import output_of
from lambdas.content.policies import CHANNELS, OK, POLICIES
from lambdas.content.verdict import Bounds, silent
from lambdas.core.bundle import Head, Manifest
from lambdas.value.worth import Worth
from model_build.dataset import Batch, Dataset
from model_build.decided import Decisions
from model_build.job import Job
from model_build.languages import detect
from model_build.moderation.bounds import choose_bounds
from model_build.moderation.costs import decode_costs
from model_build.moderation.report import Report
from model_build.predictions import Predictions, predict
from model_build.service import Fitted, Progress
from model_build.task import CardParts, HeadCalibration
from model_build.thresholds import NEVER, Thresholds

if TYPE_CHECKING:
    from model_build.card import Facts

SIGNALS, ALONE, PEER = "signals", "alone:", "peer:"
"""What the service says beside the scores: the signals, [rows, policies * channels]; the logits of a model
that sees only some channels, and the scores of others' models, both [rows, heads] with NaN where they say
nothing."""


class Moderation:
    """Heads of two classes, `ok` and the policy."""

    floors = False

    def thresholds(
        self, job: Job, dataset: Dataset, calibrated: Mapping[str, HeadCalibration], held: Predictions
    ) -> dict[str, Thresholds]:
        """Precision first for removal, recall first for review, policy by policy."""
        costs = decode_costs(job.parameters.service.costs)
        said = ~unsaid(held)
        chosen: dict[str, Thresholds] = {}
        for policy, found in calibrated.items():
            rows = said[:, POLICIES.index(policy)]
            probabilities = found.calibration.probabilities(held.logits[policy])[rows, 1]
            broken = held.labels[policy][rows] == 1
            bounds = choose_bounds(probabilities, broken, costs.of(policy), costs.least_removals)
            chosen[policy] = thresholds_of(policy, bounds)
        return chosen

    def more_heads(self, job: Job, dataset: Dataset) -> list[Head]:
        """Policies that the data has no labels of: people look, nothing is removed."""
        costs, heads = decode_costs(job.parameters.service.costs), []
        for policy in POLICIES:
            if policy not in dataset.heads:
                bounds = Bounds(costs.of(policy).unlabelled_review, NEVER)
                by_class = thresholds_of(policy, bounds).by_class
                heads.append(Head(policy, output_of(policy), [OK, policy], by_class))
        return heads

    def test(self, job: Job, dataset: Dataset, fitted: Fitted, progress: Progress) -> Predictions:
        """The scores on the test split, what the service says beside them, and the languages."""
        texts: list[str] = []

        def look(batch: Batch) -> None:
            if batch.languages is None:
                texts.extend(job.service.texts(batch))

        found = predict(
            fitted,
            dataset,
            "test",
            each=look,
            beside=lambda batch: job.service.beside(fitted, batch),
            progress=progress,
        )
        return replace(found, languages=detect(texts)) if texts else found

    def measure(
        self,
        job: Job,
        dataset: Dataset,
        tested: Predictions,
        calibrated: Mapping[str, HeadCalibration],
        thresholds: Mapping[str, Thresholds],
    ) -> Report:
        """See measuring.py."""
        from model_build.moderation.measuring import measure

        return measure(job, dataset, tested, calibrated, thresholds)

    def decisions(
        self,
        dataset: Dataset,
        tested: Predictions,
        calibrated: Mapping[str, HeadCalibration],
        thresholds: Mapping[str, Thresholds],
    ) -> Decisions | None:
        """See decided.py; None where a policy has no labels, for what it is decided by is not known here."""
        from model_build.moderation.decided import decisions

        if set(calibrated) != set(POLICIES):
            return None
        return decisions(tested, calibrated, thresholds)

    def in_short(self, report: Report) -> str:
        """Each policy's AUC."""
        return ", ".join(f"{each.policy} AUC {each.ranking.auc.value:.3f}" for each in report.policies)

    def report(self) -> type[Report]:
        """What `measure` returns."""
        return Report

    def metrics(self, report: Report) -> dict[str, Any]:
        """See telling.py."""
        from model_build.moderation.telling import metrics

        return metrics(report)

    def worth(self, job: Job, report: Report) -> Worth:
        """See live.py."""
        from model_build.moderation.live import worth

        return worth(report, decode_costs(job.parameters.service.costs))

    def card(self, facts: Facts) -> CardParts:
        """See card.py."""
        from model_build.moderation.card import parts

        made: CardParts = parts(facts)
        return made

    def tell(self, job: Job, manifest: Manifest, report: Report) -> None:
        """See telling.py."""
        from model_build.moderation.telling import tell

        tell(job, manifest, report)


def thresholds_of(policy: str, bounds: Bounds) -> Thresholds:
    """`bounds` as the manifest's head has them; `lambdas.content.verdict.bounds_of` reads them alike."""
    return Thresholds({OK: 1.0 - bounds.review, policy: bounds.remove}, bounds.remove, [policy])


def bounds_in(policy: str, chosen: Thresholds) -> Bounds:
    """The bounds that thresholds say."""
    remove = chosen.by_class[policy]
    return Bounds(min(1.0 - chosen.by_class[OK], remove), remove)


def unsaid(found: Predictions) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which policies no channel says anything of, [rows, policies]."""
    return silent(found.beside[SIGNALS].reshape(len(found.rows), len(POLICIES), len(CHANNELS)))
