"""What the Grafana dashboard shows: a title, the expressions, and what they are measured in."""

from __future__ import annotations

from typing import Final, NamedTuple

SERVICE: Final = 'service=~"$service"'
WINDOW: Final = "$window"


class Query(NamedTuple):
    """One expression, and what its lines are called."""

    expr: str
    legend: str


class Panel(NamedTuple):
    """`unit` and `kind` are Grafana's names; `width` is of 24; a red line is drawn at `limit`."""

    title: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 12
    stacked: bool = False
    limit: float | None = None
    note: str = ""


class Row(NamedTuple):
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]


def _rate(metric: str, *labels: str) -> str:
    return f"rate({metric}{{{', '.join((SERVICE, *labels))}}}[{WINDOW}])"


def _sum(by: str, inner: str) -> str:
    return f"sum by ({by}) ({inner})"


def _of(by: str, part: str, whole: str) -> str:
    return f"{_sum(by, part)} / {_sum(by, whole)}"


def _quantile(quantile: float, by: str) -> str:
    return (
        f"histogram_quantile({quantile}, {_sum(f'{by}, le', _rate('ml_prediction_latency_seconds_bucket'))})"
    )


_DECIDED = _rate("ml_predictions_total")
_BY_RULES = _rate("ml_predictions_total", 'source="rules"')
_REVIEWED = _rate("ml_predictions_for_review_total")
_VARIANT = "{{service}} {{variant}} {{version}}"

TRAFFIC = Row(
    "Traffic",
    (
        Panel(
            "Decisions today",
            (Query(_sum("service", f"ml_predictions_total{{{SERVICE}}}"), "{{service}}"),),
            kind="stat",
            width=6,
            note="Since midnight UTC.",
        ),
        Panel(
            "Decisions a second",
            (Query(_sum("service", _DECIDED), "{{service}}"),),
            unit="reqps",
            width=18,
        ),
        Panel(
            "Outcomes",
            (Query(_sum("service, outcome", _DECIDED), "{{service}} {{outcome}}"),),
            unit="reqps",
            stacked=True,
        ),
        Panel(
            "Answered by rules",
            (Query(_of("service", _BY_RULES, _DECIDED), "{{service}}"),),
            unit="percentunit",
            width=6,
            limit=0.05,
            note="No model could be loaded or run.",
        ),
        Panel(
            "Left to people",
            (Query(_of("service", _REVIEWED, _DECIDED), "{{service}}"),),
            unit="percentunit",
            width=6,
        ),
    ),
)

LATENCY = Row(
    "The model's time",
    (
        Panel(
            "Percentiles",
            tuple(
                Query(_quantile(quantile, "service"), f"{{{{service}}}} p{quantile * 100:g}")
                for quantile in (0.5, 0.95, 0.99)
            ),
            unit="s",
        ),
        Panel(
            "95th percentile, by variant",
            (Query(_quantile(0.95, "service, variant, version"), _VARIANT),),
            unit="s",
        ),
    ),
)

VARIANTS = Row(
    "Variants side by side",
    (
        Panel(
            "Share of the entities, as set",
            (Query(f"ml_rollout_share{{{SERVICE}}}", _VARIANT),),
            unit="percentunit",
            width=8,
        ),
        Panel(
            "Share of the decisions, as seen",
            (
                Query(
                    f"{_sum('service, variant, version', _DECIDED)} / on (service) group_left "
                    f"{_sum('service', _DECIDED)}",
                    _VARIANT,
                ),
            ),
            unit="percentunit",
            width=8,
        ),
        Panel(
            "Left to people",
            (Query(_of("service, variant, version", _REVIEWED, _DECIDED), _VARIANT),),
            unit="percentunit",
            width=8,
        ),
        Panel(
            "Outcomes of each variant",
            (
                Query(
                    f"{_sum('service, variant, version, outcome', _DECIDED)} "
                    f"/ on (service, variant, version) group_left "
                    f"{_sum('service, variant, version', _DECIDED)}",
                    f"{_VARIANT} {{{{outcome}}}}",
                ),
            ),
            unit="percentunit",
            width=24,
        ),
    ),
)

DRIFT = Row(
    "Drift",
    (
        Panel(
            "What has moved most",
            (Query(f"topk(15, ml_data_drift_score{{{SERVICE}}})", "{{service}} {{feature}}"),),
            kind="bargauge",
            limit=1.0,
            note="As a multiple of what counts, of the last window that the drift job looked at.",
        ),
        Panel(
            "Each feature",
            (Query(f"ml_data_drift_score{{{SERVICE}}}", "{{service}} {{feature}}"),),
            limit=1.0,
        ),
        Panel("Alarm", (Query(f"ml_data_drift_alarm{{{SERVICE}}}", "{{service}}"),), kind="stat", limit=1.0),
        Panel(
            "Last looked at",
            (Query(f"time() - ml_data_drift_report_timestamp_seconds{{{SERVICE}}}", "{{service}}"),),
            unit="s",
            kind="stat",
        ),
    ),
)

PERFORMANCE = Row(
    "How good the models are",
    (
        Panel(
            "Accuracy: tested, estimated, measured",
            (
                Query(
                    f'ml_model_performance{{{SERVICE}, metric="accuracy"}}',
                    "{{service}} {{version}} {{kind}}",
                ),
            ),
            unit="percentunit",
            note="Measured is on labels of today, which are mostly of what people were asked about.",
        ),
        Panel(
            "All scores",
            (Query(f"ml_model_performance{{{SERVICE}}}", "{{service}} {{version}} {{metric}} {{kind}}"),),
        ),
        Panel(
            "Labels today",
            (Query(_sum("service", f"ml_labels_today{{{SERVICE}}}"), "{{service}}"),),
            kind="stat",
        ),
        Panel(
            "Age of what is live",
            (Query(f"time() - ml_model_created_timestamp_seconds{{{SERVICE}}}", _VARIANT),),
            unit="s",
            kind="stat",
        ),
    ),
)

EXPORTER = Row(
    "The exporter itself",
    (
        Panel("Up", (Query('up{job="triage"}', "{{instance}}"),), kind="stat", width=6),
        Panel(
            "A scrape takes",
            (Query('scrape_duration_seconds{job="triage"}', "{{instance}}"),),
            unit="s",
            width=6,
        ),
        Panel(
            "Since the newest decision",
            (Query(f"time() - ml_newest_prediction_timestamp_seconds{{{SERVICE}}}", "{{service}}"),),
            unit="s",
            width=6,
        ),
        Panel(
            "Damaged files",
            (Query(f"ml_unreadable_objects{{{SERVICE}}}", "{{service}}"),),
            kind="stat",
            width=6,
        ),
    ),
)

ROWS: Final = (TRAFFIC, LATENCY, VARIANTS, DRIFT, PERFORMANCE, EXPORTER)
