"""Any CSV with a card, a merchant, a time, an amount and a label; what is wrong with one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_build.cli import parser
from model_build.errors import DataValidationError, ParametersError
from model_build.examine import Layout
from model_build.job import Job
from model_build.options import parameters_of
from model_build.progress import Reporter
from model_build.transactions.pipeline import TransactionTraining
from model_build.validate import ValidationReport, validate
from model_build.workspace import Workspace
from tests.support.csvs import write_csv

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[4]
SERVICE = TransactionTraining()
FIVE = ["--card", "user", "--merchant", "shop", "--time", "when", "--amount", "paid", "--label", "bad"]


def rows_of(count: int = 40, **changed: object) -> list[dict[str, object]]:
    return [
        {
            "user": k % 5,
            "shop": k % 3,
            "when": 1_767_225_600 + k * 3_600,
            "paid": 5 + k,
            "bad": int(k % 4 == 0),
        }
        | ({name: value for name, value in changed.items() if k == 7})
        for k in range(count)
    ]


def job_of(path: Path, *arguments: str) -> Job:
    given = ["train", "transactions", "--params", str(ROOT / "params.yaml"), "--csv", str(path), *arguments]
    options = parser().parse_args(given)
    return Job(SERVICE, parameters_of(options, SERVICE.fields), Workspace(path.parent, "t"), Reporter())


def layout_of(path: Path, *arguments: str) -> Layout:
    return job_of(path, *arguments).layout


def report(path: Path, *arguments: str) -> ValidationReport:
    job = job_of(path, *(arguments or FIVE))
    return validate(path, job.layout, job.parameters.service.classes)


def problems(path: Path, *arguments: str) -> dict[str, str]:
    with pytest.raises(DataValidationError) as raised:
        report(path, *arguments)
    return {finding.code: str(finding) for finding in raised.value.findings}  # type: ignore[attr-defined]


def test_five_columns_under_any_name(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", rows_of())
    columns = layout_of(path, *FIVE).columns
    assert columns.extra == {"card_id": "user", "merchant_id": "shop", "amount": "paid"}
    assert (columns.time, columns.labels) == ("when", ("bad",))
    assert report(path).classes == {"fraud": {"legitimate": 30, "fraud": 10}}


def test_what_no_option_names_is_looked_up_in_params_yaml(tmp_path: Path) -> None:
    rows = [{"card_id": 1, "merchant_id": 2, "at": "2026-01-01", "amount": 3, "category": "x", "is_fraud": 0}]
    columns = layout_of(write_csv(tmp_path / "t.csv", rows)).columns
    assert columns.time == "at" and columns.labels == ("is_fraud",)
    assert set(columns.extra) == {"card_id", "merchant_id", "amount", "category"}


def test_place_and_home_are_two_columns_each(tmp_path: Path) -> None:
    rows = [row | {"a": 1, "b": 2, "c": 3, "d": 4} for row in rows_of()]
    path = write_csv(tmp_path / "t.csv", rows)
    extra = layout_of(path, *FIVE, "--place", "a,b", "--home", "c,d").columns.extra
    assert [extra[name] for name in ("latitude", "longitude", "home_latitude", "home_longitude")] == [*"abcd"]
    with pytest.raises(ParametersError, match="--place takes 2 columns"):
        layout_of(path, *FIVE, "--place", "a")


def test_a_needed_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", rows_of())
    found = problems(path, "--card", "usr", *FIVE[2:])
    assert "'usr'" in found["missing-column"] and "Did you mean 'user'?" in found["missing-column"]


@pytest.mark.parametrize(
    ("yes", "no"), [("1", "0"), ("TRUE", "False"), ("yes", "No"), ("fraud", "genuine"), ("1.0", "0.0")]
)
def test_labels_are_understood_as_people_write_them(tmp_path: Path, yes: str, no: str) -> None:
    rows = [row | {"bad": yes if row["bad"] else no} for row in rows_of()]
    assert report(write_csv(tmp_path / "t.csv", rows)).classes["fraud"] == {"legitimate": 30, "fraud": 10}


def test_a_label_that_means_neither_is_an_error_and_own_words_can_be_said(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", rows_of(bad="stolen"))
    found = problems(path)["neither"]
    assert "column 'bad', row 9" in found and "--positive" in found
    counted = report(path, *FIVE, "--positive", "stolen,1").classes["fraud"]
    assert counted == {"legitimate": 29, "fraud": 11}


@pytest.mark.parametrize(
    ("column", "value"), [("user", ""), ("shop", "NA"), ("paid", ""), ("when", ""), ("bad", "")]
)
def test_a_row_that_lacks_what_is_needed_is_an_error_or_left_out(
    tmp_path: Path, column: str, value: str
) -> None:
    path = write_csv(tmp_path / "t.csv", rows_of(**{column: value}))
    assert f"column '{column}', row 9" in problems(path)["missing"]
    found = report(path, *FIVE, "--missing", f"{column}=drop-row")
    assert found.kept == 39 and found.dropped == {f"no value in column '{column}'": 1}


@pytest.mark.parametrize("amount", ["0", "-3.5", "nan", "inf", "2000000", "a lot"])
def test_amounts_that_the_service_refuses_are_left_out_and_counted(tmp_path: Path, amount: str) -> None:
    path = write_csv(tmp_path / "t.csv", rows_of(paid=amount))
    if amount == "nan":  # a word for nothing
        assert "missing" in problems(path)
        return
    assert report(path).dropped == {"a value in column 'paid' that the service refuses": 1}
    assert "bad-value" in problems(path, *FIVE, "--set", "missing.refused=error")


def test_times_are_seconds_or_iso(tmp_path: Path) -> None:
    rows = [row | {"when": f"2026-01-{1 + k % 28:02d} 10:00:00"} for k, row in enumerate(rows_of())]
    assert report(write_csv(tmp_path / "iso.csv", rows)).kept == 40
    assert "bad-time" in problems(write_csv(tmp_path / "bad.csv", rows_of(when="yesterday")))


def test_without_any_fraud_nothing_can_be_learned(tmp_path: Path) -> None:
    rows = [row | {"bad": 0} for row in rows_of()]
    found = problems(write_csv(tmp_path / "t.csv", rows))["one-class"]
    assert "every row is 'legitimate'" in found and "column 'bad'" in found


def test_there_must_be_a_time(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", rows_of())
    job = job_of(path, *FIVE, "--set", "data.time=null")
    assert job.columns.time == "when"
    with pytest.raises(ParametersError, match="pass --time"):
        _ = job_of(path, *FIVE[:4], *FIVE[6:], "--set", "data.time=null").layout


@pytest.mark.parametrize("option", ["--text", "--group", "--language"])
def test_what_a_transaction_does_not_have_is_refused(tmp_path: Path, option: str) -> None:
    path = write_csv(tmp_path / "t.csv", rows_of())
    with pytest.raises(ParametersError, match=f"{option}: transactions have none"):
        job_of(path, *FIVE, option, "user")
    with pytest.raises(ParametersError, match="--card is about your own data: pass --csv too"):
        given = ["train", "transactions", "--params", str(ROOT / "params.yaml"), "--card", "user"]
        parameters_of(parser().parse_args(given), SERVICE.fields)
