"""`python -m monitoring.dashboard`: write the Grafana dashboard, monitoring/grafana.json, from panels.py.

`--check` writes nothing and fails when the file on disk is not what the panels say. The data source is a
variable, so the file is imported as it is.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from monitoring.panels import ROWS, Panel, Row

FILE: Final = Path(__file__).with_name("grafana.json")
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA: Final = 39
"""The version of the dashboard's JSON; Grafana 10.3 and newer read it as it is."""
WINDOWS: Final = ("5m", "15m", "30m", "1h", "6h")
"""On AWS decisions come 5 minutes at a time, so a shorter window shows nothing but that."""
WIDTH: Final = 24
HEIGHT: Final = 8

Json = dict[str, Any]


def dashboard() -> Json:
    """The dashboard as Grafana imports it."""
    return {
        "uid": "triage",
        "title": "Triage",
        "description": "Decisions, models and drift. Made by monitoring/dashboard.py: change it there.",
        "tags": ["triage"],
        "schemaVersion": SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "utc",
        "templating": {"list": _variables()},
        "panels": list(_panels()),
    }


def _variables() -> list[Json]:
    windows = [{"text": each, "value": each, "selected": each == "15m"} for each in WINDOWS]
    return [
        {
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "current": {},
        },
        {
            "name": "service",
            "label": "Service",
            "type": "query",
            "datasource": SOURCE,
            "query": {"query": "label_values(ml_predictions_total, service)", "refId": "services"},
            "refresh": 2,
            "includeAll": True,
            "allValue": ".*",
            "multi": True,
            "current": {"text": ["All"], "value": ["$__all"]},
        },
        {
            "name": "window",
            "label": "Window of rates",
            "type": "custom",
            "query": ",".join(WINDOWS),
            "options": windows,
            "current": {"text": "15m", "value": "15m"},
        },
    ]


def _panels() -> Iterator[Json]:
    number, top = 0, 0
    for row in ROWS:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1},
            "panels": [],
        }
        top += 1
        for panel, x, y in _placed(row):
            number += 1
            yield _panel(panel, number, {"x": x, "y": top + y, "w": panel.width, "h": HEIGHT})
        top += max(y for _, _, y in _placed(row)) + HEIGHT


def _placed(row: Row) -> list[tuple[Panel, int, int]]:
    """Each panel with its place below the heading, from left to right and then down."""
    placed, x, y = [], 0, 0
    for panel in row.panels:
        if x + panel.width > WIDTH:
            x, y = 0, y + HEIGHT
        placed.append((panel, x, y))
        x += panel.width
    return placed


def _panel(panel: Panel, number: int, place: Json) -> Json:
    custom: Json = {}
    if panel.kind == "timeseries":
        custom = {"showPoints": "never", "fillOpacity": 30 if panel.stacked else 0}
        custom["stacking"] = {"mode": "normal" if panel.stacked else "none"}
        custom["thresholdsStyle"] = {"mode": "line" if panel.limit is not None else "off"}
    steps: list[Json] = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.note,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "custom": custom,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": _options(panel.kind),
        "targets": [
            {
                "refId": chr(ord("A") + k),
                "datasource": SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend,
                "instant": panel.kind != "timeseries",
                "range": panel.kind == "timeseries",
            }
            for k, query in enumerate(panel.queries)
        ],
    }


def _options(kind: str) -> Json:
    if kind == "timeseries":
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "auto"}


def expressions() -> list[str]:
    """Every PromQL expression of the dashboard, as it stands there."""
    return [query.expr for row in ROWS for panel in row.panels for query in panel.queries]


def rendered() -> str:
    """The file's text."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None, *, path: Path = FILE) -> int:
    """Write the dashboard, or with `--check` compare it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m monitoring.dashboard", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is old")
    if parser.parse_args(arguments).check:
        if path.is_file() and path.read_text("utf-8") == rendered():
            return 0
        sys.stderr.write(f"{path.name} is out of date: run `python -m monitoring.dashboard` and commit it\n")
        return 1
    path.write_text(rendered(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
