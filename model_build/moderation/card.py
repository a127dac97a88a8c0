"""What the card of a moderation model says: how each policy is told, what is done with posts, what it is
worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from model_build.markdown import bullets, decimals, image, percent, percents, table
from model_build.moderation.card_plots import outcomes_plot, precision_recall_plot, worth_plot
from model_build.moderation.measures import Ranking
from model_build.moderation.report import PolicyReport, Report
from model_build.plots import inline, reliability_plot
from model_build.task import CardParts
from model_build.thresholds import NEVER

if TYPE_CHECKING:
    from model_build.card import Facts

FEW: Final = 50


def parts(facts: Facts) -> CardParts:
    """All of it, from the report and the scores on the test split."""
    report: Report = facts.report
    outputs = [part for each in report.policies for part in _policy(facts, each)]
    return CardParts(
        overview=_overview(report),
        outputs=[*outputs, *_outcomes(report)],
        worth=_worth(report),
        limits=_limits(report),
    )


def _overview(report: Report) -> list[str]:
    header = [
        "policy",
        "severity",
        "rows",
        "AUC",
        "average precision",
        "F1 at 0.5",
        "Brier",
        "calibration error",
    ]
    rows = [
        [
            each.policy,
            each.severity,
            f"{each.ranking.broken:,}",
            decimals(each.ranking.auc),
            decimals(each.ranking.average_precision),
            decimals(each.ranking.f1) if each.ranking.f1 else "-",
            decimals(each.ranking.brier) if each.ranking.brier else "-",
            decimals(each.reliability.ece),
        ]
        for each in report.policies
    ]
    text = (
        f"Measured on {report.rows:,} test rows that nothing was fitted to or chosen by; *rows* are "
        "those that "
        "break the policy. In brackets: 95 % intervals."
    )
    together = (
        f"{percents(report.removed)} of the posts are removed without a person, of those "
        f"{percents(report.wrong_removals)} break nothing; {percents(report.reviewed)} go to people; "
        f"{percents(report.missed)} of what breaks a policy is allowed."
    )
    lines = ["## In short", table(header, rows, numbers=2), text, together]
    if report.unlabelled:
        lines.append(
            f"The data has no labels of {', '.join(report.unlabelled)} (or too few): nothing is "
            "learned or measured "
            "of it. It is answered by what the packaged models say, nothing is removed for it, and "
            "people look "
            "at what they doubt."
        )
    return lines


def _policy(facts: Facts, each: PolicyReport) -> list[str]:
    removed = "never" if each.remove >= NEVER else f"from a probability of {each.remove:.3f}"
    lines = [
        f"Removed without a person {removed}: {percents(each.removed)} of the rows, of those "
        f"{percents(each.right_removals)} break it.",
        f"Looked at from {each.review:.3f}: {percents(each.reviewed)} of the rows.",
        f"Removed or looked at: {percents(each.caught)} of what breaks it.",
    ]
    if each.remove >= NEVER:
        lines[0] = (
            "Nothing is removed without a person: on the calibrate split no bound was surely precise enough."
        )
    shown = [
        f"## {each.policy}",
        bullets(lines),
        *_table("language", [spoken.ranking for spoken in each.languages]),
        *_spoken(each),
        *_table("what is seen alone", each.alone),
        *_table("others' models, on the same rows", each.peers),
    ]
    probability = facts.calibrated[each.policy].calibration.probabilities(facts.tested.logits[each.policy])[
        :, 1
    ]
    broken = facts.tested.labels[each.policy] == 1
    shown.append(
        image(f"{each.policy}: precision by recall", inline(precision_recall_plot(probability, broken, each)))
    )
    plot = reliability_plot(each.reliability, said="probability", came=f"share of {each.policy}")
    shown.append(image(f"{each.policy}: share by probability", inline(plot)))
    return shown


def _table(what: str, ranked: list[Ranking]) -> list[str]:
    if not ranked:
        return []
    rows = [
        [
            each.name,
            f"{each.rows:,}",
            f"{each.broken:,}",
            decimals(each.auc),
            decimals(each.average_precision),
        ]
        for each in ranked
    ]
    return [table([what, "rows", "break it", "AUC", "average precision"], rows)]


def _spoken(each: PolicyReport) -> list[str]:
    if not each.languages:
        return []
    rows = [
        [spoken.ranking.name, percents(spoken.caught), percents(spoken.disturbed)]
        for spoken in each.languages
    ]
    return [table(["language", "caught of what breaks it", "removed or looked at of the rest"], rows)]


def _outcomes(report: Report) -> list[str]:
    rows = [
        [each.truth, f"{each.allow:,}", f"{each.review:,}", f"{each.remove:,}"] for each in report.outcomes
    ]
    return [
        "## What is done with posts",
        table(["truth", "allow", "review", "remove"], rows),
        image("what is done, by what the post breaks", inline(outcomes_plot(report.outcomes))),
        "A post that breaks several policies counts under each.",
    ]


def _worth(report: Report) -> list[str]:
    assumed = report.assumptions
    rows = [
        [
            each.name,
            f"{each.looked_at:,.0f}",
            f"{each.missed:,.1f}",
            f"{each.wrongly_removed:,.1f}",
            f"{each.money:,.0f}",
        ]
        for each in report.ways
    ]
    header = ["1,000 posts", "looked at", "missed", "wrongly removed", assumed.currency]
    ours, everything, nobody = report.ways
    monthly = assumed.posts_a_month / 1000
    missed = ", ".join(f"{name} {cost:g}" for name, cost in assumed.missed.items())
    text = (
        f"Assumed in `params.yaml`: a look takes {assumed.review_minutes:g} minutes at "
        f"{assumed.cost_an_hour:g} "
        f"{assumed.currency} an hour and is right; a missed post costs by its severity {missed}; a fine post "
        f"that is removed costs {assumed.wrong_removal:g}. At {assumed.posts_a_month:,.0f} posts a "
        "month this "
        f"policy saves {(everything.money - ours.money) * monthly:,.0f} {assumed.currency} against "
        "looking at "
        f"everything, {(nobody.money - ours.money) * monthly:,.0f} against doing nothing."
    )
    return [
        "## What it is worth",
        table(header, rows),
        text,
        image("what 1,000 posts cost", inline(worth_plot(report.ways, assumed.currency))),
    ]


def _limits(report: Report) -> list[str]:
    few = [f"{each.policy} ({each.ranking.broken})" for each in report.policies if each.ranking.broken < FEW]
    lines = []
    if few:
        lines.append(
            f"Fewer than {FEW} test rows break these, so little can be said of them: {', '.join(few)}."
        )
    thin = [
        f"{spoken.ranking.name} ({each.policy}, {spoken.ranking.broken})"
        for each in report.policies
        for spoken in each.languages
        if spoken.ranking.broken < FEW
    ]
    if thin:
        lines.append(
            f"So few rows of these languages break the policy that the figures are rough: {', '.join(thin)}."
        )
    share = report.reviewed.value
    lines.append(
        f"People decide {percent(share)} of the posts here; the share moves with what is posted, not "
        "with the model."
    )
    return lines
