"""Several lines read as one, in the order in which items are handed out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from lambdas.core.errors import InvalidRequest
from lambdas.review.item import Item
from lambdas.review.schema import State
from lambdas.review.tables import Place, Tables

MOST_SCANNED: Final = 1_000
"""Items a reading looks at at most, whatever few of them are wanted."""
FURTHER: Final = 100
"""Items a query after the first: who must read on has much to pass over."""
_END: Final = Place("", "")


class Source(NamedTuple):
    """One line; of two sources that of the lower `turn` comes first. Only ranks below `below` count."""

    line: str
    turn: int = 1
    below: str | None = None
    newest_first: bool = False


class Page(NamedTuple):
    """What was read, and where to go on: a place a line, `_END` for one that is read to its end; None at the
    end of all."""

    items: list[Item]
    places: dict[str, Place] | None


def sources(services: Sequence[str], state: State | None, at: str, *, lead: bool) -> list[Source]:
    """The lines of `services` that hold the items of `state`; without one what may be handed out.

    Claims that have run out at the time `at` are handed out again first.
    """
    if state == "claimed":
        return [Source(f"claimed#{service}") for service in services]
    if state == "settled":
        return [Source(f"settled#{service}", newest_first=True) for service in services]
    found = []
    for service in services:
        if state in {None, "open"}:
            found += [Source(f"claimed#{service}", turn=0, below=at), Source(f"open#{service}")]
        if state == "escalated" or (state is None and lead):
            found.append(Source(f"leads#{service}"))
    return found


class _Reader:
    """One source, an item ahead."""

    def __init__(
        self,
        tables: Tables,
        source: Source,
        *,
        after: Place | None,
        size: int,
        wanted: Callable[[Item], bool],
    ) -> None:
        self.source = source
        self.scanned = 0
        self._place = after
        self._rest: Place | None = None
        self._items = self._kept(tables, after, size, wanted)
        self.head = next(self._items, None)

    def take(self) -> Item:
        """The item ahead; the next one takes its place."""
        taken = self.head
        assert taken is not None  # noqa: S101 - the caller looked
        self._place = Place(taken.rank, taken.id)
        self.head = next(self._items, None)
        return taken

    @property
    def place(self) -> Place | None:
        """Where to go on reading; None for the start."""
        return self._place if self.head is not None else self._rest or _END

    def _kept(
        self, tables: Tables, after: Place | None, size: int, wanted: Callable[[Item], bool]
    ) -> Iterator[Item]:
        if after == _END:
            return
        while True:
            found, after = tables.line(
                self.source.line,
                limit=size,
                after=after,
                below=self.source.below,
                newest_first=self.source.newest_first,
            )
            size = FURTHER
            for item in found:
                self.scanned += 1
                if wanted(item):
                    yield item
            if after is None:
                return
            if self.scanned >= MOST_SCANNED:
                self._rest = after
                return


def read(
    tables: Tables,
    wanted_from: Sequence[Source],
    *,
    limit: int,
    places: Mapping[str, Place] | None = None,
    wanted: Callable[[Item], bool] = lambda _: True,
) -> Page:
    """Up to `limit` of the items that are `wanted`, from `places` on, in order over all the sources."""
    readers = [
        _Reader(tables, source, after=(places or {}).get(source.line), size=limit, wanted=wanted)
        for source in wanted_from
    ]
    items: list[Item] = []
    while len(items) < limit:
        ahead = [reader for reader in readers if reader.head is not None]
        if not ahead:
            break
        items.append(_first(ahead).take())
    left = {reader.source.line: place for reader in readers if (place := reader.place) is not None}
    done = len(left) == len(readers) and set(left.values()) == {_END}
    return Page(items, None if done else left)


def _first(readers: list[_Reader]) -> _Reader:
    newest = readers[0].source.newest_first

    def order(reader: _Reader) -> tuple[int, str]:
        return reader.source.turn, reader.head.rank if reader.head else ""

    return max(readers, key=order) if newest else min(readers, key=order)


def cursor_of(places: Mapping[str, Place] | None) -> str | None:
    """`places` as a text for the one who lists."""
    if places is None:
        return None
    return base64.urlsafe_b64encode(msgspec.json.encode(places)).decode().rstrip("=")


def places_of(cursor: str | None) -> dict[str, Place]:
    """The places of a cursor. Raises InvalidRequest for what is none."""
    if not cursor:
        return {}
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(raw, type=dict[str, Place])
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise InvalidRequest("this is no cursor of ours", field="cursor") from error
