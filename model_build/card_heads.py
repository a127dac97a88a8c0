"""What the card of a classification says: each output's errors, calibration, sets and thresholds, and what
the model is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from model_build.evaluation import ClassScore, Evaluation
from model_build.markdown import bullets, decimals, folded, image, percent, percents, table
from model_build.plots import MOST_CELLS, confusion_plot, inline, money_plot, reliability_plot, trade_off_plot
from model_build.task import CardParts
from model_build.thresholds import NEVER

if TYPE_CHECKING:
    from model_build.business import Impact
    from model_build.card import Facts

FULL_TABLE: Final = 20
ENDS: Final = 10


def parts(facts: Facts) -> CardParts:
    """What a card of a classification says."""
    outputs = [part for head in facts.dataset.heads for part in head_section(facts, head)]
    return CardParts(_overview(facts), outputs, _business(facts), _rare(facts))


def _overview(facts: Facts) -> list[str]:
    rows = []
    for head, found in facts.report.heads.items():
        figures = found.evaluation
        rows.append(
            [
                head,
                str(len(figures.classes)),
                percents(figures.accuracy),
                decimals(figures.macro_f1),
                percents(found.reliability.ece),
                percents(found.coverage.overall),
                percents(found.policy.acted),
                percents(found.policy.acted_errors),
            ]
        )
    header = [
        "output",
        "classes",
        "accuracy",
        "macro F1",
        "calibration error",
        "coverage",
        "acted on",
        "wrong of those",
    ]
    text = (
        f"Measured on {facts.report.rows:,} test rows that nothing was fitted to or chosen by. In brackets: "
        "95 % intervals. *Coverage* is how often the prediction set holds the true class "
        f"({percent(next(iter(facts.report.heads.values())).coverage.promised, 0)} is promised); *acted on* "
        "is what the model decides without a person."
    )
    together = (
        f"{percents(facts.report.acted)} of the rows need no person, which {facts.dataset.heads[0]} "
        f"decides; of those {percents(facts.report.acted_errors)} have a wrong {facts.dataset.heads[0]}."
    )
    return ["## In short", table(header, rows), text, together]


def _rare(facts: Facts) -> list[str]:
    rare = [
        f"{score.name} ({score.support})"
        for found in facts.report.heads.values()
        for score in found.evaluation.classes
        if score.support < 30
    ]
    if rare:
        listed = ", ".join(rare[:10]) + (f" and {len(rare) - 10} more" if len(rare) > 10 else "")
        return [f"Fewer than 30 test rows, so little can be said about: {listed}."]
    return []


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
    if fitted is None:  # a classification always has sets; the type allows for other tasks
        return []
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


def _business(facts: Facts) -> list[str]:
    found = facts.report.impact
    money, assumed = found.assumptions.currency, found.assumptions
    ways = [found.manual, found.majority, found.model]
    rows = [[way.name, f"{way.minutes:,.0f}", f"{way.misrouted:,.0f}", f"{way.money:,.0f}"] for way in ways]
    names = {
        "tickets_a_month": "tickets a month",
        "route_minutes": "minutes to route a ticket by hand",
        "review_minutes": "minutes to review the model's proposal",
        "misroute_minutes": "minutes lost on a misrouted ticket",
        "misroute_money": f"{money} lost on a misrouted ticket besides",
        "manual_error_share": "share that a person routes wrongly",
        "cost_an_hour": f"{money} an hour of a person",
        "build_money": f"{money} to build it",
        "run_money_a_month": f"{money} a month to run it",
    }
    assumptions = [[text, f"{getattr(assumed, name):,g}"] for name, text in names.items()]
    return [
        "## What it is worth",
        "The model's shares are measured on the test split; everything else is an **assumption** from the "
        "section `business` of `params.yaml`. Put your own figures there.",
        table(["1,000 tickets", "minutes of people", "misrouted", money], rows),
        image("what 1,000 tickets cost, by way of routing", inline(money_plot(ways, money))),
        bullets(_worth(found, money)),
        folded("The assumptions", table(["assumption", "value"], assumptions)),
    ]


def _worth(found: Impact, money: str) -> list[str]:
    months = found.break_even_months
    return [
        f"Against routing by hand: {found.minutes_saved:,.0f} minutes and {found.money_saved:,.0f} {money} "
        "saved per 1,000 tickets.",
        f"Against the majority rule: {found.minutes_saved_over_majority:,.0f} minutes and "
        f"{found.money_saved_over_majority:,.0f} {money} saved per 1,000 tickets.",
        f"{found.money_saved_a_month:,.0f} {money} saved a month; "
        + (f"break-even after {months:.1f} months." if months is not None else "it never breaks even."),
        f"Return on investment over two years: {percent(found.roi, 0)}.",
    ]
