"""The content model at training: text heads, heads on media, and the fusion that learned from rows they had
not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.content.policies import CHANNELS, MOST, POLICIES, Signals, no_signals
from lambdas.content.text.toxic import LABELS
from model_build.content.classifier import told_by
from model_build.content.fusion import FusionModel, fit_fusion
from model_build.content.media import Widths, seen_in, widths_of
from model_build.content.media_head import MediaHead
from model_build.content.media_learning import LearnedMedia, media_of
from model_build.content.packaged_text import PACKAGED, odds_in
from model_build.content.parameters import OURS, ContentParameters, Networks, read_content
from model_build.content.signals import RISKS, add_media, media_reader, risk_of, signals_of
from model_build.content.text_heads import (
    Crossed,
    Odds,
    Rows,
    as_odds,
    cross,
    fit_all,
    margins,
    odds_of,
    read_texts,
    rows_of,
)
from model_build.content.texts import PostReader, whole_texts
from model_build.dataset import Batch, Dataset
from model_build.errors import ParametersError
from model_build.fairness.reweigh import row_weights
from model_build.service import CandidateScores, Progress, quiet
from model_build.text import design
from model_build.text.choose import Measure
from model_build.text.choose import cross_validate as choose
from model_build.text.embedding import Candidate
from model_build.text.model import FittedText
from model_build.text.model import fit as fit_streaming

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

ALONE: Final[dict[str, tuple[str, ...]]] = {
    "the text": ("text",),
    "the image and its text": ("image", "image_text"),
    "the sound and its words": ("audio", "audio_text"),
}
"""Which channels a kind of thing is seen by."""


def _auc(scores: Floats, labels: Ints) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores[:, 1] - scores[:, 0])) if len(np.unique(labels)) == 2 else 0.5


AUC: Final = Measure("AUC", _auc)


@dataclass(frozen=True)
class FittedContent:
    """A fitted model on the training side: `logits` is the reference that the exported graphs must reproduce.

    `media` are the heads trained on the user's own media, by kind; `widths` says how `Batch.history` is
    laid out; `networks` are those of others that it was trained beside, and `told` the labels that its text
    classifier tells.
    """

    text: FittedText
    fusion: FusionModel
    media: Mapping[str, MediaHead]
    widths: Widths
    networks: Networks = OURS
    told: tuple[str, ...] = LABELS

    @property
    def sources(self) -> dict[str, str | None]:
        """Where the text signal of each policy comes from: "trained", "packaged", or None."""
        return {
            policy: "trained"
            if policy in self.text.heads
            else "packaged"
            if PACKAGED.get(policy) in self.told
            else None
            for policy in POLICIES
        }

    def signals(self, batch: Batch) -> Signals:
        """What each channel says, [rows, policies, channels]."""
        return signals_of(batch, self.read_texts, seen_in(batch, self.widths), media_reader(self.media))

    def logits(self, batch: Batch) -> dict[str, Floats]:
        """Each labelled policy's uncalibrated scores, [rows, 2]."""
        return self.fused(self.signals(batch))

    def fused(self, signals: Signals) -> dict[str, Floats]:
        """The same of signals."""
        odds = self.fusion.logits(signals)
        return {
            policy: np.stack([np.zeros(len(odds)), odds[:, POLICIES.index(policy)]], axis=1)
            for policy in self.text.heads
        }

    def outputs(self, batch: Batch) -> Mapping[str, Floats]:
        """Nothing else."""
        return {}

    def read_texts(self, texts: Sequence[str]) -> Floats:
        """The log-odds of each policy, [texts, policies], NaN where no text model speaks of it."""
        made = np.full((len(texts), len(POLICIES)), np.nan)
        read = read_texts(texts, self.text.reader, self.text.loaded_encoder())  # type: ignore[arg-type]
        trained = margins(self.text, read)
        for k, policy in enumerate(self.text.heads):
            made[:, POLICIES.index(policy)] = trained[:, k]
        for policy, said in odds_in(read.inputs.features).items():
            if self.sources[policy] == "packaged":
                made[:, POLICIES.index(policy)] = np.where(read.blank, np.nan, said)
        held: Floats = np.clip(made, -MOST, MOST)
        return held


def cross_validate(
    dataset: Dataset, model: Mapping[str, Any], build: Path, progress: Progress = quiet
) -> CandidateScores:
    """Choose the regularisation, and what the embedding counts, by the mean AUC of the policies."""
    parameters = read_content(model)
    reader = PostReader(build, parameters.networks)
    return choose(dataset, parameters.raw_text, reader, progress, heads=dataset.heads, measure=AUC)


def fit(
    dataset: Dataset,
    model: Mapping[str, Any],
    chosen: CandidateScores,
    build: Path,
    progress: Progress = quiet,
) -> FittedContent:
    """Text heads, media heads and the fusion on the train split."""
    parameters = read_content(model)
    candidate = Candidate(**chosen.parameters)
    reader = PostReader(build, parameters.networks)
    batches = list(design.sample(dataset, parameters.rows_for_fusion))
    rows = rows_of(batches, dataset.heads, reader, _encoder(parameters))
    if parameters.reweigh:
        rows = rows._replace(counted=_counted(batches, rows, dataset))
    crossed = cross(rows, dataset, parameters.text, candidate, progress)
    if dataset.split_rows["train"] <= len(rows.folds):
        text = fit_all(rows, dataset, parameters.text, candidate)
    else:
        text = fit_streaming(dataset, parameters.raw_text, chosen, reader, progress)
    odds = {
        head: odds_of(crossed.whole[:, k], rows.labels[head] == 1) for k, head in enumerate(dataset.heads)
    }
    widths = widths_of(dataset)
    learned = media_of(batches, rows, widths, dataset.folds, parameters.media)
    signals, known = unseen_signals(batches, rows, crossed, odds, learned, dataset)
    labels = {head: own[known] for head, own in rows.labels.items()}
    fusion = fit_fusion(signals[known], labels, parameters.fusion, seed=dataset.seed)
    heads = {kind: each.head for kind, each in learned.items() if each.head is not None}
    told = told_by(parameters.networks, build)
    return FittedContent(as_odds(text, odds), fusion, heads, widths, parameters.networks, told)


def _counted(batches: Sequence[Batch], rows: Rows, dataset: Dataset) -> dict[str, Floats]:
    """What each row counts for each head, so that whom its text names tells nothing of its label.

    Raises ParametersError where the heads would learn from more rows than are weighed.
    """
    if dataset.split_rows["train"] > len(rows.folds):
        raise ParametersError(
            f"reweighing weighs {len(rows.folds):,} rows, and {dataset.split_rows['train']:,} train: raise "
            "model.rows_for_fusion"
        )
    texts = [text for batch in batches for text in whole_texts(batch)]
    return {head: row_weights(texts, labels) for head, labels in rows.labels.items()}


def unseen_signals(
    batches: Sequence[Batch],
    rows: Rows,
    crossed: Crossed,
    odds: Mapping[str, Odds],
    media: Mapping[str, LearnedMedia],
    dataset: Dataset,
) -> tuple[Signals, npt.NDArray[np.bool_]]:
    """The signals of train rows, [rows, policies, channels], by models that had not seen the row, and which
    rows have such."""
    signals = no_signals(len(rows.folds))
    for channel, scores in crossed.channels.items():
        for k, head in enumerate(dataset.heads):
            by, shift = odds[head]
            signals[:, POLICIES.index(head), CHANNELS.index(channel)] = by * scores[:, k] + shift
    for kind in RISKS:
        add_media(signals, kind, np.concatenate([risk_of(batch, kind) for batch in batches]))
        if kind in media:
            add_media(signals, kind, media[kind].unseen)
    held_out = np.isin(rows.folds, [fold.validate for fold in dataset.folds])
    unread = rows.spoken & np.isnan(crossed.whole).any(axis=1)
    return np.clip(signals, -MOST, MOST), held_out & ~unread


def _encoder(parameters: ContentParameters) -> Any:
    if parameters.text.encoder is None:
        return None
    from model_build.encoders.base import shared

    return shared(parameters.text.encoder)
