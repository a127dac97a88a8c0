"""`make ab`: two versions of a service's model beside each other, from what was observed of both."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from lambdas.core.errors import NotFound
from lambdas.core.variant import ROLLOUT, decode_rollout
from lambdas.observations.read import Observations
from lambdas.rollout.ab import report
from lambdas.rollout.ab_page import page, sentence
from lambdas.rollout.ab_types import Period, Report
from lambdas.rollout.judge_plan import Costs
from lambdas.rollout.record import FOLDER, Preflight, Record, decoded, preflight_key
from local.errors import Misused
from local.learning import where
from local.place import Place
from local.value import S3Objects

USUAL: Final = timedelta(days=7)
GRACE: Final = timedelta(minutes=1)
"""How long after a share is set functions may still go by the one before."""
_AGO = re.compile(r"(\d+)([dh])")


@dataclass(frozen=True)
class Wanted:
    """What the command line says; None where it says nothing."""

    service: str
    a: str | None
    b: str | None
    since: str | None
    until: str | None
    share: float | None
    on_aws: bool


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line of `ab`, beside its service."""
    parser.add_argument("--a", help="a version; with none the champion of the newest rollout")
    parser.add_argument("--b", help="the other version; with none the challenger of the newest rollout")
    parser.add_argument("--since", help="2026-11-01, 2026-11-01T12:00, 36h or 7d (7d)")
    parser.add_argument("--until", help="the same (now)")
    parser.add_argument("--share", type=float, help="B's share of the entities, where no rollout says it")
    parser.add_argument("--aws", action="store_true", help="in the AWS account of your own settings")


def wanted_from(options: argparse.Namespace) -> Wanted:
    """The parsed command line."""
    return Wanted(
        options.service, options.a, options.b, options.since, options.until, options.share, options.aws
    )


def compare(place: Place, console: Console, wanted: Wanted) -> None:
    """Write the report and say where, and what it found. Raises Misused, NothingToCompare, ClientError."""
    since, until = times(wanted, datetime.now(UTC))
    if wanted.share is not None and not 0.0 < wanted.share < 1.0:
        raise Misused(f"SHARE={wanted.share}: B's share is between 0 and 1")
    found = where(place, on_aws=wanted.on_aws, stacks=("Triage-Artifacts",))
    objects = S3Objects(found.s3, found.output("ArtifactsBucket"))
    records = list(rollouts(objects, wanted.service))
    a, b = versions(objects, records, wanted)
    made = report(
        Observations(objects, wanted.service).between(since, until),
        a,
        b,
        periods=_periods(records, wanted, a, b, since, until),
        costs=_costs(objects, wanted.service, (b, a)),
    )
    shown, kept = write(place.build / wanted.service / "ab", made)
    for line in lines(made):
        console.print(line, markup=False)
    console.print(f"\n{shown}\n{kept}", markup=False)


def times(wanted: Wanted, now: datetime) -> tuple[datetime, datetime]:
    """[since, until) of the command line. Raises Misused."""
    until = _time("UNTIL", wanted.until, now) if wanted.until else now
    since = _time("SINCE", wanted.since, now) if wanted.since else until - USUAL
    if since >= until:
        raise Misused(f"SINCE is {since:%Y-%m-%d %H:%M}, which is not before UNTIL, {until:%Y-%m-%d %H:%M}")
    return since, until


def _time(name: str, said: str, now: datetime) -> datetime:
    ago = _AGO.fullmatch(said)
    try:
        if ago:
            return now - timedelta(**{{"d": "days", "h": "hours"}[ago[2]]: int(ago[1])})
        at = datetime.fromisoformat(said)
    except (ValueError, OverflowError) as error:
        raise Misused(f"{name}={said}: say a time as 2026-11-01, 2026-11-01T12:00, 36h or 7d") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def rollouts(objects: S3Objects, service: str) -> Iterator[Record]:
    """The records of all rollouts of the service, the oldest first."""
    for key in objects.keys(f"{service}/{FOLDER}/"):
        if not key.endswith("/active.json"):
            found = objects.get(key)
            if found is not None:
                yield decoded(found.body, Record, key)


def versions(objects: S3Objects, records: Sequence[Record], wanted: Wanted) -> tuple[str, str]:
    """A and B: as named, else those of the newest rollout, else of rollout.json. Raises Misused."""
    if wanted.a and wanted.b:
        return wanted.a, wanted.b
    if records:
        newest = records[-1]
        return wanted.a or newest.before.champion.version, wanted.b or newest.challenger.version
    try:
        found = objects.get(f"{wanted.service}/{ROLLOUT}")
    except NotFound as error:
        raise Misused(f"{wanted.service} has no live model: make publish SERVICE={wanted.service}") from error
    live = decode_rollout(found.body if found else b"", wanted.service)
    other = live.challenger.version if live.challenger else None
    if wanted.b is None and other is None:
        raise Misused(
            f"{wanted.service} never had a rollout and has no challenger: name both versions, A= and B="
        )
    return wanted.a or live.champion.version, wanted.b or str(other)


def _costs(objects: S3Objects, service: str, wanted: Sequence[str]) -> Costs | None:
    """The costs that the pre-flight of either version wrote down; None where neither had one."""
    for version in wanted:
        key = preflight_key(service, version)
        try:
            found = objects.get(key)
        except NotFound:
            continue
        if found is not None:
            return decoded(found.body, Preflight, key).costs
    return None


def _periods(
    records: Sequence[Record], wanted: Wanted, a: str, b: str, since: datetime, until: datetime
) -> list[Period]:
    """When B had which share: as the rollouts' records say, or as the command line does."""
    if wanted.share is not None:
        return [Period(since.timestamp(), until.timestamp(), wanted.share)]
    return [
        Period(max(each.since, since.timestamp()), min(each.until, until.timestamp()), each.share, each.of)
        for record in records
        for each in periods_of(record, a, b, until)
        if each.since < until.timestamp() and each.until > since.timestamp()
    ]


def periods_of(record: Record, a: str, b: str, until: datetime) -> list[Period]:
    """The times at which a rollout of these two had one share each, from its looks.

    A look says that the step lasted since the one before, unless that is so long ago that the rollout was
    stopped in between and taken up again.
    """
    pair = record.before.champion.version, record.challenger.version
    if pair not in {(a, b), (b, a)}:
        return []
    seen = [(datetime.fromisoformat(look.at), look.step) for look in record.looks]
    if not record.over:
        seen.append((until, record.step))
    apart = timedelta(seconds=3 * record.plan.wait_seconds) + GRACE
    before, last = datetime.fromisoformat(record.started_at), -1
    found: list[Period] = []
    for at, step in seen:
        begin = before if step == last else before + GRACE
        share = record.plan.steps[step].share
        share = share if pair == (a, b) else 1.0 - share
        if not record.plan.steps[step].shadow and begin < at <= before + apart:
            if found and step == last and found[-1].until == begin.timestamp():
                found[-1] = found[-1]._replace(until=at.timestamp())
            else:
                found.append(Period(begin.timestamp(), at.timestamp(), share, record.id))
        before, last = at, step
    return found


def write(folder: Path, made: Report) -> tuple[Path, Path]:
    """The page and the JSON, by the names of both versions."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{made.a.version}_{made.b.version}"
    shown, kept = folder / f"{name}.html", folder / f"{name}.json"
    shown.write_text(page(made), encoding="utf-8")
    kept.write_bytes(msgspec.json.format(msgspec.json.encode(made)))
    return shown, kept


def lines(made: Report) -> list[str]:
    """What the report found, a line each."""
    found = [
        f"{made.service}: A {made.a.version} with {made.a.decisions:,} decisions, "
        f"B {made.b.version} with {made.b.decisions:,}",
        made.assignment.sentence,
    ]
    if made.assignment.state == "broken":
        return found
    surely = [each for each in made.effects if each.found]
    found += [sentence(each) for each in surely] or ["No effect is surely there yet."]
    return [*found, *made.notes]
