"""The figures of a training with the defaults of params.yaml, for bundles from before bundles held theirs.

A test compares them with what training writes; the measured error rates are each bundle's own, so there are
none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lambdas.value.worth import ANY, Cost, Worth

DEFAULTS: Final[Mapping[str, Worth]] = {
    "tickets": Worth(
        currency="USD",
        cost_an_hour=35.0,
        by_hand=Cost(minutes=2.6),
        review=Cost(minutes=1.6),
        wrong={ANY: {ANY: Cost(minutes=12.0)}},
    ),
    "transactions": Worth(
        currency="USD",
        cost_an_hour=0.0,
        by_hand=Cost(),
        review=Cost(minutes=3.0, money=5.0),
        right={"legitimate": "approve", "fraud": "decline"},
        unhandled={"fraud": Cost(money=500.0, feature="log_amount", log=True)},
        wrong={
            "approve": {"fraud": Cost(money=500.0, feature="log_amount", log=True)},
            "decline": {"legitimate": Cost(money=50.0)},
        },
        baseline="nobody looks, everything is approved",
    ),
    "content": Worth(
        currency="USD",
        cost_an_hour=25.0,
        by_hand=Cost(minutes=0.5),
        review=Cost(minutes=0.5),
        right={"ok": "allow", ANY: "remove"},
        wrong={
            "allow": {
                "toxicity": Cost(money=1.0),
                "threat": Cost(money=25.0),
                "sexual": Cost(money=5.0),
                "violence": Cost(money=5.0),
            },
            "remove": {"ok": Cost(money=2.0)},
        },
        baseline="people look at everything",
    ),
}
