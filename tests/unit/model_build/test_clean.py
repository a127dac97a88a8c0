"""Cleaning keeps what validation counted, and says what became of every other row."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from model_build import clean as cleaning
from model_build.clean import Cleaned, clean
from model_build.dataset import Columns
from model_build.errors import DataValidationError
from model_build.missing import Missing
from model_build.parameters import ClassParameters
from model_build.validate import validate
from tests.support.csvs import ticket_rows, write_csv
from tests.support.layouts import layout_of

COLUMNS = Columns(
    ("subject", "body"), ("queue",), time="created_at", group="customer", extra={"channel": "channel"}
)


def cleaned(path: Path, columns: Columns = COLUMNS, missing: Missing | None = None) -> Cleaned:
    layout = layout_of(columns, missing)
    report = validate(path, layout, ClassParameters(rare="drop-row"))
    return clean(path, layout, report, path.parent / "clean")


def table(found: Cleaned) -> list[dict[str, object]]:
    rows = [row for name in found.shards for row in pq.read_table(found.folder / name).to_pylist()]
    assert len(rows) == found.rows
    return rows


def test_every_row_is_kept_or_counted(tmp_path: Path) -> None:
    rows = ticket_rows(80)
    rows[3]["subject"] = rows[3]["body"] = " "
    rows[9]["queue"] = ""
    rows[20]["queue"] = "Lonely"
    found = cleaned(write_csv(tmp_path / "t.csv", rows), missing=Missing(label="drop-row"))
    assert found.dropped == {
        "no text": 1,
        "no value in column 'queue'": 1,
        "a class with too few rows in column 'queue'": 1,
    }
    assert found.rows == 77 and found.source_rows == 80
    assert {row["row"] for row in table(found)} == set(range(2, 82)) - {5, 11, 22}


def test_rows_hold_the_fields_of_the_schema_and_the_codes_of_the_labels(tmp_path: Path) -> None:
    rows = ticket_rows(40)
    found = cleaned(write_csv(tmp_path / "t.csv", rows))
    assert found.classes == {"queue": ["Billing", "General", "Technical"]}
    for row, source in zip(table(found), rows, strict=True):
        assert row["field:subject"] == source["subject"] and row["field:body"] == source["body"]
        assert row["field:channel"] == (source["channel"] or None)
        assert found.classes["queue"][row["label:queue"]] == source["queue"]  # type: ignore[call-overload]


def test_an_empty_policy_says_zero_for_a_number(tmp_path: Path) -> None:
    rows = [{**row, "before": "" if n % 2 else 3} for n, row in enumerate(ticket_rows(40))]
    columns = Columns(("body",), ("queue",), extra={"previous_tickets": "before"})
    path = write_csv(tmp_path / "t.csv", rows)
    unknown = {row["field:previous_tickets"] for row in table(cleaned(path, columns))}
    zero = {row["field:previous_tickets"] for row in table(cleaned(path, columns, Missing(extra="empty")))}
    assert (unknown, zero) == ({"3", None}, {"3", "0"})


def test_control_characters_become_spaces(tmp_path: Path) -> None:
    rows = ticket_rows(40)
    rows[0]["body"] = "a\x07b"
    assert table(cleaned(write_csv(tmp_path / "t.csv", rows)))[0]["field:body"] == "a b"


def test_shards_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "SHARD_ROWS", 30)
    monkeypatch.setattr("model_build.csv_source.CHUNK_ROWS", 10)
    found = cleaned(write_csv(tmp_path / "t.csv", ticket_rows(95)))
    assert [pq.ParquetFile(found.folder / name).metadata.num_rows for name in found.shards] == [30, 30, 30, 5]


def test_texts_that_are_all_the_same_are_refused(tmp_path: Path) -> None:
    rows = [{**row, "subject": "Hello", "body": "hello  WORLD"} for row in ticket_rows(40)]
    with pytest.raises(DataValidationError, match="all 40 rows have the same text"):
        cleaned(write_csv(tmp_path / "t.csv", rows))


def test_texts_with_two_labels_are_named(tmp_path: Path) -> None:
    rows = ticket_rows(60)
    rows[10] = {**rows[30], "queue": "Billing"}
    rows[30]["queue"] = "General"
    rows[40] = dict(rows[41])
    found = {finding.code: finding for finding in cleaned(write_csv(tmp_path / "t.csv", rows)).findings}
    assert found["duplicates"].count == 2
    assert found["contradictory"].rows == [12, 32] and found["contradictory"].count == 2


def test_a_file_that_grows_meanwhile_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", ticket_rows(40))
    layout = layout_of(COLUMNS)
    report = validate(path, layout, ClassParameters())
    write_csv(path, ticket_rows(41))
    with pytest.raises(DataValidationError, match="40 rows when it was validated and has 41 now"):
        clean(path, layout, report, tmp_path / "clean")
