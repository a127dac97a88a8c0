"""Every night: is what the services decide on still what their models were trained on?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from lambdas.core.decide import utc_now
from lambdas.core.emf import Metrics
from lambdas.core.errors import BundleError, DependencyDown, NotFound
from lambdas.core.notices import Links, Notice
from lambdas.core.telemetry import Telemetry
from lambdas.drift.limits import Limits
from lambdas.drift.page import page, summary
from lambdas.drift.report import Report
from lambdas.drift.run import Looked, Objects, bundle_of, nightly, read_state, state_key
from lambdas.drift.tell import begun, over, replaced, unlike

LATE: Final = timedelta(minutes=10)
"""The observer may bring what was decided so much later; a window ends that long ago."""
LINE: Final = "drift"
"""The message of the log lines, one a thing that is watched."""


class Bucket(Objects, Protocol):
    """The artifacts bucket; `lambdas.core.aws.Bucket`."""

    def put(self, key: str, body: bytes, *, content_type: str | None = None) -> str:
        """Write the object. Raises DependencyDown."""
        ...


class Publishes(Protocol):
    """Where people hear of it; `lambdas.core.aws.Topic`."""

    def publish(self, subject: str, message: str, attributes: Mapping[str, str] | None = None) -> None:
        """Send one message. Raises DependencyDown."""
        ...


class DriftJob:
    """A Lambda handler for a schedule."""

    def __init__(
        self,
        objects: Bucket,
        topic: Publishes,
        services: Sequence[str],
        *,
        limits: Limits,
        label_outcomes: Mapping[str, Mapping[str, str]],
        links: Links,
        telemetry: Callable[[str], Telemetry] = Telemetry,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._objects = objects
        self._topic = topic
        self._services = {name: telemetry(name) for name in services}
        self._limits = limits
        self._label_outcomes = label_outcomes
        self._links = links
        self._now = now
        self._metrics = Metrics()

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Look at every service, and count those whose alarm is on, which is what people are told of. Only
        what begins or ends while another's is on is told from here. One that fails does not keep the others
        from theirs.

        Raises DependencyDown at the end: Lambda tries again, and what was done already is no further window.
        """
        done: dict[str, Any] = {}
        failed: list[str] = []
        looks: list[Looked] = []
        were_on = self._were_on()
        for service, telemetry in self._services.items():
            telemetry.request(context)
            try:
                looked = self._service(service, telemetry, told=were_on)
                looks.append(looked)
                done[service] = in_short(looked.report)
            except (BundleError, NotFound) as error:
                telemetry.log.warning("drift is not known", extra={"detail": error.detail})
                done[service] = {"why_not": error.detail}
            except DependencyDown as error:
                telemetry.log.error("drift is not known", extra={"detail": error.detail})
                failed.append(f"{service}: {error.detail}")
        # Of one that failed today what was known yesterday.
        on = sum(self._alarms(service) for service in self._services)
        self._metrics.add("Drift", float(on))
        self._metrics.flush()
        for looked in looks if on else []:
            for notice in endings(looked):
                self._send(notice, looked.report.service, self._services[looked.report.service])
        if failed:
            raise DependencyDown("; ".join(failed))
        return done

    def _service(self, service: str, telemetry: Telemetry, *, told: bool) -> Looked:
        """Look, write the report, tell people, and remember: in this order, so that a look that was broken
        off is made again. With `told` people know of drift already, and the alarm will not say it again."""
        bundle = bundle_of(self._objects, service, self._label_outcomes.get(service, {}))
        looked = nightly(self._objects, bundle, self._limits, self._now() - LATE)
        report = looked.report
        write(self._objects, report)
        for each in report.findings:
            if each.verdict in {"fine", "off", "alarm"}:
                said = {"feature": each.name, "score": round(each.score, 3), "effect": round(each.effect, 4)}
                drifted = int(each.verdict == "alarm")
                more = {"verdict": each.verdict, "drifted": drifted, "in_a_row": each.in_a_row, "p": each.p}
                telemetry.log.info(LINE, extra={**said, **more})
        for notice in notices(looked, told=told):
            self._send(notice, service, telemetry)
        if looked.state is not None:
            self._objects.put(state_key(service), msgspec.json.encode(looked.state))
        short = {**in_short(report), "summary": summary(report), "counts": report.counts}
        telemetry.log.info("drift report", extra=short)
        return looked

    def _were_on(self) -> bool:
        """Whether any service's alarm was on before this look. Unknown is yes: a mail too many rather than
        none."""
        try:
            return any(self._alarms(service) for service in self._services)
        except DependencyDown:
            return True

    def _alarms(self, service: str) -> bool:
        state = read_state(self._objects, service)
        return state is not None and state.alarm

    def _send(self, notice: Notice, service: str, telemetry: Telemetry) -> None:
        try:
            self._topic.publish(notice.line(), notice.text(self._links), {"service": service})
        except DependencyDown as error:
            telemetry.log.error("nobody was told of drift", extra={"detail": error.detail})


def in_short(report: Report) -> dict[str, Any]:
    """What a look comes to."""
    return {"decisions": report.decisions, "alarm": report.alarm, "off": len(report.off())}


def notices(looked: Looked, *, told: bool) -> list[Notice]:
    """The mails of a look that counts. That drift begins is one where people are `told` of another's.""" ""
    report = looked.report
    if not report.counts:
        return []
    started = [begun(report)] if report.started and told else []
    return started + ([unlike(report)] if report.unlike else [])


def endings(looked: Looked) -> list[Notice]:
    """The mail that a service's drift is over, for when the alarm stays on."""
    report, former = looked.report, looked.former
    if not report.counts:
        return []
    if former is not None and former.alarm and not report.alarm:
        return [replaced(report.service, report.version, former.version)]
    return [over(report)] if report.ended else []


def write(objects: Bucket, report: Report) -> None:
    """Put the report under its day and as the latest. Raises DependencyDown."""
    folder, body = f"{report.service}/drift", msgspec.json.encode(report)
    objects.put(f"{folder}/{report.until[:10]}.json", body, content_type="application/json")
    html = page(report).encode()
    objects.put(f"{folder}/{report.until[:10]}.html", html, content_type="text/html; charset=utf-8")
    objects.put(f"{folder}/latest.json", body, content_type="application/json")
