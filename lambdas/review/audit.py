"""The audit log: an entry for each change of an item, chained by hashes: no change of it stays hidden.

An entry's hash covers all of it and the hash of the entry before; the item itself holds that of the newest.
So an entry that is changed, left out, put in between or cut off at the end is found by `verify`. Whoever can
write both tables freely could write a whole new chain. The functions' rights come close to that: they may not
update or delete entries, but that none is put where another stands is a condition of each put, not of IAM. So
each hash is in their own log lines as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from lambdas.review.item import GENESIS, Item
from lambdas.review.schema import HistoryEntry


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one item of `review`: who did what, and what it was before and after."""

    review: str
    seq: int
    decision: str
    at: str
    who: str
    action: str
    note: str
    before: dict[str, Any]
    after: dict[str, Any]
    previous_hash: str
    hash: str = ""

    def sealed(self) -> Entry:
        """The same with its hash: sha256 over the other fields as JSON, its keys sorted."""
        return msgspec.structs.replace(self, hash=self._digest())

    @property
    def intact(self) -> bool:
        """Whether the hash is that of what stands in the entry."""
        return self.hash == self._digest()

    def _digest(self) -> str:
        fields = msgspec.to_builtins(self)
        del fields["hash"]
        return hashlib.sha256(msgspec.json.encode(fields, order="deterministic")).hexdigest()

    def shown(self) -> HistoryEntry:
        """As people are shown it."""
        return HistoryEntry(
            self.seq,
            self.at,
            self.who,
            self.action,
            self.note,
            self.before,
            self.after,
            self.previous_hash,
            self.hash,
        )


def verify(entries: Sequence[Entry], item: Item, *, roots: Collection[str] = ()) -> list[str]:
    """What is wrong with the chain of `item`, in words; nothing when all of it is as it was written.

    `entries` are all of its entries in order. The first must follow nothing, or one of `roots`: the hashes of
    the item that it came from.
    """
    wrong: list[str] = []
    previous: str | None = None
    for place, entry in enumerate(entries):
        if entry.seq != place:
            return [*wrong, f"entry {place} is missing"]
        if not entry.intact:
            wrong.append(f"entry {place} is not what was written")
        if entry.review != item.id or entry.decision != item.decision_id:
            wrong.append(f"entry {place} is of another item")
        first = previous is None
        if (first and entry.previous_hash not in {GENESIS, *roots}) or (
            not first and entry.previous_hash != previous
        ):
            wrong.append(f"entry {place} does not follow the one before")
        previous = entry.hash
    if len(entries) != item.seq + 1:
        wrong.append(f"there are {len(entries)} entries, the item says {item.seq + 1}")
    elif previous != item.hash:
        wrong.append("the newest entry is not the one that the item names")
    return wrong


def encoded(entry: Entry) -> dict[str, Any]:
    """`entry` as DynamoDB's attributes."""
    out: dict[str, Any] = {
        name: {"S": getattr(entry, name)}
        for name in ("review", "decision", "at", "who", "action", "note", "previous_hash", "hash")
    }
    out["seq"] = {"N": str(entry.seq)}
    for name in ("before", "after"):
        out[name] = {"S": msgspec.json.encode(getattr(entry, name)).decode()}
    return out


def decoded(found: Mapping[str, Any]) -> Entry:
    """The entry of DynamoDB's attributes. One that was damaged comes too, and is not `intact`."""
    parts: dict[str, Any] = {
        name: found.get(name, {}).get("S", "")
        for name in ("review", "decision", "at", "who", "action", "note", "previous_hash", "hash")
    }
    for name in ("before", "after"):
        raw = found.get(name, {}).get("S", "")
        try:
            parts[name] = msgspec.json.decode(raw, type=dict[str, Any])
        except msgspec.DecodeError:
            parts[name] = {"unreadable": raw}
    return Entry(seq=int(found["seq"]["N"]), **parts)
