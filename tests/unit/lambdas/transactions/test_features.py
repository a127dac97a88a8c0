"""Features that need no history, and the models' input."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from lambdas.transactions.event import Event
from lambdas.transactions.features import (
    CATEGORY_RISK,
    FEATURE_NAMES,
    hour_features,
    kilometres,
    matrix,
    request_only,
)
from lambdas.transactions.profile import NEW, observe

SATURDAY = datetime(2026, 5, 2, 18, 0, tzinfo=UTC).timestamp()


def known(row: tuple[float, ...]) -> dict[str, float]:
    return {name: value for name, value in zip(FEATURE_NAMES, row, strict=True) if not math.isnan(value)}


def test_the_matrix_fills_in_the_risk_of_the_category_and_keeps_all_else() -> None:
    row = tuple(float(k) for k in range(len(FEATURE_NAMES)))
    out = matrix([row] * 4, ["fuel", "never seen", None, ""], {"fuel": 0.25, "": 0.5})
    assert out.dtype == np.float32
    assert out.shape == (4, len(FEATURE_NAMES))
    assert out[:, CATEGORY_RISK].tolist()[:2] == [0.25, 0.5]
    assert np.isnan(out[2, CATEGORY_RISK])
    assert np.delete(out[0], CATEGORY_RISK).tolist() == [v for v in row if v != CATEGORY_RISK]


def test_no_rows_make_an_empty_matrix() -> None:
    assert matrix([], [], {}).shape == (0, len(FEATURE_NAMES))


def test_without_a_profile_the_request_still_says_something() -> None:
    event = Event(1, SATURDAY, 99.0, 7, 8, place=(48.85, 2.35), home=(51.51, -0.13))
    found = known(request_only(event))
    assert found.keys() == {"log_amount", "hour_sin", "hour_cos", "weekend", "home_km"}
    assert found["log_amount"] == pytest.approx(math.log(100))
    assert found["home_km"] == pytest.approx(344, rel=0.01)
    assert found["weekend"] == 1.0
    assert (found["hour_sin"], found["hour_cos"]) == pytest.approx((-1.0, 0.0), abs=1e-6)


def test_what_the_request_says_is_the_same_with_and_without_a_profile() -> None:
    event = Event(1, SATURDAY, 12.34, 7, 8, place=(48.85, 2.35), home=(51.51, -0.13))
    alone, folded = known(request_only(event)), known(observe(NEW, event)[0])
    assert {name: folded[name] for name in alone} == alone


@pytest.mark.parametrize(("day", "weekend"), [(1, 0.0), (2, 1.0), (3, 1.0), (4, 0.0)])
def test_the_weekend_is_saturday_and_sunday(day: int, weekend: float) -> None:
    assert hour_features(datetime(2026, 5, day, 23, 59, tzinfo=UTC).timestamp())[2] == weekend


def test_distances() -> None:
    assert kilometres(10.0, 20.0, 10.0, 20.0) == 0.0
    assert kilometres(0.0, 0.0, 0.0, 180.0) == pytest.approx(20_015, abs=1)
    assert kilometres(0.0, 179.9, 0.0, -179.9) == pytest.approx(22.2, abs=0.1)
