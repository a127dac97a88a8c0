"""Signals as an answer shows them, and back: a probability a policy for each channel that says something."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

import numpy as np

from lambdas.content.policies import CHANNELS, POLICIES, Signals, log_odds, no_signals


def as_channels(signals: Signals) -> dict[str, dict[str, float]]:
    """`signals` of one post, [policies, channels], by channel and policy, 0 to 1."""
    odds = signals.T.astype(np.float64)
    shown = (1.0 / (1.0 + np.exp(-odds))).round(6).tolist()
    found = {
        channel: {policy: value for policy, value in zip(POLICIES, said, strict=True) if not isnan(value)}
        for channel, said in zip(CHANNELS, shown, strict=True)
    }
    return {channel: said for channel, said in found.items() if said}


def as_signals(channels: Mapping[str, Mapping[str, float]]) -> Signals:
    """The signals, [policies, channels], that were shown as `channels`."""
    signals: Signals = no_signals(1)[0]
    for c, channel in enumerate(CHANNELS):
        for p, policy in enumerate(POLICIES):
            if (value := channels.get(channel, {}).get(policy)) is not None:
                signals[p, c] = log_odds(value)
    return signals
