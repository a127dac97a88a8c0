"""From a batch of posts to its signals: what each channel says of each policy, as serving puts them
together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.content.policies import CHANNELS, MOST, POLICIES, Signals, log_odds, no_signals
from model_build.content.media import Seen
from model_build.content.media_head import MediaHead
from model_build.content.texts import channel_texts
from model_build.dataset import Batch

RISKS: Final[dict[str, tuple[str, ...]]] = {"image": ("sexual", "violence"), "audio": ("threat", "violence")}
"""Of which policies a number in the columns `image_risk` and `audio_risk` speaks, where there is no file."""

ReadTexts = Callable[[Sequence[str]], npt.NDArray[Any]]
"""The log-odds of each policy, [texts, policies], NaN where no model speaks of it."""
ReadMedia = Callable[[str, Seen], npt.NDArray[Any]]
"""The log-odds of each policy, [rows, policies], of a kind of media; NaN where a row has none."""


def signals_of(
    batch: Batch, read_texts: ReadTexts, seen: Mapping[str, Seen], read_media: ReadMedia
) -> Signals:
    """The signals of the rows of `batch`, [rows, policies, channels]; each different text is read once."""
    made = no_signals(len(batch))
    by_channel = channel_texts(batch)
    known: dict[str, int] = {}
    for texts in by_channel.values():
        for text in filter(None, texts):
            known.setdefault(text, len(known))
    said = read_texts(list(known)) if known else np.empty((0, len(POLICIES)))
    for channel, texts in by_channel.items():
        rows = [k for k, text in enumerate(texts) if text]
        if rows:
            made[rows, :, CHANNELS.index(channel)] = said[[known[texts[k]] for k in rows]]
    for kind in RISKS:
        add_media(made, kind, risk_of(batch, kind))
        if kind in seen:
            add_media(made, kind, read_media(kind, seen[kind]))
    held: Signals = np.clip(made, -MOST, MOST)
    return held


def add_media(signals: Signals, kind: str, said: npt.NDArray[Any]) -> None:
    """Put what a kind of media says, [rows, policies], where it says something."""
    place = CHANNELS.index(kind)
    signals[:, :, place] = np.where(np.isnan(said), signals[:, :, place], said)


def risk_of(batch: Batch, kind: str) -> npt.NDArray[np.float32]:
    """What the column `image_risk` or `audio_risk` says, [rows, policies]."""
    made = np.full((len(batch), len(POLICIES)), np.nan, dtype=np.float32)
    given = batch.columns.get(f"{kind}_risk")
    if given is not None:
        risk = np.array([np.nan if value is None else float(value) for value in given])
        for policy in RISKS[kind]:
            made[:, POLICIES.index(policy)] = np.where(np.isnan(risk), np.nan, log_odds(np.nan_to_num(risk)))
    return made


def media_reader(heads: Mapping[str, MediaHead]) -> ReadMedia:
    """Reads media by the trained `heads` where there are some, and by the packaged models otherwise."""

    def read(kind: str, seen: Seen) -> npt.NDArray[Any]:
        said = seen.signals.astype(np.float64)
        head = heads.get(kind)
        if head is not None:
            there = ~np.isnan(seen.features).any(axis=1)
            trained = head.logits(seen.features[there])
            for place in (POLICIES.index(policy) for policy in head.policies):
                said[there, place] = trained[:, place]
        return said

    return read
