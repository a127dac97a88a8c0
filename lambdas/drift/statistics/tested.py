"""What every test here answers."""

from __future__ import annotations

from typing import NamedTuple


class Tested(NamedTuple):
    """The statistic, and how likely one at least as large is when nothing has changed. `test` names it."""

    test: str
    statistic: float
    p: float
