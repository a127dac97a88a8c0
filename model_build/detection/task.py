"""How such a model is decided with, measured and told about: implements `model_build.task.Task`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from lambdas.core.bundle import Head, Manifest
from lambdas.value.worth import Worth
from model_build.dataset import Dataset
from model_build.decided import Decisions
from model_build.detection.bounds import Bounds, Floats, cheapest_bounds
from model_build.detection.costs import FraudCosts, decode_costs
from model_build.detection.measures import Bools, Ranked, Truth, rank, truth_of
from model_build.intervals import Interval, mean_interval, rounded_interval, wilson
from model_build.job import Job
from model_build.predictions import Predictions, predict
from model_build.reliability import Reliability, reliability_of
from model_build.service import Fitted, Progress
from model_build.task import CardParts, HeadCalibration
from model_build.thresholds import Thresholds

if TYPE_CHECKING:
    from model_build.card import Facts

STACK, RULES = "the ensemble", "the rules"


class Money(msgspec.Struct, frozen=True):
    """Costs of 1,000 decisions under the policy and without it, and what share of the fraudulent money and
    of the frauds is stopped or seen by a person."""

    policy: Interval
    approve_all: Interval
    saved: Interval
    money_caught: float
    caught: Interval


class Report(msgspec.Struct, frozen=True):
    """Everything measured on the test split. `ranked` has the ensemble first, then each model, then the
    rules. `reliability` is of the probability of fraud. `false_declines` is the share of legitimate rows
    that are declined, `right_declines` of the declined ones that are fraud."""

    rows: int
    frauds: int
    days: int
    ranked: list[Ranked]
    reliability: Reliability
    approve: float
    decline: float
    reviewed: Interval
    declined: Interval
    right_declines: Interval
    false_declines: Interval
    money: Money
    costs: FraudCosts


class Detection:
    """One head of two classes, the second the rare one. Beside the scores it needs of each row `amount`,
    `time` (ms since 1970), `card` (a number), `scores` [rows, models] and `rules`; `models` names them."""

    floors = False

    def __init__(self, models: tuple[str, ...]) -> None:
        self.models = models

    def thresholds(
        self, job: Job, dataset: Dataset, calibrated: Mapping[str, HeadCalibration], held: Predictions
    ) -> dict[str, Thresholds]:
        """The cheapest bounds: the threshold of the second class declines, that of the first approves."""
        costs = decode_costs(job.parameters.service.costs)
        chosen: dict[str, Thresholds] = {}
        for head, found in calibrated.items():
            no, yes = dataset.classes[head]
            probabilities = found.calibration.probabilities(held.logits[head])[:, 1]
            bounds = cheapest_bounds(probabilities, held.labels[head] == 1, held.beside["amount"], costs)
            by_class = {no: 1.0 - bounds.approve, yes: bounds.decline}
            chosen[head] = Thresholds(by_class, bounds.decline, list(by_class))
        return chosen

    def more_heads(self, job: Job, dataset: Dataset) -> list[Head]:
        """None."""
        return []

    def test(self, job: Job, dataset: Dataset, fitted: Fitted, progress: Progress) -> Predictions:
        """The scores on the test split and what `measure` needs beside them."""
        return predict(
            fitted,
            dataset,
            "test",
            beside=lambda batch: job.service.beside(fitted, batch),
            progress=progress,
        )

    def measure(
        self,
        job: Job,
        dataset: Dataset,
        tested: Predictions,
        calibrated: Mapping[str, HeadCalibration],
        thresholds: Mapping[str, Thresholds],
    ) -> Report:
        """The ranking of the ensemble, its models and the rules; the policy and its money."""
        head = dataset.heads[0]
        fraud = tested.labels[head] == 1
        probability = calibrated[head].calibration.probabilities(tested.logits[head])[:, 1]
        costs = decode_costs(job.parameters.service.costs)
        bounds = bounds_of(dataset, head, thresholds[head])
        declined, reviewed = bounds.declined(probability), bounds.reviewed(probability)
        rows = truth_in(tested, fraud)
        return Report(
            rows=len(fraud),
            frauds=int(fraud.sum()),
            days=len(np.unique(rows.days)),
            ranked=rank(scores_of(tested, head, self.models), rows, costs.alerts_a_day, job.parameters.seed),
            reliability=reliability_of(probability, fraud, seed=job.parameters.seed, bins=10, rare=True),
            approve=bounds.approve,
            decline=bounds.decline,
            reviewed=wilson(int(reviewed.sum()), len(fraud)),
            declined=wilson(int(declined.sum()), len(fraud)),
            right_declines=wilson(int((declined & fraud).sum()), int(declined.sum())),
            false_declines=wilson(int((declined & ~fraud).sum()), int((~fraud).sum())),
            money=_money(bounds, probability, fraud, tested.beside["amount"], costs),
            costs=costs,
        )

    def decisions(
        self,
        dataset: Dataset,
        tested: Predictions,
        calibrated: Mapping[str, HeadCalibration],
        thresholds: Mapping[str, Thresholds],
    ) -> Decisions | None:
        """Approved, reviewed or declined, by the served bounds."""
        from lambdas.transactions.verdict import Bounds as Served

        head = dataset.heads[0]
        probabilities = calibrated[head].calibration.probabilities(tested.logits[head])[:, 1]
        bounds = Served(*bounds_of(dataset, head, thresholds[head]))
        declined, reviewed = (
            probabilities >= bounds.decline,
            np.array([bounds.outcome(each) == "review" for each in probabilities.tolist()]),
        )
        fraud = tested.labels[head] == 1
        return Decisions(
            outcomes=("approve", "review", "decline"),
            outcome=np.where(declined, 2, np.where(reviewed, 1, 0)).astype(np.int64),
            review=reviewed,
            confidence=np.array([bounds.confidence(each) for each in probabilities.tolist()]),
            claimed=~reviewed,
            right=fraud == declined,
        )

    def in_short(self, report: Report) -> str:
        """The ensemble's average precision."""
        first = report.ranked[0]
        return f"average precision {first.average_precision.value:.3f}, AUC {first.auc.value:.3f}"

    def report(self) -> type[Report]:
        """What `measure` returns."""
        return Report

    def metrics(self, report: Report) -> dict[str, Any]:
        """The ensemble's figures at the top, all with intervals below."""
        first, money = report.ranked[0], report.money
        figures = ("auc", "average_precision", "precision_at_k", "caught_at_k")
        return {
            "average_precision": round(first.average_precision.value, 6),
            "auc": round(first.auc.value, 6),
            "ece": round(report.reliability.ece.value, 6),
            "precision_at_k": round(first.precision_at_k.value, 6),
            "alerts_a_day": report.costs.alerts_a_day,
            "review_share": round(report.reviewed.value, 6),
            "saved_per_1000": round(money.saved.value, 6),
            "frauds": report.frauds,
            "days": report.days,
            "models": {
                each.name: {name: rounded_interval(getattr(each, name)) for name in figures}
                for each in report.ranked
            },
            "ahead": {each.name: rounded_interval(each.ahead) for each in report.ranked if each.ahead},
            "policy": {
                name: rounded_interval(getattr(report, name))
                for name in ("reviewed", "declined", "right_declines", "false_declines")
            },
            "money": {
                **{
                    name: rounded_interval(getattr(money, name))
                    for name in ("policy", "approve_all", "saved")
                },
                "caught": rounded_interval(money.caught),
                "money_caught": round(money.money_caught, 6),
            },
        }

    def worth(self, job: Job, report: Report) -> Worth:
        """See live.py."""
        from model_build.detection.live import decode_assumptions, worth

        return worth(report, decode_assumptions(job.parameters.service.business))

    def card(self, facts: Facts) -> CardParts:
        """See card.py."""
        from model_build.detection.card import parts

        made: CardParts = parts(facts, self.models)
        return made

    def tell(self, job: Job, manifest: Manifest, report: Report) -> None:
        """The figures that matter."""
        say = job.reporter.say
        say(f"  {report.frauds:,} of them fraud, over {report.days} days")
        for each in report.ranked:
            precision, area = each.average_precision, each.auc
            say(f"    {each.name:<21} average precision {precision}, AUC {area.value:.3f}")
        k = report.costs.alerts_a_day
        first, money = report.ranked[0], report.money
        say(f"    {f'top {k} alerts a day':<21} {first.precision_at_k} are fraud, {first.caught_at_k} of all")
        say(f"    {'calibration error':<21} {report.reliability.ece}")
        say(f"    {'declined':<21} {report.declined.value:.2%}, of those fraud {report.right_declines}")
        say(f"    {'for a person':<21} {report.reviewed.value:.2%} of the rows")
        say(f"    {'saved':<21} {money.saved.value:,.0f} per 1,000, of {money.approve_all.value:,.0f} lost")
        rivals = [each for each in report.ranked[1:] if each.ahead is not None and each.ahead.value <= 0]
        for each in rivals:
            job.reporter.warn(f"the ensemble ranks no better than {each.name} alone on the test split")


def bounds_of(dataset: Dataset, head: str, chosen: Thresholds) -> Bounds:
    """The bounds that the head's thresholds say; `lambdas.transactions.verdict` reads them alike."""
    no, yes = dataset.classes[head]
    decline = chosen.by_class[yes]
    return Bounds(min(1.0 - chosen.by_class[no], decline), decline)


def truth_in(found: Predictions, fraud: Bools) -> Truth:
    """The truth, days and cards of the rows."""
    return truth_of(fraud, found.beside["time"], found.beside["card"])


def scores_of(found: Predictions, head: str, models: tuple[str, ...]) -> dict[str, Floats]:
    """What ranks the rows, by who says it."""
    scores: dict[str, Floats] = {STACK: found.logits[head][:, 1] - found.logits[head][:, 0]}
    scores |= {name: found.beside["scores"][:, k] for k, name in enumerate(models)}
    if "rules" in found.beside:
        scores[RULES] = found.beside["rules"]
    return scores


def _money(bounds: Bounds, probability: Floats, fraud: Bools, amounts: Floats, costs: FraudCosts) -> Money:
    policy = bounds.cost(probability, fraud, amounts, costs)
    nothing = costs.approving(fraud, amounts)
    seen = bounds.declined(probability) | bounds.reviewed(probability)
    lost = float(nothing.sum())
    return Money(
        policy=mean_interval(1000 * policy),
        approve_all=mean_interval(1000 * nothing),
        saved=mean_interval(1000 * (nothing - policy)),
        money_caught=float(nothing[seen].sum()) / lost if lost else 0.0,
        caught=wilson(int((seen & fraud).sum()), int(fraud.sum())),
    )
