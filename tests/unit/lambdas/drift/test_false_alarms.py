"""Target: on 200 simulated stationary windows at most one false alarm."""

from __future__ import annotations

import numpy as np
import pytest

from lambdas.drift.limits import Limits
from lambdas.drift.look import Span, look
from lambdas.drift.report import State
from tests.support.observations import column_of
from tests.unit.lambdas.drift.worlds import World

pytestmark = pytest.mark.unit

LIMITS = Limits()
SERVICES = {
    "busy customers": (World(1), 900),
    "each another's": (World(2, busy=0.0), 400),
    "few decisions": (World(3, customers=5_000), 160),
    "very busy customers": (World(4, customers=600, busy=4.0), 2_000),
}


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_changes_and_nobody_is_woken(name: str) -> None:
    world, n = SERVICES[name]
    bundle, state = world.bundle(), State("v1", "", "")
    began = off = 0
    rng = np.random.default_rng(7)
    for number in range(50):
        found = world.window(number, n)
        asked = np.flatnonzero(found.review | (rng.random(n) < 0.02))
        right = rng.random(len(asked)) < found.confidence[asked]
        words = [found.outcome.words[c] for c in found.outcome.codes[asked]]
        label = column_of([w if r else "none of these" for w, r in zip(words, right, strict=True)])
        told = found.where(asked)
        told = type(told)(**{**vars(told), "label": label})
        report, state = look(found, told, bundle, LIMITS, state, Span(str(number), str(number + 1)))
        assert report.enough and report.unlike == []
        began += report.started
        off += len(report.off())
    assert began == 0, "one in 200 windows is what is allowed; 50 of them are looked at here, four times"
    assert off <= 3, "a thing is hardly ever off for even one window"
    assert state.labels.offset is not None and not state.labels.on
