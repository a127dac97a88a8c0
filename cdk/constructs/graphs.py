"""Graphs and tables as every dashboard of the app shows them."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch

from cdk.constructs.log_queries import LogQuery


def graph(
    title: str, metrics: Sequence[cloudwatch.IMetric], *, limit: float | None = None, top: float | None = None
) -> cloudwatch.GraphWidget:
    """A graph a third of the page wide, from zero to `top`, with a line at `limit`."""
    return cloudwatch.GraphWidget(
        title=title,
        width=8,
        height=6,
        left=list(metrics),
        left_y_axis=cloudwatch.YAxisProps(min=0, max=top, show_units=False),
        left_annotations=[cloudwatch.HorizontalAnnotation(value=limit, label="alarm")] if limit else None,
    )


def table(query: LogQuery, log_groups: Sequence[str], *, width: int = 12) -> cloudwatch.LogQueryWidget:
    """The answer to `query` over these log groups, as a table."""
    return cloudwatch.LogQueryWidget(
        title=query.title,
        width=width,
        height=6,
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        log_group_names=list(log_groups),
        query_lines=list(query.lines),
    )


def labelled(metric: cloudwatch.Metric, label: str) -> cloudwatch.Metric:
    """`metric` as the graph's legend names it."""
    return metric.with_(label=label)
