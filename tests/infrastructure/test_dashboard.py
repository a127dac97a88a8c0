"""The dashboard and the saved queries ask for what is really there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cdk.constructs import log_queries
from cdk.metrics import MetricId, emitted
from cdk.services import SERVICES
from lambdas.core.telemetry import Telemetry
from tests.infrastructure.assembly import Assembly, text
from tests.support.events import fresh_telemetry


def widgets(assembly: Assembly) -> list[dict[str, Any]]:
    """The operations dashboard's widgets."""
    return dashboards(assembly)["triage-<AWS::Region>"]


def dashboards(assembly: Assembly) -> dict[str, list[dict[str, Any]]]:
    """The widgets of each dashboard, by its name."""
    return {
        text(r.properties["DashboardName"]): json.loads(text(r.properties["DashboardBody"]))["widgets"]
        for r in assembly.resources("AWS::CloudWatch::Dashboard")
    }


def test_the_dashboard_shows_what_people_ask_first(plain: Assembly) -> None:
    titles = {w["properties"].get("title") for w in widgets(plain)}
    assert {
        "Alarms", "Requests, and decisions by service", "Latency of the API, ms", "Answers that are errors",
        "Confidence: average and lowest tenth", "Share decided by rules", "Variants side by side",
        "Drift by feature", "Business value today and this month", "Errors", "Bad requests", "Model failures",
        "Bill of the account this month and its forecast, USD",
    } <= titles  # fmt: skip
    (latency,) = [w for w in widgets(plain) if w["properties"].get("title") == "Latency of the API, ms"]
    assert [row[-1]["stat"] for row in latency["properties"]["metrics"]] == ["p50", "p95", "p99"]


def test_the_alarm_widget_shows_every_alarm(more_services: Assembly) -> None:
    (shown,) = [w for w in widgets(more_services) if w["type"] == "alarm"]
    assert len(shown["properties"]["alarms"]) == len(more_services.resources("AWS::CloudWatch::Alarm"))


def test_the_bill_is_looked_up_where_aws_keeps_it_and_goes_on_as_it_did(plain: Assembly) -> None:
    (bill,) = [w for w in widgets(plain) if "Bill" in w["properties"].get("title", "")]
    assert bill["properties"]["region"] == "us-east-1"
    expressions = [row[0]["expression"] for row in bill["properties"]["metrics"] if isinstance(row[0], dict)]
    (forecast,) = expressions
    assert forecast.startswith("bill / DAY(bill) * IF(MONTH(bill)==2, 28, ")


def test_every_expression_on_a_dashboard_names_metrics_that_stand_beside_it(more_services: Assembly) -> None:
    """CloudWatch would show an error in the place of the graph, and nothing else would tell."""
    seen = 0
    for shown in dashboards(more_services).values():
        for w in shown:
            rows = [row[-1] for row in w["properties"].get("metrics", [])]
            ids = {row["id"] for row in rows if isinstance(row, dict) and "id" in row}
            for row in rows:
                if "expression" in row:
                    seen += 1
                    used = set(re.findall(r"\b[a-z]\w*\b", row["expression"]))
                    assert used and used <= ids, row["expression"]
                    assert row["expression"].count("(") == row["expression"].count(")")
    assert seen == 2


def test_the_streams_have_a_dashboard_of_their_own(plain: Assembly) -> None:
    """Whoever looks at it sees what waits, how long, and what was given up, for every queue there is."""
    found = {w["properties"]["title"]: w for w in dashboards(plain)["triage-streams-<AWS::Region>"]}
    assert {
        "Waiting in the queues", "Age of what waits longest, s", "Dead letters in all", "Dead letters",
    } <= set(found)  # fmt: skip
    names = [row[-1]["label"] for row in found["Waiting in the queues"]["properties"]["metrics"]]
    assert set(names) == {"transactions", "transactions catch-up", "content later", "labels"}
    given_up = [r for r in plain.resources("AWS::SQS::Queue") if "-dlq" in text(r.properties["QueueName"])]
    shown = len(names) + len(given_up)
    assert shown == len(plain.resources("AWS::SQS::Queue")), "no queue is out of sight"


@pytest.mark.parametrize("name", [f"triage{part}-<AWS::Region>" for part in ("", "-streams", "-functions")])
def test_widgets_do_not_overlap_and_fit_the_grid(name: str, plain: Assembly) -> None:
    taken: set[tuple[int, int]] = set()
    for w in dashboards(plain)[name]:
        cells = {
            (x, y) for x in range(w["x"], w["x"] + w["width"]) for y in range(w["y"], w["y"] + w["height"])
        }
        assert w["x"] + w["width"] <= 24
        assert not cells & taken
        taken |= cells


def test_queries_are_saved_over_every_function_or_the_one_that_answers_them(plain: Assembly) -> None:
    saved = {r.properties["Name"]: r.properties for r in plain.resources("AWS::Logs::QueryDefinition")}
    assert set(saved) == {f"triage/{query.name}" for query in log_queries.ALL}
    groups = {
        f"<{g.logical_id}>": text(g.properties["LogGroupName"]).removeprefix("/aws/lambda/triage-")
        for g in plain.resources("AWS::Logs::LogGroup")
        if text(g.properties["LogGroupName"]).startswith("/aws/lambda/")
    }
    for query in log_queries.ALL:
        names = {
            re.sub(r".*OutputRef(\w+?)[0-9A-F]{8}>$", r"<\1>", text(name))
            for name in saved[f"triage/{query.name}"]["LogGroupNames"]
        }
        asked = {groups[name] for name in names}
        assert asked == ({query.of} if query.of else set(groups.values())), query.name


def test_the_page_lists_every_query() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text("utf-8")
    section = page.partition("## Saved queries")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| [^|]+ \| ([^|]+) \|$", section, re.MULTILINE))
    assert rows == {q.name: f"`triage-{q.of}`" if q.of else "all functions" for q in log_queries.ALL}


def test_queries_look_for_lines_that_the_functions_write(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry = fresh_telemetry()
    telemetry.bad_request(400, "no text", "body")
    telemetry.model_failed("sha256 differs")
    telemetry.dead_letters({"labels": 2})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    by_message = {line["message"]: line for line in lines}
    for query, line in (
        (log_queries.BAD_REQUESTS, by_message["bad request"]),
        (log_queries.MODEL_FAILURES, by_message["model failed"]),
        (log_queries.DEAD_LETTERS, by_message["dead letters"]),
    ):
        asked = " ".join(query.lines)
        assert f"filter message = '{line['message']}'" in asked
        fields = re.search(r" by (.+?)(?:$| sort)", asked)
        assert fields and {name.strip() for name in fields[1].split(",")} <= set(line)


def test_the_listed_metrics_are_those_the_functions_write(capsys: pytest.CaptureFixture[str]) -> None:
    found: set[MetricId] = set()
    for service in SERVICES:
        telemetry = Telemetry(service.name)
        telemetry.decided(0.9, fallback=True)
        telemetry.bad_request(400, "no text", "body")
        telemetry.confidence_below(0.1)
        telemetry.drifted(1)
        telemetry.dead_letters({"labels": 2})
        telemetry.model_failed("sha256 differs")
        telemetry.log_failed("throttled", [{"id": 1}])
        telemetry.flush()
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        for described in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for names in described["Dimensions"]:
                pairs = tuple(sorted((name, line[name]) for name in names))
                found |= {MetricId(described["Namespace"], m["Name"], pairs) for m in described["Metrics"]}
    assert found == emitted(service.name for service in SERVICES)
