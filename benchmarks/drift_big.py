"""A million decisions in a folder that stands for the bucket, and the whole nightly look at them."""

from __future__ import annotations

import gzip
import hashlib
import math
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from lambdas.core.aws import Object
from lambdas.core.bundle import FileEntry, Head, Manifest, TrainingData
from lambdas.core.errors import NotFound
from lambdas.core.variant import BundleRef, Rollout
from lambdas.drift.limits import Limits
from lambdas.drift.page import page
from lambdas.drift.run import bundle_of, nightly
from lambdas.observations.record import Header, Observation, folder

DECISIONS, FEATURES, CUSTOMERS, AN_OBJECT = 1_000_000, 50, 80_000, 20_000
UNTIL = datetime(2026, 10, 2, tzinfo=UTC)
NAMES = [f"feature{k}" for k in range(FEATURES)]


class Folder:
    """A bucket on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object."""
        try:
            return Object((self._path / key).read_bytes(), "etag")
        except FileNotFoundError as error:
            raise NotFound(key) from error

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """The keys, in order."""
        found = (str(each.relative_to(self._path)) for each in self._path.rglob("*") if each.is_file())
        yield from sorted(key for key in found if key.startswith(prefix) and key > after)

    def put(self, key: str, body: bytes) -> None:
        """Write the object."""
        (self._path / key).parent.mkdir(parents=True, exist_ok=True)
        (self._path / key).write_bytes(body)


def write(path: Path) -> int:
    """A day of decisions, and the bundle that made them; how many objects that is."""
    bucket, rng = Folder(path), np.random.default_rng(1)
    _bundle(bucket, rng)
    objects, start = 0, UTC_START
    for first in range(0, DECISIONS, AN_OBJECT):
        at = start + timedelta(days=1) * (first / DECISIONS)
        lines = _lines(rng, first, at, timedelta(days=1) * (AN_OBJECT / DECISIONS))
        body = b"\n".join([msgspec.json.encode(Header("tickets", NAMES)), *lines, b""])
        bucket.put(f"{folder('tickets', at)}{first:012d}.jsonl.gz", gzip.compress(body, 1))
        objects += 1
    return objects


UTC_START = UNTIL - timedelta(days=1)


def _lines(rng: np.random.Generator, first: int, at: datetime, long: timedelta) -> Iterator[bytes]:
    values = _features(rng, AN_OBJECT)
    owners = rng.integers(0, CUSTOMERS, AN_OBJECT)
    for k in range(AN_OBJECT):
        row: list[float | None] = [None if math.isnan(v) else round(v, 4) for v in values[k].tolist()]
        yield msgspec.json.encode(
            Observation(
                id=f"tickets.{first + k:032x}",
                at=(at + long * (k / AN_OBJECT)).isoformat(timespec="milliseconds"),
                outcome=("a", "b", "c")[int(rng.integers(0, 3))],
                review=bool(rng.random() < 0.1),
                confidence=round(float(rng.beta(6, 1.5)), 6),
                version="v1",
                ms=1.5,
                entity=f"{int(owners[k]) + 1:016x}",
                features=row,
                segments={"language": "en", "channel": "chat"},
            )
        )


def _features(rng: np.random.Generator, rows: int) -> np.ndarray[Any, Any]:
    found = rng.normal(size=(rows, FEATURES))
    found[:, ::3] = rng.poisson(1.0, size=found[:, ::3].shape)
    found[:, ::5][rng.random((rows, FEATURES // 5)) < 0.2] = np.nan
    return found


def _bundle(bucket: Folder, rng: np.random.Generator) -> None:
    from model_build.distribution import distribution

    features = _features(rng, 20_000)
    told = {name: distribution(features[:, k]) for k, name in enumerate(NAMES)}
    reference = msgspec.json.encode({"format": 1, "rows": 20_000, "features": told})
    entry = FileEntry(hashlib.sha256(reference).hexdigest(), len(reference))
    manifest = msgspec.json.encode(
        Manifest(
            format=1, service="tickets", version="v1", created_at="", bundle_hash="", git_commit="", seed=0,
            training_data=TrainingData("", "", 0), heads=[Head("department", "o", ["a", "b", "c"], {})],
            features=NAMES, settings={}, metrics={}, files={"reference.json": entry, "model.onnx": entry},
        )
    )  # fmt: skip
    sha = hashlib.sha256(manifest).hexdigest()
    bucket.put("tickets/bundles/v1/reference.json", reference)
    bucket.put("tickets/bundles/v1/manifest.json", manifest)
    bucket.put("tickets/rollout.json", msgspec.json.encode(Rollout("tickets", BundleRef("v1", sha))))


def main() -> None:
    """Look once as the nightly job does; prints seconds, the processor's, peak MB, and how much is
    watched."""
    bucket = Folder(Path(sys.argv[1]))
    started, busy = time.perf_counter(), time.process_time()
    looked = nightly(bucket, bundle_of(bucket, "tickets", {}), Limits(), UNTIL)
    html = page(looked.report)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    assert looked.report.decisions == DECISIONS and html
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(seconds, busy, megabytes, len(looked.report.findings))


if __name__ == "__main__":
    main()
