"""Times as people write them."""

from __future__ import annotations

import pytest

from model_build.times import milliseconds

NOON = 1_780_315_200_000  # 2026-06-01T12:00:00Z


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-01T12:00:00Z",
        "2026-06-01 12:00:00",
        "2026-06-01T14:00:00+02:00",
        "20260601T120000Z",
        "1780315200",
        "1780315200.0",
        "1780315200000",
    ],
)
def test_one_moment_in_many_spellings(text: str) -> None:
    assert milliseconds(text) == NOON


def test_a_pattern_is_the_only_spelling_then() -> None:
    assert milliseconds("01/06/2026 12:00", "%d/%m/%Y %H:%M") == NOON
    assert milliseconds("2026-06-01T12:00:00", "%d/%m/%Y %H:%M") is None


@pytest.mark.parametrize("text", ["soon", "31/12/2026", "12", "2026-13-01", "1066-10-14", "9999-12-31", "²"])
def test_what_is_no_time_of_ours(text: str) -> None:
    assert milliseconds(text) is None
