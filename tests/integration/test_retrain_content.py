"""From posts that the deployed function decided, by people's verdicts, to a challenger that it answers with.

The function, the log and the bucket are of an embedded AWS; the training is the real one, on few short posts.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdas.core.aws import Dynamo
from lambdas.core.decision_log import DecisionLog, Label
from lambdas.core.variant import Rollout, decode_rollout
from local.environment import aws_environment, client
from model_build.cli import main
from model_build.content.pretrained import HOME
from tests.conftest import PRETRAINED, QUICK_CONTENT
from tests.support.post_csvs import FINE, text_csv

ROOT = Path(__file__).resolve().parents[2]
BUCKET, TABLE = "artifacts", "decisions"
HANDLER = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from lambdas.content.handler import handle
"""
NEW = "utter gombeen, blathering gobdaw"
"""An insult that neither the champion nor the packaged model knows."""
VERDICTS = 60


class Deployed:
    """The content function in the embedded AWS, and what it works with."""

    def __init__(self, endpoint: str) -> None:
        self._lambda, self.s3 = client("lambda", endpoint), client("s3", endpoint)
        self.s3.create_bucket(Bucket=BUCKET)
        client("dynamodb", endpoint).create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        )
        self._endpoint = endpoint

    def deploy(self) -> None:
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as packed:
            packed.writestr("entry.py", HANDLER)
        self._lambda.create_function(
            FunctionName="content", Runtime="python3.12", Handler="entry.handle", Timeout=60,
            Role="arn:aws:iam::000000000000:role/any", Code={"ZipFile": code.getvalue()},
            Environment={"Variables": {
                "ARTIFACTS_BUCKET": BUCKET, "DECISIONS_TABLE": TABLE, "ROLLOUT_REFRESH_SECONDS": "0",
                "UPLOADS_BUCKET": "uploads", "LATER_QUEUE_URL": f"{self._endpoint}/000000000000/later",
                "POWERTOOLS_SERVICE_NAME": "content", "POWERTOOLS_METRICS_NAMESPACE": "Triage",
                **aws_environment({}, self._endpoint),
            }},
        )  # fmt: skip

    def moderate(self, text: str, own: str) -> dict[str, Any]:
        event = {
            "httpMethod": "POST", "resource": "/v1/content:moderate", "headers": {},
            "body": json.dumps({"text": text, "content_id": own}),
        }  # fmt: skip
        said = self._lambda.invoke(FunctionName="content", Payload=json.dumps(event))
        response = json.loads(said["Payload"].read())
        assert response["statusCode"] == 200, response
        answer: dict[str, Any] = json.loads(response["body"])
        return answer

    @property
    def live(self) -> Rollout:
        body = self.s3.get_object(Bucket=BUCKET, Key="content/rollout.json")["Body"].read()
        return decode_rollout(body, "content")


@pytest.fixture
def deployed(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    for name, value in aws_environment({}, endpoint).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(HOME, str(PRETRAINED))
    yield Deployed(endpoint)


def test_verdicts_become_a_challenger_that_the_function_answers_with(
    deployed: Deployed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = text_csv(tmp_path / "my.csv", 600)
    changes = [
        *QUICK_CONTENT, "model.encoder=null", f"retrain.least_verdicts={VERDICTS}",
        "fairness.most_growth=1.0",  # ten sentences are fair to nobody; test_content_gates is about that
    ]  # fmt: skip
    shared = [
        "--build-dir", str(tmp_path / "build"), "--no-tracking",
        *[part for each in changes for part in ("--set", each)],
    ]  # fmt: skip
    data = ["--csv", str(own), "--text", "comment", "--label", "rude", "--positive", "hate,rude", *shared]
    assert main(["train", "content", *data]) == 0
    assert main(["publish", "content", "--bucket", BUCKET, *shared]) == 0
    deployed.deploy()
    champion = deployed.live.champion.version
    before = deployed.moderate(NEW, "before")
    assert (before["variant"], before["model_version"], before["policies"]) == ("champion", champion, [])

    log = DecisionLog(TABLE, Dynamo(), ttl_days=30)
    for number in range(VERDICTS):
        bad = number % 2 == 0
        said = deployed.moderate(f"{NEW if bad else FINE[number % len(FINE)]} {number}", f"p{number}")
        at = f"2026-06-01T12:00:{number:02d}+00:00"
        log.label(said["decision_id"], Label("toxicity" if bad else "ok", at, "lea"))
    capsys.readouterr()
    assert main(["retrain", "content", "--bucket", BUCKET, "--table", TABLE, *data]) == 0
    told = capsys.readouterr().err
    found = deployed.live
    assert found.challenger is not None, told
    assert (found.champion.version, found.share, found.shadow) == (champion, 0.0, False)
    assert "passed   not worse: errors: errors on the verdicts held out" in told
    assert deployed.moderate(NEW, "share 0")["model_version"] == champion

    raised = msgspec.structs.replace(found, share=1.0)
    deployed.s3.put_object(Bucket=BUCKET, Key="content/rollout.json", Body=msgspec.json.encode(raised))
    after = deployed.moderate(NEW, "share 1")
    assert (after["variant"], after["model_version"]) == ("challenger", found.challenger.version)
    assert (after["source"], after["degraded"], after["policies"]) == ("model", [], ["toxicity"])
    assert deployed.moderate(FINE[0], "fine")["policies"] == []
