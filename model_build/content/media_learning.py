"""What is learned from the media of train rows: a head on all of them, and what heads say that had not seen
them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lambdas.content.policies import POLICIES
from model_build.content.media import KINDS, Widths, seen_in
from model_build.content.media_head import MediaHead, fit_media, worth_training
from model_build.content.parameters import MediaParameters
from model_build.content.text_heads import Rows
from model_build.dataset import Batch, Fold

Floats = npt.NDArray[np.floating[Any]]


class LearnedMedia(NamedTuple):
    """One kind of media: its head, None where there are too few labelled ones, and the log-odds of train
    rows, [rows, policies], by the packaged models and by heads that had not seen the row."""

    head: MediaHead | None
    unseen: Floats


def media_of(
    batches: Sequence[Batch], rows: Rows, widths: Widths, folds: Sequence[Fold], parameters: MediaParameters
) -> dict[str, LearnedMedia]:
    """What is learned from the media of these rows, by kind; only the kinds that the data has."""
    seen = [seen_in(batch, widths) for batch in batches]
    return {
        kind: _learn(
            np.concatenate([each[kind].signals for each in seen]),
            np.concatenate([each[kind].features for each in seen]),
            rows,
            folds,
            parameters,
        )
        for kind in KINDS
        if kind in seen[0]
    }


def _learn(
    signals: Floats, features: Floats, rows: Rows, folds: Sequence[Fold], parameters: MediaParameters
) -> LearnedMedia:
    there = ~np.isnan(features).any(axis=1)
    policies = worth_training({head: own[there] for head, own in rows.labels.items()}, parameters)
    unseen = signals.astype(np.float64)
    if not policies:
        return LearnedMedia(None, unseen)
    places = [POLICIES.index(policy) for policy in policies]
    unseen[:, places] = np.nan
    for fold in folds:
        train, held = there & np.isin(rows.folds, fold.train), there & (rows.folds == fold.validate)
        if train.any() and held.any():
            labels = {head: own[train] for head, own in rows.labels.items()}
            head = fit_media(features[train], labels, policies, parameters)
            said = head.logits(features[held])
            for place in places:
                unseen[held, place] = said[:, place]
    labels = {head: own[there] for head, own in rows.labels.items()}
    return LearnedMedia(fit_media(features[there], labels, policies, parameters), unseen)
