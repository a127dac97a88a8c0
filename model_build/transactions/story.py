"""What the card of the fraud model says beyond its figures."""

from __future__ import annotations

from typing import Final

from model_build.card import Story

FEATURES: Final = {
    "log_amount": "the amount",
    "mean_amount_30d, amount_ratio, amount_z": "the card's mean over 30 days, the amount by it, and the "
    "amount in the card's own standard deviations",
    "amount_trend": "how the card's latest amounts stand to its usual ones",
    "count_1h, count_24h, count_30d, sum_24h": "the card's transactions within 1 hour, 24 hours and 30 days, "
    "and their sum",
    "log_since_last": "the time since the card's last one",
    "merchants_7d, new_merchant": "different merchants within 7 days; the card's first time at this one",
    "new_category, category_share": "the first time in this category; its share of the card's transactions",
    "category_risk": "the share of fraud in the category, from the train part",
    "home_km, moved_km, speed_kmh": "distance from home, from the last place, and the speed that it takes",
    "hour_oddness, hour_sin, hour_cos, weekend": "how seldom the card is used at this hour; the time",
    "terminal_risk_2d, terminal_risk_7d, terminal_risk_28d, terminal_labels": (
        "the share of fraud among the merchant's labels that are known by then, fading at three speeds, and "
        "how many they are"
    ),
    "card_age_days, log_events": "how long the card is known, and how many transactions it has had",
}


def story() -> Story:
    """The fraud model's story."""
    return Story(
        title="Model card: how likely a card transaction is fraud",
        what=(
            "XGBoost, LightGBM, a small neural network and an isolation forest under a logistic regression "
            "that weighs their logits, calibrated, in one ONNX graph. Its features are what the card did "
            "before, folded event by event by the code that serves. The meta-model learned "
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
        features=FEATURES,
        synthetic=(
            "The stream comes from a seeded generator with five kinds of fraud and with holders who "
            "travel, buy big and shop in bursts. The figures show that the machinery works; they say "
            "nothing about your fraud. Train on your own before anything depends on it."
        ),
    )
