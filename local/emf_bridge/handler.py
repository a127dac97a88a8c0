"""Turns EMF log lines into PutMetricData calls: on AWS CloudWatch does this itself, the emulator does not.

A log subscription filter invokes it with what a function wrote. It stands alone: boto3 and nothing
of this repository. The format is AWS's "Embedded metric format specification".
"""

from __future__ import annotations

import base64
import functools
import gzip
import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import boto3

# PutMetricData's limits, kept to with room: 1,000 data, 150 values a datum, 1 MB a call.
VALUES_A_DATUM = 150
VALUES_A_CALL = 1000

Datum = dict[str, Any]


def handle(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Publish the metrics in one `awslogs` event.

    Returns how many `lines` held metrics, and how many `data` (one a metric and dimension set) went out.
    Lines without metrics are passed over, and so is everything this function wrote itself: it would
    feed itself for ever. A failing PutMetricData raises, so that the emulator's log shows it.
    """
    logs = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    if logs.get("messageType") != "DATA_MESSAGE" or _is_own(logs.get("logGroup", "")):
        return {"lines": 0, "data": 0}
    documents = [found for line in logs["logEvents"] if (found := metric_document(line["message"]))]
    by_namespace: dict[str, list[Datum]] = {}
    for document in documents:
        for namespace, datum in data_of(document):
            by_namespace.setdefault(namespace, []).append(datum)
    for namespace, data in by_namespace.items():
        for batch in batches(data):
            _cloudwatch().put_metric_data(Namespace=namespace, MetricData=batch)
    return {"lines": len(documents), "data": sum(map(len, by_namespace.values()))}


def metric_document(line: str) -> dict[str, Any] | None:
    """`line` as an EMF document; None when it is none."""
    if '"_aws"' not in line:
        return None
    try:
        document = json.loads(line)
    except json.JSONDecodeError:
        return None
    meta = document.get("_aws") if isinstance(document, dict) else None
    described = isinstance(meta, dict) and isinstance(meta.get("CloudWatchMetrics"), list)
    return document if described else None


def data_of(document: dict[str, Any]) -> Iterator[tuple[str, Datum]]:
    """Every (namespace, PutMetricData datum) of an EMF document: one a metric and dimension set.

    A metric without a numeric value, and a dimension set that names a missing member, are left out,
    as CloudWatch leaves them out.
    """
    stamp = document["_aws"].get("Timestamp")
    when = datetime.fromtimestamp(stamp / 1000, UTC) if _is_number(stamp) else None
    for directive in document["_aws"]["CloudWatchMetrics"]:
        sets = [_dimensions(document, names) for names in directive.get("Dimensions") or [[]]]
        for metric in directive.get("Metrics", []):
            for chunk in _chunks(_values(document.get(metric["Name"]))):
                for dimensions in sets:
                    if dimensions is not None:
                        yield directive["Namespace"], _datum(metric, dimensions, chunk, when)


def batches(data: Iterable[Datum]) -> Iterator[list[Datum]]:
    """`data` in calls of at most VALUES_A_CALL values, and so of at most as many data."""
    batch: list[Datum] = []
    values = 0
    for datum in data:
        if batch and values + len(datum["Values"]) > VALUES_A_CALL:
            yield batch
            batch, values = [], 0
        batch.append(datum)
        values += len(datum["Values"])
    if batch:
        yield batch


def _datum(
    metric: dict[str, Any],
    dimensions: list[dict[str, str]],
    counted: list[tuple[float, int]],
    when: datetime | None,
) -> Datum:
    datum: Datum = {
        "MetricName": metric["Name"],
        "Dimensions": dimensions,
        "Values": [value for value, _ in counted],
        "Counts": [float(count) for _, count in counted],
        "Unit": metric.get("Unit") or "None",
        "StorageResolution": metric.get("StorageResolution", 60),
    }
    return datum if when is None else datum | {"Timestamp": when}


def _values(found: object) -> list[tuple[float, int]]:
    """The distinct finite numbers of a metric's value or array of values, each with how often it occurs."""
    several: Sequence[object] = found if isinstance(found, list) else [found]
    return list(Counter(float(value) for value in several if _is_number(value)).items())  # type: ignore[arg-type]


def _chunks(values: list[tuple[float, int]]) -> Iterator[list[tuple[float, int]]]:
    for start in range(0, len(values), VALUES_A_DATUM):
        yield values[start : start + VALUES_A_DATUM]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _dimensions(document: dict[str, Any], names: list[str]) -> list[dict[str, str]] | None:
    """The dimension set `names` with its values; None when the document lacks one of them."""
    if any(document.get(name) in (None, "") for name in names):
        return None
    return [{"Name": name, "Value": str(document[name])} for name in names]


def _is_own(log_group: str) -> bool:
    own = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    return bool(own) and log_group.rsplit("/", 1)[-1] == own


@functools.cache
def _cloudwatch() -> Any:
    return boto3.client("cloudwatch")
