"""A CSV as events: the mapping of params.yaml, moved times, and nothing swallowed that the door refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdas.core.aws import message_group
from lambdas.transactions.schema import TransactionRequest
from local.errors import Misused
from local.events import Columns, columns_from, last_midnight, read
from local.place import ROOT

PLAIN = Columns({"card_id": "card_id", "amount": "amount", "at": "at", "transaction_id": "id"}, None)


def bodies(path: Path, columns: Columns = PLAIN, **more: Any) -> list[dict[str, Any]]:
    return [json.loads(event.body) for event in read(path, columns, **more)]


def csv(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.csv"
    path.write_text(text, "utf-8")
    return path


def test_the_mapping_is_that_of_training() -> None:
    columns = columns_from(ROOT / "params.yaml")
    assert {"card_id", "amount", "at", "transaction_id", "merchant_id"} <= set(columns.by_field)
    assert "label" not in columns.by_field


def test_a_generated_file_becomes_events_that_the_door_takes(tmp_path: Path) -> None:
    from model_build.transactions.synthetic import TransactionParameters, write_csv

    path = tmp_path / "synthetic.csv"
    write_csv(path, TransactionParameters(rows=200, rows_a_card=10.0, seed=3))
    events = list(read(path, columns_from(ROOT / "params.yaml")))
    assert len({event.own for event in events}) == 200
    for event in events:
        request = msgspec.json.decode(event.body, type=TransactionRequest)
        assert (request.card_id, request.transaction_id) == (event.card, event.own)


def test_empty_cells_and_foreign_columns_are_left_out(tmp_path: Path) -> None:
    path = csv(tmp_path, "\ufeffid,card_id,amount,at,is_fraud\na,c1, 12.5 ,,1\n")
    assert bodies(path) == [{"transaction_id": "a", "card_id": "c1", "amount": 12.5}]


def test_what_cannot_be_read_goes_out_as_it_is(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,card_id,amount,at\na,c1,a lot,yesterday\n")
    assert bodies(path) == [{"transaction_id": "a", "card_id": "c1", "amount": "a lot", "at": "yesterday"}]


def test_a_row_without_an_id_gets_the_same_one_each_time(tmp_path: Path) -> None:
    path = csv(tmp_path, "card_id,amount\nc,1\nc,1\nc,2\n")
    first, again = ([event.own for event in read(path, PLAIN)] for _ in range(2))
    assert first == again
    assert len(set(first)) == 3, "two equal rows are two transactions"


def test_times_are_moved_together_and_the_newest_to_where_it_is_wanted(tmp_path: Path) -> None:
    path = csv(tmp_path, "card_id,amount,at\nc,1,2019-01-01 10:00:00\nc,1,2019-01-02T10:00:00Z\nc,1,\n")
    wanted = datetime(2026, 1, 2, tzinfo=UTC)
    first, newest, without = bodies(path, newest_at=wanted)
    assert datetime.fromisoformat(newest["at"]) == wanted
    assert datetime.fromisoformat(first["at"]) == wanted - timedelta(days=1)
    assert "at" not in without


def test_moved_twice_a_day_a_file_stays_the_same() -> None:
    midnight = last_midnight()
    assert (midnight.hour, midnight.minute, midnight.second, midnight.microsecond) == (0, 0, 0, 0)
    assert timedelta(0) <= datetime.now(UTC) - midnight < timedelta(days=1, minutes=1)


def test_a_time_of_a_format_of_ones_own(tmp_path: Path) -> None:
    path = csv(tmp_path, "card_id,amount,at\nc,1,31/12/2025 23:00\n")
    columns = PLAIN._replace(time_format="%d/%m/%Y %H:%M")
    assert bodies(path, columns)[0]["at"] == "2025-12-31T23:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "says"),
    [("user,amount\nc,1\n", "has no column card_id: it has user, amount"), ("", "has no column")],
)
def test_a_file_of_other_columns_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(Misused, match=says):
        list(read(csv(tmp_path, text), PLAIN))


def test_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(Misused, match=r"nowhere\.csv cannot be read: No such file or directory$"):
        list(read(tmp_path / "nowhere.csv", PLAIN))
    with pytest.raises(Misused, match=r"transactions\.data"):
        columns_from(tmp_path / "params.yaml")


def test_a_card_that_sqs_takes_is_its_own_group() -> None:
    assert message_group("c-1/x=y") == "c-1/x=y"
    for odd in ("a b", "ä", "x" * 129):
        assert message_group(odd) != odd
        assert message_group(odd) == message_group(odd)
        assert len(message_group(odd)) == 32
