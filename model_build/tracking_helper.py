"""The process that talks to MLflow: `python -m model_build.tracking_helper <uri> <build folder>`.

It gets ready, reads one message from standard input and answers on standard output.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from model_build.tracking import Answer, Message, Promotion, Run

_ALLOWED = re.compile(r"[^\w\-. /:]")
_LONGEST_VALUE = 6000


def main(uri: str, build: Path) -> None:
    """Serve one message."""
    os.nice(5)  # training is what the user waits for
    try:
        client = _client(uri)
        raw = sys.stdin.buffer.read()
        if not raw:
            return  # training failed, there is nothing to log
        message = msgspec.json.decode(raw, type=Message, dec_hook=lambda kind, value: kind(value))
        answer = Answer(
            where=_log(client, message, build) if isinstance(message, Run) else _promote(client, message)
        )
    except Exception as error:  # a broken database, a server that is down: told, never fatal
        answer = Answer(error=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
    sys.stdout.buffer.write(msgspec.json.encode(answer))


def _client(uri: str) -> Any:
    """A client that has reached its store, so that tables are made while training still runs."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.search_experiments(max_results=1)
    return client


def _experiment(client: Any, service: str, build: Path) -> str:
    name = f"triage-{service}"
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    local = client.tracking_uri.startswith(("sqlite:", "file:"))
    location = (build / "mlflow-artifacts" / name).as_uri() if local else None
    return str(client.create_experiment(name, artifact_location=location))


def _log(client: Any, run: Run, build: Path) -> str:
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.exceptions import MlflowException

    started = client.create_run(_experiment(client, run.service, build), run_name=run.version)
    run_id, now = started.info.run_id, started.info.start_time
    parameters = [Param(_name(name), value[:_LONGEST_VALUE]) for name, value in run.parameters.items()]
    metrics = [Metric(_name(name), value, now, 0) for name, value in run.metrics.items()]
    for first in range(0, max(len(parameters), 1), 100):
        client.log_batch(run_id, params=parameters[first : first + 100])
    for first in range(0, max(len(metrics), 1), 1000):
        client.log_batch(run_id, metrics=metrics[first : first + 1000])
    client.log_batch(run_id, tags=[RunTag(name, value) for name, value in run.tags.items()])
    client.log_artifacts(run_id, str(run.bundle), "bundle")
    for path in run.plots.values():
        client.log_artifact(run_id, str(path), "plots")
    client.set_terminated(run_id)
    name = f"triage-{run.service}"
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    source = f"{started.info.artifact_uri}/bundle"
    version = client.create_model_version(name, source, run_id, tags={"bundle": run.version})
    client.set_registered_model_alias(name, "candidate", version.version)
    return f"run {run_id}, model {name} version {version.version} (candidate)"


def _promote(client: Any, promotion: Promotion) -> str:
    name = f"triage-{promotion.service}"
    for version in client.search_model_versions(f"name='{name}'"):
        if version.tags.get("bundle") == promotion.version:
            client.set_registered_model_alias(name, promotion.alias, version.version)
            return f"model {name} version {version.version} ({promotion.alias})"
    raise LookupError(f"bundle {promotion.version} is not registered there")


def _name(text: str) -> str:
    """`text` with only the characters that MLflow allows in a name."""
    return _ALLOWED.sub("_", text)[:250]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
