"""The split is chosen by the data, says why, and lets nothing leak."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from model_build.clean import Cleaned, clean
from model_build.dataset import SPLITS, Batch, Columns, Dataset, load_dataset
from model_build.errors import DataValidationError, ParametersError
from model_build.parameters import ClassParameters, Shares, SplitParameters
from model_build.split import SplitResult, split
from model_build.validate import validate
from tests.support.csvs import ticket_rows, write_csv
from tests.support.layouts import layout_of

PLAIN = Columns(("subject", "body"), ("queue",))
TIMED = Columns(("subject", "body"), ("queue",), time="created_at")
GROUPED = Columns(("subject", "body"), ("queue",), group="customer")
BOTH = Columns(("subject", "body"), ("queue",), time="created_at", group="customer")
Rows = Sequence[dict[str, object]]


def cleaned(folder: Path, rows: Rows, columns: Columns, name: str = "data") -> Cleaned:
    path = write_csv(folder / f"{name}.csv", rows)
    layout = layout_of(columns)
    return clean(path, layout, validate(path, layout, ClassParameters()), folder / name)


def split_of(
    folder: Path,
    rows: Rows,
    columns: Columns,
    *,
    test: Rows | None = None,
    parameters: SplitParameters = SplitParameters(),  # noqa: B008 - frozen
    seed: int = 3,
    label_delay_days: float = 0.0,
) -> SplitResult:
    other = cleaned(folder, test, columns, "test") if test else None
    data = cleaned(folder, rows, columns)
    return split(
        data,
        columns,
        parameters,
        folder / "dataset",
        seed=seed,
        synthetic=False,
        test=other,
        label_delay_days=label_delay_days,
    )


def rows_of(dataset: Dataset, rows: Rows) -> dict[str, list[dict[str, object]]]:
    """The CSV rows of each part."""
    return {
        part: [rows[number - 2] for batch in dataset.batches(part) for number in batch.rows.tolist()]
        for part in SPLITS
    }


def together(batches: list[Batch]) -> np.ndarray:
    return np.concatenate([batch.rows for batch in batches])


def test_without_time_or_group_every_class_has_its_share_in_every_part(tmp_path: Path) -> None:
    rows = ticket_rows(400)
    result = split_of(tmp_path, rows, PLAIN)
    assert result.dataset.split_kind == "stratified" and "neither a time nor a group" in result.report.why
    totals = np.array(cleaned(tmp_path, rows, PLAIN).class_counts["queue"])
    for part, share in (("train", 0.6), ("calibrate", 0.2), ("test", 0.2)):
        assert np.abs(np.array(result.dataset.class_counts[part]["queue"]) - share * totals).max() <= 1.01


def test_by_time_the_past_trains_and_the_future_tests(tmp_path: Path) -> None:
    rows = ticket_rows(400)
    result = split_of(tmp_path, rows, TIMED)
    assert result.dataset.split_kind == "time" and "because there is a time column" in result.report.why
    parts = rows_of(result.dataset, rows)
    times = {part: [str(row["created_at"]) for row in found] for part, found in parts.items()}
    assert max(times["train"]) < min(times["calibrate"]) <= max(times["calibrate"]) < min(times["test"])
    assert 0.55 < len(parts["train"]) / 400 < 0.65 and 0.15 < len(parts["test"]) / 400 < 0.25


def test_no_group_is_on_two_sides(tmp_path: Path) -> None:
    rows = ticket_rows(400)
    result = split_of(tmp_path, rows, GROUPED)
    assert result.dataset.split_kind == "group" and "because there is a group column" in result.report.why
    groups = [{row["customer"] for row in found} for found in rows_of(result.dataset, rows).values()]
    assert all(not one & other for one, other in combinations(groups, 2))
    assert 0.55 < result.report.rows["train"] / 400 < 0.65


def test_with_time_and_group_the_future_has_no_known_group(tmp_path: Path) -> None:
    rows = ticket_rows(600, groups=500)
    result = split_of(tmp_path, rows, BOTH)
    assert result.dataset.split_kind == "time" and "left out" in result.report.why
    parts = rows_of(result.dataset, rows)
    groups = {part: {row["customer"] for row in found} for part, found in parts.items()}
    assert not groups["train"] & (groups["calibrate"] | groups["test"])
    assert not groups["calibrate"] & groups["test"]
    assert result.report.left_out["group"] == 600 - sum(map(len, parts.values())) > 0


def test_when_most_rows_would_be_left_out_another_split_is_advised(tmp_path: Path) -> None:
    rows = ticket_rows(400, groups=2)
    crowded = SplitParameters(shares=Shares(0.3, 0.35, 0.35))
    with pytest.raises(DataValidationError, match="--split group or --split stratified"):
        split_of(tmp_path, rows, BOTH, parameters=crowded)


@pytest.mark.parametrize("columns", [PLAIN, TIMED, GROUPED])
def test_a_text_is_never_on_two_sides(tmp_path: Path, columns: Columns) -> None:
    rows = ticket_rows(300)
    moved = ("customer", "queue", "created_at")
    copies = [
        {**row, **{name: other[name] for name in moved}}
        for row, other in zip(rows[:60], reversed(rows), strict=False)
    ]
    rows = [*rows, *copies]
    result = split_of(tmp_path, rows, columns)
    parts = rows_of(result.dataset, rows)
    texts = [{(row["subject"], row["body"]) for row in found} for found in parts.values()]
    assert all(not one & other for one, other in combinations(texts, 2))
    assert sum(map(len, parts.values())) + sum(result.report.left_out.values()) == 360


def test_a_test_file_is_only_tested_on_and_its_texts_leave_training(tmp_path: Path) -> None:
    rows, test = ticket_rows(300), ticket_rows(100, seed=1)
    test[:3] = rows[:3]
    result = split_of(tmp_path, rows, PLAIN, test=test)
    assert result.report.rows == {"train": 267, "calibrate": 30, "test": 100}
    assert result.report.left_out == {"text": 3}
    assert result.dataset.test_source == "test.csv" and result.dataset.test_sha256


def test_asking_for_a_split_without_its_column_says_which_option(tmp_path: Path) -> None:
    with pytest.raises(ParametersError, match="--time"):
        split_of(tmp_path, ticket_rows(60), PLAIN, parameters=SplitParameters(by="time"))
    with pytest.raises(ParametersError, match="--group"):
        split_of(tmp_path, ticket_rows(60), PLAIN, parameters=SplitParameters(by="group"))


def test_a_split_can_be_asked_for(tmp_path: Path) -> None:
    result = split_of(tmp_path, ticket_rows(300), BOTH, parameters=SplitParameters(by="stratified"))
    assert result.dataset.split_kind == "stratified" and "as asked" in result.report.why


def test_a_class_that_only_the_future_has_cannot_be_learned(tmp_path: Path) -> None:
    rows = ticket_rows(300)
    for row in rows[-20:]:
        row["queue"] = "New product"
    with pytest.raises(DataValidationError, match=r"'New product' is in the train part.*--split stratified"):
        split_of(tmp_path, rows, TIMED)


def test_big_parts_are_capped_and_the_rest_trains(tmp_path: Path) -> None:
    capped = SplitParameters(most_calibrate_rows=30, most_test_rows=40)
    rows = split_of(tmp_path, ticket_rows(400), PLAIN, parameters=capped).report.rows
    assert abs(rows["calibrate"] - 30) <= 3 and abs(rows["test"] - 40) <= 3


def test_the_seed_decides_the_split(tmp_path: Path) -> None:
    rows = ticket_rows(300)
    for name in "abc":
        (tmp_path / name).mkdir()
    one = split_of(tmp_path / "a", rows, PLAIN).dataset
    same = split_of(tmp_path / "b", rows, PLAIN).dataset
    other = split_of(tmp_path / "c", rows, PLAIN, seed=4).dataset
    first = together(list(one.batches("train")))
    assert (first == together(list(same.batches("train")))).all()
    assert set(first.tolist()) != set(together(list(other.batches("train"))).tolist())


def test_batches_are_in_a_random_order_that_another_epoch_changes(tmp_path: Path) -> None:
    dataset = split_of(tmp_path, ticket_rows(300), PLAIN).dataset
    batches = list(dataset.batches("train", 50))
    assert max(map(len, batches)) == 50
    first, again = together(batches), together(list(dataset.batches("train", 64)))
    assert (first == again).all() and (np.diff(first) < 0).any()
    other = together(list(dataset.batches("train", epoch=1)))
    assert (first != other).any() and sorted(first.tolist()) == sorted(other.tolist())


def test_a_dataset_is_found_again(tmp_path: Path) -> None:
    dataset = split_of(tmp_path, ticket_rows(300), BOTH, parameters=SplitParameters(by="group")).dataset
    assert load_dataset(tmp_path / "dataset") == dataset


@pytest.mark.parametrize("columns", [PLAIN, TIMED, GROUPED])
def test_folds_are_cut_the_way_the_data_was_split(tmp_path: Path, columns: Columns) -> None:
    rows = ticket_rows(600)
    dataset = split_of(tmp_path, rows, columns, parameters=SplitParameters(folds=3)).dataset
    folds: dict[int, list[dict[str, object]]] = {}
    for batch in dataset.batches("train"):
        for number, fold in zip(batch.rows.tolist(), batch.folds.tolist(), strict=True):
            folds.setdefault(fold, []).append(rows[number - 2])
    assert all((batch.folds == -1).all() for part in ("calibrate", "test") for batch in dataset.batches(part))
    assert len(dataset.folds) == 3
    for fold in dataset.folds:
        seen = [row for number in fold.train for row in folds[number]]
        held = folds[fold.validate]
        if columns is TIMED:
            assert max(str(row["created_at"]) for row in seen) < min(str(row["created_at"]) for row in held)
        if columns is GROUPED:
            assert not {row["customer"] for row in seen} & {row["customer"] for row in held}
        if columns is PLAIN:
            assert len(held) == pytest.approx(len(seen) / 2, rel=0.1)
            assert {row["queue"] for row in held} == {"Billing", "Technical", "General"}


def test_with_a_label_delay_no_part_begins_before_the_labels_of_the_last_are_known(tmp_path: Path) -> None:
    rows = ticket_rows(400)
    result = split_of(tmp_path, rows, TIMED, label_delay_days=20)
    times = {
        part: sorted(str(row["created_at"]) for row in found)
        for part, found in rows_of(result.dataset, rows).items()
    }
    for before, after in (("train", "calibrate"), ("calibrate", "test")):
        first, last = datetime.fromisoformat(times[after][0]), datetime.fromisoformat(times[before][-1])
        assert first - last >= timedelta(days=20)
    late = result.report.left_out["gap"]
    assert late > 0 and sum(result.report.rows.values()) + sum(result.report.left_out.values()) == 400
    assert result.dataset.left_out["the label is not known yet when the next part begins"] == late
    assert not [finding for finding in result.report.findings if finding.code == "left-out-gap"]


def test_a_label_delay_needs_times(tmp_path: Path) -> None:
    with pytest.raises(ParametersError, match="name the time column"):
        split_of(tmp_path, ticket_rows(60), PLAIN, label_delay_days=7)


def test_a_delay_that_leaves_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataValidationError, match="--set label_delay_days=1"):
        split_of(tmp_path, ticket_rows(200), TIMED, label_delay_days=400)
