"""Once a day: how are the decisions in the log spread over groups of people?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from lambdas.content.identity import DIALECT, groups_of, is_dialect
from lambdas.core.aws import Object
from lambdas.core.decide import utc_now
from lambdas.core.errors import DependencyDown, NotFound
from lambdas.core.telemetry import Telemetry
from lambdas.fairness.live import KEY, SERVICE, Live, figures_of, warnings_of
from lambdas.fairness.scan import Scan
from lambdas.fairness.tally import NONE, OUTCOMES, Tally

SEED: Final = 1


class Post(msgspec.Struct, frozen=True):
    """What of a kept post says whom it is about, or from."""

    text: str | None = None
    language: str | None = None
    attributes: dict[str, str] = {}


class Objects(Protocol):
    """Where the findings are kept; `lambdas.core.aws.Bucket`."""

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object. Raises NotFound, DependencyDown."""
        ...

    def put(self, key: str, body: bytes) -> str:
        """Write the object. Raises DependencyDown."""
        ...


class Publishes(Protocol):
    """Where people hear of it; `lambdas.core.aws.Topic`."""

    def publish(self, subject: str, message: str, attributes: Mapping[str, str] | None = None) -> None:
        """Send one message. Raises DependencyDown."""
        ...


class Limits(msgspec.Struct, frozen=True):
    """`least_rows` behind a rate; from which gap on, with the whole interval above it, people are told."""

    least_rows: int
    error_gap: float
    selection_gap: float


class Monitor:
    """A Lambda handler for a schedule. `scan` makes the reading of one run."""

    def __init__(
        self,
        scan: Callable[[], Scan],
        objects: Objects,
        topic: Publishes,
        telemetry: Telemetry,
        limits: Limits,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._scan = scan
        self._objects = objects
        self._topic = topic
        self._telemetry = telemetry
        self._limits = limits
        self._now = now

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Count, write the findings, and tell people what is newly wrong. Raises DependencyDown: it is tried
        again by Lambda."""
        self._telemetry.request(context)
        before = self._before()
        live = self._live()
        self._objects.put(KEY, msgspec.json.format(msgspec.json.encode(live)))
        for warning in live.warnings:
            self._telemetry.log.warning("fairness gap", extra={"detail": warning})
        new = [each for each in live.warnings if _about(each) not in {_about(old) for old in before}]
        if new:
            self._tell(new)
        done = {"decisions": live.decisions, "labelled": live.labelled, "warnings": len(live.warnings)}
        self._telemetry.log.info("fairness", extra={**done, "complete": live.complete})
        return done

    def _live(self) -> Live:
        tally, rules, pending = Tally(), 0, 0
        scan = self._scan()
        for item in scan:
            if "pending" in item:
                pending += 1
            elif item.get("source", {}).get("S") == "rules":
                rules += 1
            elif item.get("outcome", {}).get("S") in OUTCOMES:
                label = item.get("label", {}).get("S")
                tally.add(item["outcome"]["S"], label, self._groups(item))
        limits = self._limits
        everyone, dimensions = figures_of(tally, least=limits.least_rows, seed=SEED)
        return Live(
            at=self._now().isoformat(timespec="seconds"),
            read=scan.read,
            complete=scan.complete,
            decisions=tally.everyone.n,
            labelled=everyone.labelled,
            rules=rules,
            pending=pending,
            least_rows=limits.least_rows,
            everyone=everyone,
            dimensions=dimensions,
            warnings=warnings_of(
                dimensions, error_gap_from=limits.error_gap, selection_gap_from=limits.selection_gap
            ),
        )

    def _groups(self, item: Mapping[str, Any]) -> dict[str, set[str]]:
        """The groups of a decision by dimension: what the text names, its language, what was declared."""
        try:
            post = msgspec.json.decode(item["asked"]["S"], type=Post)
        except (KeyError, msgspec.DecodeError):
            return {}
        named = groups_of(post.text or "")
        dialects = {group for group in named if is_dialect(group)}
        found = {"identity": set(named - dialects) or {NONE}, DIALECT: dialects or {NONE}}
        if post.language:
            found["language"] = {post.language.casefold()}
        return found | {f"declared {name}": {value} for name, value in post.attributes.items()}

    def _before(self) -> list[str]:
        """The warnings of the run before."""
        try:
            found = self._objects.get(KEY)
            return msgspec.json.decode(found.body, type=Live).warnings if found else []
        except (NotFound, msgspec.DecodeError):
            return []

    def _tell(self, warnings: list[str]) -> None:
        text = "\n".join(
            [
                "In the decisions on content of the last 30 days groups of people are treated differently:",
                "",
                *(f"- {warning}" for warning in warnings),
                "",
                f"The figures: {KEY} in the artifacts bucket, or make fairness LIVE=1. What to do: look at",
                "such posts in the review queue, then audit the model (make fairness) and train it again.",
                "",
            ]
        )
        try:
            self._topic.publish("Triage: content, a fairness gap", text, {"service": SERVICE})
        except DependencyDown as error:
            self._telemetry.log.error("nobody was told of a fairness gap", extra={"detail": error.detail})


def _about(warning: str) -> str:
    """What a warning is about, without its figures."""
    return warning.partition(" is ")[0]
