"""What the card of the fraud model says beyond its figures."""

from __future__ import annotations

from model_build.card import Story


def story() -> Story:
    """The fraud model's story."""
    return Story(
        title="Model card: how likely a card transaction is fraud",
        what=(
            "XGBoost, LightGBM, a small neural network and an isolation forest under a logistic regression "
            "that weighs their logits, calibrated, in one ONNX graph. Its features are what the card did "
            "before: amounts and their spread, counts within 1 and 24 hours and 30 days, new merchants and "
            "categories, distance from home and from the last place, speed, odd hours, and the risk that "
            "labels taught about the terminal and the category. They are folded event by event, in "
            "training by the code that serves; docs/transactions.md explains each. The meta-model learned "
            "from scores of windows of time that its models had not seen. No card, merchant or row of the "
            "training data is in the bundle but in numbers: 31 rows of features to explain against, and "
            "the scores of the newest test rows to judge later candidates by."
        ),
        intended=[
            "saying within milliseconds which card transactions to approve, which to decline and which a "
            "fraud analyst should see",
            "cards whose transactions all pass through here: the features are the card's own history",
        ],
        not_intended=[
            "judging people: no feature is about the holder, and none should be added without a look at "
            "whom it treats worse",
            "money laundering, credit risk, merchant fraud",
            "a decision that the holder cannot have reversed",
        ],
        limits=[
            "A label is what was reported. Fraud that nobody noticed counts as legitimate, in training and "
            "in these figures.",
            "Fraudsters adapt. The figures are those of the weeks after training; watch them, and train "
            "again.",
            "Declined transactions never show whether they were fraud: review some of them.",
            "The first transactions of a card have little history: expect more misses and more alarms.",
            "Times are UTC. Oddness of the hour is about the card's own hours, so the zone hardly matters, "
            "but a holder who travels looks odd.",
        ],
        synthetic=(
            "The stream comes from a seeded generator with five kinds of fraud and with holders who "
            "travel, buy big and shop in bursts. The figures show that the machinery works; they say "
            "nothing about your fraud. Train on your own before anything depends on it."
        ),
    )
