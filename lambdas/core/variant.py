"""Which bundle answers: the rollout file, and the sticky assignment of an entity to a variant."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from lambdas.core.errors import BundleError

ROLLOUT = "rollout.json"

Variant = Literal["champion", "challenger"]


class BundleRef(msgspec.Struct, frozen=True):
    """A bundle by version; `manifest_sha256` vouches for its manifest, and so for all its files."""

    version: str
    manifest_sha256: str


class Rollout(msgspec.Struct, frozen=True):
    """`<service>/rollout.json`: who answers, and with which share of the entities.

    `share` is the challenger's part of the entities, 0 to 1. With `shadow` the challenger runs
    beside the champion and never answers. `salt` decides which entities fall into the share. For the share
    `compare` of the decisions, 0 to 1, the variant that does not answer is run as well, and what it says is
    logged; a shadow is run for all of them, unless it says here for how many.
    """

    service: str
    champion: BundleRef
    challenger: BundleRef | None = None
    share: float = 0.0
    shadow: bool = False
    salt: str = ""
    format: int = 1
    compare: float = 0.0

    @property
    def compared(self) -> float:
        """The share of the decisions for which both variants are run."""
        if self.challenger is None:
            return 0.0
        return self.compare or (1.0 if self.shadow else 0.0)


def decode_rollout(data: bytes, service: str) -> Rollout:
    """`data` as the Rollout of `service`; raises BundleError saying what is wrong with it."""
    try:
        rollout = msgspec.json.decode(data, type=Rollout)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"{service}/{ROLLOUT} cannot be read: {error}") from error
    if rollout.service != service:
        raise BundleError(f"{ROLLOUT} is for service '{rollout.service}', not '{service}'")
    for name in ("share", "compare"):
        if not 0.0 <= getattr(rollout, name) <= 1.0:
            raise BundleError(f"{service}/{ROLLOUT}: {name} is {getattr(rollout, name)}, it must be 0 to 1")
    return rollout


def assign(rollout: Rollout, entity: str) -> Variant:
    """The variant that answers for `entity`: the same one every time at a given share and salt.

    An entity's place in [0, 1) does not depend on the share, so growing the share only moves
    entities from champion to challenger, never back.
    """
    if rollout.challenger is None or rollout.shadow or rollout.share <= 0.0:
        return "champion"
    return "challenger" if _place(f"{rollout.salt}\x00{entity}") < rollout.share else "champion"


def is_compared(rollout: Rollout, decision_id: str) -> bool:
    """Whether both variants are run for a decision: always the same for one, whoever it is about."""
    share = rollout.compared
    if share <= 0.0 or share >= 1.0:
        return share > 0.0
    return _place(f"{rollout.salt}\x00compare\x00{decision_id}") < share


def _place(of: str) -> float:
    """A place in [0, 1), evenly spread."""
    return int.from_bytes(hashlib.blake2b(of.encode(), digest_size=8).digest(), "big") / 2**64
