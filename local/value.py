"""`make value`: what the decisions are worth, today and this month, on the laptop or in the account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

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
    console.print(table_of(books, now))
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


def table_of(books: Sequence[Latest], now: datetime) -> Table:
    """A row a service and time, and the sums of those in one currency."""
    made = Table(box=None, pad_edge=False, title=f"Today and this month, as of {now:%Y-%m-%d %H:%M} UTC")
    made.add_column("service")
    made.add_column("")
    for name in ("decisions", "acted alone", "reviewed", "hours saved", "money saved", "between"):
        made.add_column(name, justify="right")
    for latest in books:
        _rows(made, latest.service, latest.currency, latest.today, latest.month)
    if len(books) > 1:
        for currency, same in _by_currency(books).items():
            today, month = (total(part) for part in zip(*((b.today, b.month) for b in same), strict=True))
            _rows(made, "in all", currency, today, month)
    return made


def _rows(made: Table, name: str, currency: str, today: Sums, month: Sums) -> None:
    for label, time, sums in ((name, "today", today), ("", "this month", month)):
        made.add_row(
            label,
            time,
            f"{sums.decisions:,}",
            f"{sums.alone:,}",
            f"{sums.reviewed:,}",
            f"{sums.hours:,.1f}",
            f"{sums.money:,.2f} {currency}",
            f"{sums.low:,.0f} to {sums.high:,.0f}",
        )


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
                f"{latest.late.money:,.2f} {latest.currency}"
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
