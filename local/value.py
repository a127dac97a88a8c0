"""`make value`: what the decisions are worth, today and this month, on the laptop or in the account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table

from lambdas.core.aws import Object
from lambdas.core.errors import NotFound
from lambdas.value.accounts import read_books
from lambdas.value.ledger import Latest
from lambdas.value.sums import Sums, total
from local.learning import where
from local.place import Place

WITH_CENTS: Final = 10_000
"""From this amount of money on, cents only take room."""


class S3Objects:
    """The artifacts bucket by boto3, as the books read it. It writes nothing."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object. Raises NotFound, ClientError."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                raise NotFound(f"s3://{self._bucket}/{key} does not exist") from error
            raise
        return Object(found["Body"].read(), found["ETag"])

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """The keys that begin with `prefix` and come after `after`, in order."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=after
        )
        for page in pages:
            yield from (each["Key"] for each in page.get("Contents", ()))


def show(place: Place, console: Console, services: Sequence[str], *, on_aws: bool, as_json: bool) -> None:
    """Print the value of each of `services` as of now, and in all. Raises NotRunning, Misused, ClientError.

    It reads what the hourly job reads and writes nothing, so it may be newer than the dashboard.
    """
    found = where(place, on_aws=on_aws)
    objects = S3Objects(found.s3, found.output("ArtifactsBucket"))
    now = datetime.now(UTC)
    books = [read_books(objects, service, now).latest for service in services]
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(as_told(books)), indent=2).decode())
        return
    console.print(f"Today and this month, as of {now:%Y-%m-%d %H:%M} UTC", markup=False)
    for table in tables_of(books):
        console.print()
        console.print(table)
    for latest in books:
        console.print()
        for line in lines(latest):
            console.print(line, markup=False)


def as_told(books: Sequence[Latest]) -> dict[str, Any]:
    """Everything as JSON: each service's figures, and in all by currency."""
    return {
        "services": {latest.service: msgspec.to_builtins(latest) for latest in books},
        "in_all": {
            currency: {
                "today": msgspec.to_builtins(total(latest.today for latest in same)),
                "month": msgspec.to_builtins(total(latest.month for latest in same)),
            }
            for currency, same in _by_currency(books).items()
        },
    }


def tables_of(books: Sequence[Latest]) -> list[Table]:
    """A table a currency, 80 columns wide at most below ten million: two rows a service, and their sums."""
    return [_table(currency, same) for currency, same in _by_currency(books).items()]


def _table(currency: str, books: Sequence[Latest]) -> Table:
    made = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    made.add_column("service", no_wrap=True)
    for name in ("decisions", "acted\nalone", "reviewed", "hours\nsaved", f"{currency}\nsaved", "between"):
        made.add_column(name, justify="right", no_wrap=True)
    for latest in books:
        _rows(made, latest.service, latest.today, latest.month)
    if len(books) > 1:
        _rows(made, "in all", total(each.today for each in books), total(each.month for each in books))
    made.width = Console(width=1_000).measure(made).maximum  # a terminal may break a line, never a figure
    return made


def _rows(made: Table, name: str, today: Sums, month: Sums) -> None:
    made.add_row(name)
    for label, sums in (("  today", today), ("  this month", month)):
        made.add_row(
            label,
            f"{sums.decisions:,}",
            f"{sums.alone:,}",
            f"{sums.reviewed:,}",
            rounded(sums.hours, 1),
            rounded(sums.money, 2 if abs(sums.money) < WITH_CENTS else 0),
            f"{rounded(sums.low, 0)} to {rounded(sums.high, 0)}",
        )


def rounded(value: float, digits: int) -> str:
    """`value` with so many digits after the point; what rounds to nothing has no sign."""
    return f"{round(value, digits) + 0.0:,.{digits}f}"


def lines(latest: Latest) -> list[str]:
    """What one service's figures rest on, a line each."""
    month, worth = latest.month, latest.worth
    baseline = f", compared with: {worth.baseline}" if worth else ""
    found = [f"{latest.service}{baseline}"]
    if worth:
        unlabelled = month.alone - month.labelled - month.unpriced
        found.append(f"  how sure: {_how_sure(month, unlabelled)}")
        found += [f"    {line}" for line in _rates(latest)] if unlabelled > 0 else []
        if latest.late.labelled:
            found.append(
                f"  today's labels on earlier days: {latest.late.labelled:,}, which change the month by "
                f"{rounded(latest.late.money, 2)} {latest.currency}"
            )
        assumed = ", ".join(f"{name} {_figure(value)}" for name, value in worth.assumed.items())
        found.append(f"  assumed (params.yaml, {worth.currency}): {assumed or 'the defaults of training'}")
    if month.unpriced:
        found.append(f"  {month.unpriced:,} decisions are counted, not priced")
    return [*found, *(f"  note: {note}" for note in latest.notes)]


def _how_sure(month: Sums, unlabelled: int) -> str:
    if not month.alone:
        return "nothing was acted on alone this month"
    said = f"{month.labelled:,} of {month.alone:,} acted on alone have a label"
    said += f", {month.wrong:,} of those were wrong" if month.labelled else ""
    if unlabelled > 0:
        said += (
            "; the others are wrong as often as measured in training, and 'between' is what that leaves open"
        )
    return said


def _rates(latest: Latest) -> list[str]:
    """The measured shares of the live bundle."""
    rates = latest.worth.errors if latest.worth else {}
    return [
        f"{'any outcome' if outcome == '*' else outcome}: {'another label' if label == '*' else label} "
        f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%})"
        for outcome, shares in rates.items()
        for label, rate in shares.items()
    ]


def _figure(value: object) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def _by_currency(books: Sequence[Latest]) -> dict[str, list[Latest]]:
    found: dict[str, list[Latest]] = {}
    for latest in books:
        found.setdefault(latest.currency, []).append(latest)
    return found
