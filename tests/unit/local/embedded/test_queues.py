"""The age of a queue's oldest message."""

from __future__ import annotations

from typing import Any

import pytest

from local.embedded.queues import oldest

pytestmark = pytest.mark.unit


def message(sent: float, received: int = 0) -> dict[str, Any]:
    return {"Attributes": {"SentTimestamp": str(int(sent * 1000))}, "ReceiveCount": received}


def test_an_empty_queue_has_no_age() -> None:
    assert oldest([], 100.0, fifo=True) is None


def test_the_oldest_counts_whether_anybody_is_at_it_or_not() -> None:
    assert oldest([message(99.5), message(90.25, received=2)], 100.0, fifo=False) == 9.75


def test_a_clock_that_is_behind_makes_no_negative_age() -> None:
    assert oldest([message(101.0)], 100.0, fifo=False) == 0.0


def test_poison_is_left_out_of_a_standard_queue_and_holds_up_a_fifo_one() -> None:
    found = [message(10.0, received=4), message(95.0, received=3)]
    assert oldest(found, 100.0, fifo=False) == 5.0
    assert oldest(found, 100.0, fifo=True) == 90.0
    assert oldest(found[:1], 100.0, fifo=False) is None
