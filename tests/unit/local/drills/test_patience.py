"""Waiting for what takes a while."""

from __future__ import annotations

import pytest

from local.drills.patience import until

pytestmark = pytest.mark.unit


def test_it_ends_with_what_is_found_as_soon_as_it_is_there() -> None:
    found = iter(["", "", "there", "too late"])
    assert until(lambda: next(found), 30.0, pause=0.01) == "there"


def test_it_looks_once_when_there_is_no_time_and_ends_with_nothing() -> None:
    found = iter(["", "too late"])
    assert until(lambda: next(found), 0.0) == ""
    assert until(lambda: 0, 0.05, pause=0.01) == 0
