"""What fairness is measured by and held to: the section `fairness` of a service in params.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Mitigation = Literal["none", "thresholds", "reweigh"]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class FairnessParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`least_rows`: with fewer rows behind a rate of a group there is no verdict on that group.

    `groups` are CSV columns in which people say what they are. `most_growth`: by how much a candidate's gap
    may be wider than the champion's before it may not be rolled out. With `chance_excuses` it may all the
    same where the growth can be chance: the paired 95 % interval reaches 0. `mitigation` is off unless asked
    for; for a narrower gap decisions may become dearer by the share `most_cost`, and `most_more_review` of
    all posts more may go to people: with everything looked at there is no gap either.
    """

    mitigation: Mitigation = "none"
    least_rows: Annotated[int, msgspec.Meta(ge=2)] = 50
    groups: list[str] = []
    most_growth: Share = 0.05
    chance_excuses: bool = False
    most_cost: Annotated[float, msgspec.Meta(ge=0.0)] = 0.1
    most_more_review: Share = 0.05
