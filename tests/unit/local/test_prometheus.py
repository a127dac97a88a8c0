"""`make prometheus`: the configuration of the example with the address and the key of the stack."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from local import prometheus
from local.errors import Misused
from local.learning import Where
from local.place import ROOT, Place

URL = "https://abc.execute-api.eu-west-1.amazonaws.com/live/metrics"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(root=ROOT, folder=tmp_path / "local", build=tmp_path / "build")


class Gateway:
    def get_api_key(self, **asked: Any) -> dict[str, str]:
        assert asked == {"apiKey": "id7", "includeValue": True}
        return {"value": "a key"}


def account(monkeypatch: pytest.MonkeyPatch, **outputs: str) -> None:
    def where(*_: Any, **__: Any) -> Where:
        return Where({"Triage-Api": outputs}, {}, lambda _: Gateway())

    monkeypatch.setattr(prometheus, "where", where)


def test_the_files_for_an_account(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    account(monkeypatch, MetricsUrl=URL, MetricsKeyId="id7")
    console = Console(record=True, width=300)
    folder = prometheus.write(place, console, on_aws=True)
    assert str(folder / "prometheus.yml") in console.export_text()
    key = folder / "metrics-key"
    assert key.read_text() == "a key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    config = yaml.safe_load((folder / "prometheus.yml").read_text())
    example = yaml.safe_load((ROOT / "monitoring" / "prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    assert job["metrics_path"] == "/live/metrics"
    assert (job["scheme"], job["static_configs"]) == (
        "https", [{"targets": ["abc.execute-api.eu-west-1.amazonaws.com"]}],
    )  # fmt: skip
    assert job["authorization"] == {"credentials_file": "metrics-key"}
    assert config["global"] == example["global"]
    assert (folder / "rules.yml").read_bytes() == (ROOT / "monitoring" / "rules.yml").read_bytes()
    assert prometheus.write(place, console, on_aws=True) == folder, "again is fine"


def test_on_the_laptop_it_is_scraped_more_often(place: Place) -> None:
    example = yaml.safe_load((ROOT / "monitoring" / "prometheus.yml").read_text())
    config = prometheus.scraping(example, "http://127.0.0.1:4566/_aws/execute-api/x/live/metrics", 5)
    assert config["global"]["scrape_interval"] == config["global"]["scrape_timeout"] == "5s"
    (job,) = config["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["127.0.0.1:4566"]}]


def test_where_the_exporter_is_off_it_says_how_it_is_turned_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(monkeypatch, ApiUrl=URL)
    with pytest.raises(Misused, match="prometheus=true"):
        prometheus.write(place, Console(), on_aws=True)
