"""The part of the model card about one output: its errors, its calibration, its sets, its thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from model_build.evaluation import ClassScore, Evaluation
from model_build.markdown import decimals, folded, image, percent, percents, table
from model_build.plots import MOST_CELLS, confusion_plot, inline, reliability_plot, trade_off_plot
from model_build.thresholds import NEVER

if TYPE_CHECKING:
    from model_build.card import Facts

FULL_TABLE: Final = 20
ENDS: Final = 10


def head_section(facts: Facts, head: str) -> list[str]:
    """Everything about the output `head`."""
    found = facts.report.heads[head]
    decides = "decides" if head == facts.dataset.heads[0] else "informs"
    return [
        f"## {head}: {len(found.evaluation.classes)} classes ({decides})",
        *_errors(found.evaluation),
        *_calibration(facts, head),
        *_sets(facts, head),
        *_policy(facts, head),
    ]


def _errors(figures: Evaluation) -> list[str]:
    rows = [
        ["this model", percents(figures.accuracy)],
        [f"always “{figures.majority_class}”", percents(figures.majority)],
    ]
    if figures.rules is not None:
        rows.append(["the rules that answer without a model", percents(figures.rules)])
    parts = [
        "### Errors",
        table(["", "accuracy"], rows),
        f"Macro F1 {decimals(figures.macro_f1)}, log-loss {decimals(figures.log_loss)} nats.",
    ]
    if figures.languages:
        spoken = [
            [each.name, f"{each.accuracy.n:,}", percents(each.accuracy), decimals(each.macro_f1)]
            for each in figures.languages
        ]
        parts.append(table(["language", "rows", "accuracy", "macro F1"], spoken))
    parts += _classes(figures)
    caption = "confusion matrix, shares of the true class"
    if len(figures.classes) > MOST_CELLS:
        caption = f"confusion matrix of the {MOST_CELLS} most confused classes, shares of the true class"
    names = [each.name for each in figures.classes]
    parts.append(image(caption, inline(confusion_plot(figures.confusion, names))))
    if len(names) > 2 and figures.top_confusions:
        confusions = [
            [each.true, each.predicted, str(each.count), percent(each.share)]
            for each in figures.top_confusions[:10]
        ]
        shown = table(["true", "predicted", "rows", "of the true class"], confusions, numbers=2)
        parts.append(folded("The most frequent confusions", shown))
    return parts


def _classes(figures: Evaluation) -> list[str]:
    """The classes: all when they are few, else the worst and the best and the rest folded away."""
    header = ["class", "rows", "precision", "recall", "F1"]
    if len(figures.classes) <= FULL_TABLE:
        return [table(header, map(_class_row, figures.classes))]
    ranked = sorted(figures.classes, key=lambda each: (each.f1.value, each.name))
    everything = table(header, map(_class_row, figures.classes))
    return [
        f"The {ENDS} classes with the lowest F1:",
        table(header, map(_class_row, ranked[:ENDS])),
        f"The {ENDS} with the highest:",
        table(header, map(_class_row, reversed(ranked[-ENDS:]))),
        folded(f"All {len(ranked)} classes", everything),
    ]


def _class_row(score: ClassScore) -> list[str]:
    return [
        score.name,
        f"{score.support:,}",
        percents(score.precision),
        percents(score.recall),
        decimals(score.f1),
    ]


def _calibration(facts: Facts, head: str) -> list[str]:
    fitted, found = facts.calibrated[head].calibration, facts.report.heads[head].reliability
    losses = ", ".join(f"{name} {loss:.3f}" for name, loss in fitted.log_losses.items())
    text = (
        f"Calibrated by {fitted.method} (temperature {fitted.temperature:.3f}, floor {fitted.floor:.3f}), "
        f"chosen by the log-loss on held-out folds of the calibrate split: {losses}. Expected calibration "
        f"error on the test split, in {len(found.bins)} bins of equal size: {percents(found.ece)}."
    )
    picture = image("accuracy against confidence on the test split", inline(reliability_plot(found)))
    return ["### Can the confidence be believed", text, picture]


def _sets(facts: Facts, head: str) -> list[str]:
    found, fitted = facts.report.heads[head].coverage, facts.calibrated[head].conformal
    total = max(sum(found.sizes), 1)
    sizes = ", ".join(
        f"{size}: {percent(count / total)}" for size, count in enumerate(found.sizes, start=1) if count
    )
    text = (
        "The prediction set holds the winner and every class with probability of at least "
        f"{fitted.threshold:.4f}. Promised: the true class is in it {percent(found.promised, 0)} of the "
        f"time, over all rows together; seen: {percents(found.overall)}. Classes in a set: "
        f"{decimals(found.mean_size, 2)} on average ({sizes})."
    )
    parts = ["### Prediction sets", text]
    if found.by_language:
        spoken = [[name, percents(share)] for name, share in found.by_language.items()]
        parts.append(table(["language", "coverage"], spoken))
    worst = sorted(found.by_class.items(), key=lambda item: (item[1].value, item[0]))
    if len(worst) <= FULL_TABLE:
        parts.append(
            table(["class", "coverage"], [[name, percents(share)] for name, share in found.by_class.items()])
        )
        return parts
    parts.append(
        f"The {ENDS} classes with the lowest coverage, which is promised for all classes together only:"
    )
    parts.append(table(["class", "coverage"], [[name, percents(share)] for name, share in worst[:ENDS]]))
    return parts


def _policy(facts: Facts, head: str) -> list[str]:
    found, chosen = facts.report.heads[head].policy, facts.thresholds[head]
    saved = table(
        ["policy", "cost of 1,000 decisions"],
        [
            ["this one", decimals(found.cost, 0)],
            ["always act", decimals(found.cost_always_act, 0)],
            ["always ask a person", f"{found.cost_always_review:.0f}"],
        ],
    )
    text = (
        "A decision is acted on when its confidence reaches the threshold of its class and its prediction "
        "set holds nothing else; otherwise a person decides. The thresholds cost least on the calibrate "
        f"split under the costs in `params.yaml`. On the test split {percents(found.acted)} are acted on "
        f"and {percents(found.acted_errors)} of those are wrong."
    )
    rows = [
        [name, "never" if limit >= NEVER else f"{limit:.3f}", percents(found.acted_by_class[name])]
        for name, limit in chosen.by_class.items()
    ]
    limits = table(["predicted class", "threshold", "acted on"], rows)
    if len(rows) > FULL_TABLE:
        limits = folded(f"The thresholds of {len(rows)} classes", limits)
    note = (
        f"{len(chosen.own)} of {len(rows)} classes had enough rows for a threshold of their own; the others "
        f"have the common one, {'never' if chosen.everywhere >= NEVER else f'{chosen.everywhere:.3f}'}."
    )
    probabilities = facts.calibrated[head].calibration.probabilities(facts.tested.logits[head])
    right = probabilities.argmax(axis=1) == facts.tested.labels[head]
    picture = image(
        "errors among the decisions acted on, by how many are acted on",
        inline(trade_off_plot(probabilities.max(axis=1), right)),
    )
    return ["### When it acts alone", text, saved, limits, note, picture]
