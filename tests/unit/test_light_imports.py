"""A handler must stay light: a fresh process that serves imports nothing that only training needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.content_bundles import write_content_bundle

HEAVY = (
    "sklearn", "pandas", "scipy", "matplotlib", "mlflow", "boto3", "botocore.session", "pyarrow",
    "onnx", "torch",
    "PIL", "soundfile", "soxr", "lambdas.content.image", "lambdas.content.audio",
    "sentencepiece", "tokenizers", "redis", "shap", "prometheus_client", "model_build", "cdk", "local",
)  # fmt: skip


@pytest.mark.parametrize(
    "module",
    [
        "lambdas.tickets.handler", "lambdas.catalog.handler", "lambdas.transactions.handler",
        "lambdas.transactions.stream", "lambdas.transactions.catch_up", "lambdas.labels.handler",
        "lambdas.outflow.handler", "lambdas.observer.handler",
        "lambdas.transactions.learning.handler", "lambdas.content.handler",
        "lambdas.content.later_handler", "lambdas.review.handler",
        "lambdas.console.handler", "lambdas.fairness.handler", "lambdas.exporter.handler",
        "lambdas.mail.handler", "lambdas.watch.handler",
    ],
)  # fmt: skip
def test_a_handler_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}\nprint(sorted(name for name in {HEAVY!r} if name in sys.modules))"
    environ = {
        **os.environ,
        "ARTIFACTS_BUCKET": "b", "DECISIONS_TABLE": "t", "SERVICES": "tickets",
        "CATCH_UP_QUEUE_URL": "q", "FEATURE_TABLE": "f", "DEAD_LETTER_QUEUE_URL": "d",
        "LABEL_QUEUE_URL": "l", "ALERT_TOPIC_ARN": "a", "UPLOADS_BUCKET": "u", "LATER_QUEUE_URL": "l",
        "UNTOLD_QUEUE_URL": "u", "ALARM_TOPIC_ARN": "a", "DEAD_LETTER_QUEUES": "{}",
        "METRICS_KEY_ID": "k", "REVIEWS_TABLE": "r", "AUDIT_TABLE": "a", "REVIEWER_CLIENT_ID": "c",
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


TEXT_ONLY = """
import sys
from pathlib import Path
folder = Path(sys.argv[1])
before = set(sys.modules)
from lambdas.content.media import MediaStore
from lambdas.content.schema import ContentRequest
from lambdas.content.service import Content
from lambdas.core.assets import Assets
from lambdas.core.bundle import decode_manifest
from lambdas.core.service import Stamp

class Nothing:
    def __getattr__(self, name): raise AssertionError(f"a text-only post asked for {name}")

assets = Assets("content", Nothing(), folder / "assets")
service = Content(MediaStore(Nothing()), assets, Nothing(), budget=1.0)
model = service.open(folder, decode_manifest((folder / "manifest.json").read_bytes(), "content"))
posts = [ContentRequest(text="you idiot"), ContentRequest(text="hello")]
service.check(posts)
items = service.prepare(posts, ["a", "b"], None)
answers = service.predict(model, items, [Stamp("a", "", "champion", "v"), Stamp("b", "", "champion", "v")])
answers = service.defer(items, answers)
[service.keep(item) for item in items], [service.marks(answer) for answer in answers]
assert [answer.outcome for answer in answers] == ["remove", "allow"]
HEAVY = ("PIL", "soundfile", "soxr", "lambdas.content.image", "lambdas.content.audio")
print(sorted(name for name in set(sys.modules) - before if name in HEAVY))
"""


def test_a_text_only_post_imports_nothing_of_images_and_sounds_and_fetches_nothing(tmp_path: Path) -> None:
    write_content_bundle(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", TEXT_ONLY, str(tmp_path / "v1")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_exporter_needs_no_numbers_library_and_nobody_else_needs_the_exporter() -> None:
    code = "import sys, {}; print(sorted(m for m in {} if m in sys.modules))"
    environ = {
        **os.environ,
        "ARTIFACTS_BUCKET": "b", "DECISIONS_TABLE": "t", "SERVICES": "tickets", "METRICS_KEY_ID": "k",
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    for module, never in (
        ("lambdas.exporter.handler", ("numpy", "onnxruntime")),
        ("lambdas.tickets.handler", ("lambdas.exporter", "lambdas.exporter.handler")),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code.format(module, never)],
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines()[-1] == "[]", module
