"""The textbook handler that the serving figures are ratios of.

A scikit-learn pipeline stored with joblib in S3, boto3 clients made at import, `predict` and
`predict_proba` called in turn, metrics by PutMetricData. It answers the department only.
"""

from __future__ import annotations

import io
import json
import os
import time
from typing import Any

import boto3
import joblib

KEY = "baseline/model.joblib"

s3 = boto3.client("s3")
cloudwatch = boto3.client("cloudwatch")
model = joblib.load(io.BytesIO(s3.get_object(Bucket=os.environ["ARTIFACTS_BUCKET"], Key=KEY)["Body"].read()))


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """One ticket's department and its probabilities."""
    started = time.perf_counter()
    ticket = json.loads(event["body"])
    text = f"{ticket.get('subject') or ''}\n{ticket.get('body') or ''}"
    label = model.predict([text])[0]
    probabilities = model.predict_proba([text])[0]
    cloudwatch.put_metric_data(
        Namespace="Baseline",
        MetricData=[
            {"MetricName": "Confidence", "Value": float(probabilities.max()), "Unit": "None"},
            {"MetricName": "Latency", "Value": time.perf_counter() - started, "Unit": "Seconds"},
        ],
    )
    answer = {
        "label": str(label),
        "probabilities": dict(zip(map(str, model.classes_), probabilities, strict=True)),
    }
    return {"statusCode": 200, "body": json.dumps(answer)}
