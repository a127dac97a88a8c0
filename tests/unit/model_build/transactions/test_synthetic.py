"""The synthetic stream: the same bytes for a seed, the share of fraud asked for, and overlap on purpose."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from model_build.errors import ParametersError
from model_build.transactions.synthesis.rows import SCENARIOS, STOLEN, TAKEOVER, TERMINAL, TESTING
from model_build.transactions.synthesis.shift import Shift
from model_build.transactions.synthesis.world import CATEGORIES
from model_build.transactions.synthetic import (
    COLUMNS,
    Stream,
    TransactionParameters,
    generate,
    write_csv,
)

pytestmark = pytest.mark.unit

HALF = datetime(2026, 7, 16, 12, tzinfo=UTC)
DEFAULT = TransactionParameters(rows=60_000)


@pytest.fixture(scope="module")
def stream() -> Stream:
    return generate(DEFAULT)


def of(stream: Stream, scenario: int) -> np.ndarray:
    """The rows of a scenario by card and time."""
    chosen = np.flatnonzero(stream.rows.scenario == scenario)
    return chosen[np.lexsort((stream.rows.at[chosen], stream.rows.card[chosen]))]


def test_a_seed_gives_one_file(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        write_csv(tmp_path / name, TransactionParameters(rows=2_000, seed=seed))
    one, again, other = ((tmp_path / name).read_bytes() for name in ("one", "again", "other"))
    assert one == again != other


def test_the_columns_say_what_they_should(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", TransactionParameters(rows=3_000, seed=1))
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3_000 and tuple(rows[0]) == COLUMNS
    times = [datetime.fromisoformat(row["at"]) for row in rows]
    assert times == sorted(times) and DEFAULT.start <= times[0] and times[-1] < DEFAULT.end
    assert len({row["transaction_id"] for row in rows}) == 3_000
    assert all(0.5 <= float(row["amount"]) <= 50_000 for row in rows)
    assert all((row["latitude"] == "") == (row["longitude"] == "") for row in rows)
    assert all(row["scenario"] in SCENARIOS for row in rows)
    waits = [
        (datetime.fromisoformat(row["labelled_at"]) - at).total_seconds()
        for at, row in zip(times, rows, strict=True)
    ]
    assert min(waits) >= 0 and max(waits) <= 7 * 86_400


def test_fraud_is_as_rare_as_asked_and_its_labels_are_not_perfect(stream: Stream) -> None:
    fraud = stream.rows.scenario > 0
    assert fraud.mean() == pytest.approx(DEFAULT.fraud, rel=0.02)
    assert 0.005 < stream.labels.mean() < 0.01
    assert 0 < (fraud & ~stream.labels).sum() < 0.1 * fraud.sum()
    assert 0 < (~fraud & stream.labels).sum() < 0.1 * fraud.sum()


def test_days_and_weeks_have_a_rhythm(stream: Stream) -> None:
    at = stream.rows.at
    hours, weekdays = ((at % 1) * 24).astype(int), (np.floor(at).astype(int) + DEFAULT.start.weekday()) % 7
    by_hour, by_day = np.bincount(hours, minlength=24), np.bincount(weekdays, minlength=7)
    assert by_hour[12:20].min() > 5 * by_hour[3:5].max()
    assert by_day[5] > 1.2 * by_day[0]


def test_a_stolen_card_is_a_burst_and_card_testing_is_small(stream: Stream) -> None:
    stolen = of(stream, STOLEN)
    card, at = stream.rows.card[stolen], stream.rows.at[stolen]
    gaps = np.diff(at)[card[1:] == card[:-1]] * 24
    assert np.median(gaps) < 2.5
    usual = np.median(stream.rows.amount[stream.rows.scenario == 0])
    assert np.median(stream.rows.amount[of(stream, TESTING)]) < usual / 4


def test_a_takeover_is_far_away_and_a_terminal_is_the_same_shop(stream: Stream) -> None:
    instore = np.array([not each.online for each in CATEGORIES])[
        stream.merchants.category[stream.rows.merchant]
    ]
    far = [k for k in of(stream, TAKEOVER) if instore[k]]
    rows, cards, merchants = stream.rows, stream.cards, stream.merchants
    assert (merchants.city[rows.merchant[far]] != cards.city[rows.card[far]]).all()
    shops = np.bincount(rows.merchant[of(stream, TERMINAL)])
    assert np.median(shops[shops > 0]) >= 8


def test_holders_travel_buy_big_and_in_bursts_too(stream: Stream) -> None:
    rows, legal = stream.rows, stream.rows.scenario == 0
    instore = stream.located & legal
    away = stream.merchants.city[rows.merchant] != stream.cards.city[rows.card]
    assert 0.01 < away[instore].mean() < 0.2
    assert np.quantile(rows.amount[legal], 0.999) > 10 * np.median(rows.amount[legal])
    order = np.lexsort((rows.at, rows.card))
    order = order[legal[order]]
    close = (np.diff(rows.at[order]) * 24 < 0.5) & (rows.card[order][1:] == rows.card[order][:-1])
    assert close.mean() > 0.01


@pytest.mark.parametrize("kind", ["covariate", "prior", "concept"])
def test_a_shift_changes_the_population_from_its_day_on(stream: Stream, kind: str) -> None:
    moved = generate(replace(DEFAULT, shift=Shift(kind, HALF)))  # type: ignore[arg-type]
    late = {name: each.rows.at > 107 for name, each in (("plain", stream), ("moved", moved))}
    legal = {name: each.rows.scenario == 0 for name, each in (("plain", stream), ("moved", moved))}
    amounts = [
        np.median(moved.rows.amount[late["moved"] & legal["moved"]]),
        np.median(moved.rows.amount[~late["moved"] & legal["moved"]]),
    ]
    shares = [moved.labels[late["moved"]].mean(), moved.labels[~late["moved"]].mean()]
    tests = [moved.rows.amount[of(moved, TESTING)][moved.rows.at[of(moved, TESTING)] > 110], 0]
    assert (amounts[0] > 1.3 * amounts[1]) == (kind == "covariate")
    assert (shares[0] > 2 * shares[1]) == (kind == "prior")
    assert (np.median(tests[0]) > 10) == (kind == "concept")


def test_senseless_parameters_are_refused() -> None:
    for change in ({"rows": 0}, {"fraud": 0.9}, {"end": DEFAULT.start}, {"start": datetime(2026, 1, 1)}):  # noqa: DTZ001
        with pytest.raises(ParametersError):
            replace(DEFAULT, **change)  # type: ignore[arg-type]
    with pytest.raises(ParametersError):
        Shift("price", HALF)  # type: ignore[arg-type]
