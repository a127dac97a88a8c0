"""What can be wrong with media."""

from __future__ import annotations

from lambdas.core.errors import InvalidRequest, TriageError


class Refused(InvalidRequest):
    """Media that is not taken: of another type, empty, or a bomb. `field` names the modality."""


class UnsupportedType(Refused):
    """The first bytes are of no type that is taken, whatever the request said."""

    status = 415
    title = "Unsupported media type"


class TooLarge(Refused):
    """Over a limit of bytes, pixels, frames or seconds."""

    status = 413
    title = "Payload too large"


class Unreadable(TriageError):
    """Media of a type that is taken, but damaged: it goes to people, the rest of the post still counts."""

    status = 422
    title = "Unreadable media"


class TooSlow(TriageError):
    """There is no time for what was asked; the message says what takes it."""

    status = 503
    title = "Too slow"
