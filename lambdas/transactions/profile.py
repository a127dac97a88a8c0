"""A card's history as a pure fold: `observe(profile, event, terminal) -> (features, profile)`.

Training replays history through this function and serving calls it on what the feature store holds, so the
features of both are equal by construction. A profile is bounded whatever its card does; an ordinary one takes
about 800 bytes, one write unit of DynamoDB. docs/transactions.md says what each feature is and what happens
to late, repeated and incomplete events.
"""

from __future__ import annotations

from typing import Final

import msgspec

from lambdas.core.errors import TriageError
from lambdas.transactions.card_features import features_of
from lambdas.transactions.card_repeat import before
from lambdas.transactions.card_state import LAYOUT, NEW, Profile, code_of, index_of
from lambdas.transactions.card_update import updated
from lambdas.transactions.event import Event
from lambdas.transactions.features import PACKED, clipped
from lambdas.transactions.terminals import Terminal

__all__ = ["MOST_BYTES", "NEW", "Profile", "ProfileUnreadable", "decode", "encode", "observe"]

MOST_BYTES: Final = 3_200
"""No profile encodes to more: with its key it is one read unit of DynamoDB."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Profile)


class ProfileUnreadable(TriageError):
    """Stored bytes are no profile, or one of a layout that this code does not know."""

    status = 503
    title = "Profile unreadable"


def observe(
    profile: Profile, event: Event, terminal: Terminal | None = None
) -> tuple[tuple[float, ...], Profile]:
    """The features of `event` (FEATURE_NAMES, NaN where nothing is known) and the profile that has seen it.

    Pure: the same arguments give the same result, and `profile` is as it was. The new profile shares with
    the old one the tuples that did not change, all of them immutable. The features look at what was before
    the event; only the counts and sums have it in them. `terminal` is what was known of the event's merchant.

    A repetition of the event folded last gives that event's features again, and of one of the 31 before it
    features close to those it had (see card_repeat.py); neither changes the profile.
    """
    index = index_of(code_of(event.key), profile.keys)
    if index >= 0 and index == len(profile.keys) // 4 - 1:
        return PACKED.unpack(profile.last), profile
    amount = clipped(event.amount)
    if index >= 0:
        known = before(profile, event, amount)
        return PACKED.unpack(PACKED.pack(*features_of(known, event, amount, terminal))), profile
    last = PACKED.pack(*features_of(profile, event, amount, terminal))
    return PACKED.unpack(last), updated(profile, event, amount, last)


def encode(profile: Profile) -> bytes:
    """`profile` as at most MOST_BYTES bytes: MessagePack."""
    return _encoder.encode(profile)


def decode(data: bytes) -> Profile:
    """The profile that `data` encodes, equal in every bit. Raises ProfileUnreadable."""
    try:
        profile = _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise ProfileUnreadable(f"no profile: {error}") from error
    if profile.layout != LAYOUT:
        raise ProfileUnreadable(f"a profile of layout {profile.layout}, this code reads {LAYOUT}")
    return profile
