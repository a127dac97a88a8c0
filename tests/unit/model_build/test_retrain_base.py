"""A retraining stands on the champion's own rows, or says what to do, unless other rows are asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from lambdas.core.bundle import TrainingData, bundle_hash, decode_manifest, sha256_of
from model_build.job import Job
from model_build.parameters import load_parameters
from model_build.preflight.bundles import Opened, open_bundle
from model_build.progress import Reporter
from model_build.retrain_base import OtherData, champions_base, find_base
from model_build.services import load_service
from model_build.workspace import Workspace
from tests.support.bundles import write_bundle

PARAMS = Path(__file__).resolve().parents[3] / "params.yaml"
GENERATED = ("synthetic_rows=60",)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.csv"
    path.write_text("subject,body,department,urgency\nhelp,my invoice,Billing,low\n", encoding="utf-8")
    return path


def job(folder: Path, csv: Path | None = None, service: str = "tickets") -> Job:
    changes = [*GENERATED, *([f"data.csv={csv}"] if csv else [])]
    return Job(
        service=load_service(service),
        parameters=load_parameters(PARAMS, service, changes),
        workspace=Workspace(folder / "build", service),
        reporter=Reporter(Console(quiet=True)),
    )


def champion(folder: Path, data: TrainingData) -> Opened:
    write_bundle(folder)
    opened = open_bundle(folder / "v1", "tickets")
    return replace(opened, manifest=msgspec.structs.replace(opened.manifest, training_data=data))


def test_the_champions_own_rows_are_taken(tmp_path: Path, own: Path) -> None:
    trained = champion(tmp_path, TrainingData("called-otherwise.csv", sha256_of(own), 1))
    found = find_base(job(tmp_path, own), trained, other_data=False)
    assert found.source.csv == own
    assert found.record(1) == TrainingData("own.csv", sha256_of(own), 1)
    assert find_base(job(tmp_path, own), None, other_data=False) == found, "nothing is live yet"


def test_without_the_users_csv_it_says_which_file_and_how_to_pass_it(tmp_path: Path, own: Path) -> None:
    trained = champion(tmp_path, TrainingData("own.csv", sha256_of(own), 4321))
    with pytest.raises(OtherData) as raised:
        find_base(job(tmp_path), trained, other_data=False)
    said = raised.value.detail
    assert f"own.csv (sha256 {sha256_of(own)[:16]}…), 4,321 rows" in said
    assert "generated rows" in said and "no CSV was given" in said and "Nothing was trained" in said
    assert "make retrain SERVICE=tickets CSV=own.csv TEXT=… LABEL=…" in said
    assert "RETRAIN_FLAGS=--other-data" in said and "RETRAIN_CSV" in said


def test_what_was_trained_again_still_knows_its_base(tmp_path: Path, own: Path) -> None:
    base = TrainingData("own.csv", sha256_of(own), 1)
    trained = champion(tmp_path, TrainingData("train.csv", "7" * 64, 151, base=base))
    assert champions_base(trained.manifest) == base
    assert find_base(job(tmp_path, own), trained, other_data=False).source.csv == own
    with pytest.raises(OtherData, match=r"CSV=own\.csv"):
        find_base(job(tmp_path), trained, other_data=False)


def test_another_csv_is_no_better_than_none(tmp_path: Path, own: Path) -> None:
    trained = champion(tmp_path, TrainingData("own.csv", "7" * 64, 1))
    with pytest.raises(OtherData, match=r"this retraining would be on own\.csv"):
        find_base(job(tmp_path, own), trained, other_data=False)


def test_generated_rows_are_known_by_their_hash_too(tmp_path: Path, own: Path) -> None:
    here = job(tmp_path)
    found = find_base(here, None, other_data=False)
    trained = champion(tmp_path, found.record(60))
    assert trained.manifest.training_data.synthetic
    assert find_base(here, trained, other_data=False) == found
    with pytest.raises(OtherData, match=r"generated rows .* would be on own\.csv .* Pass no CSV"):
        find_base(job(tmp_path, own), trained, other_data=False)
    seed = replace(here, parameters=msgspec.structs.replace(here.parameters, seed=7))
    with pytest.raises(OtherData, match="--rows, --seed, --set"):
        find_base(seed, trained, other_data=False)


def test_other_data_are_taken_when_they_are_asked_for_and_it_is_said(
    tmp_path: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = champion(tmp_path, TrainingData("theirs.csv", "7" * 64, 9))
    told = replace(job(tmp_path, own), reporter=Reporter())
    assert find_base(told, trained, other_data=True).source.csv == own
    assert "--other-data: the champion was trained on theirs.csv" in " ".join(capsys.readouterr().err.split())


def test_transactions_have_no_text_to_name(tmp_path: Path) -> None:
    trained = champion(tmp_path, TrainingData("cards.csv", "7" * 64, 9))
    with pytest.raises(OtherData, match=r"SERVICE=transactions CSV=cards\.csv LABEL=…"):
        find_base(job(tmp_path, service="transactions"), trained, other_data=False)


def test_a_manifest_without_a_base_is_written_and_hashed_as_before_there_were_any(tmp_path: Path) -> None:
    first = champion(tmp_path, TrainingData("own.csv", "0" * 64, 9)).manifest
    raw = msgspec.json.encode(first)
    assert b'"base"' not in raw
    assert decode_manifest(raw, "tickets") == first
    again = msgspec.structs.replace(
        first, training_data=msgspec.structs.replace(first.training_data, base=first.training_data)
    )
    assert decode_manifest(msgspec.json.encode(again), "tickets") == again
    assert bundle_hash(again) != bundle_hash(first)
