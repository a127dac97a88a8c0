"""Fits the ensemble: the meta-model on predictions for windows of time that their models had not reached,
then the four models on the whole train split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from model_build.assign import scatter
from model_build.dataset import Batch, Dataset, Ints
from model_build.detection.measures import areas, curve
from model_build.service import CandidateScores, Progress, quiet
from model_build.transactions.graph import Meta
from model_build.transactions.members import (
    MODELS,
    Floats,
    Matrix,
    Members,
    ModelParameters,
    clipped,
    fit_members,
    read_parameters,
)
from model_build.transactions.meta import Belief, fit_meta
from model_build.transactions.replay import HEAD

LEAST_FRAUDS: Final = 5
"""With fewer frauds before or in a window nothing can be learned from it."""

NEAR: Final = 0.99
"""A candidate is near the best one with this share of its average precision."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Design:
    """The train rows in memory; `weights` make up for legitimate rows that were left out."""

    features: Matrix
    fraud: Bools
    times: Ints
    folds: Ints
    weights: Floats

    def where(self, chosen: Bools) -> Design:
        """The chosen rows."""
        return Design(
            self.features[chosen],
            self.fraud[chosen],
            self.times[chosen],
            self.folds[chosen],
            self.weights[chosen],
        )


@dataclass(frozen=True)
class FittedEnsemble:
    """A fitted ensemble on the training side, by the libraries themselves: what the graph must reproduce."""

    members: Members
    meta: Meta
    _last: list[tuple[Batch, Floats]] = field(default_factory=list, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_last": []}

    def logits(self, batch: Batch) -> dict[str, Floats]:
        """The head's uncalibrated logits, [rows, 2]: 0, and that of fraud."""
        fraud = clipped(self.raw(batch)) @ self.meta.weights + self.meta.bias
        return {HEAD: np.stack([np.zeros_like(fraud), fraud], axis=1)}

    def outputs(self, batch: Batch) -> Mapping[str, Floats]:
        """Each model's score, [rows, 4]."""
        return {"scores": 1.0 / (1.0 + np.exp(-self.raw(batch)))}

    def raw(self, batch: Batch) -> Floats:
        """Each model's logit, [rows, 4]; those of the batch asked last are kept."""
        if not self._last or self._last[0][0] is not batch:
            self._last[:] = [(batch, self.members.logits(features_of(batch)))]
        return self._last[0][1]


def features_of(batch: Batch) -> Matrix:
    """The features that the replay gave the rows of `batch`."""
    if batch.history is None:
        raise ValueError("the batch comes from a dataset without history")
    return batch.history


def load_design(dataset: Dataset, most: int) -> Design:
    """The train split in memory, in the order of time. Above `most` rows legitimate ones are sampled by a
    hash of their number, and weigh as much more."""
    rows = dataset.split_rows["train"]
    keep = min(1.0, most / max(rows, 1))
    parts: list[Design] = []
    for batch in dataset.batches("train"):
        fraud = batch.labels[HEAD] == dataset.classes[HEAD].index(HEAD)
        drawn = scatter(batch.rows.astype(np.uint64), dataset.seed + 31) / 2.0**64
        times = np.zeros(len(batch), dtype=np.int64) if batch.times is None else batch.times
        weights = np.where(fraud, 1.0, 1.0 / keep)
        whole = Design(features_of(batch), fraud, times, batch.folds, weights)
        parts.append(whole.where(fraud | (drawn < keep)) if keep < 1.0 else whole)
    design = Design(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("features", "fraud", "times", "folds", "weights")
        )
    )
    order = np.lexsort((design.features[:, 0], design.times))
    return Design(
        design.features[order], design.fraud[order], design.times[order], design.folds[order],
        design.weights[order],
    )  # fmt: skip


def cross_validate(dataset: Dataset, model: Mapping[str, Any], progress: Progress = quiet) -> CandidateScores:
    """Average precision of each model and of each candidate meta-model over windows of time.

    A window is scored by models that were fitted on what came before it, less the label delay; a candidate
    meta-model is fitted on the other windows' scores. Of the candidates that come near the best the one
    that leaves the least to the data is chosen, and fitted on all windows: the models of early windows saw
    less than the final ones, so what they tell about whom to believe is not quite true of those.
    """
    parameters = read_parameters(model)
    design = load_design(dataset, parameters.rows_in_memory)
    rounds = []
    for number, fold in enumerate(dataset.folds):
        window = design.folds == fold.validate
        if window.any():
            before = np.isin(design.folds, fold.train)
            before &= design.times <= design.times[window].min() - dataset.label_delay_ms
            if min(design.fraud[before].sum(), design.fraud[window].sum()) >= LEAST_FRAUDS:
                fitted = _members(design.where(before), parameters, dataset.seed)
                rounds.append((design.where(window), fitted.logits(design.features[window])))
        progress(number + 1, len(dataset.folds))
    candidates: dict[str, list[float]] = {name: [] for name in MODELS}
    for window_rows, logits in rounds:
        for k, name in enumerate(MODELS):
            candidates[name].append(_precision(logits[:, k], window_rows))
    beliefs = [Belief(r, i) for r in parameters.meta_ridges for i in parameters.meta_isolation]
    for belief in beliefs:
        candidates[str(belief)] = [
            _precision(clipped(logits) @ _meta(rounds, belief, k).weights, window_rows)
            for k, (window_rows, logits) in enumerate(rounds)
        ]
    best = max(_mean(candidates[str(belief)]) for belief in beliefs)
    near = [belief for belief in beliefs if _mean(candidates[str(belief)]) >= NEAR * best]
    chosen = max(near, key=lambda belief: (belief.ridge, _mean(candidates[str(belief)])))
    meta = _meta(rounds, chosen, None)
    return CandidateScores(
        candidates,
        str(chosen),
        "average precision",
        {"weights": meta.weights.tolist(), "bias": meta.bias},
    )


def fit(
    dataset: Dataset, model: Mapping[str, Any], chosen: CandidateScores, progress: Progress = quiet
) -> FittedEnsemble:
    """The four models on the train split, under the meta-model that cross-validation learned."""
    parameters = read_parameters(model)
    progress(0, 1)
    members = _members(load_design(dataset, parameters.rows_in_memory), parameters, dataset.seed)
    progress(1, 1)
    meta = Meta(np.array(chosen.parameters["weights"]), float(chosen.parameters["bias"]))
    return FittedEnsemble(members, meta)


def _members(design: Design, parameters: ModelParameters, seed: int) -> Members:
    return fit_members(design.features, design.fraud, design.weights, parameters, seed)


def _meta(rounds: list[tuple[Design, Floats]], belief: Belief, left_out: int | None) -> Meta:
    """Fitted on the rounds but one; on nothing it is the models alike."""
    kept = [each for k, each in enumerate(rounds) if k != left_out]
    if not kept:
        return Meta(belief.weights, 0.0)
    logits = np.concatenate([logits for _, logits in kept])
    fraud = np.concatenate([rows.fraud for rows, _ in kept])
    weights = np.concatenate([rows.weights for rows, _ in kept])
    return fit_meta(logits, fraud, weights, belief)


def _precision(scores: Floats, rows: Design) -> float:
    return areas(curve(scores), rows.fraud, rows.weights)[1]


def _mean(scores: list[float]) -> float:
    return round(float(np.mean(scores)), 4) if scores else 0.0
