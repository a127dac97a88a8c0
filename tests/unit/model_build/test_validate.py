"""Whatever is wrong with a CSV, the user is told the file, the column, the rows and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from model_build.dataset import Columns
from model_build.errors import DataValidationError
from model_build.findings import Finding
from model_build.missing import Missing
from model_build.parameters import ClassParameters
from model_build.validate import ValidationReport, validate
from tests.support.csvs import ticket_rows, write_csv
from tests.support.layouts import layout_of

COLUMNS = Columns(text=("body",), labels=("queue",))
GOOD = "body,queue\n" + "".join(
    f"text number {n},{label}\n" for n, label in enumerate(["Billing", "Technical"] * 6)
)


def report(
    path: Path,
    columns: Columns = COLUMNS,
    missing: Missing | None = None,
    *,
    least_rows: int = 5,
    rare: str = "error",
    delimiter: str = ",",
    time_format: str | None = None,
) -> ValidationReport:
    return validate(
        path,
        layout_of(columns, missing, time_format),
        ClassParameters(least_rows=least_rows, rare=rare),  # type: ignore[arg-type]
        delimiter=delimiter,
    )


def problems(path: Path, *arguments: object, **options: object) -> dict[str, Finding]:
    """The findings that `path` is refused for, by code."""
    with pytest.raises(DataValidationError) as caught:
        report(path, *arguments, **options)  # type: ignore[arg-type]
    assert str(path) in caught.value.detail
    found = {finding.code: finding for finding in caught.value.findings if isinstance(finding, Finding)}
    for finding in found.values():
        assert str(finding) in caught.value.detail
    return found


def file_of(folder: Path, content: str | bytes) -> Path:
    path = folder / "my.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_good_file_passes_without_a_finding(tmp_path: Path) -> None:
    found = report(file_of(tmp_path, GOOD))
    assert (found.rows, found.kept, found.dropped, found.findings) == (12, 12, {}, [])
    assert found.classes == {"queue": {"Billing": 6, "Technical": 6}}


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    assert report(file_of(tmp_path, b"\xef\xbb\xbf" + GOOD.encode())).kept == 12


def test_a_missing_file_is_told_with_the_files_beside_it(tmp_path: Path) -> None:
    file_of(tmp_path, GOOD)
    assert "my.csv" in str(problems(tmp_path / "mine.csv")["no-file"])


def test_a_folder_is_not_a_csv(tmp_path: Path) -> None:
    assert "folder" in problems(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"  \n"])
def test_an_empty_file(tmp_path: Path, content: bytes) -> None:
    assert "empty-file" in problems(file_of(tmp_path, content))


def test_a_header_alone(tmp_path: Path) -> None:
    assert "no-rows" in problems(file_of(tmp_path, "body,queue\n"))


@pytest.mark.parametrize(
    ("content", "code", "word"),
    [
        (b"PK\x03\x04rest of a workbook", "not-csv", "Excel"),
        (b"\x1f\x8b\x08rest", "not-csv", "gunzip"),
        (b"PAR1rest", "not-csv", "Parquet"),
        (b"\x00\x01\x02\x03\xff\xfe\x00" * 50, "binary", "CSV"),
        (GOOD.encode("utf-16"), "encoding", "iconv -f UTF-16"),
        (GOOD.encode("utf-16-le"), "encoding", "iconv -f UTF-16"),
        (GOOD.replace("text number 3", "café").encode("latin-1"), "encoding", "Latin-1"),
        (GOOD.replace("text number 3", "it’s").encode("cp1252"), "encoding", "WINDOWS-1252"),
    ],
)
def test_what_is_no_utf8_text_is_named(tmp_path: Path, content: bytes, code: str, word: str) -> None:
    assert word in str(problems(file_of(tmp_path, content))[code])


def test_the_line_of_a_bad_byte_is_named(tmp_path: Path) -> None:
    lines = GOOD.encode().splitlines(keepends=True)
    lines[4] = b"caf\xe9,Billing\n"
    assert "line 5 " in str(problems(file_of(tmp_path, b"".join(lines)))["encoding"])


@pytest.mark.parametrize(("delimiter", "shown"), [(";", "';'"), ("\t", "'\\t'"), ("|", "'|'")])
def test_another_delimiter_is_offered_and_then_read(tmp_path: Path, delimiter: str, shown: str) -> None:
    path = file_of(tmp_path, GOOD.replace(",", delimiter))
    assert f"--delimiter {shown}" in str(problems(path)["delimiter"])
    assert report(path, delimiter=delimiter).kept == 12


def test_a_missing_column_suggests_the_closest(tmp_path: Path) -> None:
    path = file_of(tmp_path, GOOD)
    message = str(problems(path, Columns(text=("body",), labels=("Queues",)))["missing-column"])
    assert "Did you mean 'queue'?" in message and "body, queue" in message


def test_a_column_named_twice(tmp_path: Path) -> None:
    path = file_of(tmp_path, GOOD.replace("body,queue", "body,queue,queue").replace(",B", ",x,B"))
    assert "columns 2, 3" in str(problems(path)["repeated-column"])


def test_ragged_rows_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    ragged = "".join(f"too, many, cells {n}\n" for n in range(7))
    found = problems(file_of(tmp_path, GOOD + ragged))["ragged"]
    assert found.count == 7
    assert "rows 14, 15, 16, 17, 18 and 2 more" in str(found)


@pytest.mark.parametrize("bad", ['"never closed,Billing\nnext,Billing\n', '"closed" and on,Billing\n'])
def test_unbalanced_quotes(tmp_path: Path, bad: str) -> None:
    assert problems(file_of(tmp_path, GOOD + bad))["quotes"].rows == [14]


def test_a_quoted_line_break_is_no_new_row(tmp_path: Path) -> None:
    found = problems(file_of(tmp_path, GOOD + '"two\nlines",Billing\n,\n' + "x\n"))
    assert found["ragged"].rows == [16]


def test_nul_bytes_are_named(tmp_path: Path) -> None:
    assert problems(file_of(tmp_path, GOOD + "a\0b,Billing\n"))["nul"].rows == [14]


def test_a_field_longer_than_any_ticket_points_at_the_quote(tmp_path: Path) -> None:
    path = file_of(tmp_path, GOOD + f'"{"x" * 9_000_000}",Billing\n')
    assert problems(path)["quotes"].rows == [14]


def test_a_long_text_is_cut_and_told(tmp_path: Path) -> None:
    found = report(file_of(tmp_path, GOOD + f"{'x' * 30_000},Billing\n"))
    assert [(f.code, f.rows) for f in found.findings] == [("long-text", [14])]


def test_one_class_is_none_to_tell_apart(tmp_path: Path) -> None:
    found = problems(file_of(tmp_path, GOOD.replace("Technical", "Billing")))
    assert "Billing" in str(found["one-class"])


def test_a_class_with_too_few_rows_is_named_with_its_rows(tmp_path: Path) -> None:
    path = file_of(tmp_path, GOOD + "help,Rare\nhelp again,Rare\n")
    message = str(problems(path)["rare-class"])
    assert "'Rare' has 2 (rows 14, 15)" in message and "--rare drop-row (make train" in message


def test_rare_classes_are_left_out_when_asked_and_told(tmp_path: Path) -> None:
    found = report(file_of(tmp_path, GOOD + "help,Rare\n"), rare="drop-row")
    assert list(found.classes["queue"]) == ["Billing", "Technical"]
    assert [(f.code, f.severity) for f in found.findings] == [("rare-class", "warning")]


def test_an_identifier_is_no_label(tmp_path: Path) -> None:
    rows = [{"body": f"text {n}", "queue": f"id{n}"} for n in range(5_100)]
    assert "too-many-classes" in problems(write_csv(tmp_path / "ids.csv", rows))


def test_rows_without_text_are_left_out_counted_and_named(tmp_path: Path) -> None:
    found = report(file_of(tmp_path, GOOD + ",Billing\n   ,Billing\n"))
    assert found.dropped == {"no text": 2} and found.kept == 12
    told = next(finding for finding in found.findings if finding.code == "no-text")
    assert told.severity == "warning" and told.rows == [14, 15]


def test_rows_without_text_are_refused_when_asked(tmp_path: Path) -> None:
    found = problems(file_of(tmp_path, GOOD + ",Billing\n"), COLUMNS, Missing(no_text="error"))
    assert found["no-text"].rows == [14]


def test_a_missing_label_is_refused_or_dropped_by_policy(tmp_path: Path) -> None:
    path = file_of(tmp_path, GOOD + "hello,\nhello,NaN\n")
    refused = problems(path)["missing"]
    assert refused.rows == [14, 15]
    option = "--missing 'queue=drop-row'"
    assert refused.advice.endswith(f'{option} (make train: TRAIN_FLAGS="{option}")')
    found = report(path, COLUMNS, Missing(label="drop-row"))
    assert found.dropped == {"no value in column 'queue'": 2} and found.kept == 12


def test_a_text_may_read_like_a_missing_value(tmp_path: Path) -> None:
    assert report(file_of(tmp_path, GOOD + "None,Billing\n")).kept == 13


def test_mostly_missing_columns_are_warned_about(tmp_path: Path) -> None:
    rows = [{**row, "channel": "web" if n % 3 == 0 else ""} for n, row in enumerate(ticket_rows(60))]
    path = write_csv(tmp_path / "t.csv", rows)
    found = report(path, Columns(("body",), ("queue",), extra={"channel": "channel"}))
    told = next(finding for finding in found.findings if finding.code == "mostly-missing")
    assert told.column == "channel" and re.search(r"6\d% of the rows", told.message)


def test_labels_with_spaces_are_tidied_and_other_cases_warned_about(tmp_path: Path) -> None:
    found = report(file_of(tmp_path, GOOD + "a, Billing \n" + "b,billing\n" * 5))
    codes = {finding.code: finding for finding in found.findings}
    assert found.classes["queue"] == {"Billing": 7, "Technical": 6, "billing": 5}
    assert codes["untidy-label"].rows == [14]
    assert "'Billing' (7), 'billing' (5)" in codes["label-case"].message


def test_times_that_cannot_be_read(tmp_path: Path) -> None:
    lines = GOOD.splitlines()
    times = ["created"] + ["2026-01-01"] * 10 + ["31/12/2026", "soon"]
    path = file_of(tmp_path, "\n".join(f"{line},{time}" for line, time in zip(lines, times, strict=True)))
    found = problems(path, Columns(("body",), ("queue",), time="created"))["bad-time"]
    assert found.rows == [12, 13] and "ISO 8601" in found.advice


def test_values_that_the_schema_refuses(tmp_path: Path) -> None:
    lines = GOOD.splitlines()
    counts = ["previous"] + ["3", "", "0", "2.0"] * 2 + ["many", "-1", "2.5", "9999999"]
    path = file_of(tmp_path, "\n".join(f"{line},{n}" for line, n in zip(lines, counts, strict=True)))
    columns = Columns(("body",), ("queue",), extra={"previous_tickets": "previous"})
    assert problems(path, columns)["bad-value"].rows == [10, 11, 12, 13]


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    found = problems(file_of(tmp_path, GOOD + "hello,\nx,y,z\nhelp,Rare\n"))
    assert set(found) == {"missing", "ragged", "rare-class"}


def test_a_test_file_with_a_label_of_its_own(tmp_path: Path) -> None:
    path = file_of(tmp_path, GOOD + "new,Surprise\n")
    with pytest.raises(DataValidationError, match="'Surprise' is not in the training data"):
        validate(path, layout_of(COLUMNS), ClassParameters(), known={"queue": ["Billing", "Technical"]})
