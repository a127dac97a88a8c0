"""What has drifted, for the mail of the alarm `drift`: the drift job's newest reports say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from lambdas.core.aws import Object
from lambdas.core.errors import DependencyDown, NotFound
from lambdas.core.telemetry import Telemetry

ALARM_NAME: Final = "drift"
"""The catalogue's name of the alarm that these lines are for."""


class Reads(Protocol):
    """The artifacts bucket; `lambdas.core.aws.Bucket`."""

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object. Raises NotFound, DependencyDown."""
        ...


class Drifted:
    """Reads `<service>/drift/latest.json` of each of `services`."""

    def __init__(self, objects: Reads, services: Sequence[str], telemetry: Telemetry) -> None:
        self._objects = objects
        self._services = services
        self._telemetry = telemetry

    def lines(self) -> tuple[str, ...]:
        """What is off in the services whose alarm is on, a few lines each. What cannot be read is left out
        and logged: the mail goes without."""
        return tuple(line for service in self._services for line in self._of(service))

    def _of(self, service: str) -> tuple[str, ...]:
        # Of no use to the mails of the other alarms, and numpy comes with it.
        from lambdas.drift.report import Report  # noqa: PLC0415
        from lambdas.drift.tell import details  # noqa: PLC0415

        try:
            found = self._objects.get(f"{service}/drift/latest.json")
            report = msgspec.json.decode(found.body if found else b"", type=Report)
        except (NotFound, DependencyDown, msgspec.DecodeError) as error:
            said = {"of": service, "detail": str(error)}
            self._telemetry.log.warning("a mail without what has drifted", extra=said)
            return ()
        return details(report) if report.alarm else ()
