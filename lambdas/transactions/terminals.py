"""The risk of a merchant's terminal: a fold over the labels of its transactions, as they become known.

Two decayed counts at two speeds: a terminal that was compromised yesterday and one that has always been bad
look different, and both fade once the frauds stop.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

HALF_LIFE_DAYS: Final = 28.0
"""Of the slow counts; the fast ones have a quarter of it."""
PRIOR_RATE: Final = 0.005
PRIOR_LABELS: Final = 2.0
"""A terminal starts as if this many of its transactions had been labelled, fraud at the usual rate."""
MOST_TERMINAL_BYTES: Final = 64


class Terminal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is known of one terminal: counts of labels and of frauds, decayed to the time `at`."""

    at: float = 0.0
    labels: float = 0.0
    frauds: float = 0.0
    labels_fast: float = 0.0
    frauds_fast: float = 0.0


class Risk(NamedTuple):
    """Shares of fraud among the labels, fast and slow, and how many labels the slow one rests on."""

    fast: float
    slow: float
    labels: float


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Terminal)


def label(terminal: Terminal, at: float, fraud: bool) -> Terminal:
    """`terminal` once it is known whether its transaction of the time `at` (seconds since 1970) was fraud.

    Labels may come in any order: an older one counts as much as it would by now.
    """
    new = terminal.at if terminal.at > at else at
    fade, weight = _fade(new - terminal.at), _fade(new - at)
    fade_fast, weight_fast = _quick(fade), _quick(weight)
    return Terminal(
        new,
        terminal.labels * fade + weight,
        terminal.frauds * fade + (weight if fraud else 0.0),
        terminal.labels_fast * fade_fast + weight_fast,
        terminal.frauds_fast * fade_fast + (weight_fast if fraud else 0.0),
    )


def risk(terminal: Terminal, at: float) -> Risk:
    """What was known of `terminal` at the time `at`; one before its newest label is taken as that."""
    fade = _fade(at - terminal.at) if at > terminal.at else 1.0
    quick = _quick(fade)
    prior = PRIOR_RATE * PRIOR_LABELS
    return Risk(
        (terminal.frauds_fast * quick + prior) / (terminal.labels_fast * quick + PRIOR_LABELS),
        (terminal.frauds * fade + prior) / (terminal.labels * fade + PRIOR_LABELS),
        terminal.labels * fade,
    )


def encode(terminal: Terminal) -> bytes:
    """`terminal` as at most MOST_TERMINAL_BYTES bytes."""
    return _encoder.encode(terminal)


def decode(data: bytes) -> Terminal:
    """The terminal that `data` encodes. Raises msgspec.DecodeError for other bytes."""
    return _decoder.decode(data)


def _fade(seconds: float) -> float:
    return float(0.5 ** (seconds / (HALF_LIFE_DAYS * 86_400.0)))


def _quick(fade: float) -> float:
    """The fast counts' fade: a quarter of the half-life is the fourth power."""
    square = fade * fade
    return square * square
