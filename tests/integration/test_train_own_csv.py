"""A user's own CSV with labels of its own becomes a bundle that the ticket service serves."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from lambdas.core.bundle import Manifest
from lambdas.tickets.schema import TicketRequest
from lambdas.tickets.service import Tickets
from model_build.bundle import find_bundle, read_bundle
from model_build.cli import main
from tests.support.csvs import ticket_rows, write_csv

ROOT = Path(__file__).resolve().parents[2]
QUICK = ["--set", "split.folds=2", "--set", "model.regularisation=[1.0]", "--no-tracking"]

once_trained = pytest.mark.xdist_group("own-csv")  # they share one training, so one worker runs them


def train(build: Path, *arguments: str) -> tuple[Path, Manifest]:
    """Train by the command line; returns the bundle's folder and manifest."""
    given = ["train", "tickets", "--params", str(ROOT / "params.yaml"), "--build-dir", str(build), *QUICK]
    assert main([*given, *arguments]) == 0
    folder = find_bundle(build / "tickets" / "bundles", "tickets")
    return folder, read_bundle(folder, "tickets")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest, list[dict[str, object]]]:
    """A bundle of two label columns, trained on a file with gaps, one that is only tested on beside it."""
    folder = tmp_path_factory.mktemp("own")
    rows, unseen = ticket_rows(400), ticket_rows(120, seed=9)
    rows[7]["queue"] = ""
    rows[8]["subject"] = rows[8]["body"] = ""
    path, test = write_csv(folder / "my.csv", rows), write_csv(folder / "test.csv", unseen)
    bundle, manifest = train(
        folder / "build", "--csv", str(path), "--test-csv", str(test), "--text", "subject,body",
        "--label", "queue,urgent", "--missing", "queue=drop-row",
    )  # fmt: skip
    return bundle, manifest, unseen


@once_trained
def test_the_heads_are_the_label_columns_and_the_first_decides(
    own: tuple[Path, Manifest, list[dict[str, object]]],
) -> None:
    _, manifest, _ = own
    assert [head.name for head in manifest.heads] == ["queue", "urgent"]
    assert manifest.heads[0].classes == ["Billing", "General", "Technical"]
    assert manifest.heads[1].classes == ["no", "yes"]
    assert set(manifest.heads[0].thresholds) == set(manifest.heads[0].classes)
    assert manifest.heads[0].conformal is not None and manifest.heads[0].conformal.coverage == 0.9


@once_trained
def test_the_served_model_is_as_good_as_the_manifest_says(
    own: tuple[Path, Manifest, list[dict[str, object]]],
) -> None:
    folder, manifest, unseen = own
    model = Tickets().open(folder, manifest)
    requests = [TicketRequest(subject=str(row["subject"]), body=str(row["body"])) for row in unseen]
    _, outputs = model.run(requests)
    head = manifest.heads[0]
    said = [head.classes[k] for k in outputs[head.output].argmax(axis=1)]
    accuracy = np.mean([answer == row["queue"] for answer, row in zip(said, unseen, strict=True)])
    assert accuracy == pytest.approx(manifest.metrics["accuracy"], abs=0.03)  # without the channel
    assert manifest.metrics["rows"]["test"] == 120 and accuracy > 0.85


@once_trained
def test_every_row_that_is_not_used_is_accounted_for(
    own: tuple[Path, Manifest, list[dict[str, object]]],
) -> None:
    folder, manifest, _ = own
    rows = manifest.metrics["rows"]
    assert manifest.training_data.rows == 400
    assert rows["train"] + rows["calibrate"] + sum(manifest.metrics["left_out"].values()) == 400
    assert manifest.metrics["left_out"]["no text"] == 1
    assert manifest.metrics["left_out"]["no value in column 'queue'"] == 1
    assert "no value in column 'queue'" in (folder / "card.md").read_text()


@once_trained
def test_the_reference_distribution_is_compact_and_complete(
    own: tuple[Path, Manifest, list[dict[str, object]]],
) -> None:
    folder, manifest, _ = own
    raw = (folder / "reference.json").read_bytes()
    reference = json.loads(raw)
    assert len(raw) < 200_000
    assert set(reference["features"]) == set(manifest.features)
    assert reference["heads"]["queue"]["classes"] == manifest.heads[0].classes
    assert sum(reference["heads"]["queue"]["priors"]) == pytest.approx(1, abs=1e-4)
    assert sum(reference["heads"]["queue"]["confidence"]) == 120
    assert reference["features"]["channel_email"]["missing"] == pytest.approx(1 / 3, abs=0.1)
    assert 0.3 < reference["words"]["please"] < 1


def test_the_same_data_and_seed_give_the_same_hash(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "my.csv", ticket_rows(250))
    arguments = ["--csv", str(path), "--text", "subject,body", "--label", "queue"]
    hashes = {name: train(tmp_path / name, *arguments)[1].bundle_hash for name in ("one", "two")}
    hashes["other seed"] = train(tmp_path / "three", *arguments, "--seed", "1")[1].bundle_hash
    assert hashes["one"] == hashes["two"] != hashes["other seed"]


def test_data_that_does_not_fit_in_memory_is_trained_in_passes(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "my.csv", ticket_rows(1500))
    _, manifest = train(
        tmp_path / "build", "--csv", str(path), "--text", "subject,body", "--label", "queue",
        "--set", "model.rows_in_memory=100", "--set", "model.visits=20000",
    )  # fmt: skip
    assert manifest.metrics["accuracy"] > 0.85


def test_no_template_of_the_synthetic_tickets_is_on_two_sides(tmp_path: Path) -> None:
    from model_build.dataset import SPLITS, load_dataset

    _, manifest = train(tmp_path, "--rows", "1500")
    assert manifest.training_data.synthetic
    work = tmp_path / "tickets" / "work"
    dataset = load_dataset(work / "dataset")
    with (work / "synthetic.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sides: dict[str, set[str]] = {}
    for part in SPLITS:
        for batch in dataset.batches(part):
            for number in batch.rows.tolist():
                sides.setdefault(rows[number - 2]["template_group"], set()).add(part)
    assert len(sides) > 20 and all(len(found) == 1 for found in sides.values())


def test_a_tracking_server_that_is_down_costs_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    path = write_csv(tmp_path / "my.csv", ticket_rows(250))
    arguments = ["train", "tickets", "--params", str(ROOT / "params.yaml"), "--build-dir", str(tmp_path)]
    data = ["--csv", str(path), "--text", "body", "--label", "queue", *QUICK[:-1]]
    assert main([*arguments, *data]) == 0
    assert read_bundle(find_bundle(tmp_path / "tickets" / "bundles", "tickets"), "tickets")
    told = capsys.readouterr().err
    assert "not tracked: http://127.0.0.1:9" in told and "The bundle is complete all the same" in told


def test_a_model_that_learned_nothing_is_not_praised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{**row, "queue": "ab"[number % 2]} for number, row in enumerate(ticket_rows(200))]
    train(tmp_path / "build", "--csv", str(write_csv(tmp_path / "t.csv", rows)), "--text", "subject",
          "--label", "queue")  # fmt: skip
    assert "not clearly better than always answering" in capsys.readouterr().err


def test_an_encoder_is_blended_in_and_served(tmp_path: Path) -> None:
    """The verify stage has compared graph and fitted model on every row of the test split by then."""
    path = write_csv(tmp_path / "my.csv", ticket_rows(300))
    folder, manifest = train(
        tmp_path / "build", "--csv", str(path), "--text", "subject,body", "--label", "queue",
        "--encoder", "use", "--set", "model.embedding_weights=[0.4]",
    )  # fmt: skip
    assert manifest.settings["encoder"]["name"] == "use"
    model = Tickets().open(folder, manifest)
    spanish = "Me cobraron la factura dos veces, quiero que me devuelvan el dinero del pago"
    _, outputs = model.run([TicketRequest(body=spanish)])
    head = manifest.heads[0]
    assert head.classes[int(outputs[head.output].argmax())] == "Billing"  # no Spanish was trained on


def test_long_texts_are_trained_in_passes_however_few_they_are(tmp_path: Path) -> None:
    """What must fit in memory are the n-grams, not the rows."""
    rows = [{**row, "body": f"{row['body']} " * 20} for row in ticket_rows(300)]
    path = write_csv(tmp_path / "my.csv", rows)
    _, manifest = train(
        tmp_path / "build", "--csv", str(path), "--text", "body", "--label", "queue",
        "--set", "model.entries_in_memory=1000", "--set", "model.visits=10000",
    )  # fmt: skip
    assert manifest.metrics["accuracy"] > 0.85
