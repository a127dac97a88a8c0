"""A handler must stay light: a fresh process that serves imports nothing that only training needs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = (
    "sklearn", "pandas", "scipy", "matplotlib", "mlflow", "boto3", "botocore.session", "pyarrow",
    "onnx", "torch",
    "sentencepiece", "tokenizers", "redis", "shap", "model_build", "cdk", "local",
)  # fmt: skip


@pytest.mark.parametrize(
    "module",
    [
        "lambdas.tickets.handler", "lambdas.catalog.handler", "lambdas.transactions.handler",
        "lambdas.transactions.stream", "lambdas.transactions.catch_up", "lambdas.labels.handler",
        "lambdas.alerts.handler", "lambdas.transactions.learning.handler",
    ],
)  # fmt: skip
def test_a_handler_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}\nprint(sorted(name for name in {HEAVY!r} if name in sys.modules))"
    environ = {
        **os.environ,
        "ARTIFACTS_BUCKET": "b", "DECISIONS_TABLE": "t", "SERVICES": "tickets",
        "CATCH_UP_QUEUE_URL": "q", "FEATURE_TABLE": "f", "DEAD_LETTER_QUEUE_URL": "d",
        "LABEL_QUEUE_URL": "l", "ALERT_TOPIC_ARN": "a",
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
