"""A user's own CSV of transactions becomes a bundle that the transactions service serves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lambdas.core.bundle import Manifest
from lambdas.transactions.features import FEATURE_NAMES
from lambdas.transactions.model import open_model
from model_build.bundle import find_bundle, read_bundle
from model_build.cli import main
from model_build.dataset import load_dataset
from model_build.transactions.members import MODELS
from tests.conftest import QUICK_TRANSACTIONS, TrainedTransactions
from tests.support.transaction_csvs import MAPPING, own_csv

ROOT = Path(__file__).resolve().parents[2]
QUICK = [part for change in QUICK_TRANSACTIONS for part in ("--set", change)]

once_trained = pytest.mark.xdist_group("own-transactions")


def train(build: Path, *arguments: str) -> tuple[Path, Manifest]:
    """Train by the command line; returns the bundle's folder and manifest."""
    given = [
        "train",
        "transactions",
        "--params",
        str(ROOT / "params.yaml"),
        "--build-dir",
        str(build),
        *QUICK,
    ]
    assert main([*given, "--no-tracking", *arguments]) == 0
    folder = find_bundle(build / "transactions" / "bundles", "transactions")
    return folder, read_bundle(folder, "transactions")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """Trained on user, merchant, time, amount and label alone; one amount is 0."""
    folder = tmp_path_factory.mktemp("own-transactions")
    path = own_csv(folder / "my.csv", 6_000)
    lines = path.read_text(encoding="utf-8").splitlines()
    user, shop, when, _, bad = lines[100].split(",")
    lines[100] = ",".join((user, shop, when, "0.00", bad))
    path.write_text("\n".join(lines), encoding="utf-8")
    return train(folder / "build", "--csv", str(path), *MAPPING)


@once_trained
def test_five_columns_are_enough(own: tuple[Path, Manifest]) -> None:
    folder, manifest = own
    model = open_model(folder, manifest)
    scored = model.score(model.background)
    assert len(scored.probabilities) == len(model.background) and len(scored.scores[0]) == len(MODELS)
    assert 0 < model.bounds.approve < model.bounds.decline
    assert np.isnan(model.background[0][FEATURE_NAMES.index("home_km")])
    assert not np.isnan(model.background[0][FEATURE_NAMES.index("count_24h")])


@once_trained
def test_every_row_is_accounted_for(own: tuple[Path, Manifest]) -> None:
    metrics = own[1].metrics
    assert own[1].training_data.rows == 6_000
    assert sum(metrics["rows"].values()) + sum(metrics["left_out"].values()) == 6_000
    assert metrics["left_out"]["a value in column 'paid' that the service refuses"] == 1
    assert metrics["left_out"]["the label is not known yet when the next part begins"] > 100


@once_trained
def test_the_parts_are_a_label_delay_apart(own: tuple[Path, Manifest]) -> None:
    dataset = load_dataset(own[0].parents[1] / "work" / "dataset")
    times = {
        part: np.concatenate([batch.times for batch in dataset.batches(part)])
        for part in ("train", "calibrate", "test")
    }
    week = 7 * 86_400_000
    assert times["calibrate"].min() - times["train"].max() >= week
    assert times["test"].min() - times["calibrate"].max() >= week


def test_a_bundle_has_all_that_serving_and_learning_need(trained_transactions: TrainedTransactions) -> None:
    folder = trained_transactions.bundle
    manifest = read_bundle(folder, "transactions")
    head = manifest.heads[0]
    assert (head.name, head.output, head.classes) == ("fraud", "fraud_probabilities", ["legitimate", "fraud"])
    assert manifest.features == list(FEATURE_NAMES) and manifest.settings["models"] == list(MODELS)
    assert {"", "grocery"} <= set(manifest.settings["category_risk"])
    assert {"false_alarm", "missed", "review"} <= set(manifest.settings["costs"])
    background = json.loads((folder / "background.json").read_bytes())["rows"]
    assert 20 <= len(background) <= 64 and {len(row) for row in background} == {len(FEATURE_NAMES)}
    reference = json.loads((folder / "reference.json").read_bytes())
    assert set(reference["features"]) == set(FEATURE_NAMES) and reference["text"] == {}
    assert reference["heads"]["fraud"]["priors"][0] > 0.9
    card = (folder / "card.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in card for name in ("the ensemble", *MODELS, "the rules"))


def test_the_holdout_is_the_newest_part_of_the_test_split(trained_transactions: TrainedTransactions) -> None:
    held = json.loads((trained_transactions.bundle / "holdout.json").read_bytes())
    dataset = load_dataset(trained_transactions.build / "transactions" / "work" / "dataset")
    batches = list(dataset.batches("test"))
    order = np.argsort(np.concatenate([batch.times for batch in batches]), kind="stable")
    fraud = np.concatenate([batch.labels["fraud"] for batch in batches])[order]
    assert held["fraud"] == fraud.tolist()
    assert len(held["scores"]) == len(held["amount"]) == len(fraud) and len(held["scores"][0]) == 4


def test_the_same_file_and_seed_give_the_same_hash(tmp_path: Path) -> None:
    path = own_csv(tmp_path / "my.csv", 3_000, unix=False, words=False)
    arguments = ["--csv", str(path), *MAPPING]
    hashes = [train(tmp_path / name, *arguments)[1].bundle_hash for name in ("one", "two")]
    assert hashes[0] == hashes[1]
