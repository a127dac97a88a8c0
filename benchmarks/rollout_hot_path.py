"""What a rollout costs a request: the model store with one and without, in turns."""

from __future__ import annotations

import statistics
import time
from typing import Any

import msgspec

from benchmarks.embedded import BUCKET, Embedded, embedded_aws
from benchmarks.table import Table
from lambdas.core.variant import BundleRef, Rollout

SERVICE = "tickets"
CALLS, BLOCKS = 20_000, 21
MOST_MICROSECONDS = 20.0
NOTE = (
    "Cost of a request: `ModelStore.refresh` and `route` for an entity and a decision, between two looks at "
    "rollout.json, in the same process in turns; the median of the blocks' differences. The look itself, "
    "every 10 s, is there with and without a rollout."
)


def hot_path(table: Table) -> None:
    """Add the row."""
    with embedded_aws() as aws:
        refs = _published(aws)
        alone = Rollout(service=SERVICE, champion=refs["v1"])
        running = msgspec.structs.replace(alone, challenger=refs["v2"], share=0.5, salt="bench", compare=0.1)
        stores = [_store(aws, each, name) for name, each in (("alone", alone), ("running", running))]
        both = [[_microseconds(store, block) for store in stores] for block in range(BLOCKS)]
    extra = statistics.median(running - alone for alone, running in both)
    without, with_one = (statistics.median(values) for values in zip(*both, strict=True))
    table.add(
        "a request's extra cost in the model store while a rollout runs", f"{extra:.2f} µs",
        against=f"{with_one:.2f} µs with one, {without:.2f} µs without",
        asked=f"under {MOST_MICROSECONDS:.0f} µs", reached=extra < MOST_MICROSECONDS,
    )  # fmt: skip


def _published(aws: Embedded) -> dict[str, BundleRef]:
    """Two tiny bundles in the bucket."""
    from tests.support.bundles import write_bundle

    s3, refs = aws.client("s3"), {}
    for version in ("v1", "v2"):
        refs[version] = write_bundle(aws.folder / "bundles", version)
        for path in (aws.folder / "bundles" / version).iterdir():
            s3.upload_file(str(path), BUCKET, f"{SERVICE}/bundles/{version}/{path.name}")
    return refs


def _store(aws: Embedded, rollout: Rollout, name: str) -> Any:
    """A model store that has read `rollout`, and does not look again for an hour."""
    from lambdas.core.aws import Bucket
    from lambdas.core.bundle_cache import BundleCache
    from lambdas.core.model_store import ModelStore
    from lambdas.tickets.service import Tickets

    aws.client("s3").put_object(
        Bucket=BUCKET, Key=f"{SERVICE}/rollout.json", Body=msgspec.json.encode(rollout)
    )
    made = ModelStore(
        BundleCache(SERVICE, Bucket(BUCKET), aws.folder / f"cache-{name}"),
        open_model=Tickets().open, on_failure=_fail, refresh_seconds=3600.0,
    )  # fmt: skip
    made.refresh()
    assert made.route("a", "b").answers is not None
    return made


def _fail(error: Exception) -> None:
    raise error


def _microseconds(store: Any, block: int) -> float:
    """One request's time in the store, of `CALLS` with ever other entities."""
    names = [f"{block}-{k}" for k in range(CALLS)]
    refresh, route = store.refresh, store.route
    started = time.perf_counter()
    for name in names:
        refresh()
        route(name, name)
    return (time.perf_counter() - started) / CALLS * 1e6
