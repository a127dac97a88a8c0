"""Runs land in MLflow, and an MLflow that fails costs nothing but the tracking."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_build.errors import TrackingError
from model_build.tracking import Promotion, Run, Tracker, flat

pytestmark = pytest.mark.xdist_group("tracking")


def run_of(folder: Path) -> Run:
    bundle = folder / "bundle"
    bundle.mkdir()
    (bundle / "manifest.json").write_text("{}")
    plot = folder / "reliability.png"
    plot.write_bytes(b"png")
    return Run(
        service="tickets",
        version="v1",
        parameters={"split.folds": "5", "data.text": "['subject', 'body']"},
        metrics={"queue.accuracy": 0.9, "queue.per class.Ärger & Co.f1": 0.5},
        tags={"data_sha256": "0" * 64},
        bundle=bundle,
        plots={"reliability": plot},
    )


def test_a_run_is_logged_registered_and_promoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    where = Tracker(tmp_path / "build").finish(run_of(tmp_path))
    assert "version 1 (candidate)" in where
    promoted = Tracker(tmp_path / "build").finish(
        Promotion(service="tickets", version="v1", alias="champion")
    )
    assert "version 1 (champion)" in promoted
    assert capfd.readouterr() == ("", "")

    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path / 'build' / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    version = client.get_model_version_by_alias("triage-tickets", "champion")
    assert client.get_model_version_by_alias("triage-tickets", "candidate").version == version.version
    data = client.get_run(version.run_id).data
    assert data.params["split.folds"] == "5" and data.tags["data_sha256"] == "0" * 64
    assert data.metrics["queue.accuracy"] == 0.9
    stored = {
        entry.path
        for folder in ("bundle", "plots")
        for entry in client.list_artifacts(version.run_id, folder)
    }
    assert stored == {"bundle/manifest.json", "plots/reliability.png"}


def test_a_server_that_is_down_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingError, match=r"http://127\.0\.0\.1:9"):
        Tracker(tmp_path / "build").finish(run_of(tmp_path))


def test_a_helper_that_hangs_is_ended(tmp_path: Path) -> None:
    tracker = Tracker(tmp_path / "build")
    with pytest.raises(TrackingError, match="did not take it within 0 s"):
        tracker.finish(run_of(tmp_path), seconds=0.05)
    assert tracker.ended


def test_a_helper_that_is_not_needed_ends(tmp_path: Path) -> None:
    tracker = Tracker(tmp_path / "build")
    tracker.stop()
    assert tracker.ended


def test_nested_values_become_dotted_names() -> None:
    assert flat({"a": {"b": 1, "c": [1, 2]}, "d": None}) == {"a.b": 1, "a.c": [1, 2], "d": None}
