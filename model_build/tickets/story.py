"""What the card of a ticket model says beyond its figures."""

from __future__ import annotations

from model_build.card import Story


def story(encoder: str | None = None) -> Story:
    """The ticket model's story; `encoder` names the pretrained encoder it was trained with, if any."""
    text = (
        "Hashed words, word pairs and character n-grams of subject and body, each kind as TF-IDF of length "
        "1, beside hand-made features (length, punctuation, capitals, terms of the domain in English, "
        "Spanish and French, channel, tier). Every output is a linear model on all of it"
    )
    added = f", and on the embedding of the pretrained encoder `{encoder}`" if encoder else ""
    limits = [
        "It knows the words it was trained on. New products, new defects and new ways to write need new "
        "labels.",
        "The explanation lists words that moved this model's score. They are not causes.",
        "The coverage of the prediction sets is promised for all tickets together while they look like "
        "those of the calibrate split; it is not promised for each class, each language or next year.",
        "Whatever habits the people had who labelled the tickets, the model has too.",
    ]
    return Story(
        title="Model card: where a support ticket goes",
        what=f"{text}{added}. One ONNX graph holds it all; no row of the training data is in the bundle.",
        intended=[
            "routing customer-support tickets to a team, and saying how urgent they look, with a person "
            "behind it: what is unclear goes to review",
            "text in the languages and about the products of the training data",
        ],
        not_intended=[
            "judging customers or employees, or anything that is decided about a person",
            "tickets where a wrong queue can do harm that a person would notice only later, such as "
            "threats to life",
            "languages that the tables below do not list",
        ],
        limits=limits,
        synthetic=(
            "The tickets come from a seeded generator, with overlapping words, typos, mixed intents and "
            "wrong labels on purpose. The figures show that the machinery works; they say nothing about "
            "your tickets. Train on your own before anything depends on it."
        ),
    )
