"""A scrape: whoever is asked, counters never fall; each object is read once; no half day is told."""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from lambdas.core.aws import Listed, Object
from lambdas.core.bundle import FileEntry, Head, Manifest, TrainingData
from lambdas.core.errors import NotFound
from lambdas.core.telemetry import Telemetry
from lambdas.core.variant import BundleRef, Rollout
from lambdas.exporter.exporter import Exporter, Timing
from lambdas.exporter.reading import AT_ONCE, CatchingUp
from lambdas.observations.record import Observation, folder
from tests.support.observations import object_of

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MEANING = {"transactions": {"legitimate": "approve", "fraud": "decline"}}


class Bucket:
    """Objects in memory that counts what is asked of it; several threads may ask."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.gets: Counter[str] = Counter()
        self.listings: list[str] = []

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        self.gets[key] += 1
        if key not in self.objects:
            raise NotFound(key)
        etag = hashlib.sha256(self.objects[key]).hexdigest()
        return None if etag == unless_etag else Object(self.objects[key], etag)

    def listed(self, prefix: str) -> Iterator[Listed]:
        self.listings.append(prefix)
        for key in sorted(self.objects):
            if key.startswith(prefix):
                yield Listed(key, hashlib.sha256(self.objects[key]).hexdigest(), "2026-06-01T00:00:00.000Z")

    def write(self, at: datetime, number: int, *lines: Observation, service: str = "tickets") -> str:
        """What the observer writes; returns its key."""
        key = f"{folder(service, at)}{number:021}.jsonl.gz"
        self.objects[key] = object_of(service, [], lines)
        return key

    def publish(self, service: str, *versions: str, share: float = 0.0, shadow: bool = False) -> None:
        """A champion and, when a second version is given, a challenger."""
        refs = []
        for version in versions:
            manifest = Manifest(
                1, service, version, "2026-11-20T00:00:00Z", "h", "c", 1, TrainingData("s", "x", 10),
                [Head("main", "p", ["Billing", "Technical"], {})], [], {}, {"accuracy": 0.9},
                {"model.onnx": FileEntry("0" * 64, 1)},
            )  # fmt: skip
            body = msgspec.json.encode(manifest)
            self.objects[f"{service}/bundles/{version}/manifest.json"] = body
            refs.append(BundleRef(version, hashlib.sha256(body).hexdigest()))
        rollout = Rollout(service, refs[0], refs[1] if refs[1:] else None, share=share, shadow=shadow)
        self.objects[f"{service}/rollout.json"] = msgspec.json.encode(rollout)


class Times:
    """A wall clock and a monotonic one that go on together."""

    def __init__(self, now: datetime = NOON) -> None:
        self.at = now
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.at

    def clock(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


def exporter(
    bucket: Bucket, times: Times, *, services: tuple[str, ...] = ("tickets",), timing: Timing | None = None
) -> Exporter:
    return Exporter(
        services,
        lambda: bucket,
        Telemetry("exporter"),
        outcomes=MEANING,
        timing=timing or Timing(refresh=0.0),
        now=times.now,
        clock=times.clock,
    )


def seen(own: str, at: datetime = NOON, outcome: str = "Billing", **more: object) -> Observation:
    said: dict[str, object] = {"review": False, "confidence": 0.9, "version": "v1", "ms": 3.0, **more}
    return Observation(id=own, at=at.isoformat(timespec="milliseconds"), outcome=outcome, **said)  # type: ignore[arg-type]


def values(text: str, name: str, **labels: str) -> list[float]:
    """The values of the lines of `name` that have these labels."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return [
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith((f"{name}{{", f"{name} ")) and all(each in line for each in wanted)
    ]


def test_a_warm_function_reads_only_what_is_new_and_tells_what_a_cold_one_does() -> None:
    bucket, times = Bucket(), Times()
    bucket.publish("tickets", "v1")
    warm, number = exporter(bucket, times), 0
    for hour in range(12):
        at = NOON - timedelta(hours=12 - hour)
        for _ in range(4):
            bucket.write(at, number, *(seen(f"{number}-{k}", at, ms=number + k) for k in range(5)))
            number += 1
        times.at = at + timedelta(minutes=30)
        times.seconds += 3600
        told = warm.text()
        assert sum(values(told, "ml_predictions_total")) == 5 * number
    assert told == exporter(bucket, times).text()
    again = warm.text()
    assert again == told
    observed = {key: count for key, count in bucket.gets.items() if key.startswith("observations/")}
    assert set(observed.values()) == {2}, "once by the warm function, once by the cold one"
    assert values(told, "ml_prediction_latency_seconds_count") == [5 * number]


def test_two_warm_functions_in_turn_tell_counters_that_never_fall() -> None:
    """Also of objects that come into earlier hours and of one that was written again and had grown."""
    bucket, times = Bucket(), Times()
    bucket.publish("tickets", "v1")
    two = [exporter(bucket, times, timing=Timing(refresh=60.0)) for _ in range(2)]
    bucket.write(NOON, 1, *(seen(f"a{k}") for k in range(5)))
    told = [sum(values(made.text(), "ml_predictions_total")) for made in two]
    grown = [seen("b0")]
    for scrape in range(1, 24):
        times.pass_(15)
        if scrape % 3 == 0:
            bucket.write(NOON - timedelta(hours=scrape % 5), 100 + scrape, seen(f"late{scrape}"))
        if scrape % 4 == 1:
            grown.append(seen(f"b{scrape}"))
            bucket.write(NOON, 2, *grown)
        told.append(sum(values(two[scrape * 7 % 5 % 2].text(), "ml_predictions_total")))
        assert told[-1] == len(bucket_ids(bucket)), "all that is there, whoever is asked"
    assert told == sorted(told) and told[-1] > told[0]
    texts = [made.text() for made in [*two, exporter(bucket, times)]]
    assert len(set(texts)) == 1


def bucket_ids(bucket: Bucket) -> set[str]:
    """The decisions in the bucket, read without the exporter."""
    found = set()
    for key, body in bucket.objects.items():
        if key.startswith("observations/"):
            found |= {msgspec.json.decode(line)["id"] for line in gzip.decompress(body).splitlines()[1:]}
    return found


def test_who_had_to_catch_up_tells_what_is_there_by_then() -> None:
    bucket, times = Bucket(), Times()
    for k in range(2 * AT_ONCE):
        bucket.write(NOON, k, seen(str(k)))
    late = exporter(bucket, times, timing=Timing(read=0.0))
    with pytest.raises(CatchingUp):
        late.text()
    bucket.write(NOON - timedelta(hours=5), 1, seen("one more"))
    told = exporter(bucket, times).text()
    late._timing = Timing()
    assert late.text() == told
    assert sum(values(told, "ml_predictions_total")) == 2 * AT_ONCE + 1


def test_a_scrape_costs_one_listing_and_what_is_live_is_looked_at_once_a_minute() -> None:
    bucket, times = Bucket(), Times()
    bucket.publish("tickets", "v1")
    made = exporter(bucket, times, timing=Timing(refresh=60.0))
    made.text()
    bucket.publish("tickets", "v2")
    bucket.write(NOON, 1, seen("1"))
    asked = bucket.gets.total()
    times.pass_(59)
    told = made.text()
    assert sum(values(told, "ml_predictions_total")) == 1
    assert (len(bucket.listings), bucket.gets.total()) == (2, asked + 1)
    assert not values(told, "ml_rollout_share", version="v2")
    times.pass_(1)
    assert values(made.text(), "ml_rollout_share", version="v2") == [1]


def test_while_the_day_is_being_read_no_part_of_it_is_told_and_the_next_scrape_goes_on() -> None:
    bucket, times = Bucket(), Times()
    for k in range(3 * AT_ONCE):
        bucket.write(NOON, k, seen(str(k)))
    ticks, still = iter(range(100)), times.clock

    def slow() -> float:
        return still() + next(ticks)

    times.clock = slow  # type: ignore[method-assign]
    made = exporter(bucket, times, timing=Timing(refresh=0.0, read=2.5))
    with pytest.raises(CatchingUp) as caught:
        made.text()
    assert (caught.value.status, dict(caught.value.headers)) == (503, {"Retry-After": "5"})
    assert sum(values(made.text(), "ml_predictions_total")) == 3 * AT_ONCE
    assert {bucket.gets[key] for key in bucket.objects} == {1}


def test_a_day_goes_on_until_its_last_decisions_have_come() -> None:
    midnight = datetime(2026, 11, 26, tzinfo=UTC)
    times, bucket = Times(midnight - timedelta(minutes=1)), Bucket()
    bucket.publish("tickets", "v1")
    made = exporter(bucket, times, timing=Timing(refresh=0.0, grace=600.0))
    bucket.write(times.at, 1, seen("1", times.at), seen("2", times.at))
    assert sum(values(made.text(), "ml_predictions_total")) == 2
    times.pass_(300)
    bucket.write(midnight - timedelta(seconds=1), 2, seen("3", midnight - timedelta(seconds=1)))
    bucket.write(midnight, 3, seen("4", midnight))
    assert sum(values(made.text(), "ml_predictions_total")) == 3, "the old day with its last decision"
    times.pass_(400)
    told = made.text()
    assert sum(values(told, "ml_predictions_total")) == 1
    assert values(told, "ml_day_start_timestamp_seconds") == [midnight.timestamp()]


def test_what_may_be_answered_is_there_with_a_zero_before_it_is() -> None:
    bucket, times = Bucket(), Times()
    bucket.publish("tickets", "v1", "v2", share=0.1)
    bucket.publish("transactions", "t1", "t2", shadow=True)
    told = exporter(bucket, times, services=("tickets", "transactions")).text()
    for variant, version in (("champion", "v1"), ("challenger", "v2")):
        for outcome in ("Billing", "Technical"):
            labels = {"variant": variant, "version": version, "outcome": outcome}
            assert values(told, "ml_predictions_total", service="tickets", source="model", **labels) == [0]
        assert values(told, "ml_prediction_latency_seconds_count", version=version) == [0]
    outcomes = {"approve", "decline", "review"}
    for outcome in outcomes:
        assert values(
            told, "ml_predictions_total", service="transactions", version="t1", outcome=outcome
        ) == [0]
        assert values(
            told, "ml_predictions_total", service="transactions", source="rules", outcome=outcome
        ) == [0]
    assert not values(told, "ml_predictions_total", version="t2"), "in shadow it answers nothing"


def test_shares_ages_and_scores_of_what_is_live() -> None:
    bucket, times = Bucket(), Times()
    bucket.publish("tickets", "v1", "v2", share=0.25)
    label = {"label": "Billing", "labelled_at": NOON.isoformat()}
    bucket.write(NOON, 1, seen("1", **label), seen("2", outcome="Technical", **label))
    told = exporter(bucket, times).text()
    assert values(told, "ml_rollout_share", variant="champion", version="v1") == [0.75]
    assert values(told, "ml_rollout_share", variant="challenger", version="v2") == [0.25]
    assert values(told, "ml_model_created_timestamp_seconds", version="v2") == [
        datetime(2026, 11, 20, tzinfo=UTC).timestamp()
    ]
    scores = {"service": "tickets", "metric": "accuracy"}
    assert values(told, "ml_model_performance", version="v1", kind="test", **scores) == [0.9]
    assert values(told, "ml_model_performance", version="v1", kind="measured", **scores) == [0.5]
    assert values(told, "ml_labels_today", version="v1") == [2]
    assert values(told, "ml_newest_prediction_timestamp_seconds") == [NOON.timestamp()]


def test_a_bundle_that_nobody_vouches_for_is_not_told_and_decisions_count_all_the_same() -> None:
    bucket, times = Bucket(), Times()
    bucket.publish("tickets", "v1")
    bucket.objects["tickets/bundles/v1/manifest.json"] += b" "
    bucket.write(NOON, 1, seen("1"))
    told = exporter(bucket, times).text()
    assert values(told, "ml_predictions_total") == [1]
    assert not values(told, "ml_rollout_share")


def test_a_damaged_object_is_told_and_spoils_nothing() -> None:
    bucket, times = Bucket(), Times()
    bucket.write(NOON, 1, seen("1"))
    bucket.objects[bucket.write(NOON, 2, seen("2"))] = b"damaged"
    made = exporter(bucket, times)
    for _ in range(2):
        told = made.text()
        assert (values(told, "ml_predictions_total"), values(told, "ml_unreadable_objects")) == ([1], [1])


def test_a_damaged_object_that_is_written_again_counts() -> None:
    bucket, times = Bucket(), Times()
    key = bucket.write(NOON, 1, seen("1"))
    whole, bucket.objects[key] = bucket.objects[key], b"damaged"
    made = exporter(bucket, times)
    assert values(made.text(), "ml_unreadable_objects") == [1]
    bucket.objects[key] = whole
    told = made.text()
    assert (values(told, "ml_predictions_total"), values(told, "ml_unreadable_objects")) == ([1], [0])


def test_manifests_are_read_once_and_what_changes_by_its_etag() -> None:
    bucket, times = Bucket(), Times()
    bucket.publish("tickets", "v1")
    made = exporter(bucket, times)
    for _ in range(3):
        made.text()
    assert bucket.gets["tickets/bundles/v1/manifest.json"] == 1
    bucket.publish("tickets", "v2")
    assert values(made.text(), "ml_rollout_share", version="v2") == [1]


def test_every_line_has_few_labels_and_known_ones() -> None:
    bucket, times = Bucket(), Times()
    bucket.publish("tickets", "v1")
    bucket.write(NOON, 1, seen("1"))
    allowed: Mapping[str, set[str]] = {
        "ml_predictions_total": {"service", "variant", "version", "outcome", "source"},
        "ml_prediction_latency_seconds_bucket": {"service", "variant", "version", "le"},
        "ml_model_performance": {"service", "version", "metric", "kind"},
    }
    lines = [line for line in exporter(bucket, times).text().splitlines() if not line.startswith("#")]
    for name, labels in allowed.items():
        own = [line for line in lines if line.startswith(f"{name}{{")]
        assert own
        for line in own:
            inside = line.partition("{")[2].rpartition("}")[0]
            assert {part.partition("=")[0] for part in inside.split(",")} == labels
