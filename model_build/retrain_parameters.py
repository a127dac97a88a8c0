"""How a model learns from people's verdicts: the section `retrain` of a service in params.yaml."""

from __future__ import annotations

from typing import Annotated

import msgspec


class RetrainParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Under `least_verdicts` nothing is trained; of more than `most_verdicts` the newest count.

    `holdout` is the share of the verdicts that is never trained on: the same ones every time. Each other one
    stands `repeat` times in the training data.
    """

    least_verdicts: Annotated[int, msgspec.Meta(ge=1)] = 100
    most_verdicts: Annotated[int, msgspec.Meta(ge=1)] = 20_000
    holdout: Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)] = 0.2
    repeat: Annotated[int, msgspec.Meta(ge=1, le=50)] = 1
