"""What the task measures with beside the scores: signals, single kinds of channel, and others' models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lambdas.content.policies import CHANNELS, POLICIES, Signals
from lambdas.content.rules import scores
from lambdas.content.text.normalise import normalise
from lambdas.content.verdict import silent
from lambdas.core.ngrams import words_of
from model_build.content.model import ALONE, FittedContent
from model_build.content.packaged_text import PACKAGED, odds_in
from model_build.content.parameters import HUB
from model_build.content.texts import whole_texts
from model_build.dataset import Batch
from model_build.moderation.task import ALONE as SEEN_ALONE
from model_build.moderation.task import PEER, SIGNALS

Floats = npt.NDArray[np.floating[Any]]
RULES, PEERS = "the rules", "the packaged English model"


def beside(model: FittedContent, batch: Batch) -> Mapping[str, Floats]:
    """Arrays by name, a row a post: see `model_build.moderation.task`."""
    signals = model.signals(batch)
    found: dict[str, Floats] = {SIGNALS: signals.reshape(len(batch), -1)}
    for name, channels in ALONE.items():
        found[f"{SEEN_ALONE}{name}"] = _alone(model, signals, channels)
    texts = whole_texts(batch)
    found[f"{PEER}{RULES}"] = _by_rules(model, texts)
    chosen = model.networks.text_classifier
    found[f"{PEER}{chosen if chosen.startswith(HUB) else PEERS}"] = _packaged(model, texts)
    return found


def _alone(model: FittedContent, signals: Signals, channels: tuple[str, ...]) -> Floats:
    """The log-odds of the labelled policies, [rows, heads], if only `channels` were there; NaN without
    them."""
    left = np.full_like(signals, np.nan)
    places = [CHANNELS.index(channel) for channel in channels]
    left[:, :, places] = signals[:, :, places]
    said = model.fused(left)
    quiet = silent(left)
    columns = [
        np.where(quiet[:, POLICIES.index(policy)], np.nan, scores[:, 1]) for policy, scores in said.items()
    ]
    return np.stack(columns, axis=1)


def _by_rules(model: FittedContent, texts: Sequence[str]) -> Floats:
    """What the rules that answer without a model say, [rows, heads]; NaN without text."""
    found = np.full((len(texts), len(model.text.heads)), np.nan)
    for row, text in enumerate(texts):
        if text:
            said, _ = scores(text)
            found[row] = [said[policy] for policy in model.text.heads]
    return found


def _packaged(model: FittedContent, texts: Sequence[str]) -> Floats:
    """What the packaged English model says of all the texts together, [rows, heads]; NaN for other
    languages."""
    heads = list(model.text.heads)
    found = np.full((len(texts), len(heads)), np.nan)
    if set(heads) & set(PACKAGED):
        items = [normalise(text) for text in texts]
        features = model.text.reader.handmade(items, [words_of(item.text) for item in items])
        for policy, said in odds_in(features).items():
            if policy in heads:
                found[:, heads.index(policy)] = said
    return found
