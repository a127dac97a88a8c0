"""Keeps the books of one service: reads what is new in its observations, and adds up days and the month."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import numpy as np

from lambdas.core.aws import Object
from lambdas.core.errors import NotFound
from lambdas.observations.columns import Columns
from lambdas.observations.read import CLOCKS
from lambdas.observations.record import PREFIX, folder
from lambdas.observations.window import Window
from lambdas.value.bundles import Bundles
from lambdas.value.compute import unlabelled, value_of
from lambdas.value.ledger import DAY, Day, Latest, Month, latest_key, midnight, month_key
from lambdas.value.sums import Sums
from lambdas.value.worth import Worth

MOST_DAYS: Final = 34
"""Observations are kept for 35: what was not added up by then is lost."""
QUIET: Final = timedelta(days=1)
QUIET_HOURS: Final = 3
"""A service of which nothing came for QUIET is looked at each QUIET_HOURS: a look lists a folder, which has a
price."""

Prices = Callable[[str | None], Worth | None]


class Objects(Protocol):
    """The artifacts bucket; `lambdas.core.aws.Bucket`."""

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object. Raises NotFound, DependencyDown."""
        ...

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """The keys that begin with `prefix` and come after `after`. Raises DependencyDown."""
        ...


class Writes(Protocol):
    """Where the books are kept; `lambdas.core.aws.Bucket`."""

    def put(self, key: str, body: bytes) -> str:
        """Write the object. Raises DependencyDown."""
        ...


class Books(NamedTuple):
    """What a run found: the newest figures, the months in which days were closed, and what has changed."""

    latest: Latest
    closed: list[Month]
    changed: bool


def read_books(objects: Objects, service: str, now: datetime) -> Books:
    """The books of `service` as of `now`, which has its zone. Writes nothing. Raises DependencyDown.

    Days that are over and not closed yet are read once more and closed: usually yesterday, by the first run
    of a day; all of them, as far as observations reach, when nothing ran for a while.
    """
    today = now.date()
    months = _Months(objects, service)
    bundles = Bundles(objects, service)
    first = months.first_open(today)
    window = _since(objects, service, first, now, bundles.notes)
    closing = [first + timedelta(days=k) for k in range((today - first).days)]
    for day in closing:
        months.close(day, day_of(window, day, bundles.worth))
    so_far = day_of(window, today, bundles.worth)
    champion = bundles.worth(None)
    month = months.of(today)
    notes = sorted({*bundles.notes, *month.notes})
    before = latest_of(objects, service)
    for each in months.touched():
        each.notes = sorted({*each.notes, *bundles.notes})
    latest = Latest(
        service=service,
        at=now.isoformat(timespec="seconds"),
        day=today.isoformat(),
        currency=champion.currency if champion else "",
        today=so_far.sums,
        month=month.until(today) + so_far.sums,
        late=so_far.late,
        notes=notes,
        worth=champion,
        newest=_newest(window) or (before.newest if before and before.newest else ""),
    )
    return Books(latest, months.touched(), _differs(latest, before))


def latest_of(objects: Objects, service: str) -> Latest | None:
    """The figures that are kept; None where there are none that can be read. Raises DependencyDown."""
    found: Latest | None = _read(objects, latest_key(service), Latest)
    return found


def rests(latest: Latest | None, now: datetime) -> bool:
    """Whether a run at `now` may take `latest` as it is: it is of today, nothing has come for QUIET, and the
    next look is not due."""
    if latest is None or latest.day != now.date().isoformat() or now.hour % QUIET_HOURS == 0:
        return False
    if latest.newest is None:
        return False
    return not latest.newest or now - datetime.fromisoformat(latest.newest) > QUIET


def _newest(window: Window) -> str:
    if not len(window):
        return ""
    last = float(np.nanmax(np.concatenate([window.at, window.labelled_at])))
    return datetime.fromtimestamp(last, UTC).isoformat(timespec="seconds")


def write_books(objects: Writes, books: Books) -> None:
    """Keep what is new of `books`. Raises DependencyDown."""
    service = books.latest.service
    for month in books.closed:
        key = month_key(service, date.fromisoformat(f"{month.month}-01"))
        objects.put(key, msgspec.json.format(msgspec.json.encode(month)))
    if books.changed:
        objects.put(latest_key(service), msgspec.json.format(msgspec.json.encode(books.latest)))


def day_of(window: Window, day: date, prices: Prices) -> Day:
    """The sums of `day`, from a window that holds its decisions and every label given on it.

    A label counts on the day it is given: on the day of its decision it is part of that day, later it
    corrects by what the decision was counted with.
    """
    start, end = midnight(day).timestamp(), midnight(day + DAY).timestamp()
    labelled = window.label.codes >= 0
    mine = window.where((window.at >= start) & (window.at < end))
    own = value_of(unlabelled(mine, ~(mine.labelled_at < end)), prices)
    late = window.where(
        labelled & (window.at < start) & (window.labelled_at >= start) & (window.labelled_at < end)
    )
    return Day(own, _corrections(late, prices) if len(late) else Sums())


def _corrections(late: Window, prices: Prices) -> Sums:
    everything = np.ones(len(late), dtype=np.bool_)
    return value_of(late, prices) - value_of(unlabelled(late, everything), prices)


def _since(objects: Objects, service: str, first: date, now: datetime, notes: list[str]) -> Window:
    """Every decision in the objects from `first` on: those made since, and older ones that were labelled
    since."""
    columns = Columns(service, 0.0, (now + CLOCKS).timestamp())
    for key in objects.keys(f"{PREFIX}/{service}/", folder(service, midnight(first) - CLOCKS)):
        try:
            found = objects.get(key)
        except NotFound:  # it expired since it was listed
            continue
        if found is None:
            continue
        try:
            columns.add(found.body)
        except (OSError, EOFError, zlib.error, ValueError) as error:  # msgspec's errors are ValueErrors
            notes.append(f"{key} cannot be read and is left out: {error}")
    return columns.window()


class _Months:
    """The month files of a service that a run looks at."""

    def __init__(self, objects: Objects, service: str) -> None:
        self._objects = objects
        self._service = service
        self._known: dict[str, Month] = {}
        self._touched: list[Month] = []

    def of(self, day: date) -> Month:
        """The month of `day`, empty when nothing is kept of it."""
        name = f"{day:%Y-%m}"
        if name not in self._known:
            kept = _read(self._objects, month_key(self._service, day), Month)
            self._known[name] = kept or Month(self._service, name)
        return self._known[name]

    def first_open(self, today: date) -> date:
        """The first day that is not closed, today at the latest; this month's first where nothing was
        closed."""
        for back in range(1, MOST_DAYS + 1):
            day = today - timedelta(days=back)
            if f"{day:%d}" in self.of(day).days:
                return day + DAY
        return today.replace(day=1)

    def close(self, day: date, sums: Day) -> None:
        """`day` is over."""
        month = self.of(day)
        month.days = {**month.days, f"{day:%d}": sums}
        if month not in self._touched:
            self._touched.append(month)

    def touched(self) -> list[Month]:
        """The months in which a day was closed."""
        return self._touched


def _read(objects: Objects, key: str, kind: type[Any]) -> Any:
    """The object at `key` as `kind`; None where there is none that can be read."""
    try:
        found = objects.get(key)
        return msgspec.json.decode(found.body, type=kind) if found else None
    except (NotFound, msgspec.DecodeError):
        return None


def _differs(latest: Latest, before: Latest | None) -> bool:
    """Whether `latest` says anything new beside the time."""
    return before is None or msgspec.structs.replace(before, at=latest.at) != latest
