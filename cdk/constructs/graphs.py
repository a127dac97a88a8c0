"""Graphs as every dashboard of the app shows them."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch


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


def labelled(metric: cloudwatch.Metric, label: str) -> cloudwatch.Metric:
    """`metric` as the graph's legend names it."""
    return metric.with_(label=label)
