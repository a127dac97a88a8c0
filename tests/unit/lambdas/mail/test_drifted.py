"""What the mail of the alarm on drift says of each service, from the reports in the bucket."""

from __future__ import annotations

import json

import msgspec
import pytest

from lambdas.core.aws import Object
from lambdas.core.errors import DependencyDown
from lambdas.drift.estimate import Estimate
from lambdas.drift.limits import Limits
from lambdas.drift.report import Finding, Labels, Report, Verdict
from lambdas.drift.tell import MOST
from lambdas.mail.drifted import Drifted
from tests.support.events import fresh_telemetry
from tests.support.observations import MemoryBucket


def finding(name: str, effect: float, verdict: Verdict = "alarm") -> Finding:
    return Finding(
        name=name, kind="feature", verdict=verdict, against="training", measure="psi", effect=effect,
        limit=0.2, test="chi-square", statistic=1.0, p=0.0, rows=300, effective=250.0,
        bins=["a", "other", "missing"], before=[1.0, 0.0, 0.0], now=[0.4, 0.0, 0.6], jensen_shannon=0.1,
        total_variation=0.1,
    )  # fmt: skip


def report(service: str, *findings: Finding, alarm: bool = True, labels: Labels | None = None) -> Report:
    return Report(
        service=service, version="v1", since="2026-11-23T03:30:00+00:00", until="2026-11-24T03:30:00+00:00",
        decisions=300, entities=200, findings=list(findings), skipped={}, promised=0.9,
        estimated=Estimate(value=0.8, low=0.75, high=0.85, n=300), history=[], limits=Limits(), alarm=alarm,
        alarm_since="2026-11-24T03:30:00+00:00" if alarm else "", labels=labels,
    )  # fmt: skip


def lines(bucket: MemoryBucket) -> tuple[str, ...]:
    return Drifted(bucket, ("tickets", "transactions"), fresh_telemetry("mail")).lines()


def put(bucket: MemoryBucket, found: Report) -> None:
    bucket.put(f"{found.service}/drift/latest.json", msgspec.json.encode(found))


def test_a_service_that_drifts_says_what_is_off_the_worst_first() -> None:
    bucket = MemoryBucket()
    put(
        bucket,
        report("tickets", finding("words", 0.3, "off"), finding("channel", 0.5), finding("x", 0.1, "fine")),
    )
    put(bucket, report("transactions", finding("amount", 0.9, "off"), alarm=False))
    assert lines(bucket) == (
        "tickets, bundle v1: drifts since 2026-11-24T03:30:00+00:00; estimated 80.0% right (75.0% to 85.0%); "
        "90.0% on the test split",
        "tickets: channel: psi 0.50 (limit 0.2), missing 0.0% -> 60.0%",
        "tickets: words: psi 0.30 (limit 0.2), missing 0.0% -> 60.0%",
    )


def test_a_mail_has_ten_lines_of_a_service_at_most() -> None:
    bucket = MemoryBucket()
    for service in ("tickets", "transactions"):
        put(bucket, report(service, *(finding(f"f{k}", 1.0 + k) for k in range(50))))
    assert len(lines(bucket)) == 2 * MOST == 20


def test_labels_that_alarm_alone_are_said() -> None:
    bucket = MemoryBucket()
    put(bucket, report("tickets", labels=Labels(40, 12, 4.0, 1200.0, 1000.0, alarm=True)))
    (line,) = lines(bucket)
    assert "people's labels say it is wrong more often than it was" in line
    assert line.endswith("12 of 40 labels say wrong, 4 expected")


class Down(MemoryBucket):
    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        if key.startswith("tickets/"):
            raise DependencyDown("s3 is away")
        return super().get(key, unless_etag=unless_etag)


@pytest.mark.parametrize(
    ("bucket", "why"),
    [
        (MemoryBucket(), "does not exist"),
        (MemoryBucket({"tickets/drift/latest.json": b"{"}), "truncated"),
        (MemoryBucket({"tickets/drift/latest.json": b'{"service": 1}'}), "Expected `str`"),
        (Down(), "s3 is away"),
    ],
)
def test_what_cannot_be_read_is_left_out_and_logged(
    bucket: MemoryBucket, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put(bucket, report("transactions", finding("amount", 0.9)))
    assert {line.split(",")[0].split(":")[0] for line in lines(bucket)} == {"transactions"}
    (logged,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert logged["message"] == "a mail without what has drifted" and logged["of"] == "tickets"
    assert why in logged["detail"]
