"""`python -m benchmarks.moderation`: how good the content service's text model is, through the train command.

The public sets of shared/data are split once; the train parts go through `model_build train content` as a
user's own CSV does. On the same test parts, in the same run: the peers that come as packages, a plain
TF-IDF with logistic regression trained on the same rows, and the model that a fresh machine has, trained on
synthetic posts.
HateCheck and the identity templates are never trained on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.pipeline import make_pipeline

from benchmarks import moderation_data as data
from benchmarks.moderation_data import Post
from benchmarks.table import Table
from lambdas.content.fusion import Fusion
from lambdas.content.model import Folders
from lambdas.content.policies import CHANNELS, POLICIES, no_signals
from lambdas.content.text.model import TextModel
from lambdas.content.text.toxic import ToxicEnglish
from lambdas.core.assets import Assets, assets_of
from model_build.bundle import find_bundle, read_bundle
from model_build.content.pretrained import Left
from model_build.pretrained.base import make

ROOT: Final = Path(__file__).resolve().parent.parent
Floats = npt.NDArray[np.floating[Any]]
Scorer = Callable[[Sequence[str]], Floats]
OURS, SYNTHETIC, PLAIN = "ours", "ours, synthetic data only", "TF-IDF"
TOXIC, PROFANITY = "toxic-comment-classifier", "alt-profanity-check"
RESAMPLES: Final = 1000
AT_ONCE: Final = 256


def run() -> None:
    """Train, score, print the table and save it."""
    if not data.there():
        print(f"moderation: {data.DATA} is not there, so there is nothing to measure on")
        return
    table = Table("moderation", "python -m benchmarks.moderation")
    parts = {name: data.split(posts) for name, posts in data.sets().items()}
    with tempfile.TemporaryDirectory() as folder:
        scorers, took = _scorers(Path(folder), parts)
        _on_sets(table, parts, scorers)
        _on_hatecheck(table, scorers)
        _on_templates(table, scorers)
    rows = sum(len(train) for train, _ in parts.values())
    table.notes += [
        f"Trained on the train parts of all sets together, {rows:,} posts in three languages, in {took:.0f} "
        "s. AUC with 95 % intervals from resampled test rows; F1 of the toxic class at a probability of 0.5.",
        f"The peers are English: {TOXIC} 0.3.0 and {PROFANITY} 1.9.1, as their packages have them. What is "
        "toxic differs from set to set (benchmarks/moderation_data.py). HateCheck asks for hate, less "
        "than toxicity: a model of toxicity is not meant to pass it, and nothing was tuned on it.",
        f"{PROFANITY} was itself trained on davidson's tweets (its package's README), so its figure there is "
        "not of unseen posts.",
    ]
    table.save()


def _scorers(
    folder: Path, parts: Mapping[str, tuple[list[Post], list[Post]]]
) -> tuple[dict[str, Scorer], float]:
    train = [post for part, _ in parts.values() for post in part]
    test = [post for _, part in parts.values() for post in part]
    data.write(train, folder / "train.csv")
    data.write(test, folder / "test.csv")
    options = ["--csv", str(folder / "train.csv"), "--test-csv", str(folder / "test.csv"), "--text", "text"]
    started = time.monotonic()
    ours = _trained(folder / "own", [*options, "--label", "toxicity", "--language", "language"])
    took = time.monotonic() - started
    plain = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2), LogisticRegression(max_iter=1000)
    ).fit([post.text for post in train], [post.toxic for post in train])
    english = ToxicEnglish(make("toxic-en", ROOT / "build" / "pretrained").folder)
    found: dict[str, Scorer] = {
        OURS: ours,
        SYNTHETIC: _trained(folder / "synthetic", []),
        PLAIN: lambda texts: plain.predict_proba(list(texts))[:, 1],
        TOXIC: lambda texts: _sigmoid(english.log_odds(texts)[:, 0]),
        PROFANITY: _profanity,
    }
    return found, took


def _trained(build: Path, options: Sequence[str]) -> Scorer:
    """The probability of toxicity by a bundle that was just trained, as it is served."""
    command = [
        sys.executable, "-m", "model_build", "train", "content", *options, "--build-dir", str(build),
        "--no-tracking",
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    folder = find_bundle(build / "content" / "bundles", "content")
    settings, assets = (
        read_bundle(folder, "content").settings,
        Assets("content", Left(build), build / "opened"),
    )
    model, fusion = TextModel(folder, settings, Folders(folder, assets_of(settings), assets)), Fusion(folder)

    def score(texts: Sequence[str]) -> Floats:
        made = []
        for start in range(0, len(texts), AT_ONCE):
            some = texts[start : start + AT_ONCE]
            signals = no_signals(len(some))
            signals[:, :, CHANNELS.index("text")] = model.read(some).signals
            made.append(fusion.probabilities(signals)[:, POLICIES.index("toxicity")])
        return np.concatenate(made)

    return score


def _profanity(texts: Sequence[str]) -> Floats:
    from profanity_check import predict_prob

    found: Floats = predict_prob(list(texts))
    return found


def _sigmoid(values: Floats) -> Floats:
    shares: Floats = 1.0 / (1.0 + np.exp(-values.astype(np.float64)))
    return shares


def _on_sets(
    table: Table, parts: Mapping[str, tuple[list[Post], list[Post]]], scorers: Mapping[str, Scorer]
) -> None:
    for name, (_, test) in parts.items():
        texts, toxic = [post.text for post in test], np.array([post.toxic for post in test])
        scores = {who: score(texts) for who, score in scorers.items()}
        aucs = {who: float(roc_auc_score(toxic, found)) for who, found in scores.items()}
        low, high = _interval(toxic, scores[OURS])
        others = [who for who in scorers if who != OURS]
        table.add(
            f"{name} ({len(test):,} test posts): AUC",
            f"{aucs[OURS]:.3f} ({low:.3f} to {high:.3f})",
            against=", ".join(f"{who} {aucs[who]:.3f}" for who in others),
            asked="none is above",
            reached=all(aucs[OURS] >= aucs[who] for who in others),
        )
        f1 = {who: float(f1_score(toxic, found >= 0.5)) for who, found in scores.items()}
        table.add(
            f"{name}: F1 of toxic",
            f"{f1[OURS]:.3f}",
            against=", ".join(f"{who} {f1[who]:.3f}" for who in others),
        )


def _interval(labels: npt.NDArray[np.bool_], scores: Floats) -> tuple[float, float]:
    random = np.random.default_rng(0)
    found = []
    for _ in range(RESAMPLES):
        rows = random.integers(0, len(labels), len(labels))
        if labels[rows].any() and not labels[rows].all():
            found.append(roc_auc_score(labels[rows], scores[rows]))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _on_hatecheck(table: Table, scorers: Mapping[str, Scorer]) -> None:
    """Accuracy at 0.5 by functionality and by group, and the AUC over all."""
    cases = data.hatecheck()
    hateful = np.array([case.hateful for case in cases])
    scores = {who: score([case.text for case in cases]) for who, score in scorers.items()}
    others = [who for who in scorers if who != OURS]
    auc = {who: float(roc_auc_score(hateful, found)) for who, found in scores.items()}
    table.add(
        "HateCheck, all 3,728: AUC",
        f"{auc[OURS]:.3f}",
        against=", ".join(f"{who} {auc[who]:.3f}" for who in others),
    )
    right = {who: (found >= 0.5) == hateful for who, found in scores.items()}
    for title, key in (
        ("functionality", [case.functionality for case in cases]),
        ("group", [case.group for case in cases]),
    ):
        places: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(key):
            places[name].append(place)
        for name, rows in sorted(places.items()):
            wanted = (
                "hateful" if hateful[rows].all() else "not hateful" if not hateful[rows].any() else "both"
            )
            table.add(
                f"HateCheck {title} {name} ({len(rows)}, {wanted}): accuracy",
                f"{right[OURS][rows].mean():.2f}",
                against=", ".join(f"{who} {right[who][rows].mean():.2f}" for who in others),
            )


def _on_templates(table: Table, scorers: Mapping[str, Scorer]) -> None:
    """Every fifth identity template: how well they are told apart."""
    chosen = data.madlibs()[::5]
    bad = np.array([label for _, label in chosen])
    scores = {who: score([text for text, _ in chosen]) for who, score in scorers.items()}
    auc = {who: float(roc_auc_score(bad, found)) for who, found in scores.items()}
    table.add(
        f"bias_madlibs, {len(chosen):,} identity templates: AUC",
        f"{auc[OURS]:.3f}",
        against=", ".join(f"{who} {auc[who]:.3f}" for who in scorers if who != OURS),
    )


if __name__ == "__main__":
    run()
