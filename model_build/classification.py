"""Models that tell one of many classes: how they are calibrated, decided with, measured and told about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from lambdas.core.bundle import Conformal, Head, Manifest
from lambdas.value.worth import Worth
from model_build.business import Impact, Shares, decode_assumptions, impact, worth_of
from model_build.conformal import Coverage, measure_coverage
from model_build.costs import decode_costs
from model_build.dataset import Batch, Dataset
from model_build.decided import Decisions
from model_build.errors import ParametersError
from model_build.evaluation import Evaluation, evaluate
from model_build.intervals import Interval, rounded_interval, wilson
from model_build.job import Job
from model_build.languages import detect
from model_build.predictions import Floats, Predictions, predict
from model_build.reliability import Reliability, reliability
from model_build.service import Fitted, Progress
from model_build.task import CardParts, HeadCalibration
from model_build.thresholds import PolicyReport, Thresholds, acted_on, choose_thresholds, policy_report

if TYPE_CHECKING:
    from model_build.card import Facts


class HeadReport(msgspec.Struct, frozen=True):
    """Everything measured about a head on the test split."""

    evaluation: Evaluation
    reliability: Reliability
    coverage: Coverage
    policy: PolicyReport


class Report(msgspec.Struct, frozen=True):
    """Everything measured on the test split.

    `acted` is the share of the rows that the deciding head, the first, does not send to a person, and
    `acted_errors` the share of those that it gets wrong. `languages_detected`: the data did not say them.
    """

    rows: int
    languages_detected: bool
    heads: dict[str, HeadReport]
    acted: Interval
    acted_errors: Interval
    impact: Impact


class Classification:
    """Implements `model_build.task.Task`."""

    floors = True

    def thresholds(
        self, job: Job, dataset: Dataset, calibrated: Mapping[str, HeadCalibration], held: Predictions
    ) -> dict[str, Thresholds]:
        """By the cost matrix of each head."""
        costs = decode_costs(job.parameters.service.costs)
        chosen: dict[str, Thresholds] = {}
        for head, found in calibrated.items():
            classes = dataset.classes[head]
            chosen[head] = choose_thresholds(
                found.calibration.probabilities(held.logits[head]),
                held.labels[head],
                classes,
                costs.of(head),
                found.conformal,
            )
            if strange := costs.of(head).unknown(classes):
                job.reporter.warn(f"costs: '{head}' has no class {', '.join(strange)}")
        return chosen

    def more_heads(self, job: Job, dataset: Dataset) -> list[Head]:
        """None."""
        return []

    def test(self, job: Job, dataset: Dataset, fitted: Fitted, progress: Progress) -> Predictions:
        """The scores on the test split, with the rules' answers and, if need be, the languages detected."""
        texts: list[str] = []
        rules: list[str] = []

        def look(batch: Batch) -> None:
            rules.extend(job.service.rules(batch) or [])
            if batch.languages is None:
                texts.extend(job.service.texts(batch))

        found = predict(fitted, dataset, "test", each=look, progress=progress)
        languages = detect(texts) if texts else found.languages
        return replace(found, rules=rules or None, languages=languages)

    def measure(
        self,
        job: Job,
        dataset: Dataset,
        tested: Predictions,
        calibrated: Mapping[str, HeadCalibration],
        thresholds: Mapping[str, Thresholds],
    ) -> Report:
        """Each head's figures, and what the deciding one is worth."""
        heads: dict[str, HeadReport] = {}
        for head, found in calibrated.items():
            heads[head] = _head_report(job, dataset, tested, head, found, thresholds[head])
        first = dataset.heads[0]
        decides = calibrated[first]
        probabilities = decides.calibration.probabilities(tested.logits[first])
        clear = acted_on(probabilities, dataset.classes[first], thresholds[first].by_class, decides.conformal)
        scaled = decides.calibration.scale(tested.logits[first])
        wrong = scaled.argmax(axis=1) != tested.labels[first]
        shares = Shares(
            acted=float(clear.mean()),
            acted_wrong=float((clear & wrong).mean()),
            majority_wrong=1.0 - heads[first].evaluation.majority.value,
        )
        return Report(
            rows=len(tested.rows),
            languages_detected=dataset.columns.language is None,
            heads=heads,
            acted=wilson(int(clear.sum()), len(clear)),
            acted_errors=wilson(int((clear & wrong).sum()), int(clear.sum())),
            impact=impact(shares, decode_assumptions(job.parameters.service.business)),
        )

    def decisions(
        self,
        dataset: Dataset,
        tested: Predictions,
        calibrated: Mapping[str, HeadCalibration],
        thresholds: Mapping[str, Thresholds],
    ) -> Decisions | None:
        """The deciding head's winners; those that are not acted on are for people."""
        first = dataset.heads[0]
        found, classes = calibrated[first], dataset.classes[first]
        probabilities = found.calibration.probabilities(tested.logits[first])
        winners = probabilities.argmax(axis=1)
        return Decisions(
            outcomes=tuple(classes),
            outcome=winners.astype(np.int64),
            review=~acted_on(probabilities, classes, thresholds[first].by_class, found.conformal),
            confidence=probabilities.max(axis=1),
            claimed=np.ones(len(winners), np.bool_),
            right=winners == tested.labels[first],
        )

    def in_short(self, report: Report) -> str:
        """The deciding head's accuracy."""
        first = next(iter(report.heads.values())).evaluation
        return f"{first.head} accuracy {first.accuracy.value:.3f}"

    def report(self) -> type[Report]:
        """What `measure` returns."""
        return Report

    def metrics(self, report: Report) -> dict[str, Any]:
        """The heads' figures, the deciding one's at the top."""
        heads: dict[str, Any] = {}
        for head, found in report.heads.items():
            heads[head] = {
                "accuracy": rounded_interval(found.evaluation.accuracy),
                "macro_f1": rounded_interval(found.evaluation.macro_f1),
                "log_loss": rounded_interval(found.evaluation.log_loss),
                "ece": rounded_interval(found.reliability.ece),
                "coverage": rounded_interval(found.coverage.overall),
                "mean_set_size": rounded_interval(found.coverage.mean_size),
                "acted": rounded_interval(found.policy.acted),
                "acted_errors": rounded_interval(found.policy.acted_errors),
            }
        first = next(iter(heads.values()))
        top = {name: first[name]["value"] for name in ("accuracy", "macro_f1", "ece", "coverage")}
        return {**top, "review_share": round(1.0 - report.acted.value, 6), "heads": heads}

    def worth(self, job: Job, report: Report) -> Worth:
        """See model_build/business.py."""
        return worth_of(report.impact.assumptions, report.acted_errors)

    def card(self, facts: Facts) -> CardParts:
        """See model_build/card_heads.py."""
        from model_build.card_heads import parts

        made: CardParts = parts(facts)
        return made

    def tell(self, job: Job, manifest: Manifest, report: Report) -> None:
        """See model_build/summary.py."""
        from model_build.summary import tell_heads

        tell_heads(job, manifest, report)


def _head_report(
    job: Job, dataset: Dataset, tested: Predictions, head: str, found: HeadCalibration, chosen: Thresholds
) -> HeadReport:
    classes, labels, seed = dataset.classes[head], tested.labels[head], job.parameters.seed
    logits: Floats = found.calibration.scale(tested.logits[head])
    probabilities = found.calibration.probabilities(tested.logits[head])
    costs = decode_costs(job.parameters.service.costs).of(head)
    return HeadReport(
        evaluation=evaluate(
            head,
            classes,
            logits,
            labels,
            train_counts=dataset.class_counts["train"][head],
            seed=seed,
            languages=tested.languages,
            rules=tested.rules if head == dataset.heads[0] else None,
        ),
        reliability=reliability(probabilities, labels, seed=seed),
        coverage=measure_coverage(probabilities, labels, _sets(found), classes, tested.languages),
        policy=policy_report(probabilities, labels, classes, chosen, found.conformal, costs),
    )


def _sets(found: HeadCalibration) -> Conformal:
    if found.conformal is None:
        raise ParametersError(
            "coverage is null: say how often the prediction sets are to hold the true class"
        )
    return found.conformal
