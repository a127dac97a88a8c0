"""From when on a change is drift."""

from __future__ import annotations

from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """A thing is off in a window when the tests say so, of whose findings the share `false_rate` may be
    false, and its change is at least `psi` (inputs, confidences) or `h` (outcomes). It alarms after
    `in_a_row` such windows, and no more after `fine_again` others.

    `psi_past` stands for `psi` where something is compared with its own past: that has no other origin, so
    less is news. No verdict is given on fewer than `least` independent decisions. `recent` windows together
    are looked at beside the newest one, for what is too small for a day. An alarm on labels is false once in
    `windows_between` windows.
    """

    least: int = 100
    false_rate: Share = 0.01
    psi: float = 0.2
    psi_past: float = 0.1
    h: float = 0.1
    in_a_row: Annotated[int, msgspec.Meta(ge=1)] = 3
    fine_again: Annotated[int, msgspec.Meta(ge=1)] = 2
    recent: int = 7
    windows_between: float = 1000.0
