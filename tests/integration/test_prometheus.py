"""A real Prometheus scrapes the exporter; promtool and every expression that we ship are satisfied."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest

from lambdas.core.bundle import FileEntry, Head, Manifest, TrainingData
from lambdas.core.variant import BundleRef, Rollout
from lambdas.exporter.serving import api
from lambdas.exporter.settings import ExporterSettings
from lambdas.observations.record import Observation, folder
from local.place import ROOT, Place
from local.prometheus import prepare
from monitoring import dashboard
from monitoring.dashboard import expressions
from tests.support.observations import object_of
from tests.support.prometheus import Prometheus, eventually, prometheus, promtool
from tests.support.proxied import served

BUCKET = "triage-test"
MEANING = '{"transactions": {"legitimate": "approve", "fraud": "decline"}}'
MONITORING = ROOT / "monitoring"


class World:
    """What the exporter reads, in a bucket, and the key that opens it."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self.written = 0
        made = boto3.client("apigateway").create_api_key(name="triage-metrics", enabled=True)
        self.key_id, self.key = made["id"], made["value"]

    def put(self, key: str, body: bytes) -> None:
        self._s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def publish(self, service: str, *versions: str, share: float = 0.0) -> None:
        refs = []
        for version in versions:
            manifest = Manifest(
                1, service, version, "2026-11-20T00:00:00Z", "h", "c", 1, TrainingData("s", "x", 10),
                [Head("main", "p", ["Billing", "Technical"], {})], [], {}, {"accuracy": 0.9, "ece": 0.02},
                {"model.onnx": FileEntry("0" * 64, 1)},
            )  # fmt: skip
            body = msgspec.json.encode(manifest)
            self.put(f"{service}/bundles/{version}/manifest.json", body)
            refs.append(BundleRef(version, hashlib.sha256(body).hexdigest()))
        rollout = Rollout(service, refs[0], refs[1] if refs[1:] else None, share=share)
        self.put(f"{service}/rollout.json", msgspec.json.encode(rollout))

    def observe(self, service: str, count: int, **said: Any) -> None:
        """`count` decisions of just now."""
        now = datetime.now(UTC)
        usual = {"outcome": "Billing", "review": False, "confidence": 0.9, "version": "v1", "ms": 3.0}
        lines = [
            Observation(id=f"{service}.{self.written}-{k}", at=now.isoformat(), **{**usual, **said})
            for k in range(count)
        ]
        self.put(f"{folder(service, now)}{self.written:021}.jsonl.gz", object_of(service, [], lines))
        self.written += 1

    def handler(self) -> Any:
        settings = ExporterSettings(
            artifacts_bucket=BUCKET, services="tickets,transactions", metrics_key_id=self.key_id,
            label_outcomes=MEANING, exporter_refresh_seconds=0.0, exporter_grace_seconds=0.0,
        )  # fmt: skip
        return api(settings)


@pytest.fixture
def world(bucket: Any) -> World:
    """Two services, one with a challenger and rules that had to help out, one with labels."""
    made = World(bucket)
    made.publish("tickets", "v1", "v2", share=0.2)
    made.publish("transactions", "t1")
    labelled = {"label": "fraud", "labelled_at": datetime.now(UTC).isoformat(), "version": "t1"}
    made.observe("tickets", 20)
    made.observe(
        "tickets",
        5,
        version="v2",
        outcome="Technical",
        ms=700.0,
        review=True,
        assigned="challenger",
        variant="challenger",
    )
    made.observe("tickets", 3, variant="none", version=None, source="rules", ms=None)
    made.observe("transactions", 3, outcome="decline", **labelled)
    made.observe("transactions", 1, outcome="approve", **labelled)
    for service, version in (("tickets", "v1"), ("transactions", "t1")):
        report = {
            "version": version, "until": datetime.now(UTC).isoformat(), "alarm": service == "tickets",
            "findings": [{"name": "length", "verdict": "alarm", "effect": 0.3, "limit": 0.1}],
            "estimated": {"value": 0.8, "low": 0.7, "high": 0.9, "n": 28},
        }  # fmt: skip
        made.put(f"{service}/drift/latest.json", msgspec.json.encode(report))
    return made


@contextmanager
def scraped(world: World, to: Path) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the function every second, with the files that `make prometheus` writes."""
    place = Place(root=ROOT, folder=to, build=to)
    with served(world.handler()) as url:
        prepare(place, to / "prometheus", f"{url}/metrics", world.key, every=1)
        with prometheus(to / "prometheus") as server:
            yield server


def get(url: str, token: str | None) -> tuple[int, dict[str, str], bytes]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:  # noqa: S310
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_it_is_scraped_and_says_what_was_decided(world: World, tmp_path: Path) -> None:
    with scraped(world, tmp_path) as server:
        eventually(lambda: server.target()["health"] == "up", "a target that is up")
        assert server.value('up{job="triage"}') == 1
        assert server.value('sum(ml_predictions_total{service="tickets"})') == 28
        assert server.value('sum(ml_predictions_total{service="tickets", source="rules"})') == 3
        challenger = 'service="tickets", variant="challenger", version="v2"'
        assert server.value(f'ml_predictions_total{{{challenger}, outcome="Technical", source="model"}}') == 5
        assert server.value(f"ml_predictions_for_review_total{{{challenger}}}") == 5
        assert server.value(f"ml_prediction_latency_seconds_count{{{challenger}}}") == 5
        assert server.value(f"ml_prediction_latency_seconds_sum{{{challenger}}}") == pytest.approx(3.5)
        assert server.value(f'ml_prediction_latency_seconds_bucket{{{challenger}, le="0.5"}}') == 0
        assert server.value(f'ml_prediction_latency_seconds_bucket{{{challenger}, le=~"1|1.0"}}') == 5
        assert server.value('ml_data_drift_score{service="tickets", feature="length"}') == pytest.approx(3.0)
        scores = {"test": 0.9, "estimated": 0.8, "measured": 0.75}
        for kind, score in scores.items():
            series = f'service="transactions", version="t1", metric="accuracy", kind="{kind}"'
            assert server.value(f"ml_model_performance{{{series}}}") == score
        world.observe("tickets", 7)
        eventually(lambda: server.value('sum(ml_predictions_total{service="tickets"})') == 35, "seven more")
        grown = 'increase(ml_predictions_total{version="v1", outcome="Billing"}[1m])'
        eventually(lambda: server.value(grown), "an increase")


def test_every_expression_that_we_ship_runs_and_finds_something(world: World, tmp_path: Path) -> None:
    with scraped(world, tmp_path) as server:
        ours = 'sum(ml_predictions_total{variant="champion", service="tickets"})'
        eventually(lambda: server.value(ours) == 20, "a first scrape")
        for service in ("tickets", "transactions"):
            world.observe(service, 4, version="v1" if service == "tickets" else "t1", review=True)
        eventually(lambda: server.value(ours) == 24, "a second look")
        for expression in expressions():
            filled = expression.replace("$service", ".*").replace("$window", "1m")
            assert "$" not in filled
            assert eventually(lambda asked=filled: server.query(asked), filled, 20), expression
        names = server.api("label/service/values", **{"match[]": "ml_predictions_total"})
        assert names == ["tickets", "transactions"], "what the dashboard's list offers"
        (group,) = server.api("rules")["groups"]
        assert {rule["health"] for rule in group["rules"]} == {"ok"}
        eventually(lambda: server.query('ALERTS{alertname="TriageDrift", service="tickets"}'), "its alert")


def test_promtool_is_satisfied_with_what_is_scraped(world: World) -> None:
    with served(world.handler()) as url:
        status, headers, body = get(f"{url}/metrics", world.key)
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert promtool("check", "metrics", given=body.decode()) == ""


def test_promtool_is_satisfied_with_the_configuration_and_the_alerts(tmp_path: Path) -> None:
    place = Place(root=ROOT, folder=tmp_path, build=tmp_path)
    prepare(place, tmp_path, "https://example.com/live/metrics", "a key", every=None)
    promtool("check", "config", str(tmp_path / "prometheus.yml"))
    promtool("check", "rules", str(MONITORING / "rules.yml"))
    assert "SUCCESS" in promtool("test", "rules", str(MONITORING / "rules_test.yml"))


def test_without_the_key_nothing_is_told_and_prometheus_says_why(world: World, tmp_path: Path) -> None:
    with served(world.handler()) as url:
        for token in (None, "", "wrong", world.key_id):
            status, headers, body = get(f"{url}/metrics", token)
            assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
            assert headers["Content-Type"] == "application/problem+json"
            assert b"ml_" not in body
        assert get(f"{url}/metrics", world.key)[0] == 200
        assert get(f"{url}/other", world.key)[0] == 404
    world.key = "another"
    with scraped(world, tmp_path) as server:
        eventually(lambda: server.target()["health"] == "down", "a target that is down")
        assert "401" in server.target()["lastError"]


def test_the_dashboard_is_what_its_panels_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dashboard.main(["--check"]) == 0, "run `python -m monitoring.dashboard` and commit the file"
    path = tmp_path / "grafana.json"
    assert dashboard.main(["--check"], path=path) == 1
    assert "out of date" in capsys.readouterr().err
    assert dashboard.main([], path=path) == 0
    assert dashboard.main(["--check"], path=path) == 0


def test_no_two_panels_lie_on_each_other_and_each_has_the_source_that_is_chosen() -> None:
    made = dashboard.dashboard()
    taken: set[tuple[int, int]] = set()
    for panel in made["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        for target in panel.get("targets", ()):
            assert (
                target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            )
    ids = [panel["id"] for panel in made["panels"]]
    assert len(set(ids)) == len(ids)
    names = {variable["name"] for variable in made["templating"]["list"]}
    assert names == {"datasource", "service", "window"}
