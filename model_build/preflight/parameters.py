"""What a candidate is held to before it may answer: the section `gates` of a service in params.yaml."""

from __future__ import annotations

from typing import Annotated

import msgspec


class GateParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`most_loss` is the share by which the log-loss may be above the champion's, `most_errors` by how much
    the share of wrong rows may be, both on the same held-out rows.

    With `least_rows` or more the whole interval must lie within that. Fewer cannot show it: then only a
    candidate that is worse beyond doubt, with the whole interval above, is refused.
    """

    most_loss: Annotated[float, msgspec.Meta(ge=0.0)] = 0.1
    most_errors: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.02
    least_rows: Annotated[int, msgspec.Meta(ge=1)] = 500
