"""Independent random streams: another rate, or a shift, leaves all other draws as they were."""

from __future__ import annotations

import random
from enum import IntEnum

ROW_BITS = 44
"""Rows and customers are numbered below 2**ROW_BITS."""


class Stream(IntEnum):
    """What a random stream decides."""

    FACTS = 0
    """Who writes, about what, how urgently, over which channel."""
    TEXT = 1
    TYPING = 2
    NOISE = 3
    MISSING = 4
    SHIFT = 5
    CUSTOMER = 6


def stream(seed: int, kind: Stream, number: int) -> random.Random:
    """The stream `kind` of row or customer `number`."""
    return random.Random((((seed << ROW_BITS) | number) << 4) | kind)
