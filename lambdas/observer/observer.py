"""From the decision log's stream to the observations: one object a service, hour and batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from lambdas.core.errors import DependencyDown
from lambdas.core.telemetry import Telemetry
from lambdas.observations.record import Features, Observation
from lambdas.observer.batch import Group, shortfall, summaries
from lambdas.observer.images import Image, Reader, observation_of, reader_of

NO_FEATURES = Features([], {})


class Puts(Protocol):
    """Where observations go; `lambdas.core.aws.Bucket`."""

    def put(self, key: str, body: bytes) -> str:
        """Write the object. Raises DependencyDown."""
        ...


class Observer:
    """A Lambda handler over the log's DynamoDB stream.

    `bounds` has by service the average confidence below which people should look.
    """

    def __init__(
        self,
        bucket: Puts,
        telemetry: Telemetry,
        bounds: Mapping[str, float],
        readers: Callable[[str], Reader] = reader_of,
    ) -> None:
        self._bucket = bucket
        self._telemetry = telemetry
        self._bounds = bounds
        self._readers = readers
        self._known: dict[str, Reader] = {}

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """The partial batch response: from the first record on that the bucket did not take."""
        self._telemetry.request(context)
        records = event.get("Records") or ()
        groups = self._groups(records)
        failed = len(records)
        for group in groups:
            try:
                self._bucket.put(group.key, group.body())
            except DependencyDown as error:
                self._telemetry.log.warning("the bucket is down", extra={"detail": error.detail})
                failed = group.first
                break
        # What comes again is told then, and counted once.
        self._tell(groups, failed)
        self._telemetry.flush()
        return {"batchItemFailures": [_identifier(record) for record in records[failed : failed + 1]]}

    def _groups(self, records: Sequence[Mapping[str, Any]]) -> list[Group]:
        """The observations by service and hour, in the order in which each begins."""
        groups: dict[tuple[str, datetime], Group] = {}
        for place, record in enumerate(records):
            change = record.get("dynamodb", {})
            image = change.get("NewImage")
            if record.get("eventName") not in {"INSERT", "MODIFY"} or not image:
                continue
            line = self._line(image)
            if line is None:
                continue
            service = image["service"]["S"]
            created = datetime.fromtimestamp(float(change["ApproximateCreationDateTime"]), UTC)
            hour = created.replace(minute=0, second=0, microsecond=0)
            group = groups.setdefault(
                (service, hour),
                Group(service, hour, place, str(change["SequenceNumber"]), self._reader(service).names),
            )
            group.lines.append(line)
            if not line.pending and line.label is None:
                group.decided.append((place, line))
        return list(groups.values())

    def _line(self, image: Image) -> Observation | None:
        """The observation of an item; None, and said, for an item that is none."""
        try:
            read = self._reader(image["service"]["S"]).read
            asked, answer = (image[name]["S"].encode() for name in ("asked", "answer"))
            line = observation_of(image, NO_FEATURES)
        except (KeyError, ValueError) as error:
            self._failed("a decision that cannot be observed", image, error)
            return None
        if read is None:
            return line
        try:
            return observation_of(image, read(asked, answer))
        except Exception as error:
            # One service's reader must not hold up the others, and without features it still counts.
            self._failed("a decision without its features", image, error)
            return line

    def _reader(self, service: str) -> Reader:
        if service not in self._known:
            self._known[service] = self._readers(service)
        return self._known[service]

    def _failed(self, what: str, image: Image, error: Exception) -> None:
        self._telemetry.log.error(what, extra={"detail": repr(error), "decision": image.get("id")})

    def _tell(self, groups: Sequence[Group], failed: int) -> None:
        """A log line a service and variant, and the metric, of what was decided before record `failed`."""
        by_service: dict[str, list[Observation]] = {}
        for group in groups:
            found = [line for place, line in group.decided if place < failed]
            if found:
                by_service.setdefault(group.service, []).extend(found)
        short = []
        for service, decided in by_service.items():
            for said in summaries(decided):
                self._telemetry.log.info("observed", extra={"service": service, **said})
            below = shortfall(decided, self._bounds.get(service, 0.0))
            short += [] if below is None else [below]
        if short:
            self._telemetry.confidence_below(max(short))


def _identifier(record: Mapping[str, Any]) -> dict[str, str]:
    return {"itemIdentifier": record["dynamodb"]["SequenceNumber"]}
