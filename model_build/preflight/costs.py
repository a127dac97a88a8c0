"""What a candidate's decisions cost, for the judge of its rollout: from the worth in its manifest."""

from __future__ import annotations

from lambdas.core.bundle import Manifest
from lambdas.rollout.judge_plan import ANY_OTHER, PAIR, Costs
from lambdas.value.worth import Worth, worth_of


def judge_costs(manifest: Manifest) -> Costs:
    """The costs in one unit, money; the judge's own defaults where the manifest says nothing.

    Raises BundleError when what it says is damaged.
    """
    worth = worth_of(manifest.settings)
    return Costs() if worth is None else of_worth(worth)


def of_worth(worth: Worth) -> Costs:
    """`worth` as a table by label and outcome; what depends on a feature counts as where it is not known."""
    missed: dict[str, float] = {}
    pairs: dict[str, float] = {}
    wrong: list[float] = []
    for outcome, labels in worth.wrong.items():
        for label, cost in labels.items():
            money = worth.money(cost)
            wrong.append(money)
            if ANY_OTHER not in {outcome, label}:
                pairs[f"{label}{PAIR}{outcome}"] = money
            elif label != ANY_OTHER:
                missed[label] = money
    usual = worth.wrong.get(ANY_OTHER, {}).get(ANY_OTHER)
    most = max([worth.money(usual)] if usual is not None else wrong, default=0.0)
    return Costs(
        review=worth.money(worth.review),
        wrong=most or Costs().wrong,
        missed=missed,
        pairs=pairs,
        outcomes=dict(worth.right),
    )
