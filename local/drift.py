"""`make drift`: the nightly job's look, here and now, at the laptop's or the account's decisions."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table

from cdk.services import SERVICES
from lambdas.core.aws import Object
from lambdas.core.errors import NotFound
from lambdas.drift.limits import Limits
from lambdas.drift.page import page, summary
from lambdas.drift.report import Report
from lambdas.drift.run import DAY, bundle_of, view
from local.errors import Misused
from local.learning import where
from local.place import Place

SHOWN = 12


@dataclass(frozen=True)
class S3Objects:
    """A bucket by a boto3 client; implements `lambdas.drift.run.Objects`."""

    s3: Any
    bucket: str

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object. Raises NotFound, ClientError."""
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                raise NotFound(f"s3://{self.bucket}/{key} does not exist") from error
            raise
        return Object(found["Body"].read(), found["ETag"])

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """The keys that begin with `prefix` and come after `after`, in order. Raises ClientError."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix, **({"StartAfter": after} if after else {})
        )
        for each in pages:
            yield from (str(found["Key"]) for found in each.get("Contents", ()))


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--since", help="ISO 8601; a day before the end by default")
    parser.add_argument("--until", help="ISO 8601; now by default")
    parser.add_argument("--aws", action="store_true", help="of the AWS account of your own settings")


def show(place: Place, console: Console, options: argparse.Namespace) -> None:
    """Write the report on the decisions in between, by default those of the last day, and print it in short.

    What the nightly job remembers is used and left as it is. Raises Misused, NotRunning.
    """
    found = where(place, on_aws=options.aws)
    objects = S3Objects(found.s3, found.output("ArtifactsBucket"))
    report = report_of(objects, options.service, *span(options.since, options.until, datetime.now(UTC)))
    html = write(place.build, report)
    for line in lines(report):
        console.print(line, markup=False)
    console.print(table(report))
    console.print(f"The page: {html}", markup=False)


def span(since: str | None, until: str | None, now: datetime) -> tuple[datetime, datetime]:
    """From when to when: a day, unless said otherwise. Raises Misused."""
    to = _moment("UNTIL", until) if until else now
    start = _moment("SINCE", since) if since else to - DAY
    if start >= to:
        raise Misused(f"SINCE ({start:%Y-%m-%d %H:%M} UTC) must be before UNTIL ({to:%Y-%m-%d %H:%M} UTC).")
    if to - start > timedelta(days=35):
        raise Misused("Observations are kept for 35 days: ask for no more at once.")
    return start, to


def report_of(objects: S3Objects, service: str, since: datetime, until: datetime) -> Report:
    """The report. Raises Misused when there is nothing to look at."""
    outcomes = next(dict(each.label_outcomes) for each in SERVICES if each.name == service)
    try:
        bundle = bundle_of(objects, service, outcomes)
    except NotFound as error:
        raise Misused(f"{service} has no live bundle ({error.detail}). Publish one: make publish") from error
    report = view(objects, bundle, Limits(), since, until)
    if not report.decisions:
        others = sum(report.left_out.values())
        more = f" {others:,} were made by rules or by other bundles." if others else ""
        raise Misused(
            f"Bundle {bundle.version} of {service} decided nothing from {since:%Y-%m-%d %H:%M} to "
            f"{until:%Y-%m-%d %H:%M} UTC.{more} A decision is in the observations some minutes after it is "
            "made; for another time: SINCE=2026-11-01 UNTIL=2026-11-08."
        )
    return report


def write(build: Path, report: Report) -> Path:
    """Write the report as JSON and as a page; returns where the page is."""
    folder = build / report.service / "drift"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{report.until[:10]}.html"
    path.write_text(page(report), encoding="utf-8")
    path.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return path


def lines(report: Report) -> list[str]:
    """What is to be said before the table."""
    found = [
        f"{report.service}, bundle {report.version}: {report.decisions:,} decisions, {report.since[:16]} to "
        f"{report.until[:16]} UTC",
        summary(report),
    ]
    found += [f"{count:,} decisions left out: {why}" for why, count in report.left_out.items() if count]
    if report.estimated:
        each = report.estimated
        found.append(f"Estimated right: {each.value:.1%} ({each.low:.1%} to {each.high:.1%})")
    return found


def table(report: Report) -> Table:
    """The highest scores."""
    made = Table(box=None, pad_edge=False)
    for name in ("what", "verdict", "effect", "limit", "p", "against"):
        made.add_column(name, justify="left" if name in {"what", "verdict", "against"} else "right")
    for each in sorted(report.findings, key=lambda found: -found.score)[:SHOWN]:
        effect = f"{each.measure} {each.effect:.3f}"
        made.add_row(each.name, each.verdict, effect, f"{each.limit:g}", f"{each.p:.1e}", each.against)
    return made


def _moment(name: str, said: str) -> datetime:
    try:
        found = datetime.fromisoformat(said)
    except ValueError as error:
        raise Misused(f"{name} is '{said}': write it as 2026-11-01 or 2026-11-01T06:00.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
