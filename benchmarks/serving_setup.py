"""What the serving benchmark runs on: an embedded AWS, one published bundle, one baseline model."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib

from benchmarks.embedded import BUCKET, Embedded, embedded_aws, run_module
from lambdas.core.bundle import decode_manifest
from lambdas.tickets.schema import TicketRequest
from lambdas.tickets.service import Tickets

ROWS = 12_000


@dataclass
class Setup:
    """The tickets to ask, and where both models lie."""

    folder: Path
    test: list[dict[str, str]]
    bundle: Path

    def ticket(self, k: int) -> dict[str, str]:
        """The k-th held-out ticket as a request body."""
        row = self.test[k % len(self.test)]
        return {"subject": row["subject"], "body": row["body"]}

    def event(self, k: int) -> dict[str, Any]:
        """A proxy event for one ticket."""
        return _event("/v1/tickets:classify", self.ticket(k))

    def tickets(self, n: int) -> list[TicketRequest]:
        """The first n held-out tickets."""
        return [TicketRequest(**self.ticket(k)) for k in range(n)]

    def batch_event(self, n: int, start: int = 0) -> dict[str, Any]:
        """A proxy event for n tickets."""
        return _event("/v1/tickets:classifyBatch", {"tickets": [self.ticket(start + k) for k in range(n)]})

    def forget_downloads(self) -> None:
        """Empty the function's /tmp, as a new sandbox would have it."""
        shutil.rmtree(self.folder / "models", ignore_errors=True)

    def accuracy(self) -> tuple[float, float]:
        """Department accuracy of both models on the held-out tickets."""
        manifest = decode_manifest((self.bundle / "manifest.json").read_bytes(), "tickets")
        model = Tickets().open(self.bundle, manifest)
        head = manifest.head("department")
        tickets = self.tickets(len(self.test))
        truth = [row["department"] for row in self.test]
        guessed = []
        for start in range(0, len(tickets), 100):
            outputs = model.run(tickets[start : start + 100])[1]
            guessed += [head.classes[k] for k in outputs[head.output].argmax(axis=1)]
        baseline = joblib.load(self.folder / "model.joblib")
        theirs = baseline.predict([f"{t.subject}\n{t.body}" for t in tickets])
        return _share(guessed, truth), _share(list(theirs), truth)


def _share(guessed: list[str], truth: list[str]) -> float:
    return sum(a == b for a, b in zip(guessed, truth, strict=True)) / len(truth)


def _event(resource: str, body: object) -> dict[str, Any]:
    return {"httpMethod": "POST", "resource": resource, "body": json.dumps(body), "isBase64Encoded": False}


@contextmanager
def prepared() -> Iterator[Setup]:
    """Both models trained on the same rows and stored in an embedded AWS; the environment points at it."""
    with embedded_aws() as aws:
        os.environ["POWERTOOLS_SERVICE_NAME"] = "tickets"
        yield _trained(aws)


def _trained(aws: Embedded) -> Setup:
    folder = aws.folder
    data = folder / "tickets.csv"
    run_module("model_build.tickets.synthetic", "--rows", str(ROWS), "--seed", "11", "--out", str(data))
    with data.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    groups = sorted({row["template_group"] for row in rows})
    held = set(groups[::5])
    parts = {"train": [r for r in rows if r["template_group"] not in held]}
    parts["test"] = [r for r in rows if r["template_group"] in held]
    for name, part in parts.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(part)
    print("training ours ...", flush=True)
    run_module(
        "model_build", "train", "tickets", "--csv", str(folder / "train.csv"), "--text", "subject,body",
        "--label", "department,urgency", "--group", "template_group", "--build-dir", str(folder / "build"),
        "--no-tracking",
    )  # fmt: skip
    build = str(folder / "build")
    run_module("model_build", "publish", "tickets", "--bucket", BUCKET, "--build-dir", build, "--no-tracking")
    print("training the baseline ...", flush=True)
    _train_baseline(parts["train"], folder / "model.joblib")
    aws.client("s3").upload_file(str(folder / "model.joblib"), BUCKET, "baseline/model.joblib")
    bundle = max((folder / "build" / "tickets" / "bundles").iterdir())
    return Setup(folder, parts["test"], bundle)


def _train_baseline(rows: list[dict[str, str]], to: Path) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2),
    )
    pipeline = make_pipeline(features, LogisticRegression(C=5.0, max_iter=300, class_weight="balanced"))
    pipeline.fit([f"{r['subject']}\n{r['body']}" for r in rows], [r["department"] for r in rows])
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer)
    to.write_bytes(buffer.getvalue())
