"""What the card of such a model says: how it ranks, what it is worth, whether it can be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from model_build.detection.bounds import Floats
from model_build.detection.card_plots import money_by_threshold_plot, precision_plot
from model_build.detection.measures import Ranked
from model_build.detection.task import Report, scores_of
from model_build.markdown import bullets, decimals, image, percent, percents, table
from model_build.plots import inline, reliability_plot
from model_build.task import CardParts
from model_build.thresholds import NEVER

if TYPE_CHECKING:
    from model_build.card import Facts

FEW_FRAUDS: Final = 100


def parts(facts: Facts, models: tuple[str, ...]) -> CardParts:
    """All of it, from the report and the scores on the test split."""
    report: Report = facts.report
    return CardParts(
        overview=_overview(report),
        outputs=[*_ranking(facts, report, models), *_belief(facts, report)],
        worth=_worth(facts, report, models),
        limits=_limits(report),
    )


def _overview(report: Report) -> list[str]:
    k = report.costs.alerts_a_day
    ceiling = min(1.0, report.frauds / max(min(k * report.days, report.rows), 1))
    text = (
        f"Measured on {report.rows:,} test rows of {report.days} days, {report.frauds:,} of them fraud, that "
        "nothing was fitted to or chosen by. In brackets: 95 % intervals, from resampled cards (days for "
        "the figures by day). *Ahead* is how much higher the ensemble's average precision is than that "
        f"model's, on the same resampled cards. The best that {k} alerts a day could do here is a precision "
        f"of {percent(ceiling)}: there are only so many frauds."
    )
    return ["## In short", _ranked(report.ranked, k), text]


def _ranked(ranked: list[Ranked], k: int) -> str:
    header = ["", "average precision", "AUC-ROC", f"precision, top {k} a day", "frauds among them", "ahead"]
    rows = [
        [
            each.name,
            decimals(each.average_precision),
            decimals(each.auc),
            percents(each.precision_at_k),
            percents(each.caught_at_k),
            "" if each.ahead is None else decimals(each.ahead),
        ]
        for each in ranked
    ]
    return table(header, rows)


def _ranking(facts: Facts, report: Report, models: tuple[str, ...]) -> list[str]:
    head = facts.dataset.heads[0]
    fraud = facts.tested.labels[head] == 1
    curves = scores_of(facts.tested, head, models)
    meta = facts.chosen.parameters.get("weights", [])
    weighed = ", ".join(f"{name} {weight:.2f}" for name, weight in zip(models, meta, strict=False))
    behind = [each.name for each in report.ranked[1:] if each.ahead is not None and each.ahead.value <= 0]
    verdict = (
        f"On this test split {', '.join(behind)} alone ranks as well or better."
        if behind
        else "On this test split it is ahead of each model and of the rules."
    )
    return [
        "## Which transactions come first",
        f"The meta-model weighs the models' logits: {weighed}. {verdict}",
        image("precision by recall", inline(precision_plot(curves, fraud))),
    ]


def _belief(facts: Facts, report: Report) -> list[str]:
    fitted = facts.calibrated[facts.dataset.heads[0]].calibration
    text = (
        f"Calibrated by {fitted.method} on a split of its own, folded into the meta-model. Expected "
        "calibration error of the probability of fraud, in bins that expect equally many frauds: "
        f"{report.reliability.ece.value:.4f} ({report.reliability.ece.low:.4f} to "
        f"{report.reliability.ece.high:.4f})."
    )
    picture = image(
        "share of fraud by probability on the test split",
        inline(reliability_plot(report.reliability, said="probability of fraud", came="share of fraud")),
    )
    return ["## Can the probability be believed", text, picture]


def _worth(facts: Facts, report: Report, models: tuple[str, ...]) -> list[str]:
    head, costs, money = facts.dataset.heads[0], report.costs, report.money
    decline = "never" if report.decline >= NEVER else f"{report.decline:.3f}"
    lines = [
        f"Approved up to a probability of {max(report.approve, 0.0):.4f}, declined from {decline}; people "
        "look at what lies between.",
        f"{percents(report.declined)} of the transactions are declined, {percents(report.right_declines)} of "
        f"those are fraud; {percents(report.false_declines)} of the legitimate ones are declined.",
        f"{percents(report.reviewed)} go to a person.",
        f"{percents(money.caught)} of the frauds and {percent(money.money_caught)} of the fraudulent money "
        "are declined or seen by a person.",
    ]
    missed = "its amount" if costs.missed_by_amount else f"{costs.missed:g}"
    assumed = (
        f"Assumed in `params.yaml`: a false alarm costs {costs.false_alarm:g}, a missed fraud {missed}, a "
        f"review {costs.review:g}; at most {percent(costs.most_review_share)} of the transactions can be "
        "looked at. The bounds cost least on the calibrate split."
    )
    ways = [
        ["approve everything", decimals(money.approve_all, 0)],
        ["this policy", decimals(money.policy, 0)],
        ["saved", decimals(money.saved, 0)],
    ]
    probability = facts.calibrated[head].calibration.probabilities(facts.tested.logits[head])[:, 1]
    fraud = facts.tested.labels[head] == 1
    plot = money_by_threshold_plot(
        {"the ensemble": probability, **_ranks(facts, models)}, fraud, facts.tested.beside["amount"], costs
    )
    return [
        "## What it is worth",
        bullets(lines),
        table(["1,000 transactions", "cost"], ways),
        assumed,
        image("money saved by how many transactions are declined", inline(plot)),
        "The picture declines whatever is above a single threshold, with nobody to look at anything.",
    ]


def _ranks(facts: Facts, models: tuple[str, ...]) -> dict[str, Floats]:
    found = scores_of(facts.tested, facts.dataset.heads[0], models)
    return dict(list(found.items())[1:])


def _limits(report: Report) -> list[str]:
    lines = [
        "Frauds come in episodes, so there are fewer independent cases than rows; the intervals resample "
        "whole cards for that reason.",
    ]
    if report.frauds < FEW_FRAUDS:
        lines.append(f"Only {report.frauds} test rows are fraud: the intervals are wide, believe them.")
    return lines
