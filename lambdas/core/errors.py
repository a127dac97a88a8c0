"""Every error Triage raises, under one base class. The HTTP status lives on the class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class TriageError(Exception):
    """Base of every error this project raises on purpose; `headers` are those of its answer."""

    status = 500
    title = "Internal error"
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class SettingsError(TriageError):
    """An environment variable is missing or malformed; raised at init, never at the tenth request."""


class InvalidRequest(TriageError):
    """The caller's request cannot be used; `field` names what is wrong with it."""

    status = 400
    title = "Invalid request"


class PayloadTooLarge(InvalidRequest):
    """The body or one of its fields is over its limit."""

    status = 413
    title = "Payload too large"


class Unauthorized(TriageError):
    """Nobody has signed in, or not with what was sent."""

    status = 401
    title = "Unauthorized"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class Forbidden(TriageError):
    """The one who asks may not do this."""

    status = 403
    title = "Forbidden"


class NotFound(TriageError):
    """No such route or resource."""

    status = 404
    title = "Not found"


class MethodNotAllowed(TriageError):
    """The route exists, the method does not."""

    status = 405
    title = "Method not allowed"


class Conflict(TriageError):
    """The caller reused an id for different content."""

    status = 409
    title = "Conflict"


class TooManyRequests(TriageError):
    """Asked too often; later it works."""

    status = 429
    title = "Too many requests"


class BundleError(TriageError):
    """A model bundle is missing, damaged, tampered with or of a format this code does not read."""

    status = 503
    title = "Model unavailable"


class DependencyDown(TriageError):
    """A dependency did not answer in time or answered with an error."""

    status = 503
    title = "Dependency unavailable"


class PreconditionFailed(TriageError):
    """A conditional request found the condition false; `current` is what stands there instead."""

    status = 409
    title = "Conflict"

    def __init__(self, detail: str, *, current: object = None) -> None:
        super().__init__(detail)
        self.current = current
