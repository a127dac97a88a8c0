"""Many claimers at once on the embedded AWS's DynamoDB, some of whom vanish; benchmarks/ has it larger."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks import review_queue
from benchmarks.embedded import embedded_aws
from lambdas.review import claims

pytestmark = pytest.mark.integration


def test_nothing_is_handed_to_two_people_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given 12 claimers in 3 processes, of which one ends while its claimers hold items."""
    monkeypatch.setattr(review_queue, "PROCESSES", 3)
    monkeypatch.setattr(review_queue, "THREADS", 4)
    with embedded_aws() as aws:
        worked, _, found = review_queue.measure(
            aws, claims.WIDTHS, 60, vanishing=1, seconds=20.0, gone_first=True
        )
    assert found.overlaps == 0
    assert found.settled == len(found.claims) == 60
    assert found.broken == 0
    held = 4 * review_queue.HELD
    assert Counter(found.claims.values()) == {1: 60 - held, 2: held}
    assert len(worked) == 8
