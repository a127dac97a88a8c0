"""What is marked on a decision in the log, so that alerts and people's queue find it by an attribute."""

from __future__ import annotations

import hashlib
from typing import Final, Literal, NamedTuple

Queue = Literal["review", "sample"]
MOST_SEVERE: Final = 9


class Marks(NamedTuple):
    """What a service marks on a decision.

    `alert`: people hear of it at once. `severity`, 0 to 9: the more severe is looked at first. `pending`: the
    parts of the item that are still being worked on; until then the decision is provisional and in no queue.
    """

    alert: bool = False
    severity: int = 3
    pending: tuple[str, ...] = ()


def queue_of(decision_id: str, marks: Marks, *, review: bool, sample: float, key: str = "") -> Queue | None:
    """The queue that people find the decision in: `review` if unclear, `sample` for a share of the rest.

    None while it is pending. The share, 0 to 1, falls on the same decisions every time: whether one is in it
    hangs on a hash of its id, and a larger share keeps all of a smaller one. The id follows from the caller's
    own, which whoever posts may be able to choose: so the hash has a `key` that they do not know, or they
    would choose one that nobody looks at.
    """
    if marks.pending:
        return None
    if review:
        return "review"
    digest = hashlib.blake2b(
        f"sample\x00{decision_id}".encode(), digest_size=8, key=key.encode()[:64]
    ).digest()
    return "sample" if int.from_bytes(digest, "big") / 2**64 < sample else None
