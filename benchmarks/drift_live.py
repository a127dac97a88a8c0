"""What the live services decide on the synthetic generators' streams, with the truth beside it: windows of
observations, made by the served features and a trained bundle, without an AWS in between."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import drift_posts
from benchmarks.embedded import run_module
from lambdas.core.bundle import MANIFEST, Manifest, decode_manifest
from lambdas.observations.record import entity_hash, row_id
from lambdas.observations.window import Window
from local.place import ROOT
from tests.support.observations import window

TRAINED = {"tickets": 12_000, "transactions": 100_000, "content": 12_000}
"""Rows of the stream, its first ones, that the model is trained on."""


@dataclass(frozen=True)
class Live:
    """Decisions in order of time; `truth` is the label that a person would give."""

    decided: Window
    truth: np.ndarray[Any, Any]

    def where(self, rows: Any) -> Live:
        """Only these rows."""
        return Live(self.decided.where(rows), self.truth[rows])


@dataclass(frozen=True)
class Bundle:
    """A trained bundle, and the folder that it lies in."""

    folder: Path
    manifest: Manifest

    @property
    def reference(self) -> bytes:
        """reference.json."""
        return (self.folder / "reference.json").read_bytes()


@dataclass(frozen=True)
class Stream:
    """A generator's stream: `rows` from `start` to `end`, of which the first are trained on."""

    service: str
    rows: int
    start: datetime
    end: datetime
    seed: int = 11

    def write(self, path: Path, shift: Any = None) -> list[dict[str, str]]:
        """All rows, with `shift` in them."""
        if self.service == "tickets":
            from model_build.tickets.synthetic import TicketParameters, write_csv

            given = TicketParameters(
                rows=self.rows, seed=self.seed, start=self.start, end=self.end, shift=shift
            )
            write_csv(path, given)
        elif self.service == "content":
            drift_posts.write(path, self.rows, self.seed, shift)
        else:
            from model_build.transactions import synthetic

            more = {
                "rows": self.rows,
                "seed": self.seed,
                "start": self.start,
                "end": self.end,
                "shift": shift,
            }
            synthetic.write_csv(path, synthetic.TransactionParameters(**more))
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


TICKETS = Stream("tickets", 36_000, datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 8, 30, tzinfo=UTC))
TRANSACTIONS = Stream(
    "transactions", 200_000, datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
)
POSTS = Stream("content", 36_000, TICKETS.start, TICKETS.end)


def trained(stream: Stream, build: Path) -> Bundle:
    """A model of the stream's first rows; one that lies in `build` already is taken."""
    bundles = build / stream.service / "bundles"
    if not bundles.is_dir():
        given = ["--label", "department,urgency", "--text", "subject,body", "--group", "template_group"]
        if stream.service == "transactions":
            given = [
                "--card", "card_id", "--merchant", "merchant_id", "--amount", "amount", "--time", "at",
                "--label", "is_fraud", "--category", "category", "--place", "latitude,longitude",
                "--home", "home_latitude,home_longitude",
            ]  # fmt: skip
        elif stream.service == "content":
            os.environ.setdefault("TRIAGE_PRETRAINED", str(ROOT / "build" / "pretrained"))
            given = drift_posts.options()
        path = _first_rows(stream, build)
        print(f"training {stream.service} ...", flush=True)
        more = ["--build-dir", str(build), "--no-tracking"]
        run_module("model_build", "train", stream.service, "--csv", str(path), *given, *more)
    folder = max(bundles.iterdir())
    return Bundle(folder, decode_manifest((folder / MANIFEST).read_bytes(), stream.service))


def _first_rows(stream: Stream, build: Path) -> Path:
    build.mkdir(parents=True, exist_ok=True)
    path = build / f"{stream.service}-first.csv"
    rows = stream.write(path)[: TRAINED[stream.service]]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def live(stream: Stream, bundle: Bundle, shift: Any = None) -> Live:
    """What the bundle decides on the rows that it was not trained on."""
    with tempfile.TemporaryDirectory() as folder:
        rows = stream.write(Path(folder) / "all.csv", shift)
    if stream.service == "content":
        span, build = (stream.start, stream.end), bundle.folder.parents[2]
        posts, truth = drift_posts.decided(
            rows, TRAINED["content"], span, bundle.folder, bundle.manifest, build
        )
        return Live(posts, np.array(truth))
    made = _tickets if stream.service == "tickets" else _transactions
    return made(rows, TRAINED[stream.service], bundle)


def days(found: Live, first: datetime) -> Iterator[Live]:
    """A window a day from `first` on, as long as there are whole ones."""
    at, begin, day = found.decided.at, first.timestamp(), timedelta(days=1).total_seconds()
    while begin + day <= at[-1] + 3600:
        yield found.where((at >= begin) & (at < begin + day))
        begin += day


def _tickets(rows: Sequence[dict[str, str]], first: int, bundle: Bundle) -> Live:
    import msgspec

    from lambdas.core.ngrams import words_of
    from lambdas.core.policy import judge
    from lambdas.tickets.features import FEATURE_NAMES, handmade, text_of
    from lambdas.tickets.schema import TicketRequest
    from lambdas.tickets.service import Tickets

    model, head = Tickets().open(bundle.folder, bundle.manifest), bundle.manifest.heads[0]
    rows = rows[first:]
    asked = ("subject", "body", "customer_id", "channel", "customer_tier", "previous_tickets", "language")
    tickets = [
        msgspec.convert({name: row[name] for name in asked if row[name]}, TicketRequest, strict=False)
        for row in rows
    ]
    verdicts = []
    for start in range(0, len(tickets), 200):
        outputs = model.run(tickets[start : start + 200])[1][head.output].astype(float).tolist()
        verdicts += [judge(head, row) for row in outputs]
    features = handmade(tickets, [words_of(text_of(each.subject, each.body)) for each in tickets])
    made = window(
        len(rows),
        names=FEATURE_NAMES,
        features=features,
        version=bundle.manifest.version,
        at=_times(rows, "created_at"),
        id=[row_id(row["ticket_id"]) for row in rows],
        entity=[int(entity_hash("tickets", row["customer_id"]), 16) for row in rows],
        outcome=[each.answer.label for each in verdicts],
        confidence=[each.answer.confidence for each in verdicts],
        review=[bool(each.reasons) for each in verdicts],
        segments={name: [row[name] or None for row in rows] for name in ("language", "channel")},
    )
    return Live(made, np.array([row["department"] for row in rows]))


def _transactions(rows: Sequence[dict[str, str]], first: int, bundle: Bundle) -> Live:
    from lambdas.transactions.event import Event, hash_of
    from lambdas.transactions.features import CATEGORY_RISK, FEATURE_NAMES, matrix
    from lambdas.transactions.model import PROBABILITIES
    from lambdas.transactions.service import Transactions
    from lambdas.transactions.verdict import bounds_of
    from model_build.transactions.replay import Known, Replay

    replay, features = Replay(7 * 86_400.0), np.empty((len(rows), len(FEATURE_NAMES)), np.float32)
    times = _times(rows, "at")
    hashes = {name: hash_of(name) for row in rows for name in (row["merchant_id"], row["category"])}
    for k, row in enumerate(rows):
        place, home = _pair(row, "latitude", "longitude"), _pair(row, "home_latitude", "home_longitude")
        merchant, category = hashes[row["merchant_id"]], hashes[row["category"]]
        event = Event(k + 1, times[k], float(row["amount"]), merchant, category, place, home)
        known = Known(times[k], row["merchant_id"], row["category"], row["is_fraud"] == "1")
        features[k] = replay.see(row["card_id"], event, known)[0]
    rows, features, times = rows[first:], features[first:], times[first:]
    risks = bundle.manifest.settings["category_risk"]
    features[:, CATEGORY_RISK] = matrix(features, [r["category"] for r in rows], risks)[:, CATEGORY_RISK]
    model = Transactions.open(None, bundle.folder, bundle.manifest)  # type: ignore[arg-type]
    fraud = (
        model.onnx.run({"features": features}, [PROBABILITIES])[PROBABILITIES][:, 1].astype(float).tolist()
    )
    bounds = bounds_of(bundle.manifest.heads[0])
    outcomes = [bounds.outcome(each) for each in fraud]
    made = window(
        len(rows),
        service="transactions",
        names=FEATURE_NAMES,
        features=features,
        version=bundle.manifest.version,
        at=times,
        id=[row_id(row["transaction_id"]) for row in rows],
        entity=[int(entity_hash("transactions", row["card_id"]), 16) for row in rows],
        outcome=outcomes,
        confidence=[bounds.confidence(each) for each in fraud],
        review=[each == "review" for each in outcomes],
    )
    return Live(made, np.array(["fraud" if row["is_fraud"] == "1" else "legitimate" for row in rows]))


def _times(rows: Sequence[dict[str, str]], name: str) -> list[float]:
    return [datetime.fromisoformat(row[name]).timestamp() for row in rows]


def _pair(row: dict[str, str], first: str, second: str) -> tuple[float, float] | None:
    return (float(row[first]), float(row[second])) if row[first] and row[second] else None
