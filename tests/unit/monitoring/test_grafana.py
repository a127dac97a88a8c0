"""The dashboard is one to Grafana: its own model of a dashboard reads it whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from local.place import ROOT

GRAFANA = ROOT / "monitoring" / "grafana.json"


def test_grafana_s_model_reads_every_field() -> None:
    ours = json.loads(GRAFANA.read_text(encoding="utf-8"))
    read = Dashboard.from_json(ours)
    assert read.panels
    assert not list(unlike(ours, json.loads(JSONEncoder().encode(read)), ""))


def test_what_is_no_field_of_a_dashboard_is_found() -> None:
    """The test above can fail."""
    ours = {**json.loads(GRAFANA.read_text(encoding="utf-8")), "pannels": []}
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(ours)))
    assert list(unlike(ours, read, "")) == ["/pannels"]


def unlike(ours: Any, read: Any, path: str) -> Iterator[str]:
    """Where `read` lacks what `ours` says, or says something else."""
    if isinstance(ours, dict) and isinstance(read, dict):
        for name, value in ours.items():
            yield from unlike(value, read.get(name, unlike), f"{path}/{name}")
    elif isinstance(ours, list) and isinstance(read, list) and len(ours) == len(read):
        for number, (mine, theirs) in enumerate(zip(ours, read, strict=True)):
            yield from unlike(mine, theirs, f"{path}/{number}")
    elif ours != read:
        yield path
