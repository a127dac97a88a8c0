"""Training's features are the served fold's, in the order of time, and hear of labels once they are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from lambdas.transactions.event import Event, hash_of
from lambdas.transactions.features import CATEGORY_RISK, FEATURE_NAMES, matrix
from lambdas.transactions.profile import NEW, Profile, observe
from lambdas.transactions.terminals import Terminal, label
from model_build.clean import clean
from model_build.dataset import Columns, Dataset
from model_build.examine import Layout
from model_build.history import HISTORY
from model_build.missing import Missing
from model_build.parameters import ClassParameters, SplitParameters
from model_build.split import split
from model_build.transactions import replay as replaying
from model_build.transactions.pipeline import TransactionTraining
from model_build.transactions.replay import read_risks, replay
from model_build.validate import validate
from tests.support.csvs import write_csv

pytestmark = pytest.mark.unit

START = datetime(2026, 3, 2, tzinfo=UTC)
DELAY_DAYS = 7
SERVICE = TransactionTraining()
Row = dict[str, object]

RISKS = [k for k, name in enumerate(FEATURE_NAMES) if name.startswith("terminal_")]


def rows_of(count: int = 900) -> list[Row]:
    """Two months of a few cards and shops."""
    rng = np.random.default_rng(8)
    at = np.sort(rng.uniform(0, 60 * 86_400, count)).astype(int)
    return [
        {
            "card": f"c{rng.integers(12)}",
            "shop": f"m{rng.integers(9)}",
            "when": (START + timedelta(seconds=int(second))).isoformat(),
            "paid": round(float(rng.lognormal(3, 1)), 2),
            "kind": str(rng.choice(["food", "fuel", ""])),
            "lat": "" if rng.random() < 0.2 else round(float(rng.normal(40, 1)), 4),
            "long": round(float(rng.normal(-3, 1)), 4),
            "bad": int(rng.random() < 0.1),
        }
        for second in at
    ]


class Replayed:
    """The features of a file's rows, in the order of the file."""

    def __init__(self, folder: Path, rows: list[Row]) -> None:
        path = write_csv(folder / "t.csv", rows)
        extra = {
            "card_id": "card", "merchant_id": "shop", "amount": "paid", "category": "kind", "latitude": "lat",
            "longitude": "long",
        }  # fmt: skip
        columns = Columns((), ("bad",), time="when", extra=extra)
        layout = Layout(columns, {}, SERVICE.fields, Missing(), binaries=SERVICE.binaries(columns.labels, []))
        cleaned = clean(path, layout, validate(path, layout, ClassParameters()), folder / "clean")
        self.dataset: Dataset = split(
            cleaned, columns, SplitParameters(folds=2), folder / "dataset", seed=1, synthetic=False,
            label_delay_days=DELAY_DAYS, has_history=True,
        ).dataset  # fmt: skip
        (folder / HISTORY).mkdir()
        replay(cleaned, None, self.dataset)
        self.features = np.load(folder / "history" / "train-features.npy")
        self.parts = {
            part: np.sort(np.concatenate([batch.rows for batch in self.dataset.batches(part)])) - 2
            for part in ("train", "calibrate", "test")
        }


Make = Callable[[str, list[Row]], Replayed]


@pytest.fixture
def made(tmp_path: Path) -> Make:
    def make(name: str, rows: list[Row]) -> Replayed:
        (tmp_path / name).mkdir()
        return Replayed(tmp_path / name, rows)

    return make


def seconds(row: Mapping[str, object]) -> float:
    return datetime.fromisoformat(str(row["when"])).timestamp()


def by_hand(rows: list[Row]) -> np.ndarray:
    """The features as a few plain loops have them, without the category's risk."""
    profiles: dict[object, Profile] = {}
    found = []
    for k, row in enumerate(rows):
        now = seconds(row)
        terminal = None
        for before in rows[:k]:
            if before["shop"] == row["shop"] and seconds(before) + DELAY_DAYS * 86_400 <= now:
                terminal = label(terminal or Terminal(), seconds(before), before["bad"] == 1)
        place = None if row["lat"] == "" else (float(str(row["lat"])), float(str(row["long"])))
        event = Event(
            hash_of(f"train {k + 2}"), now, float(str(row["paid"])), hash_of(str(row["shop"])),
            hash_of(str(row["kind"]) or None), place,
        )  # fmt: skip
        features, profiles[row["card"]] = observe(profiles.get(row["card"], NEW), event, terminal)
        found.append(features)
    return np.array(found, dtype=np.float32)


def test_the_features_are_those_of_the_served_fold(made: Make) -> None:
    rows = rows_of(400)
    wanted, found = by_hand(rows), made("it", rows).features.copy()
    wanted[:, CATEGORY_RISK] = found[:, CATEGORY_RISK] = 0.0
    assert np.array_equal(wanted, found, equal_nan=True)


def test_neither_the_order_of_the_file_nor_the_size_of_the_windows_matters(
    made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**row, "paid": 10.0 + k} for k, row in enumerate(rows_of(300))]
    order = np.random.default_rng(0).permutation(len(rows))
    one = made("one", rows).features
    monkeypatch.setattr(replaying, "WINDOW", 37)
    other = made("other", [rows[k] for k in order]).features
    # The keys come from the row numbers, and differ: nothing that is compared shows them.
    assert np.array_equal(one[order], other, equal_nan=True)


def test_a_label_cannot_change_what_was_scored_before_it_was_known(made: Make) -> None:
    rows = rows_of()
    changed = 200
    other = [dict(row) for row in rows]
    other[changed]["bad"] = 1 - int(str(rows[changed]["bad"]))
    one, two = made("one", rows), made("two", other)
    differ = ~((one.features == two.features) | (np.isnan(one.features) & np.isnan(two.features)))
    train = np.zeros(len(rows), dtype=bool)
    train[one.parts["train"]] = True
    known = seconds(rows[changed]) + DELAY_DAYS * 86_400
    unknown = np.array([seconds(row) < known for row in rows])
    assert train[changed] and not differ[unknown & train].any()
    same_shop = np.array([row["shop"] == rows[changed]["shop"] for row in rows])
    assert differ[~unknown & same_shop][:, RISKS].any(axis=1).all()
    assert not differ[~same_shop][:, RISKS].any()


def test_only_train_labels_teach_the_risk_of_a_category(made: Make) -> None:
    rows = rows_of()
    one = made("one", rows)
    flipped = [dict(row) for row in rows]
    for k in one.parts["test"]:
        flipped[k]["bad"] = 1 - int(str(rows[k]["bad"]))
    two = made("two", flipped)
    assert read_risks(one.dataset) == read_risks(two.dataset)
    later = np.concatenate([one.parts["calibrate"], one.parts["test"]])
    served = matrix(
        one.features[later],
        [str(rows[k]["kind"]) or None for k in later],
        read_risks(one.dataset),  # type: ignore[arg-type]
    )
    assert np.array_equal(one.features[later], served, equal_nan=True)
    assert np.isnan(one.features[[k for k, row in enumerate(rows) if not row["kind"]], CATEGORY_RISK]).all()


def test_the_risk_of_a_category_in_training_comes_from_the_past(made: Make) -> None:
    found = made("it", rows_of())
    train = found.parts["train"]
    early = train[:20]
    assert np.nanmax(np.abs(found.features[early, CATEGORY_RISK] - 0.005)) < 1e-6  # no label known yet
    assert len(np.unique(found.features[train, CATEGORY_RISK].round(6))) > 50


def test_batches_carry_the_features_of_their_rows(made: Make) -> None:
    found = made("it", rows_of())
    for part in ("train", "test"):
        for batch in found.dataset.batches(part):  # type: ignore[arg-type]
            assert batch.history is not None and batch.times is not None
            assert np.array_equal(batch.history, found.features[batch.rows - 2], equal_nan=True)
            assert np.array_equal(batch.part(1, 3).history, batch.history[1:3], equal_nan=True)  # type: ignore[arg-type]
