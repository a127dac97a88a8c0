"""A look reads what a step decided, and none of what lies beside it from before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from lambdas.core.aws import Listed, Object
from lambdas.core.decide import stamp
from lambdas.core.variant import Rollout
from lambdas.observations.record import Observation, folder
from lambdas.rollout.looking import look
from lambdas.rollout.record import Record
from tests.support.observations import object_of
from tests.support.rollouts import BEGIN, PLAN, SERVICE, ref

pytestmark = pytest.mark.unit

RECORD = Record(
    "r1", SERVICE, "ana", BEGIN.isoformat(), Rollout(SERVICE, ref("v1")), ref("v2"), PLAN, step=1,
    since=BEGIN.isoformat(),
)  # fmt: skip


class Shelf:
    """Objects of one hour, in the order in which they were written."""

    def __init__(self) -> None:
        self.objects: list[tuple[Listed, bytes]] = []
        self.read: list[str] = []

    def write(self, written: datetime, decided: datetime, assigned: str) -> str:
        number = len(self.objects)
        version = {"champion": "v1", "challenger": "v2"}[assigned]
        line = Observation(
            f"{SERVICE}.{number}", decided.isoformat(), "Billing", review=False, confidence=0.9,
            assigned=assigned, variant=assigned, version=version, entity=f"{number:016x}",
        )  # fmt: skip
        listed = Listed(f"{folder(SERVICE, BEGIN)}{number:04}.jsonl.gz", str(number), stamp(written))
        self.objects.append((listed, object_of(SERVICE, [], [line])))
        return listed.key

    def listed(self, prefix: str, after: str = "") -> Iterator[Listed]:
        yield from (each for each, _ in self.objects if each.key.startswith(prefix) and each.key > after)

    def get(self, key: str) -> Object | None:
        self.read.append(key)
        return next(Object(body, each.etag) for each, body in self.objects if each.key == key)


def test_what_was_written_before_the_step_is_not_read() -> None:
    shelf, minute = Shelf(), timedelta(minutes=1)
    since = BEGIN + 30 * minute
    shelf.write(since - 20 * minute, since - 20 * minute, "champion")
    # The clock of the function that decided it may be ahead of S3's.
    ahead = shelf.write(since - minute, since, "challenger")
    before = shelf.write(since, since - minute, "challenger")
    after = shelf.write(since + minute, since + minute, "champion")
    found = look(shelf, RECORD, since, since + 2 * minute)
    assert shelf.read == [ahead, before, after]
    assert found.decisions == {"champion": 1, "challenger": 1}
    assert (found.step, found.judgement.verdict) == (1, "wait")
